"""What can go wrong in and around a calculation, on real Ray: each ends as it must."""

import json
import os
from pathlib import Path

import pytest
from faultyrecipe import FRAIL, PLANS, SOURCE, TRACE, number_score
from rdkit import Chem

from screening.candidate import Candidate
from screening.compute.dispatch import Calculation, Task, evaluate_all
from screening.compute.evaluation import molecule_seed
from screening.compute.scheduler import Scheduler
from screening.settings import ComputeSettings
from screening.store.journal import Journal, JournalError

SEED = 3
ALWAYS = {"CCCC": "hang", "CCCCC": "hog", "CCCCCC": "convergence", "CCCCCCC": "input"}
ONCE = {"CO": "crash", "CCO": "killed", "CCCO": "random", "CCCCO": "worker", "CCCCCO": "hang"}
WELL = ["CN", "CCN", "CCCN"]


def candidate(smiles):
    return Candidate(Chem.MolToInchiKey(Chem.MolFromSmiles(smiles)), smiles, "", "library", 1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ray")
    plans = {smiles: {"mode": mode} for smiles, mode in ALWAYS.items()}
    plans |= {smiles: {"mode": mode, "times": 1} for smiles, mode in ONCE.items()}
    plans["CCS"] = {"mode": "crash", "times": 1, "recipe": "faulty"}
    plans["CCCS"] = {"mode": "convergence", "recipe": "frail"}
    (folder / "plans.json").write_text(json.dumps(plans))
    return folder


@pytest.fixture(scope="module")
def scheduler(folder):
    """One Ray for the module: its start costs seconds."""
    path = os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", path)
        patch.setenv(PLANS, str(folder / "plans.json"))
        patch.setenv(TRACE, str(folder / "trace"))
        settings = ComputeSettings(workers=2, time_limit_s=2.0, memory_limit_mb=150)
        with Scheduler(settings) as scheduler:
            yield scheduler


def evaluate(journal, scheduler, smiles, on_result=None):
    evaluate_all(
        [Task(candidate(s), ("faulty",)) for s in smiles],
        journal=journal,
        executor=scheduler,
        calculation=Calculation(SEED, sources={"faulty": SOURCE}),
        on_result=on_result,
    )


def create(folder):
    return Journal.create(folder, kind="screen", settings={}, environment={})


def test_every_molecule_ends_in_a_score_or_a_typed_failure(folder, scheduler, capfd):
    assert scheduler.workers == 2
    assert scheduler.capacity == 4
    everything = [*ALWAYS, *ONCE, *WELL]
    with create(folder / "all") as journal:
        evaluate(journal, scheduler, everything)
        results = {r.candidate.smiles: r for r in journal.results()}
        attempts = journal.attempts()
    assert sorted(results) == sorted(everything)
    assert capfd.readouterr().out == ""  # standard output is the caller's

    def tried(smiles):
        return [a for a in attempts if a.inchikey == candidate(smiles).inchikey]

    def failed(smiles):
        return [(a.failure.kind, a.failure.step) for a in tried(smiles) if a.failure]

    hung = results["CCCC"]
    assert failed("CCCC") == [("resource", "process")] * 2
    assert "time limit of 4 s" in hung.failure.message  # doubled once
    assert tried("CCCC")[0].wall_seconds >= 2.0
    assert tried("CCCC")[1].wall_seconds >= 4.0

    assert failed("CCCCC") == [("resource", "process")] * 2
    assert "memory limit of 300 MB" in results["CCCCC"].failure.message
    assert results["CCCCC"].peak_memory_mb > 300

    assert failed("CCCCCC") == [("convergence", "meanfield")] * 3
    assert results["CCCCCC"].attempt == 3
    assert failed("CCCCCCC") == [("input", "recipe")]

    for smiles in ONCE:
        assert results[smiles].score is not None, results[smiles].failure
        assert results[smiles].attempt == 2
    assert failed("CO") == [("random", "process")]
    assert failed("CCO") == [("resource", "process")]
    assert failed("CCCO") == [("random", "geometry")]
    assert failed("CCCCO") == [("random", "worker")]
    assert failed("CCCCCO") == [("resource", "process")]

    def seed(smiles):
        return results[smiles].score.provenance.seed

    own = {smiles: molecule_seed(SEED, candidate(smiles).inchikey) for smiles in everything}
    # More time, more memory or another machine do not change what is computed ...
    for smiles in ("CCO", "CCCCO", "CCCCCO", *WELL):
        assert results[smiles].score == number_score(smiles, own[smiles])
    # ... and what failed by chance gets another chance.
    for smiles in ("CO", "CCCO"):
        assert seed(smiles) != own[smiles]


def test_each_recipe_of_a_job_ends_by_itself(folder, scheduler):
    both = ("faulty", "frail")
    with create(folder / "both") as journal:
        evaluate_all(
            [Task(candidate(s), both) for s in ("CS", "CCS", "CCCS")],
            journal=journal,
            executor=scheduler,
            calculation=Calculation(SEED, sources={"faulty": SOURCE, "frail": FRAIL}),
        )
        results = {(r.candidate.smiles, r.recipe): r for r in journal.results()}
    assert len(results) == 6
    assert {key for key, r in results.items() if r.failure} == {("CCCS", "frail")}
    own = molecule_seed(SEED, candidate("CCS").inchikey)
    assert results["CCS", "faulty"].score.provenance.seed != own  # it crashed with its own
    assert results["CCS", "frail"].score.provenance.seed == own  # and this one did not


def test_a_full_disk_ends_the_run_and_a_freed_one_completes_it(folder, scheduler):
    molecules = [f"{'C' * n}F" for n in range(1, 31)]
    with create(folder / "full") as journal:
        journal._db.patience_s = 0.1
        journal._db._release_reserve()
        connection = journal._db.connection
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages + 12}")
        with pytest.raises(JournalError, match="disk is full"):
            evaluate(journal, scheduler, molecules)
        kept = journal.results()
        assert 0 < len(kept) < 30
    assert scheduler.wait(0.0) == []  # nothing is left in flight
    with Journal.open(folder / "full") as journal:
        evaluate(journal, scheduler, molecules)
        results = journal.results()
    assert len(results) == 30
    assert all(result in results for result in kept)


def test_a_stop_by_the_user_keeps_what_was_computed(folder, scheduler):
    molecules = [f"{'C' * n}Cl" for n in range(1, 21)]

    def stop(result):
        raise KeyboardInterrupt

    with create(folder / "stopped") as journal:
        with pytest.raises(KeyboardInterrupt):
            evaluate(journal, scheduler, molecules, stop)
        kept = journal.results()
        assert 1 <= len(kept) <= scheduler.capacity
        assert scheduler.wait(0.0) == []
        evaluate(journal, scheduler, molecules)
        assert len(journal.results()) == 20
        scored = [a for a in journal.attempts() if a.outcome == "scored"]
        assert len(scored) == 20
