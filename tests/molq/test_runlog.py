"""What a run's log tells, put together from its journal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from molq.runlog import RunLog
from screening.candidate import Candidate
from screening.failure import Failure
from screening.store.journal import Journal
from screening.store.records import Result


def test_a_campaigns_log_has_its_rounds_and_every_molecule(campaign_run: Any) -> None:
    with Journal.open(campaign_run.directory, readonly=True) as journal:
        log = RunLog()
        lines = list(log.new(journal))
        assert list(log.new(journal)) == []  # nothing twice
    times = [line.time for line in lines]
    assert times == sorted(times)
    messages = [line.message for line in lines]
    assert messages[0] == "a campaign was begun"
    assert messages[-1] == "the run has come to its end"
    scored = [line.message for line in lines if line.kind == "scored"]
    assert len(scored) == 4
    assert any("acrylamide  warhead-ea -" in message and " eV" in message for message in scored)
    assert [m.split(";")[0].split(",")[0] for m in messages if m.startswith("round")] == [
        "round 1 begun", "round 1 finished", "round 2 begun", "round 2 finished"
    ]  # fmt: skip


def test_what_comes_later_is_told_later(tmp_path: Path) -> None:
    candidate = Candidate("UHOVQNZJYSORNB-UHFFFAOYSA-N", "c1ccccc1", "benzene", "library", 1)
    with Journal.create(tmp_path / "run", kind="screen", settings={}, environment={}) as journal:
        journal.add_candidates([candidate])
        log = RunLog()
        assert [line.kind for line in log.new(journal)] == ["run"]
        failure = Failure("input", "recipe", "no alpha,beta-unsaturated carbonyl")
        journal.record(Result(candidate, "warhead-ea", failure, None, 1, 0.5, 0.4, 90.0))
        journal.log("library", "a word")
        told = {line.kind: line.message for line in log.new(journal)}
        assert told == {
            "failed": "benzene  warhead-ea input: no alpha,beta-unsaturated carbonyl  0.5 s",
            "library": "a word",
        }
        assert list(log.new(journal)) == []
