"""The driver stopped and killed in the middle of a campaign, on real Ray."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import campaigndriver
import psutil
import pytest
from faultyrecipe import LAST, TRACE

from screening.campaign.decision import replayed
from screening.compute.executor import Inline
from screening.store.journal import Journal

HERE = Path(__file__).parent
TAG = "MOLQ_TEST_TAG"


@pytest.fixture
def temporary():
    """A folder for temporary files of this test's drivers alone; Ray wants its path short."""
    with tempfile.TemporaryDirectory(prefix="mq", dir="/tmp") as folder:
        yield Path(folder)


def begin(folder, tag, last, *words, temporary):
    """A driver whose calculations hang once the trace has ``last`` lines: it cannot finish."""
    environment = dict(os.environ)
    environment["PYTHONPATH"] = os.pathsep.join([str(HERE), environment.get("PYTHONPATH", "")])
    environment.update({TRACE: str(folder / "trace"), LAST: str(last), TAG: tag})
    environment["TMPDIR"] = str(temporary)
    return subprocess.Popen(
        [sys.executable, str(HERE / "campaigndriver.py"), str(folder), *words],
        env=environment,
        stderr=(folder / "stderr").open("a"),
        preexec_fn=_heed_interrupts,
    )


def _heed_interrupts():
    """A shell starts what it runs in the background with SIGINT ignored; so may a test run be."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def wait_for(condition, driver, what):
    deadline = time.monotonic() + 90
    while not condition():
        assert driver.poll() is None, f"the driver ended before {what}"
        assert time.monotonic() < deadline, f"no {what} in time"
        time.sleep(0.02)


def computed(folder):
    path = folder / "trace"
    return path.read_text().splitlines() if path.exists() else []


def journalled(folder):
    with Journal.open(folder / "run", readonly=True) as journal:
        return journal.results()


def relatives(tag):
    """Living processes that descend from a driver of this tag."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.status() != psutil.STATUS_ZOMBIE and process.environ().get(TAG) == tag:
                found.append(process)
        except psutil.Error:
            continue
    return found


@pytest.fixture
def undisturbed(tmp_path, monkeypatch):
    folder = tmp_path / "undisturbed"
    folder.mkdir()
    monkeypatch.setenv(TRACE, str(folder / "trace"))
    leads = campaigndriver.run(folder, Inline())
    assert len(leads) == len(computed(folder)) == 12
    return leads


def test_killed_then_stopped_then_resumed_a_campaign_has_the_leads_of_an_undisturbed_one(
    tmp_path, temporary, monkeypatch, undisturbed
):
    folder, tag = tmp_path / "disturbed", f"{os.getpid()}-{time.time_ns()}"
    folder.mkdir()

    # kill -9 in the middle of the first round
    driver = begin(folder, tag, 3, temporary=temporary)
    wait_for(lambda: computed(folder) and journalled(folder), driver, "first result")
    driver.kill()
    driver.wait()
    deadline = time.monotonic() + 30
    while relatives(tag):
        assert time.monotonic() < deadline, f"orphans: {relatives(tag)}"
        time.sleep(0.1)
    after_kill = journalled(folder)
    assert 1 <= len(after_kill) < 12

    # Ctrl-C in the middle of the second
    driver = begin(folder, tag, len(computed(folder)) + 8 - len(after_kill), temporary=temporary)
    wait_for(lambda: len(journalled(folder)) >= 6, driver, "sixth result")
    driver.send_signal(signal.SIGINT)
    assert driver.wait(timeout=60) == 130
    assert relatives(tag) == []
    after_stop = journalled(folder)
    assert 6 <= len(after_stop) < 12
    with Journal.open(folder / "run", readonly=True) as journal:
        assert journal.events()[-1].message == "stopped before its end"

    # To the end, in this process: where a molecule is computed makes no difference.
    monkeypatch.setenv(TRACE, str(folder / "trace"))
    assert campaigndriver.run(folder, Inline()) == undisturbed
    final = journalled(folder)
    assert len(final) == 12
    for kept in (after_kill, after_stop):
        assert all(result in final for result in kept)
    # Each stop costs at most the two calculations that were running.
    lines = computed(folder)
    assert len(set(lines)) == 12
    assert 12 <= len(lines) <= 16
    first = {r.candidate.smiles for r in after_kill}
    assert all(sum(line.split()[0] == s for line in lines) == 1 for s in first)
    # The folder that the killed driver left was swept by the next.
    assert list(temporary.glob("molq-ray-*")) == []
    assert relatives(tag) == []


@pytest.mark.slow
def test_killed_and_stopped_a_campaign_without_a_barrier_loses_nothing_and_computes_nothing_twice(
    tmp_path, temporary, monkeypatch
):
    folder, tag = tmp_path / "free", f"{os.getpid()}-{time.time_ns()}"
    folder.mkdir()

    # kill -9 when the second round has begun
    driver = begin(folder, tag, 7, "free", temporary=temporary)
    wait_for(lambda: (folder / "run" / "leads.csv").exists(), driver, "finished round")
    driver.kill()
    driver.wait()
    deadline = time.monotonic() + 30
    while relatives(tag):
        assert time.monotonic() < deadline, f"orphans: {relatives(tag)}"
        time.sleep(0.1)
    with Journal.open(folder / "run", readonly=True) as journal:
        kept, chosen = journal.results(), journal.selections()
    assert 4 <= len(kept) < 12

    # Ctrl-C soon after
    driver = begin(folder, tag, len(computed(folder)) + 3, "free", temporary=temporary)
    wait_for(lambda: len(journalled(folder)) > len(kept), driver, "another result")
    driver.send_signal(signal.SIGINT)
    assert driver.wait(timeout=60) == 130
    assert relatives(tag) == []

    monkeypatch.setenv(TRACE, str(folder / "trace"))
    assert len(campaigndriver.run(folder, Inline(), barrier=False)) == 12
    with Journal.open(folder / "run", readonly=True) as journal:
        assert journal.selections()[: len(chosen)] == chosen
        assert all(result in journal.results() for result in kept)
        decided = list(replayed(journal, campaigndriver.plan(folder, barrier=False)))
        keys = [s.candidate.inchikey for s in journal.selections()]
        assert len(keys) == len(set(keys)) == len(journal.results()) == 12
    for each in decided:  # each decision can be made again, whichever session made it
        assert [s.candidate for s in each.choice.selections] == [s.candidate for s in each.chosen]
    # what was running at a stop is computed again, with its seed, and nothing else is
    lines = computed(folder)
    assert len(set(lines)) == 12
    assert 12 <= len(lines) <= 16
