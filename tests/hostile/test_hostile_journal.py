"""Journals that are damaged, of another program, or written by somebody who means harm."""

import random
import re
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from hostilerecipe import SOURCE
from hostilerows import NAMES

from molq.campaignfile import CampaignFile, ScreenFile
from molq.cli.entry import run_arguments
from molq.execution import plan_of
from screening.campaign.loop import run_campaign
from screening.compute.executor import Inline
from screening.funnel.cache import Cache
from screening.screen import ScreenPlan, run_screen
from screening.store.journal import Journal

CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
UNEXPECTED = re.compile(r"^molq: [A-Z]\w*(Error|Exception|Warning): ", re.MULTILINE)
READERS = (("status",), ("leads", "--json"), ("report",))
OTHERS = (
    *READERS,
    ("leads",),
    ("logs",),
    ("verify",),
    ("export", "--what", "results", "--format", "csv"),
    ("export", "--what", "library", "--format", "sdf"),
    ("export", "--what", "leads", "--format", "parquet"),
)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small finished screen."""
    folder = tmp_path_factory.mktemp("journal")
    library = folder / "library.csv"
    library.write_text(
        "smiles,name\n" + "".join(f"{'C' * n}O,alcohol {n}\n" for n in range(1, 30)) + "C1CC,ring\n"
    )
    file = ScreenFile.from_document({"library": {"path": str(library)}}, folder=folder, source="s")
    _screen(file, folder / "run", ())
    return folder / "run"


def _screen(file: ScreenFile, out: Path, caches: tuple[Path, ...]) -> tuple[str, ...]:
    """What it says of damaged caches."""
    with (
        Cache(caches, file.simulation, file.seed) as archive,
        Journal.create(
            out, kind="screen", settings=file.to_document(), environment={"machine": "here"}
        ) as journal,
    ):
        run_screen(
            journal=journal,
            plan=ScreenPlan(file.library, file.recipes),
            executor=Inline(2),
            sources={"warhead-ea": SOURCE},
            archive=archive,
        )
        assert journal.finished
        assert {r.score is not None for r in journal.results()} == {True}
        return archive.troubles()


@pytest.fixture(scope="module")
def campaign(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small finished campaign: rounds, selections and their reasons."""
    folder = tmp_path_factory.mktemp("campaign")
    file = CampaignFile.from_document(
        {
            "campaign": {"rounds": 2, "batch": 3},
            "library": {"path": str(finished.parent / "library.csv")},
            "generator": {"share": 0.0},
            "objective": [{"name": "warhead-ea", "transform": "at_least", "low": -4.0}],
        },
        folder=folder,
        source="c",
    )
    out = folder / "run"
    with Journal.create(
        out, kind="campaign", settings=file.to_document(), environment={"machine": "here"}
    ) as journal:
        run_campaign(
            journal=journal,
            plan=plan_of(file),
            generator=None,
            executor=Inline(2),
            sources={"warhead-ea": SOURCE},
        )
        journal.log("note", "it is over")
    return out


def _copy(finished: Path, folder: Path) -> Path:
    out = folder / "run"
    shutil.rmtree(out, ignore_errors=True)
    shutil.copytree(finished, out)
    for name in ("journal.sqlite-wal", "journal.sqlite-shm"):
        (out / name).unlink(missing_ok=True)
    return out


def _read(out: Path, capsys: pytest.CaptureFixture[str], *what: str) -> tuple[int, str]:
    """Exit code and output of a verb, after checks that hold for every one."""
    code = run_arguments([what[0], str(out), *what[1:]])
    shown = capsys.readouterr()
    assert code in (0, 1, 2)
    for text in shown:
        assert not CONTROL.search(text), what
        assert "Traceback" not in text
    assert not UNEXPECTED.search(shown.err), (what, shown.err)
    if code and what[0] != "verify":
        assert "molq: " in shown.err
    return code, shown.out + shown.err


def _pages(path: Path, seed: int) -> Iterator[bytes]:
    whole = path.read_bytes()
    chance = random.Random(seed)
    for _ in range(12):
        content = bytearray(whole)
        for _ in range(chance.choice((1, 8, 200))):
            content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
        yield bytes(content)
    yield whole[: len(whole) // 2]
    yield whole[:100]
    yield whole[:4096] + bytes(len(whole) - 4096)
    yield b""
    yield b"SQLite format 3\x00" + bytes(5000)
    yield b"\x80\x04cos\nmkdir\n(S'outside'\ntR."


def test_a_damaged_journal_is_one_line(
    finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = _copy(finished, tmp_path)
    seen = set()
    for number, content in enumerate(_pages(out / "journal.sqlite", seed=1)):
        (out / "journal.sqlite").write_bytes(content)
        seen.add(_read(out, capsys, *(*READERS, ("verify",))[number % 4])[0])
    assert 1 in seen
    assert not (tmp_path / "outside").exists()


def test_a_database_of_another_program_is_refused(
    finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = _copy(finished, tmp_path)
    journal = out / "journal.sqlite"
    journal.unlink()
    with sqlite3.connect(journal) as db:
        db.execute("CREATE TABLE results (a, b)")
        db.execute("CREATE VIEW meta AS SELECT 'schema' AS key, 4 AS value")
    for what in READERS:
        code, text = _read(out, capsys, *what)
        assert code != 0
        assert "journal" in text
    journal.unlink()
    journal.symlink_to(tmp_path / "nowhere")
    for what in READERS:
        assert _read(out, capsys, *what)[0] != 0
    assert not (tmp_path / "nowhere").exists()


def test_no_link_in_a_run_s_folder_is_written_through(
    finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    precious = outside / "precious"
    for name in ("journal.lock", "journal.reserve", "journal.sqlite-wal", "report.html",
                 "results.csv", "leads.csv", "leads.sdf"):  # fmt: skip
        for target in (precious, outside / "new") if "journal." in name else (precious,):
            precious.write_text("precious")
            out = _copy(finished, tmp_path)
            (out / name).unlink(missing_ok=True)
            (out / name).symlink_to(target)
            run_arguments(["resume", str(out)])
            run_arguments(["report", str(out)])
            shown = capsys.readouterr()
            assert "Traceback" not in shown.err
            assert precious.read_text() == "precious", name
            assert [path.name for path in outside.iterdir()] == ["precious"], name


def _text_columns(journal: Path) -> list[tuple[str, str]]:
    with sqlite3.connect(journal) as db:
        tables = [n for (n,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return [
            (table, column)
            for table in tables
            if not table.startswith("sqlite_")
            for _, column, kind, *_ in db.execute(f"PRAGMA table_info({table})")
            if kind == "TEXT"
        ]


def _fill(journal: Path, table: str, column: str, chance: random.Random) -> None:
    with sqlite3.connect(journal) as db:
        db.create_function("hostile", 0, lambda: chance.choice(NAMES).replace("\0", ""))
        db.execute("PRAGMA foreign_keys = OFF")
        db.execute(f"UPDATE OR IGNORE {table} SET {column} = hostile()")


@pytest.mark.parametrize("kind", ["finished", "campaign"])
def test_no_text_of_a_journal_does_harm(
    kind: str,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Every text column in turn is filled with the corpus."""
    run: Path = request.getfixturevalue(kind)
    beside = tmp_path / "beside"
    beside.mkdir()
    chance = random.Random(3)
    for table, column in _text_columns(run / "journal.sqlite"):
        out = _copy(run, beside)
        _fill(out / "journal.sqlite", table, column, chance)
        what = chance.choice(OTHERS)
        if what[0] == "export":
            what = (*what, "--out", str(out / "exported"))
        code, _ = _read(out, capsys, *what)
        if what[0] == "report" and code == 0:
            _check_page(out / "report.html")
        assert {path.name for path in beside.iterdir()} == {"run"}
        assert {path.name for path in tmp_path.iterdir()} == {"beside"}


def test_a_cache_that_somebody_else_wrote_gives_nothing_or_a_score(
    finished: Path, tmp_path: Path
) -> None:
    chance = random.Random(4)
    library = finished.parent / "library.csv"
    for table, column in [(None, None), *_text_columns(finished / "journal.sqlite")]:
        if table not in (None, "results", "addresses", "meta", "candidates"):
            continue
        cache = _copy(finished, tmp_path / "cache")
        if table is not None:
            _fill(cache / "journal.sqlite", table, column, chance)
        file = ScreenFile.from_document(
            {"library": {"path": str(library)}}, folder=tmp_path, source="s"
        )
        out = tmp_path / f"{table}-{column}"
        told = _screen(file, out, (cache,))
        assert len(told) <= 1  # once for each run
        if (table, column) == ("results", "record"):
            assert told
        with sqlite3.connect(out / "journal.sqlite") as db:
            (taken,) = db.execute("SELECT count(*) FROM addresses WHERE source <> ''").fetchone()
            (found,) = db.execute("SELECT count(*) FROM results").fetchone()
        if table is None:
            assert taken == found > 20


def _check_page(path: Path) -> None:
    page = path.read_text(encoding="utf-8")
    for text in ("<script>alert", "<img src=x", "<svg/onload", "<iframe", 'javascript:alert(1)"'):
        assert text not in page


def test_a_molecule_s_key_is_no_path(tmp_path: Path) -> None:
    from screening.compute.checkpoints import Checkpoints

    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "work.npz").touch()
    run = tmp_path / "run"
    run.mkdir()
    kept = Checkpoints(run, Path("checkpoints"))
    for key in ("../../outside", str(outside), "..", "", "a/b", "OUTSIDE\x00", "../outside"):
        assert kept.of(key) is None
        kept.forget(key)
    assert (outside / "work.npz").exists()
    good = kept.of("LFQSCWFLJHTTHZ-UHFFFAOYSA-N")
    assert good is not None
    assert Path(good).parent == run / "checkpoints"
