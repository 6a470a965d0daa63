"""The second writer of a journal: beside a run that writes, and when either is killed."""

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from faultycampaign import run, start

from generative.settings import GeneratorSettings
from screening.campaign.campaignplan import CampaignPlan
from screening.intake.library import LibrarySettings
from screening.intake.standardise import candidate as standardised
from screening.objective import ObjectiveSettings
from screening.settings import CampaignSettings
from screening.store import database, filesystem, reviewbook, runlock
from screening.store.database import JournalError
from screening.store.journal import Journal
from screening.store.reviewbook import ReviewBook
from screening.store.verification import verify

HERE = Path(__file__).parent
pytestmark = pytest.mark.usefixtures("trace", "unpriced")


@pytest.fixture
def plan(tmp_path):
    path = tmp_path / "library.smi"
    path.write_text("\n".join(f"{'C' * n}O" for n in range(1, 41)) + "\n")
    return CampaignPlan(
        objectives=(ObjectiveSettings(name="faulty", transform="window", low=-5.0, high=-4.0),),
        library=LibrarySettings(path=path),
        campaign=CampaignSettings(seed=5, rounds=2, batch=15),
        generator=GeneratorSettings(share=0.0),
    )


def reviewer(folder, name, number):
    return subprocess.Popen(
        [sys.executable, str(HERE / "reviewers.py"), str(folder), name, str(number)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(HERE.parents[1])},
    )


def said(folder):
    with Journal.open(folder, readonly=True) as journal:
        return list(journal.reviews())


def assert_whole(folder):
    checks = verify(folder)
    assert all(check.holds for check in checks), [check.damage for check in checks]


def test_two_reviewers_and_a_running_campaign_lose_nothing_and_one_may_be_killed(plan, tmp_path):
    folder = tmp_path / "run"
    others = []
    confirmed = []

    def listener(event):
        if not others:  # the library is in
            others.append(reviewer(folder, "Ann", 60))
            others.append(reviewer(folder, "Bob", 100_000))
            confirmed.append(int(others[1].stdout.readline()))

    with start(folder) as journal:
        found = run(journal, plan, listener)
        assert journal.finished
    confirmed += [int(others[1].stdout.readline()) for _ in range(20)]
    os.kill(others[1].pid, signal.SIGKILL)
    confirmed += [int(line) for line in others[1].stdout.read().split()]
    others[1].wait()
    printed = [int(line) for line in others[0].communicate(timeout=120)[0].split()]
    assert others[0].returncode == 0
    assert len(printed) == 60
    assert len(found) == 30
    reviews = said(folder)
    assert [review.id for review in reviews] == list(range(1, len(reviews) + 1))
    assert {r.id for r in reviews if r.reviewer == "Ann"} == set(printed)
    assert set(confirmed) <= {r.id for r in reviews if r.reviewer == "Bob"}
    assert_whole(folder)


def test_what_is_said_survives_the_death_of_the_run(tmp_path):
    folder = tmp_path / "run"
    (tmp_path / "library.smi").write_text("CO\nCCO\nCCCO\nCCCCO\n")
    script = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from screening.store.journal import Journal\n"
        "from screening.candidate import Candidate\n"
        "journal = Journal.create(Path(sys.argv[1]), kind='campaign', settings={},"
        " environment={})\n"
        "journal.add_candidates([Candidate('LFQSCWFLJHTTHZ-UHFFFAOYSA-N', 'CCO', '',"
        " 'library', None)])\n"
        "print('ready', flush=True)\n"
        "turn = 0\n"
        "while True:\n"
        "    turn += 1\n"
        "    journal.log('run', f'line {turn}')\n"
    )
    writer = subprocess.Popen(
        [sys.executable, "-c", script, str(folder)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(HERE.parents[1])},
    )
    assert writer.stdout.readline() == "ready\n"
    of = standardised("CCO", origin="library")
    with ReviewBook.open(folder) as book:
        for turn in range(8):
            book.add("Ann", of.inchikey, of.smiles, "comment", text=f"before {turn}")
        os.kill(writer.pid, signal.SIGKILL)
        writer.wait()
        book.add("Ann", of.inchikey, of.smiles, "approve")
    assert len(said(folder)) == 9
    with Journal.open(folder) as journal:
        assert journal.last_review() == 9
        assert len(journal.events()) > 5
    assert [check.name for check in verify(folder) if not check.holds] in ([], ["links"])


def test_a_reviewer_waits_for_the_runs_long_transaction(tmp_path):
    of = standardised("CCO", origin="library")
    with start(tmp_path / "run") as journal:
        held = threading.Event()
        blocker = sqlite3.connect(journal.directory / database.FILE, check_same_thread=False)
        blocker.execute("BEGIN IMMEDIATE")

        def let_go():
            held.wait()
            blocker.execute("COMMIT")

        release = threading.Thread(target=let_go)
        release.start()
        with ReviewBook.open(journal.directory) as book:
            held.set()
            assert book.add("Ann", of.inchikey, of.smiles, "approve").id == 1
            release.join()
            blocker.execute("BEGIN IMMEDIATE")
            book.patience_s = 0.0
            book._connection.execute("PRAGMA busy_timeout = 10")
            with pytest.raises(JournalError, match="another program holds the file locked"):
                book.add("Ann", of.inchikey, of.smiles, "approve")
            blocker.execute("ROLLBACK")
        blocker.close()
        assert journal.last_review() == 1


def test_a_journal_of_the_version_before_takes_reviews_when_nobody_writes_it(tmp_path):
    of = standardised("CCO", origin="library")
    folder = tmp_path / "run"
    with start(folder) as journal:
        journal.add_candidates([of])
    with sqlite3.connect(folder / database.FILE) as db:
        for table in ("drops", "reviews"):  # what version 5 added
            db.execute(f"DROP TABLE {table}")
        db.execute("PRAGMA user_version = 4")
    db.close()
    with Journal.open(folder, readonly=True) as reader:
        assert list(reader.reviews()) == []
        assert reader.drops() == []
        assert reader.reviews_of(of.inchikey) == []
        assert (reader.last_review(), reader.last_drop(), reader.dropped()) == (0, 0, 0)
    assert all(check.holds for check in verify(folder) if check.name != "links")
    lock = database._acquire(folder)
    with pytest.raises(JournalError, match=r"another version of molq \(schema 4\)"):
        ReviewBook.open(folder)
    lock.close()
    with ReviewBook.open(folder) as book:
        book.add("Ann", of.inchikey, of.smiles, "approve")
    assert [review.kind for review in said(folder)] == ["approve"]


def test_there_is_nothing_to_review_where_there_is_no_run(tmp_path):
    with pytest.raises(JournalError, match="not a run's folder"):
        ReviewBook.open(tmp_path)


def test_two_machines_do_not_write_one_journal(tmp_path, monkeypatch):
    folder = tmp_path / "run"
    with start(folder):
        ReviewBook.open(folder).close()  # beside its own machine's writer
        (folder / runlock.LOCK).write_text("process 12 on node7")
        with pytest.raises(JournalError, match=r"on node7.*`ssh -L 8123:127.0.0.1:8123 node7`"):
            ReviewBook.open(folder)
    ReviewBook.open(folder).close()  # what a writer left behind says nothing
    monkeypatch.setattr(filesystem, "kind", lambda folder: "nfs4")
    with pytest.raises(JournalError, match="nfs4, a network file system"):
        ReviewBook.open(folder)
    with Journal.open(folder):
        ReviewBook.open(folder).close()  # all who write are on this machine


def test_the_runs_writer_gets_a_turn_between_two_words(tmp_path, monkeypatch):
    of = standardised("CCO", origin="library")
    start(tmp_path / "run").close()
    paused = []
    monkeypatch.setattr(reviewbook.time, "sleep", paused.append)
    for _ in range(2):  # a page's server opens a new book for each
        with ReviewBook.open(tmp_path / "run") as book:
            book.add("Ann", of.inchikey, of.smiles, "approve")
    assert len(paused) == 2
    assert min(paused) > 0
