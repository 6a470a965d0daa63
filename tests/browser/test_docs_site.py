"""The documentation as a site: built without a warning, read from disk without a network."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag

import pytest
from playwright.sync_api import Page, expect

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    call = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    done = subprocess.run(
        call, cwd=ROOT, capture_output=True, text=True, check=False,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr
    return folder


class _Tags(HTMLParser):
    """What a page refers to, what of it is loaded, and what can be referred to."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.ids: set[str] = set()
        self.undescribed: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        if identifier := named.get("id"):
            self.ids.add(identifier)
        if tag == "a" and (target := named.get("href")):
            self.links.append(target)
        if tag == "link" and named.get("rel") in ("stylesheet", "icon"):
            self.loaded.append(named["href"] or "")
        if tag in ("script", "img") and (source := named.get("src")):
            self.loaded.append(source)
        if tag == "img" and not named.get("alt"):
            self.undescribed.append(named.get("src") or "")


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, _Tags]:
    found = {}
    for path in site.rglob("*.html"):
        if path.name == "404.html":  # its links are meant for a server's root
            continue
        tags = _Tags()
        tags.feed(path.read_text(encoding="utf-8"))
        found[path.resolve()] = tags
    return found


def test_every_page_of_the_docs_is_in_the_site(site: Path) -> None:
    for path in (ROOT / "docs").rglob("*.md"):
        made = site / path.relative_to(ROOT / "docs").with_suffix(".html")
        assert made.is_file(), path
    assert not list(site.rglob("*.py"))


def test_links_between_pages_lead_to_what_is_there(pages: dict[Path, _Tags]) -> None:
    lost = []
    for path, tags in pages.items():
        for link in tags.links:
            where, anchor = urldefrag(link)
            if re.match(r"[a-z]+:", where):
                continue
            target = (path.parent / unquote(where)).resolve() if where else path
            known = pages.get(target)
            if not target.exists() or (anchor and known and unquote(anchor) not in known.ids):
                lost.append((path.name, link))
    assert not lost


def test_nothing_is_loaded_from_elsewhere(pages: dict[Path, _Tags]) -> None:
    for path, tags in pages.items():
        assert not [source for source in tags.loaded if "//" in source.split(",")[0]], path


def test_pictures_are_described(pages: dict[Path, _Tags]) -> None:
    assert {path.name: tags.undescribed for path, tags in pages.items() if tags.undescribed} == {}


def test_the_site_is_read_from_disk(site: Path, page: Page) -> None:
    page.goto((site / "index.html").as_uri())
    expect(page.locator("article h1")).to_have_text(re.compile("^molq"))
    page.locator("article").get_by_role("link", name="the first campaign").first.click()
    expect(page.locator("article h1")).to_contain_text("The first campaign")
    assert page.locator("article pre").count() >= 5


def test_the_search_works_from_disk(site: Path, page: Page) -> None:
    page.goto((site / "index.html").as_uri())
    box = page.get_by_placeholder("Search")
    box.click()
    ready = page.locator(".md-search-result__meta")  # the index is made in the browser
    expect(ready).to_have_text("Type to start searching", timeout=60_000)  # ms
    box.press_sequentially("glutathione")
    results = page.locator(".md-search-result__item")
    expect(results.first).to_be_visible(timeout=60_000)
    assert "michael-reactivity" in " ".join(results.all_inner_texts())


def test_a_notebook_is_shown_with_its_outputs(site: Path, page: Page) -> None:
    page.goto((site / "notebooks" / "covalent-warheads.html").as_uri())
    structure = page.locator("article .output svg").first
    expect(structure).to_be_visible()
    assert structure.bounding_box()["width"] > 100  # px: large enough to be read
    link = page.get_by_role("link", name="Download this notebook")
    assert link.get_attribute("download") is not None
    notebook = site / "notebooks" / str(link.get_attribute("href"))
    assert json.loads(notebook.read_text(encoding="utf-8"))["nbformat"] == 4
