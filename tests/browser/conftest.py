"""A real browser on pages of molq: nothing may reach out, nothing may go wrong in silence."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Route,
    expect,
    sync_playwright,
)

PATIENCE = 15_000  # ms; a loaded machine draws in software
expect.set_options(timeout=PATIENCE)

EXECUTABLE = "MOLQ_CHROMIUM"  # environment variable: the browser's path
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    # WebGL without a graphics card
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--ignore-gpu-blocklist",
)
_HERE = ("file:", "data:", "blob:", "about:")
_OUTSIDE = re.compile(r"^(https?|wss?|ftp):", re.IGNORECASE)


def executable(own: str | None = None) -> str:
    """The browser that the tests drive; fails with the remedy where there is none.

    Args:
        own: where Playwright would keep a browser of its own.
    """
    named = os.environ.get(EXECUTABLE)
    candidates = (named,) if named else (*_NAMES, own)
    found = next(filter(None, (shutil.which(name) for name in candidates if name)), None)
    if found is None:
        where = f"{EXECUTABLE}={named} is no program" if named else "there is none on the PATH"
        pytest.fail(
            f"these tests drive Chromium and {where}: run tests/browser/install.sh, or set "
            f"{EXECUTABLE} to the browser's path",
            pytrace=False,
        )
    return found


@dataclass
class Watch:
    """What a page did that it should not.

    A test of a page that is served names the one origin it may ask:
    ``watch.origins.add("http://127.0.0.1:8000")``. A test that provokes an error empties
    ``watch.errors`` after it has looked at them.
    """

    origins: set[str] = field(default_factory=set)
    errors: list[str] = field(default_factory=list)  # console errors, exceptions of scripts
    requests: list[str] = field(default_factory=list)  # that would have left the machine

    def admits(self, url: str) -> bool:
        """Whether a page may ask for this."""
        if url.startswith(_HERE):
            return True
        return any(url == o or url.startswith(f"{o}/") for o in self._with_sockets())

    def _with_sockets(self) -> set[str]:
        return self.origins | {o.replace("http", "ws", 1) for o in self.origins}

    def context(self, context: BrowserContext) -> None:
        """Watches every page of a context."""
        context.route(_OUTSIDE, self._route)
        context.on("request", lambda request: self._seen(request.url))
        context.on("console", self._console)
        context.on("weberror", lambda error: self.errors.append(f"exception: {error.error}"))

    def _route(self, route: Route) -> None:
        if self.admits(route.request.url):
            route.continue_()
        else:
            route.abort()

    def _seen(self, url: str) -> None:
        if not self.admits(url):
            self.requests.append(url)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.errors.append(f"console: {message.text}")

    def verdict(self) -> None:
        """Fails for whatever was seen."""
        assert not self.requests, f"the page asked for {self.requests}"
        assert not self.errors, f"the page reported {self.errors}"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium without a window, with WebGL in software.

    Not for the whole session: while it lives, Playwright keeps an event loop in the main
    thread, beside which tests of other folders cannot run one of their own.
    """
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=executable(playwright.chromium.executable_path),
            headless=True,
            args=list(_FLAGS),
        )
        yield browser
        browser.close()


@pytest.fixture
def watch() -> Iterator[Watch]:
    """What the pages of this test do; judged when the test is over."""
    watch = Watch()
    yield watch
    watch.verdict()


@pytest.fixture
def context(browser: Browser, watch: Watch) -> Iterator[BrowserContext]:
    """A fresh profile, 1280 x 900; a second reader is ``watch.context(browser.new_context())``."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    context.set_default_timeout(PATIENCE)
    watch.context(context)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """A page that fails the test on any console error, exception or request to elsewhere."""
    return context.new_page()
