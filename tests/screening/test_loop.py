"""Campaigns on a recipe without chemistry, in this process."""

import csv
import json
import sqlite3
from dataclasses import replace

import faultyrecipe
import pytest
from faultycampaign import SOURCES, WISHES, essence, run, start
from faultyrecipe import PLANS
from rdkit import Chem

from generative.settings import GeneratorSettings
from screening.acquisition import AcquisitionSettings
from screening.campaign import circuitrecords
from screening.campaign.decision import round_seed
from screening.campaign.learning import FEATURES
from screening.campaign.loop import CampaignPlan
from screening.compute import dispatch
from screening.compute.executor import Inline
from screening.filters import FilterSettings
from screening.intake.library import LibrarySettings
from screening.objective import ObjectiveSettings
from screening.progress import LibraryRead, MoleculeDone, RoundFinished, RoundStarted
from screening.settings import CampaignSettings
from screening.standing import leads
from screening.store import schema
from screening.store.database import JournalError
from screening.store.journal import Journal
from screening.surrogate import features
from simulation.quantum import technicalfile

pytestmark = pytest.mark.usefixtures("trace", "unpriced")
ALCOHOLS = [f"{'C' * n}O" for n in range(1, 9)]


@pytest.fixture
def plan(tmp_path):
    path = tmp_path / "library.csv"
    lines = ["smiles,name", *(f"{s},m{i}" for i, s in enumerate(ALCOHOLS)), "nonsense,bad", "OC,x"]
    path.write_text("\n".join(lines) + "\n")
    return CampaignPlan(
        objectives=WISHES,
        library=LibrarySettings(path=path),
        campaign=CampaignSettings(seed=11, rounds=3, batch=4, barrier=True),
        generator=GeneratorSettings(pool=24, generations=2, offspring=20),
        acquisition=AcquisitionSettings(samples=64),
    )


@pytest.fixture
def undisturbed(plan, tmp_path):
    with start(tmp_path / "undisturbed") as journal:
        return essence(run(journal, plan)), [r.summary for r in journal.rounds()]


def test_a_campaign_from_end_to_end(plan, tmp_path, trace):
    events = []
    with start(tmp_path / "run") as journal:
        found = run(journal, plan, events.append)
        assert journal.finished
        rounds, selections, results = journal.rounds(), journal.selections(), journal.results()

    assert [type(e) for e in events if not isinstance(e, MoleculeDone)] == [
        LibraryRead,
        *[RoundStarted, RoundFinished] * 3,
    ]
    read = events[0]
    assert (read.rows, read.candidates, read.dropped, read.duplicates) == (10, 8, 1, 1)
    done = [(e.round, e.done, e.total) for e in events if isinstance(e, MoleculeDone)]
    assert done == [(r, d, 4) for r in (1, 2, 3) for d in (1, 2, 3, 4)]

    assert [r.round for r in rounds] == [1, 2, 3]
    assert rounds[0].generator_note.startswith("the prior gave")
    assert rounds[1].generator_note.startswith("the prior taught by 4 leads and edits of the best")
    assert "by the acquisition" in rounds[1].generator_note
    assert [r.surrogate_note for r in rounds] == [f"faulty: {n} labels" for n in (0, 4, 8)]
    bests = [r.summary["best_utility"] for r in rounds]
    assert bests == sorted(bests)
    assert bests[-1] == found[0].utility
    assert rounds[2].summary["calibration"]["faulty"]["n"] == 4
    assert [r.summary["scored"] for r in rounds] == [4, 4, 4]

    keys = [s.candidate.inchikey for s in selections]
    assert len(set(keys)) == len(keys) == 12
    assert sorted(keys) == sorted(r.candidate.inchikey for r in results)
    made = [s.candidate for s in selections if s.candidate.origin == "generator"]
    assert all(c.hand and (c.hand == "prior") == (not c.parents) for c in made)
    assert {c.hand for c in made} <= {"prior", "crossover", "mutation"}  # amines have no network
    for number in (1, 2, 3):  # half of each batch at least is the generator's
        batch = [s for s in selections if s.round == number]
        assert sum(s.candidate.origin == "generator" for s in batch) >= 2
    assert len(trace.read_text().splitlines()) == 12
    assert [lead.rank for lead in found] == list(range(1, 13))

    rows = list(csv.DictReader((tmp_path / "run" / "leads.csv").open()))
    assert [row["inchikey"] for row in rows] == [lead.candidate.inchikey for lead in found]
    assert float(rows[0]["faulty [eV]"]) == pytest.approx(found[0].scores["faulty"].value)
    mols = list(Chem.SDMolSupplier(str(tmp_path / "run" / "leads.sdf")))
    assert [mol.GetProp("inchikey") for mol in mols] == [r["inchikey"] for r in rows]
    assert [Chem.MolToSmiles(mol) for mol in mols] == [lead.candidate.smiles for lead in found]
    assert mols[0].GetConformer().Is3D()


def test_the_same_seed_gives_the_same_leads_and_another_seed_others(plan, tmp_path, undisturbed):
    with start(tmp_path / "again") as journal:
        assert essence(run(journal, plan)) == undisturbed[0]
    other = CampaignPlan(
        **{**vars(plan), "campaign": CampaignSettings(seed=12, batch=4, barrier=True)}
    )
    with start(tmp_path / "other") as journal:
        assert essence(run(journal, other)) != undisturbed[0]


@pytest.mark.parametrize("stop", [1, 2, 4, 6, 7, 9, 11, 13, 18, 19])
def test_a_campaign_stopped_anywhere_resumes_to_the_same_leads(
    plan, tmp_path, trace, undisturbed, stop
):
    """The library, a selection, a result, a finished round: each may be the last event seen."""
    trace.write_text("")
    seen = 0

    def listener(event):
        nonlocal seen
        seen += 1
        if seen == stop:
            raise KeyboardInterrupt

    with start(tmp_path / "run") as journal, pytest.raises(KeyboardInterrupt):
        run(journal, plan, listener)
    with Journal.open(tmp_path / "run") as journal:
        assert journal.events()[-1].message == "stopped before its end"
        before = journal.results()
        assert essence(run(journal, plan)) == undisturbed[0]
        summaries = [r.summary for r in journal.rounds()]
        assert all(result in journal.results() for result in before)
        assert all(a.outcome == "scored" or a.outcome is None for a in journal.attempts())
    assert len(trace.read_text().splitlines()) == 12  # nothing journalled was computed again
    for ours, theirs in zip(summaries, undisturbed[1], strict=True):
        assert {**ours, "cpu_seconds": 0} == {**theirs, "cpu_seconds": 0}


def test_a_run_begun_by_an_earlier_version_goes_on_to_the_same_leads(plan, tmp_path, undisturbed):
    """Stopped in its second round, and written by version 2 of the journal."""
    seen = 0

    def listener(event):
        nonlocal seen
        seen += 1
        if seen == 9:
            raise KeyboardInterrupt

    with start(tmp_path / "run") as journal, pytest.raises(KeyboardInterrupt):
        run(journal, plan, listener)
    with sqlite3.connect(tmp_path / "run" / "journal.sqlite") as earlier:
        for (index,) in earlier.execute(
            "SELECT name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
        ).fetchall():
            if index != "attempts_of":
                earlier.execute(f"DROP INDEX {index}")
        for table in ("drops", "reviews"):
            earlier.execute(f"DROP TABLE {table}")
        for table in schema.CHECKED.keys() - {"addresses", "cuts", "reviews", "drops"}:
            earlier.execute(f"ALTER TABLE {table} DROP COLUMN {schema.digest_column(table)}")
        for table, column in (("attempts", "node"), ("results", "standard_error")):
            earlier.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
        for table in ("addresses", "cuts"):
            earlier.execute(f"DROP TABLE {table}")
        for table, columns in {
            "rounds": ("known", "facts"),
            "selections": ("known", "decision", "facts"),
        }.items():
            for column in columns:
                earlier.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
        earlier.execute("DROP TABLE offers")
        earlier.execute("PRAGMA user_version = 2")
    earlier.close()
    with Journal.open(tmp_path / "run") as journal:
        assert [r.known for r in journal.rounds()] == [0, 4]
        assert essence(run(journal, plan)) == undisturbed[0]


def test_a_finished_campaign_is_only_read_again(plan, tmp_path, trace):
    with start(tmp_path / "run") as journal:
        first = run(journal, plan)
    trace.write_text("")
    with Journal.open(tmp_path / "run") as journal:
        assert essence(run(journal, plan)) == essence(first)
    assert trace.read_text() == ""
    with Journal.open(tmp_path / "run", readonly=True) as journal:
        assert essence(leads(journal, plan.objectives, plan.filters)) == essence(first)


def test_failures_stay_out_of_the_leads_and_are_not_chosen_again(plan, tmp_path, monkeypatch):
    modes = ["input", "convergence", "bug"]
    plans = {smiles: {"mode": modes[i % 3]} for i, smiles in enumerate(ALCOHOLS)}
    (tmp_path / "plans.json").write_text(json.dumps(plans))
    monkeypatch.setenv(PLANS, str(tmp_path / "plans.json"))
    only_library = CampaignPlan(
        **{**vars(plan), "generator": GeneratorSettings(share=0.0), "max_attempts": 2}
    )
    with start(tmp_path / "run") as journal:
        assert run(journal, only_library) == []
        results = journal.results()
        assert len(journal.rounds()) == 2
        assert journal.events()[-1].message == "nothing is left to evaluate in round 3"
        assert {r.candidate.smiles for r in results} == set(ALCOHOLS)
        for result in results:
            kind = result.failure.kind
            assert result.attempt == (1 if kind == "input" else 2)
        seeds = [line.split() for line in (tmp_path / "trace").read_text().splitlines()]
        assert len({tuple(s) for s in seeds}) == len(seeds)  # a new seed for each attempt


def test_the_budget_bounds_the_molecules(plan, tmp_path):
    campaign = CampaignSettings(seed=1, rounds=9, batch=4, initial_batch=3, budget=9)
    small = CampaignPlan(**{**vars(plan), "campaign": campaign})
    with start(tmp_path / "run") as journal:
        run(journal, small)
        assert [r.summary["evaluated"] for r in journal.rounds()] == [3, 4, 2]
        assert journal.events()[-1].message == "the budget of 9 is spent"


def test_what_no_recipe_applies_to_is_dropped_with_the_reason(plan, tmp_path, monkeypatch):
    monkeypatch.setattr(
        faultyrecipe.FaultyRecipe,
        "sites",
        lambda self, molecule: ("a site",) if molecule.GetNumAtoms() > 3 else (),
    )
    strict = CampaignPlan(**{**vars(plan), "filters": FilterSettings(max_heavy_atoms=7)})
    with start(tmp_path / "run") as journal:
        found = run(journal, strict)
        rows = list(journal.library_rows())
    assert all(4 <= Chem.MolFromSmiles(x.candidate.smiles).GetNumAtoms() <= 7 for x in found)
    assert [row.failure.step if row.failure else None for row in rows] == [
        *["recipe"] * 2,
        *[None] * 4,
        *["filters"] * 2,
        "library",
        None,
    ]
    assert "faulty does not apply" in rows[0].failure.message


def test_a_campaign_of_exact_properties_needs_no_evaluation(plan, tmp_path):
    wish = ObjectiveSettings(name="logp", transform="window", low=0.5, high=1.5)
    exact = CampaignPlan(**{**vars(plan), "objectives": (wish,)})
    with start(tmp_path / "run") as journal:
        found = run(journal, exact)
        assert journal.counts()["attempts"] == 0
    assert len(found) == 12
    assert found[0].utility == 1.0


def test_an_interrupt_between_the_last_attempt_and_the_verdict_is_no_loss(plan, tmp_path):
    """The retries are spent, and the session died before it said so."""
    with start(tmp_path / "run") as journal:
        task = dispatch.Task(_candidate("CCO"), ("faulty",))
        for _ in range(3):
            attempt, _ = journal.begin_attempt(task.candidate.inchikey, "faulty")
            failure = dispatch.Failure("random", "geometry", "no conformer")
            journal.end_attempt(attempt, failure, dispatch.Usage())
        calculation = dispatch.Calculation(1, sources=SOURCES)
        seen = []
        dispatch.evaluate_all(
            [task, task],
            journal=journal,
            executor=Inline(),
            calculation=calculation,
            on_result=seen.append,
        )
        assert [r.failure for r in journal.results()] == [failure]
        assert len(seen) == 1


def _candidate(smiles):
    from screening.candidate import Candidate

    return Candidate(Chem.MolToInchiKey(Chem.MolFromSmiles(smiles)), smiles, "", "library", 1)


def test_seeds_of_a_round_differ_by_purpose_and_stay():
    assert round_seed(11, 1, "propose") == round_seed(11, 1, "propose")
    purposes = ("round", "propose", "choose")
    seeds = {round_seed(s, r, p) for s in (0, 1, 2**62) for r in (1, 2) for p in purposes}
    assert len(seeds) == 18
    assert all(0 <= seed < 2**31 for seed in seeds)


def test_circuits_that_choose_stand_in_a_technical_file_without_a_molecule(plan, tmp_path):
    plan = replace(
        plan,
        campaign=CampaignSettings(seed=11, rounds=2, batch=3, barrier=True),
        acquisition=AcquisitionSettings(samples=64, batch="qaoa", backend="aer"),
    )
    folder = tmp_path / "run"
    with start(folder) as journal:
        run(journal, plan)
        (round,) = [r for r in journal.rounds() if r.facts.get("batches")]
        solvers = [b["solver"] for b in round.facts["batches"]]
        chosen = [s.candidate for s in journal.selections()]
    assert solvers[0] == "qaoa"
    path = folder / circuitrecords.BATCHES
    kept = technicalfile.read(path).samplings
    assert kept
    assert all(sampling.backend.name == "aer" for sampling in kept)
    assert not any(c.inchikey in path.read_text() for c in chosen)
    path.write_text("{}")
    with pytest.raises(ValueError, match="is not a technical file"):
        circuitrecords.add(kept, path)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / circuitrecords.BATCHES).write_text("{}")
    with (
        start(tmp_path / "other") as journal,
        pytest.raises(JournalError, match="is not a technical file"),
    ):
        run(journal, plan)


def test_features_of_a_large_library_are_kept_while_the_run_lasts(plan, tmp_path, monkeypatch):
    monkeypatch.setattr(features, "REMEMBERED", 4)
    store = tmp_path / "run" / FEATURES
    sizes = []

    def look(event):
        if isinstance(event, RoundFinished):
            sizes.append(store.stat().st_size if store.exists() else 0)

    with start(tmp_path / "run") as journal:
        kept = essence(run(journal, plan, look))
    assert sizes[-1] > 0
    assert not list((tmp_path / "run").glob(f"{FEATURES}*")), "a finished run needs none"
    monkeypatch.setattr(features, "REMEMBERED", 50_000)
    with start(tmp_path / "other") as journal:
        assert essence(run(journal, plan)) == kept
