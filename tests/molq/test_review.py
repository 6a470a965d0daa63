"""The review of a run by its page's server: who is let in, what is written, what is answered."""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tomllib
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from rdkit import Chem

import molq
from molq import execution
from molq.campaignfile import CampaignFile
from molq.errors import CallError, MolqError
from molq.reading import journal_of, leads_of, settings_of, status_of
from molq.report import gathering, spending
from molq.review import deskview, door, idea, session
from molq.review.deskview import DeskView
from molq.review.door import HEADER
from molq.review.server import Server
from screening.compute.executor import Inline
from screening.store.journal import Journal

LIBRARY = """name,smiles
acrylamide,C=CC(N)=O
N-methyl,C=CC(=O)NC
crotonamide,CC=CC(N)=O
methacrylamide,CC(=C)C(N)=O
N-ethyl,C=CC(=O)NCC
anilide,C=CC(=O)Nc1ccccc1
"""
WAITING: dict[str, Any] = {
    "campaign": {"name": "waiting", "seed": 3, "rounds": 2, "batch": 2},
    "library": {"path": "library.csv"},
    "generator": {"share": 0.0},
    "filters": {"max_heavy_atoms": 12},
    "objective": [
        {"name": "warhead-ea", "transform": "window", "low": -8, "high": -7.7},
        {"name": "logp", "transform": "at_most", "high": 1.8, "hard": True},
    ],
    "simulation": {
        "basis": "sto-3g",
        "density_fit": False,
        "conformers": 1,
        "solver": "casci",
    },
    "review": {"required": True, "patience_h": 1e-6},
}


def begun(folder: Path, **changes: Any) -> Path:
    """A campaign that stands where its first batch waits for approval."""
    (folder / "library.csv").write_text(LIBRARY, encoding="utf-8")
    file = CampaignFile.from_document({**WAITING, **changes}, folder=folder, source="a test")
    execution.begin(file, folder / "run", executor=Inline())
    return folder / "run"


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return begun(tmp_path_factory.mktemp("review"))


@pytest.fixture
def waiting(untouched: Path, tmp_path: Path) -> Path:
    """A campaign that waits, of which nobody has said anything."""
    shutil.copytree(untouched, tmp_path / "run")
    return tmp_path / "run"


def proposed(run: Path) -> list[str]:
    with journal_of(run) as journal:
        return [x.candidate.inchikey for x in journal.selections()]


class Reader:
    """A browser's part: a session and the page's secret."""

    def __init__(self, session: aiohttp.ClientSession, base: str, secret: str) -> None:
        self.session, self.base = session, base
        self.headers = {"Origin": base.rsplit("/", 1)[0], HEADER: secret}

    async def post(self, path: str, body: Any, **headers: str) -> tuple[int, Any]:
        async with self.session.post(
            self.base + path, json=body, headers={**self.headers, **headers}
        ) as answer:
            text = await answer.text()
            return answer.status, (await answer.json() if text.startswith("{") else text)

    async def state(self) -> Any:
        async with self.get("/api/state") as answer:
            assert answer.status == 200, await answer.text()
            return await answer.json()

    def get(self, path: str, **more: Any) -> Any:
        return self.session.get(self.base + path, headers={HEADER: self.headers[HEADER]}, **more)


def visited(
    run: Path,
    scenario: Callable[[Reader, Server, list[str]], Awaitable[None]],
    reviewer: str = "Ann Lee",
) -> None:
    """Open the page as its reader does, and do what the scenario says."""

    async def visit() -> None:
        links: list[str] = []
        server = Server(run, reviewer, links.append)
        link = await server.start()
        jar = aiohttp.CookieJar(unsafe=True)  # of an address without a name
        try:
            async with aiohttp.ClientSession(cookie_jar=jar) as session:
                async with session.get(link) as answer:
                    assert answer.status == 200
                    (cookie,) = answer.cookies.values()
                    assert cookie["httponly"]
                    assert cookie["samesite"] == "Strict"
                    # no other port's server is sent it
                    assert cookie["path"] == f"/{link.split('/')[3]}/"
                base = link.split("/?")[0]
                async with session.get(f"{base}/") as answer:
                    page = await answer.text()
                secret = page.split(f'name="{HEADER}" content="')[1].split('"')[0]
                await scenario(Reader(session, base, secret), server, [link, *links])
        finally:
            await server.stop()

    asyncio.run(visit())


def test_the_link_opens_the_page_once_and_nobody_else_is_let_in(waiting: Path) -> None:
    async def scenario(reader: Reader, server: Server, links: list[str]) -> None:
        async with aiohttp.ClientSession() as stranger:
            for path in ("/", "/api/state", "/static/review.js", "/structure/x.svg", "/?token=x"):
                async with stranger.get(reader.base + path) as answer:
                    assert answer.status == 403, path
                    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
            async with stranger.get(links[0]) as answer:  # used
                assert answer.status == 403
                assert "printed a new one" in await answer.text()
            body = {"key": proposed(waiting)[0], "kind": "approve"}
            async with stranger.post(
                f"{reader.base}/api/review", json=body, headers=reader.headers
            ) as answer:
                assert answer.status == 403  # without the cookie
        # another server's name for this machine
        async with reader.session.get(
            f"{reader.base}/api/state", headers={"Host": "evil.example"}
        ) as answer:
            assert answer.status == 421
        async with reader.session.get(f"{reader.base}/static/..%2fserver.py") as answer:
            assert answer.status == 404
        async with reader.session.get(f"{reader.base}/static/openchemlib.js") as answer:
            assert answer.status == 200
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.headers["Cache-Control"] == "no-store"

    visited(waiting, scenario)


def test_a_cookie_alone_reads_nothing_of_the_run(waiting: Path) -> None:
    async def scenario(reader: Reader, server: Server, links: list[str]) -> None:
        for headers in ({}, {HEADER: "guessed"}):
            async with reader.session.get(f"{reader.base}/api/state", headers=headers) as answer:
                assert answer.status == 403
                assert "does not come from the review page" in await answer.text()

    visited(waiting, scenario)


def test_a_session_ends_when_nobody_is_at_the_page(
    waiting: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]

    async def scenario(reader: Reader, server: Server, links: list[str]) -> None:
        for _ in range(3):  # an open page asks
            now[0] += door.IDLE_S / 2
            await reader.state()
        now[0] += door.IDLE_S
        async with reader.get("/api/state") as answer:
            assert answer.status == 403
            assert "open the page by the link" in await answer.text()
        async with reader.session.get(links[0]) as answer:
            assert answer.status == 403
        async with reader.session.get(told[-1]) as answer:
            assert answer.status == 200
        await reader.state()

    told: list[str] = []
    monkeypatch.setattr(door, "monotonic", lambda: now[0])
    link = door.Door.link

    def noted(self: door.Door) -> str:
        told.append(link(self))
        return told[-1]

    monkeypatch.setattr(door.Door, "link", noted)
    visited(waiting, scenario)


def test_the_token_is_in_no_command_line(waiting: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []

    def browser(address: str) -> bool:
        opened.append(address)
        way = Path(address.removeprefix("file://"))
        opened.append(way.read_text(encoding="utf-8"))
        assert way.stat().st_mode & 0o077 == 0
        os.kill(os.getpid(), signal.SIGTERM)
        return True

    links: list[str] = []
    monkeypatch.setattr(session.webbrowser, "open", browser)
    session.hold(
        waiting, reviewer="Ann", port=0, browser=True, on_line=lambda _: None, on_link=links.append
    )
    assert "token" not in opened[0]
    assert links[0] in opened[1]
    assert not Path(opened[0].removeprefix("file://")).exists()


def test_what_writes_must_come_from_the_page(waiting: Path) -> None:
    key = proposed(waiting)[0]

    async def scenario(reader: Reader, server: Server, links: list[str]) -> None:
        body = {"key": key, "kind": "approve"}
        for headers in (
            {"Origin": "http://evil.example"},
            {"Origin": ""},
            {"Origin": "null"},
            {HEADER: "guessed"},
            {HEADER: ""},
        ):
            status, answer = await reader.post("/api/review", body, **headers)
            assert status == 403, headers
            assert "does not come from the review page" in answer
        status, _ = await reader.post("/api/review", body, **{"Content-Type": "text/plain"})
        assert status == 415
        status, _ = await reader.post("/api/idea", {"structure": "C" * 300_000})
        assert status == 413
        for wrong in (
            {"key": key, "kind": "idea"},
            {"key": key, "kind": "rate", "rating": True},
            {"key": key, "kind": "rate", "rating": "5"},
            [],
        ):
            status, _ = await reader.post("/api/review", wrong)
            assert status == 400, wrong
        for wrong, words in (
            ({"key": key, "kind": "rate", "rating": 7}, "from 1 to 5"),
            ({"key": key, "kind": "reject", "text": " "}, "needs a reason"),
            ({"key": "AAAA", "kind": "approve"}, "none of the run"),
            ({"key": key, "kind": "withdraw", "withdraws": 9}, "own ones"),
        ):
            status, answer = await reader.post("/api/review", wrong)
            assert (status, words in answer["error"]) == (422, True), answer

    visited(waiting, scenario)
    with journal_of(waiting) as journal:
        assert journal.last_review() == 0


def test_reviewers_see_each_others_words_and_the_run_obeys(waiting: Path) -> None:
    first, second = proposed(waiting)

    async def ann(reader: Reader, server: Server, links: list[str]) -> None:
        state = await reader.state()
        assert state["run"]["required"]
        assert state["counts"] == {
            **{"proposals": 2, "waiting": 2, "leads": 0, "ideas": 0, "offers": 0, "rejected": 0},
        }
        assert [x["status"] for x in state["lists"]["proposals"]] == ["waits for approval"] * 2
        async with reader.session.get(f"{reader.base}/structure/{first}.svg") as answer:
            assert answer.content_type == "image/svg+xml"
            assert "#F9CC75" in (await answer.text()).upper()  # the warhead stands out
        assert (await reader.post("/api/review", {"key": first, "kind": "approve"}))[0] == 200
        status, _ = await reader.post(
            "/api/review", {"key": second, "kind": "reject", "text": "made in 2019"}
        )
        assert status == 200
        async with reader.get("/api/state", params={"since": state["stamp"]}) as answer:
            assert "lists" in await answer.json()
        now = await reader.state()
        async with reader.get("/api/state", params={"since": now["stamp"]}) as answer:
            assert await answer.json() == {"stamp": now["stamp"]}

    async def bob(reader: Reader, server: Server, links: list[str]) -> None:
        entries = {x["key"]: x for x in (await reader.state())["lists"]["proposals"]}
        assert entries[first]["verdict"] == "approved"
        assert entries[second]["verdict"] == "rejected"
        assert entries[second]["status"] == "will be left out"
        assert entries[second]["said"][0]["text"] == "made in 2019"
        assert entries[second]["mine"] == {"verdict": "", "rating": None, "standing": []}
        (out,) = (await reader.state())["lists"]["rejected"]
        assert (out["key"], out["status"]) == (second, "chosen by round 1")
        for body in ({"kind": "approve"}, {"kind": "rate", "rating": 5}):
            assert (await reader.post("/api/review", {"key": second, **body}))[0] == 200
        entries = {x["key"]: x for x in (await reader.state())["lists"]["proposals"]}
        assert entries[second]["verdict"] == "rejected"  # it holds until Ann takes it back
        assert entries[second]["rating"] == 5
        status, answer = await reader.post(
            "/api/review", {"key": second, "kind": "withdraw", "withdraws": 2}
        )
        assert (status, "own ones" in answer["error"]) == (422, True)
        status, answer = await reader.post("/api/idea", {"structure": "C=CC(=O)NCCO", "name": "x"})
        assert (status, answer["fate"]) == (200, "taken")

    visited(waiting, ann)
    visited(waiting, bob, "Bob")
    status = molq.Run.open(waiting).status()
    assert status.for_approval == 0  # one is approved and one is out
    execution.go_on(waiting, executor=Inline())
    with journal_of(waiting) as journal:
        computed = [r.candidate.inchikey for r in journal.results()]
        chosen = [x.candidate for x in journal.selections()]
        assert journal.drops()[0].inchikey == second
        assert computed == [first]
        assert (chosen[2].origin, chosen[2].hand, chosen[2].name) == ("reviewer", "Bob", "x")

    async def again(reader: Reader, server: Server, links: list[str]) -> None:
        lists = (await reader.state())["lists"]
        assert second not in {x["key"] for x in lists["proposals"]}
        (out,) = lists["rejected"]
        assert (out["key"], out["status"]) == (second, "left out of round 1")
        body = {"key": second, "kind": "withdraw", "withdraws": out["mine"]["standing"][0]}
        assert (await reader.post("/api/review", body))[0] == 200
        (out,) = (await reader.state())["lists"]["rejected"]
        assert out["status"] == "left out of round 1; it may be chosen again"
        body = {"key": second, "kind": "reject", "text": "made in 2019"}
        assert (await reader.post("/api/review", body))[0] == 200

    visited(waiting, again)
    status = molq.Run.open(waiting).status()
    assert (status.state, status.for_approval) == ("interrupted", 1)
    assert any("molq review" in text for _, text in status.lines())
    assert molq.Run.open(waiting).verify().damage == ()


def said_of(run: Path, text: str) -> idea.IdeaAnswer:
    with journal_of(run) as journal:
        return idea.answer(text, journal, settings_of(journal))


def test_an_idea_is_answered_at_once(waiting: Path) -> None:
    drawn = Chem.MolToMolBlock(Chem.MolFromSmiles("C=CC(=O)NCCO"))
    sodium = "C=CC(=O)NCC(=O)[O-].[Na+]"
    taken = [said_of(waiting, text) for text in ("C=CC(=O)NCCO", "OCCNC(=O)C=C", drawn)]
    assert [x.fate for x in taken] == ["taken"] * 3
    assert len({(x.inchikey, x.smiles, x.message) for x in taken}) == 1
    acid = said_of(waiting, sodium)
    assert (acid.fate, acid.smiles) == ("taken", "C=CC(=O)NCC(=O)O")
    assert acid.notes  # what was changed is said
    inchi = said_of(waiting, Chem.MolToInchi(Chem.MolFromSmiles("C=CC(=O)NCCO")))
    assert inchi.inchikey == taken[0].inchikey
    with journal_of(waiting) as journal:
        chosen = journal.selections()[0].candidate.smiles
        keys = {x.candidate.inchikey for x in journal.selections()}
        left = next(c for c in journal.candidates() if c.inchikey not in keys)
    assert said_of(waiting, chosen).message == "round 1 has chosen it already: it is on its way"
    assert said_of(waiting, left.smiles).message.startswith(f"row {left.row} of the library")
    for text, words in (
        ("", "nothing was drawn"),
        ("C(", "not a"),
        ("CCO", "nothing matches"),
        ("C=CC(=O)NCCCCCCCCCCCC", "heavy"),
        ("C=CC(=O)Nc1ccc(Cl)cc1", "logp"),
        ("InChI=1S/nonsense", "copy it whole"),
        ("\n\n\n  0  0  0  0  0  0            999 V2000\nM  END\n", "empty"),
        ("C" * 200_001, "no molecule"),
    ):
        answer = said_of(waiting, text)
        assert answer.fate == "refused", text[:40]
        assert words in answer.message, answer.message


def test_the_api_says_what_the_page_says(waiting: Path) -> None:
    run = molq.Run.open(waiting)
    first, second = proposed(waiting)
    run.review(first, "approve", reviewer="Ann")
    said = run.review(second, "rate", rating=2, reviewer="Ann")
    assert [(r.kind, r.reviewer) for r in run.reviews()] == [("approve", "Ann"), ("rate", "Ann")]
    run.review(second, "withdraw", withdraws=said.id, reviewer="Ann")
    assert run.idea("C=CC(=O)NCCO", name="glycinol", reviewer="Ann").fate == "taken"
    assert run.idea("OCCNC(=O)C=C", reviewer="Bob").message == "Ann has asked for it already"
    assert run.idea("CCO", reviewer="Bob").fate == "refused"
    assert len(run.reviews()) == 4
    with pytest.raises(CallError, match="needs a reason"):
        run.review(first, "reject", reviewer="Ann")
    with pytest.raises(CallError, match="none of the run"):
        run.review("AAAA", "approve", reviewer="Ann")


def test_a_finished_run_has_its_leads_written_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = begun(tmp_path, review={}, campaign={"rounds": 1, "batch": 2, "name": "done"})
    best = molq.Run.open(run).leads()[0].candidate
    assert best.smiles in (run / "leads.csv").read_text().splitlines()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "molq", "review", str(run), "--reviewer", "Ann", "--no-browser"],
        stdout=subprocess.PIPE,
        stderr=(tmp_path / "stderr").open("w"),
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    try:
        assert server.stdout is not None
        link = server.stdout.readline().strip()
        assert link.startswith("http://127.0.0.1:")
        molq.Run.open(run).review(best.inchikey, "reject", text="it smells", reviewer="Ann")
        assert molq.Run.open(run).verify().holds  # what came later is not in the files
        assert molq.Run.open(run).leads()[-1].candidate == best
    finally:
        server.send_signal(signal.SIGINT)
        assert server.wait(60) == 0
    told = (tmp_path / "stderr").read_text()
    assert "review of" in told
    assert "token" not in told
    assert "written anew" in told
    assert best.smiles in (run / "leads.csv").read_text().splitlines()[-1]
    assert molq.Run.open(run).verify().holds
    monkeypatch.setattr(deskview, "MOST_LEADS", 1)
    with journal_of(run) as journal:  # it is behind what the page holds, and is not lost
        lists = DeskView("Ann").state(journal, settings_of(journal))["lists"]
    assert best.inchikey not in {entry["key"] for entry in lists["leads"]}
    (out,) = lists["rejected"]
    assert (out["key"], out["status"]) == (best.inchikey, "computed")
    assert out["mine"]["standing"] == [1]
    answer = said_of(run, "C=CC(=O)NCCO")
    assert (answer.fate, answer.message) == (
        "refused",
        "the run is finished and computes nothing any more",
    )


def test_what_cannot_be_reviewed_is_said_in_one_line(
    tmp_path: Path, molq_command: Callable[..., Any]
) -> None:
    call = molq_command("review", tmp_path / "none", "--no-browser")
    assert call.code == 2
    assert "does not exist" in call.err
    assert "Traceback" not in call.err


def test_a_run_of_an_earlier_version_that_is_going_on_takes_no_reviews(waiting: Path) -> None:
    import sqlite3

    from screening.store import database

    with sqlite3.connect(waiting / database.FILE) as db:
        for table in ("drops", "reviews"):
            db.execute(f"DROP TABLE {table}")
        db.execute("PRAGMA user_version = 4")
    db.close()
    first, _ = proposed(waiting)
    with Journal.open(waiting, readonly=True) as journal:
        assert journal.reviews_of(first) == []
    lock = database._acquire(waiting)
    with pytest.raises(MolqError, match="knows no reviews"):
        molq.Run.open(waiting).review(first, "approve", reviewer="Ann")
    lock.close()


def test_the_editor_is_the_one_that_was_published() -> None:
    vendor = Path(molq.__file__).parent / "review" / "vendor"
    (entry,) = tomllib.loads((vendor / "VENDOR.toml").read_text(encoding="utf-8")).values()
    assert hashlib.sha256((vendor / entry["file"]).read_bytes()).hexdigest() == entry["sha256"]
    for key, holder in (("licence_file", "cheminfo"), ("core_licence_file", "Actelion")):
        text = (vendor / entry[key]).read_text(encoding="utf-8")
        assert "Redistribution and use" in text
        assert holder in text


def test_what_was_left_out_and_is_chosen_again_belongs_to_the_round_that_kept_it(
    waiting: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = molq.Run.open(waiting)
    first, second = proposed(waiting)
    run.review(first, "approve", reviewer="Ann")
    no = run.review(second, "reject", text="made in 2019", reviewer="Ann")
    execution.go_on(waiting, executor=Inline())
    run.review(second, "withdraw", withdraws=no.id, reviewer="Ann")
    with journal_of(waiting) as journal:
        dropped = next(x.candidate for x in journal.selections() if x.candidate.inchikey == second)
    assert run.idea(dropped.smiles, reviewer="Ann").fate == "taken"
    for key in (proposed(waiting)[2], second):
        run.review(key, "approve", reviewer="Ann")
    execution.go_on(waiting, executor=Inline())
    assert said_of(waiting, dropped.smiles).message == "it is computed already in round 2"
    selections = Journal.selections

    def foreseen(self: Journal, *args: Any) -> Any:
        found = selections(self, *args)
        return [replace(x, predicted={"warhead-ea": (-8.0, 0.5)}) for x in found]

    with journal_of(waiting) as journal:
        assert [(d.round, d.inchikey) for d in journal.drops()] == [(1, second)]
        rounds = {r.candidate.inchikey: r.round for r in journal.results()}
        assert sorted(rounds.values()) == [1, 1, 2]
        assert rounds[second] == 2
        file = settings_of(journal)
        (idea_of_ann,) = DeskView("Ann").state(journal, file)["lists"]["ideas"]
        assert idea_of_ann["status"] == "in round 2"
        took = {1: 0.0, 2: 0.0}
        for attempt in journal.iterate_attempts():
            took[rounds[attempt.inchikey]] += attempt.cpu_seconds or 0.0
        _, by_round, _ = spending._divided(journal, [])
        assert {n: sum(of.values()) for n, of in by_round.items()} == pytest.approx(took)
        monkeypatch.setattr(Journal, "selections", foreseen)
        table = leads_of(journal, file)
        found = gathering.contents(journal, file, table, status_of(journal, file, table), top=3)
        assert [(row.round, row.molecules) for row in found.calibration] == [(1, 2), (2, 1)]
