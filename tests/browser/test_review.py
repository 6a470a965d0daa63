"""The review page in a real browser, beside a campaign that waits for it."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

import molq
from molq import execution
from molq.campaignfile import CampaignFile
from molq.reading import journal_of
from molq.review.server import Server
from screening.compute.executor import Inline

CONTRAST = (Path(__file__).parent / "contrast.js").read_text(encoding="utf-8")
PATIENCE_MS = 240_000  # for calculations on a loaded machine
LIBRARY = """name,smiles
acrylamide,C=CC(N)=O
<b>N-methyl</b>,C=CC(=O)NC
crotonamide,CC=CC(N)=O
methacrylamide,CC(=C)C(N)=O
N-ethyl,C=CC(=O)NCC
"""
CAMPAIGN: dict[str, Any] = {
    "campaign": {"name": "tiny & <i>small</i>", "seed": 3, "rounds": 2, "batch": 2},
    "library": {"path": "library.csv"},
    "generator": {"share": 0.0},
    "objective": [{"name": "warhead-ea", "transform": "window", "low": -8, "high": -7.7}],
    "simulation": {
        "basis": "sto-3g",
        "density_fit": False,
        "conformers": 1,
        "solver": "casci",
    },
    "review": {"required": True},
}


def campaign(folder: Path, **review: Any) -> tuple[CampaignFile, Path]:
    (folder / "library.csv").write_text(LIBRARY, encoding="utf-8")
    document = {**CAMPAIGN, "review": {**CAMPAIGN["review"], **review}}
    return CampaignFile.from_document(document, folder=folder, source="a test"), folder / "run"


@contextmanager
def served(run: Path, reviewer: str) -> Iterator[str]:
    """The page's link, while its server runs in a loop of its own."""
    ready: Future[str] = Future()
    stop = asyncio.Event()
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        server = Server(run, reviewer, lambda link: None)
        try:
            ready.set_result(await server.start())
            await stop.wait()
        except BaseException as error:
            ready.set_exception(error)
            raise
        finally:
            await server.stop()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    try:
        yield ready.result(60)
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()


def opened(page: Page, link: str) -> None:
    page.goto(link)
    expect(page.locator("#state")).not_to_have_text("reading")


def names(page: Page) -> list[str]:
    return page.locator(".molecule-name").all_inner_texts()


def test_a_chemist_reviews_a_campaign_that_waits_by_the_keyboard_alone(
    page: Page, watch: Any, tmp_path: Path
) -> None:
    file, run = campaign(tmp_path)
    ended: list[BaseException | None] = []

    def compute() -> None:
        try:
            execution.begin(file, run, executor=Inline())
            ended.append(None)
        except BaseException as error:
            ended.append(error)

    started = threading.Thread(target=compute, daemon=True)
    started.start()
    while not (run / "campaign.toml").is_file():  # written when the journal is there
        assert started.is_alive(), ended
        started.join(0.05)
    with served(run, "Ann Lee") as link:
        watch.origins.add(link.split("/?")[0])
        opened(page, link)
        assert "token" not in page.url
        expect(page.locator("h1")).to_have_text("tiny & <i>small</i>")  # no markup of theirs
        expect(page.locator(".molecule")).to_have_count(2, timeout=PATIENCE_MS)
        expect(page.locator("#progress")).to_have_text("round 1 of 2 · 2 wait for approval")

        first, second = names(page)
        page.keyboard.press("j")
        expect(page.locator("#label")).to_have_text(second)
        expect(page.locator("#drawing")).to_have_attribute(
            "alt", re.compile(f"^Structure of {re.escape(second)}, SMILES ")
        )
        page.keyboard.press("r")
        page.keyboard.press("Control+Enter")
        expect(page.locator("#toast")).to_have_text("say why in a few words")
        page.keyboard.type("made in 2019, 1 2 3 aru")  # keys are letters in a text
        page.keyboard.press("Control+Enter")
        # another molecule takes its place, and the page shows it by itself
        expect(page.locator(".molecule-name", has_text=second)).to_have_count(
            0, timeout=PATIENCE_MS
        )
        expect(page.locator(".molecule")).to_have_count(2)
        third = next(name for name in names(page) if name != first)

        # it is rejected and not lost: undo takes back that word and no other
        page.locator(".molecule", has_text=third).click()
        page.keyboard.press("c")
        page.keyboard.type("which one is this?")
        page.keyboard.press("Control+Enter")
        expect(page.locator("#toast")).to_have_text("comment sent")
        page.keyboard.press("u")
        expect(page.locator("#toast")).to_have_text(f"taken back for {third}")
        page.keyboard.press("u")
        expect(page.locator("#toast")).to_have_text(f"taken back for {second}")
        page.keyboard.press("u")
        expect(page.locator("#toast")).to_contain_text("nothing that you said")
        page.click("#tab-rejected")
        expect(page.locator(".molecule-name")).to_have_text([second])
        expect(page.locator(".molecule-status")).to_have_text(
            "left out of round 1; it may be chosen again"
        )
        expect(page.locator("#said .gone")).to_have_count(2)
        page.locator("#list").focus()
        page.keyboard.press("r")
        page.keyboard.type("made in 2019 after all")
        page.keyboard.press("Control+Enter")
        expect(page.locator("#verdicts .mark-rejected")).to_have_count(1)
        page.locator("#said button", has_text="Take back").click()
        expect(page.locator("#verdicts .mark-rejected")).to_have_count(0)
        page.locator("#list").focus()
        page.keyboard.press("r")
        page.keyboard.type("made in 2019 after all")
        page.keyboard.press("Control+Enter")
        expect(page.locator("#verdicts .mark-rejected")).to_have_count(1)
        page.click("#tab-proposals")

        # taken back and said again
        page.keyboard.press("Home")
        page.keyboard.press("4")
        expect(page.locator("#stars [aria-checked=true]")).to_have_text("4")
        page.keyboard.press("u")
        expect(page.locator("#stars [aria-checked=true]")).to_have_count(0)
        expect(page.locator("#said .gone")).to_have_count(2)

        # an idea: not taken, then taken
        page.keyboard.press("i")
        page.fill("#idea-text", "CCO")
        page.click("#idea-send")
        expect(page.locator("#answer")).to_contain_text("Not taken: ")
        expect(page.locator("#answer")).to_contain_text("nothing matches")
        page.fill("#idea-text", "C=CC(=O)NCCO")
        page.fill("#idea-name", "glycinol amide")
        page.click("#idea-send")
        expect(page.locator("#answer")).to_contain_text("Taken: it joins the next batch")
        page.keyboard.press("Escape")
        expect(page.locator("#tab-ideas .count")).to_have_text("1")

        for name in (first, third):
            page.locator(".molecule", has_text=name).click()
            page.keyboard.press("a")
            expect(page.locator("#toast")).to_contain_text(f"approved {name}")
        # they are computed, and the next round begins with the idea
        expect(page.locator("#progress")).to_contain_text("round 2 of 2", timeout=PATIENCE_MS)
        expect(page.locator("#tab-leads .count")).to_have_text("2")
        expect(page.locator(".molecule")).to_have_count(2)
        assert "glycinol amide" in names(page)
        waiting = page.locator(".molecule", has_text="waits for approval")
        for left in (1, 0):
            page.keyboard.press("Home")  # what waits comes first
            page.keyboard.press("a")
            expect(waiting).to_have_count(left)
        expect(page.locator("#state")).to_have_text("finished", timeout=PATIENCE_MS)
        expect(page.locator("#new-idea")).to_be_disabled()

        # leads: the best one is rejected and ranks last
        page.click("#tab-leads")
        expect(page.locator(".molecule")).to_have_count(4)
        best = names(page)[0]
        page.locator("#list").focus()
        page.keyboard.press("Home")
        page.keyboard.press("r")
        page.click("#reasons button >> nth=0")
        page.click("#send")
        expect(page.locator(".molecule-name").last).to_have_text(best)
        page.keyboard.press("/")
        page.keyboard.type("not synthesisable")
        expect(page.locator(".molecule")).to_have_count(1)
    started.join(PATIENCE_MS / 1000)
    assert ended == [None]
    assert molq.Run.open(run).verify().damage == ()
    with journal_of(run) as journal:
        assert journal.finished
        assert len(journal.results()) == 4
        assert {review.reviewer for review in journal.reviews()} == {"Ann Lee"}
        chosen = {x.candidate.name: x for x in journal.selections()}
        assert chosen["glycinol amide"].candidate.hand == "Ann Lee"
        assert journal.drops()[0].inchikey == chosen[second].candidate.inchikey


@pytest.fixture(scope="module")
def waiting(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file, run = campaign(tmp_path_factory.mktemp("review"), patience_h=1e-6)
    execution.begin(file, run, executor=Inline())
    return run


def test_two_reviewers_see_each_other_and_each_takes_back_the_own(
    page: Page, browser: Browser, watch: Any, waiting: Path
) -> None:
    with served(waiting, "Ann") as hers, served(waiting, "Bob") as his:
        watch.origins |= {hers.split("/?")[0], his.split("/?")[0]}
        context = browser.new_context()
        watch.context(context)
        bob = context.new_page()
        opened(page, hers)
        opened(bob, his)
        bob.locator(".molecule").last.click()
        name = bob.locator("#label").inner_text()
        bob.keyboard.press("c")
        bob.keyboard.type("<img src=x onerror=alert(1)> is it stable?")
        bob.keyboard.press("Control+Enter")
        bob.keyboard.press("r")
        bob.keyboard.type("unstable")
        bob.keyboard.press("Control+Enter")
        hers_of_it = page.locator(".molecule", has_text=name)
        expect(hers_of_it.locator(".mark-rejected")).to_have_text("rejected")
        hers_of_it.click()
        expect(page.locator("#said")).to_contain_text("Bob rejected")
        expect(page.locator("#said")).to_contain_text("<img src=x onerror=alert(1)> is it stable?")
        expect(page.locator("#said button")).to_have_count(0)  # not hers to take back
        page.keyboard.press("a")
        expect(page.locator("#toast")).to_contain_text("approved")
        expect(hers_of_it.locator(".mark-rejected")).to_have_count(1)  # his holds
        bob.locator(".molecule", has_text=name).click()
        bob.locator("#said button", has_text="Take back").last.click()
        expect(hers_of_it.locator(".mark-approved")).to_have_count(1)
        context.close()


def test_the_editor_draws_and_what_it_draws_is_read(page: Page, watch: Any, waiting: Path) -> None:
    with served(waiting, "Ann") as link:
        watch.origins.add(link.split("/?")[0])
        opened(page, link)
        page.keyboard.press("i")
        editor = page.locator("#editor canvas").last
        expect(editor).to_be_visible()
        page.fill("#idea-text", "C=CC(=O)NCCCO")
        page.press("#idea-text", "Tab")  # the editor shows it
        box = editor.bounding_box()
        assert box is not None
        # a bond is drawn beside it, and the text follows
        page.mouse.click(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.93)
        expect(page.locator("#idea-text")).to_have_value(re.compile(r"(^|\.)CC(\.|$)"))
        page.click("#idea-send")  # the larger part of the two
        expect(page.locator("#answer")).to_contain_text("Taken: ")
        expect(page.locator("#answer code")).to_have_text("C=CC(=O)NCCCO")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_can_be_read_and_named_by_everybody(
    page: Page, watch: Any, waiting: Path, scheme: Any
) -> None:
    page.emulate_media(color_scheme=scheme)
    with served(waiting, "Ann") as link:
        watch.origins.add(link.split("/?")[0])
        opened(page, link)
        assert (
            page.evaluate(
                "[...document.querySelectorAll('button, input, textarea, img')]"
                ".filter((e) => !(e.innerText || e.getAttribute('aria-label') || "
                "e.hasAttribute('alt') || e.labels?.length)).map((e) => e.outerHTML)"
            )
            == []
        )
        assert page.evaluate(CONTRAST) == []
        page.keyboard.press("?")
        expect(page.locator("#help")).to_be_visible()
        assert page.evaluate(CONTRAST) == []
        page.keyboard.press("Escape")
        page.keyboard.press("r")
        expect(page.locator("#text")).to_be_focused()
        page.keyboard.press("Escape")
        expect(page.locator("#list")).to_be_focused()
        page.set_viewport_size({"width": 420, "height": 800})
        overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert page.evaluate(overflow) <= 0
