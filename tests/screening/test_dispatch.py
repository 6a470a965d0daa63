"""The loop between tasks and results: what is known already, what has to wait, what is left."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from faultyrecipe import PLANS, SOURCE, number_score

from screening.candidate import Candidate
from screening.compute.checkpoints import Checkpoints
from screening.compute.dispatch import Calculation, Dispatch, Found, Task, evaluate_all
from screening.compute.evaluation import LOST_WORKER, MAX_LOSSES, Usage, next_attempt, verdict
from screening.compute.executor import Inline
from screening.failure import Failure
from screening.store.database import Database
from screening.store.journal import Journal
from screening.store.records import Result

ALCOHOLS = [f"{'C' * n}O" for n in range(1, 9)]
KEY = "LFQSCWFLJHTTHZ-UHFFFAOYSA-N"


def candidate(smiles):
    return Candidate(smiles, smiles, "", "library", 1)


def tasks(smiles, **fields):
    return [Task(candidate(s), ("faulty",), **fields) for s in smiles]


CALCULATION = Calculation(3, sources={"faulty": SOURCE})


@pytest.fixture
def journal(tmp_path):
    with Journal.create(tmp_path / "run", kind="screen", settings={}, environment={}) as journal:
        yield journal


class Archive:
    """Knows what it was told, by SMILES."""

    def __init__(self, known=()):
        self.known = {
            self.address(candidate(s), "faulty"): Found(
                Result(candidate(s), "faulty", number_score(s, 9), None, 1, 60.0, 60.0, 500.0),
                "runs/earlier",
            )
            for s in known
        }
        self.asked = []

    def address(self, candidate, recipe):
        return "" if candidate.smiles == "CO" else f"{candidate.smiles}/{recipe}"

    def find(self, address):
        self.asked.append(address)
        return self.known.get(address)


def test_what_an_archive_holds_is_not_computed_again(journal, trace):
    archive, told = Archive(known=["CCO", "CCCO"]), []
    evaluate_all(
        tasks(ALCOHOLS[:4], round=None),
        journal=journal,
        executor=Inline(2),
        calculation=CALCULATION,
        on_result=told.append,
        archive=archive,
    )
    assert sorted(line.split()[0] for line in trace.read_text().splitlines()) == ["CCCCO", "CO"]
    results = {r.candidate.smiles: r for r in journal.results()}
    assert sorted(results) == sorted(ALCOHOLS[:4])
    assert sorted(r.candidate.smiles for r in told) == sorted(ALCOHOLS[:4])
    taken = results["CCO"]
    assert taken.score == number_score("CCO", 9)  # as it was computed then
    assert (taken.attempt, taken.wall_seconds, taken.cpu_seconds) == (0, 0.0, 0.0)
    assert [a.inchikey for a in journal.attempts()] == ["CO", "CCCCO"]
    # What was computed here can be found by its address, what has none cannot.
    found = journal.find_address("CCCCO/faulty")
    assert found.score == results["CCCCO"].score
    assert "" not in archive.asked


def test_a_failed_attempt_is_not_made_good_by_an_archive(journal):
    attempt, _ = journal.begin_attempt("CCO", "faulty")
    journal.add_candidates([candidate("CCO")])
    journal.end_attempt(attempt, Failure("random", "recipe", "unlucky"), Usage(1.0, 1.0, 100.0))
    archive = Archive(known=["CCO"])
    evaluate_all(
        tasks(["CCO"]),
        journal=journal,
        executor=Inline(),
        calculation=CALCULATION,
        archive=archive,
    )
    (result,) = journal.results()
    assert result.attempt == 2
    assert archive.asked == []


def test_results_are_looked_after_while_a_library_has_no_molecule_yet(journal):
    """A long run of refused rows holds up nothing that is computed, and ends nothing."""
    seen = []

    def stream():
        yield None  # nothing is in flight: goes on at once
        yield from tasks(ALCOHOLS[:2])
        for _ in range(3):
            seen.append(journal.counts()["scored"])
            yield None
        yield from tasks(ALCOHOLS[2:4])
        yield None

    evaluate_all(stream(), journal=journal, executor=Inline(4), calculation=CALCULATION)
    assert journal.counts()["scored"] == 4
    assert seen[0] == 0
    assert seen == sorted(seen)
    assert journal.events() == []


def test_a_task_that_is_in_the_air_is_not_taken_twice(journal, trace):
    double = tasks(["CCO", "CCO", "CCCO"])
    evaluate_all([*double, *double], journal=journal, executor=Inline(6), calculation=CALCULATION)
    assert len(trace.read_text().splitlines()) == 2
    assert len(journal.results()) == 2


def test_one_transaction_writes_all_that_landed_together(journal):
    class Together(Inline):
        def wait(self, timeout_s):
            return [done for _ in range(self.capacity) for done in super(Together, self).wait(1)]

    commits = []
    journal._db.connection.set_trace_callback(
        lambda sql: commits.append(sql) if sql == "COMMIT" else None
    )
    executor = Together(8)
    left = tasks(ALCOHOLS)
    Dispatch(journal, executor, CALCULATION).run(
        lambda room: [left.pop() for _ in range(min(room, len(left)))]
    )
    assert journal.counts()["scored"] == 8
    assert len(commits) == 2  # what is begun, and what landed


class Keeping(Inline):
    """An executor whose calculations leave a checkpoint."""

    def __init__(self, folder, capacity=1):
        super().__init__(capacity)
        self.limits = replace(self.limits, checkpoints=folder)
        self.left = []

    def submit(self, job):
        folder = Path(job.checkpoint)
        assert folder.parent.is_dir()
        folder.mkdir()
        (folder / "geometry.npz").write_bytes(b"")
        self.left.append(folder)
        super().submit(job)


@pytest.mark.parametrize("continues", [False, True])
def test_a_final_result_removes_the_checkpoint_unless_a_later_stage_goes_on(
    journal, tmp_path, continues
):
    executor = Keeping(Path("checkpoints"))
    ethanol = Candidate(KEY, "CCO", "", "library", 1)
    evaluate_all(
        [Task(ethanol, ("faulty",), continues=continues)],
        journal=journal,
        executor=executor,
        calculation=CALCULATION,
    )
    (folder,) = executor.left
    assert folder == (tmp_path / "run" / "checkpoints" / KEY).resolve()
    assert folder.exists() == continues
    assert folder.parent.exists() == continues


def test_runs_that_share_a_folder_do_not_share_molecules(tmp_path):
    first = Checkpoints(tmp_path / "a", tmp_path / "shared")
    second = Checkpoints(tmp_path / "b", tmp_path / "shared")
    assert first.of(KEY) != second.of(KEY)
    assert first.of(KEY) == Checkpoints(tmp_path / "a", tmp_path / "shared").of(KEY)
    assert Checkpoints(tmp_path / "a", None).of(KEY) is None
    for path in ("../../x", "/etc", "", "a/b"):
        assert first.of(path) is None
        first.forget(path)
    first.tidy()
    second.tidy()


def test_a_failure_that_is_written_as_the_user_interrupts_counts_once(
    journal, monkeypatch, trace, tmp_path
):
    """Python learns of Ctrl-C when SQLite has synced the file: behind the commit."""
    plans = {"CCO": {"mode": "convergence", "times": 1}}
    (tmp_path / "plans.json").write_text(json.dumps(plans))
    monkeypatch.setenv(PLANS, str(tmp_path / "plans.json"))
    apply = Database._apply

    def interrupted(self, statements):
        apply(self, statements)
        if any("SET finished" in sql for sql, _ in statements):
            raise KeyboardInterrupt

    calculation = replace(CALCULATION, max_attempts=2)
    how = {"journal": journal, "executor": Inline(), "calculation": calculation}
    monkeypatch.setattr(Database, "_apply", interrupted)
    with pytest.raises(KeyboardInterrupt):
        evaluate_all(tasks(["CCO"]), **how)
    monkeypatch.setattr(Database, "_apply", apply)
    assert len(journal.failures("CCO", "faulty")) == 1
    assert not journal.has_result("CCO", "faulty")
    evaluate_all(tasks(["CCO"]), **how)
    (result,) = journal.results()
    assert result.score is not None


def test_the_verdict_on_a_molecule_that_kills_workers_says_so():
    lost = Failure("random", LOST_WORKER, "the worker was lost (WorkerCrashedError)")
    random = Failure("random", "geometry", "no conformer")
    assert verdict([lost]) == lost
    assert next_attempt([lost] * (MAX_LOSSES - 1), max_attempts=1) is not None
    assert next_attempt([lost] * MAX_LOSSES, max_attempts=1) is None
    assert verdict([lost] * MAX_LOSSES).message.startswith("set aside: ")
    assert verdict([*[lost] * MAX_LOSSES, random]) == random
