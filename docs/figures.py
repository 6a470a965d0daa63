"""Makes the pictures of README and documentation from a finished run.

    molq run configs/quickstart.toml --out runs/quickstart
    python docs/figures.py runs/quickstart [NAME...] [--to FOLDER]

The report is written anew, opened in Chromium (on the PATH, or named by MOLQ_CHROMIUM) and
photographed; the review page is served, from a copy of the run, for as long as that takes.
The run itself is only read.
"""

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Locator, Page, sync_playwright

import molq

IMAGES = Path(__file__).parent / "images"
WINDOW = {"width": 1280, "height": 900}  # pixels
# WebGL in software: the same picture with and without a graphics card.
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
)
PATIENCE_MS = 120_000  # a loaded machine draws in software
SETTLED_MS = 3000  # until surfaces and charts are drawn


def report(page: Page) -> Page:
    """The top of the report."""
    page.set_viewport_size({"width": 1280, "height": 1400})
    _drawn(page)
    return page


def lead(page: Page) -> Page:
    """The page of the first lead, with the orbital that takes up an electron."""
    page.set_viewport_size({"width": 1280, "height": 1200})
    _drawn(page)
    page.locator("#grid .open").first.click()
    page.locator("dialog[open] .lead-choice label", has_text=re.compile("LUNO")).first.click()
    return page


def chemical_space(page: Page) -> Locator:
    """The map of the molecules."""
    _drawn(page)
    section = page.locator("#space")
    section.scroll_into_view_if_needed()  # charts are drawn when they come near
    section.locator(".main-svg").first.wait_for()
    return section


def review(page: Page) -> Page:
    """The review page as it opens."""
    page.get_by_role("option").first.wait_for()
    return page


def _drawn(page: Page) -> None:
    page.locator("html[data-ready=true]").wait_for(state="attached")


FIGURES: dict[str, Callable[[Page], Page | Locator]] = {
    "report": report,
    "lead": lead,
    "chemical-space": chemical_space,
    "review": review,
}


def main(directory: Path, names: list[str], folder: Path) -> None:
    """Writes the pictures.

    Args:
        directory: of a finished run.
        names: of `FIGURES`.
        folder: where they go.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_browser(), args=list(FLAGS))
        written = molq.Run.open(directory).report(Path(scratch) / "report.html")
        for name in names:
            page = browser.new_page(viewport=WINDOW)
            page.set_default_timeout(PATIENCE_MS)
            picture = folder / f"{name}.png"
            if FIGURES[name] is review:
                copied = Path(shutil.copytree(directory, Path(scratch) / "reviewed"))
                with _reviewed(copied) as link:
                    _photograph(page, link, picture)
            else:
                _photograph(page, written.as_uri(), picture)
            page.close()
        browser.close()


def _photograph(page: Page, address: str, picture: Path) -> None:
    page.goto(address)
    shown = FIGURES[picture.stem](page)
    page.wait_for_timeout(SETTLED_MS)
    shown.screenshot(path=picture)
    print(picture, flush=True)


@contextmanager
def _reviewed(directory: Path) -> Iterator[str]:
    """The link of a review session of a run."""
    call = [sys.executable, "-m", "molq", "review", str(directory), "--no-browser"]
    with subprocess.Popen(
        [*call, "--reviewer", "Ann Lee"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as session:
        try:
            assert session.stdout is not None
            for line in session.stdout:
                if found := re.search(r"http://127\.0\.0\.1:\S+", line):
                    yield found.group()
                    break
            else:
                raise SystemExit("molq review ended without a link")
        finally:
            session.send_signal(signal.SIGINT)


def _browser() -> str:
    named = os.environ.get("MOLQ_CHROMIUM")
    found = named or shutil.which("chromium") or shutil.which("google-chrome")
    if found is None:
        raise SystemExit("Chromium is needed: install it, or set MOLQ_CHROMIUM to its path")
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Makes the pictures of the documentation.")
    parser.add_argument("run", type=Path, help="folder of a finished run")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(FIGURES)}")
    parser.add_argument("--to", type=Path, default=IMAGES, metavar="FOLDER")
    given = parser.parse_args()
    if unknown := set(given.names) - set(FIGURES):
        parser.error(f"no picture is called {', '.join(sorted(unknown))}")
    main(given.run, given.names or list(FIGURES), given.to)
