"""Several recipes of one molecule: one job, one geometry, one mean field, results of their own."""

import json

import pytest
from faultyrecipe import FRAIL, PLANS, SOURCE, number_score
from rdkit import Chem

from generative.settings import GeneratorSettings
from screening.campaign.loop import CampaignPlan, run_campaign
from screening.candidate import Candidate
from screening.compute.dispatch import Calculation, Task, evaluate_all
from screening.compute.evaluation import Evaluated, Evaluation, Job, decode
from screening.compute.executor import Completed, Inline
from screening.compute.isolation import Isolation
from screening.failure import Failure
from screening.intake.library import LibrarySettings
from screening.objective import ObjectiveSettings
from screening.screen import ScreenPlan, run_screen
from screening.settings import CampaignSettings
from screening.store.journal import Journal
from simulation.settings import SimulationSettings

BOTH = ("faulty", "frail")
SOURCES = {"faulty": SOURCE, "frail": FRAIL}
ALCOHOLS = [f"{'C' * n}O" for n in range(1, 9)]

pytestmark = pytest.mark.usefixtures("trace")


@pytest.fixture
def plans(tmp_path, monkeypatch):
    def write(modes):
        (tmp_path / "plans.json").write_text(json.dumps(modes))

    write({})
    monkeypatch.setenv(PLANS, str(tmp_path / "plans.json"))
    return write


class Counting(Inline):
    """Remembers what it was given."""

    def __init__(self, capacity=2):
        super().__init__(capacity)
        self.jobs = []

    def submit(self, job):
        self.jobs.append(job)
        super().submit(job)


def candidate(smiles):
    return Candidate(Chem.MolToInchiKey(Chem.MolFromSmiles(smiles)), smiles, "", "library", 1)


def evaluate(journal, smiles, executor, on_result=None):
    return evaluate_all(
        [Task(candidate(s), BOTH) for s in smiles],
        journal=journal,
        executor=executor,
        calculation=Calculation(3, sources=SOURCES),
        on_result=on_result,
    )


def start(folder, kind="screen"):
    return Journal.create(folder, kind=kind, settings={}, environment={})


def calculations(trace, smiles):
    """The recipes begun for a molecule, in order."""
    lines = [line.split() for line in trace.read_text().splitlines()]
    return [words[2] if len(words) > 2 else "faulty" for words in lines if words[0] == smiles]


def test_two_recipes_need_one_geometry_and_one_mean_field(monkeypatch):
    """The real ones."""
    from simulation import geometry, meanfield

    counts = {"geometry": 0, "field": 0}
    optimise_all, solve = geometry.optimise_all, meanfield.solve

    def counted_geometry(*args, **kwargs):
        counts["geometry"] += 1
        return optimise_all(*args, **kwargs)

    def counted_field(*args, **kwargs):
        counts["field"] += 1
        return solve(*args, **kwargs)

    monkeypatch.setattr(geometry, "optimise_all", counted_geometry)
    monkeypatch.setattr(meanfield, "solve", counted_field)
    settings = SimulationSettings(conformers=1, basis="sto-3g", density_fit=False, solver="casci")
    molecule = Evaluation("C=CC(N)=O", settings, 7)
    first, second = (molecule.outcome(name) for name in ("warhead-ea", "warhead-st"))
    assert counts == {"geometry": 1, "field": 1}
    # Sharing changes no number, and time is counted once.
    alone = Evaluation("C=CC(N)=O", settings, 7).outcome("warhead-st")
    assert second.value == pytest.approx(alone.value, abs=1e-12)
    assert "meanfield" in first.provenance.timings
    assert "meanfield" not in second.provenance.timings
    assert "meanfield" in alone.provenance.timings


def test_all_recipes_of_a_molecule_are_one_job(tmp_path):
    executor = Counting()
    with start(tmp_path / "run") as journal:
        evaluate(journal, ALCOHOLS[:3], executor)
        found = [(r.candidate.smiles, r.recipe, r.attempt) for r in journal.results()]
    assert [job.recipes for job in executor.jobs] == [BOTH] * 3
    assert sorted(found) == [(s, r, 1) for s in sorted(ALCOHOLS[:3]) for r in BOTH]


@pytest.mark.parametrize("which", BOTH)
def test_one_recipe_may_fail_and_only_it_is_tried_again(tmp_path, plans, trace, which):
    plans({"CCO": {"mode": "convergence", "recipe": which}})
    executor = Counting()
    with start(tmp_path / "run") as journal:
        evaluate(journal, ["CCO"], executor)
        results = {r.recipe: r for r in journal.results()}
    other = next(name for name in BOTH if name != which)
    assert results[which].failure.kind == "convergence"
    assert results[which].attempt == 3
    assert (results[other].score.value, results[other].attempt) == (number_score("CCO").value, 1)
    assert calculations(trace, "CCO") == [*BOTH, which, which]
    assert [job.recipes for job in executor.jobs] == [BOTH, (which,), (which,)]
    assert len({job.seed for job in executor.jobs}) == 3  # every rung has its own


def test_both_failing_go_on_together(tmp_path, plans):
    plans({"CCO": {"mode": "random", "times": 1}})
    executor = Counting()
    with start(tmp_path / "run") as journal:
        evaluate(journal, ["CCO"], executor)
        assert all(r.score is not None for r in journal.results())
    assert [job.recipes for job in executor.jobs] == [BOTH, BOTH]
    assert executor.jobs[0].seed != executor.jobs[1].seed


def test_a_recipe_that_ends_the_process_leaves_the_next_one_unbegun(plans):
    plans(
        {"CCO": {"mode": "crash", "recipe": "faulty"}, "CCN": {"mode": "hang", "recipe": "frail"}}
    )
    job = Job(1, "KEY", "CCO", BOTH, {}, 5, 30.0, 600, SOURCES)
    with Isolation() as isolation:
        (only,) = isolation.run(job)
        assert only.recipe == "faulty"
        assert decode(only.outcome) == Failure("random", "process", "crashed with SIGSEGV")
        first, second = isolation.run(Job(2, "KEY", "CCN", BOTH, {}, 5, 1.0, 600, SOURCES))
    assert decode(first.outcome) == number_score("CCN", 5)  # kept, though the job was killed
    assert "time limit of 1 s" in decode(second.outcome).message
    assert second.usage.wall_seconds >= 1.0 > first.usage.wall_seconds - 5


def test_what_was_left_unbegun_is_computed_and_not_blamed(tmp_path, plans):
    plans({"CCO": {"mode": "crash", "recipe": "faulty"}})

    class Isolated(Counting):
        def wait(self, timeout_s):
            if not self._queue:
                return []
            job = self._queue.pop(0)
            answers = isolation.run(job)
            outcomes = [Evaluated(a.recipe, decode(a.outcome), a.usage) for a in answers]
            return [Completed(job, tuple(outcomes))]

    executor = Isolated()
    with Isolation() as isolation, start(tmp_path / "run") as journal:
        evaluate(journal, ["CCO"], executor)
        results = {r.recipe: r for r in journal.results()}
        failures = journal.failures(candidate("CCO").inchikey, "frail")
    assert results["faulty"].failure.message == "crashed with SIGSEGV"
    assert results["frail"].score is not None
    assert failures == []


def test_a_screen_by_two_recipes_stopped_anywhere_resumes_to_the_same_table(tmp_path, plans):
    plans({"CCO": {"mode": "convergence", "recipe": "frail"}})
    (tmp_path / "library.smi").write_text("\n".join(ALCOHOLS) + "\n")
    plan = ScreenPlan(LibrarySettings(path=tmp_path / "library.smi"), BOTH, seed=2)

    def screen(journal, listener=None):
        run_screen(
            journal=journal, plan=plan, executor=Inline(2), on_event=listener, sources=SOURCES
        )

    with start(tmp_path / "whole") as journal:
        screen(journal)
    whole = (tmp_path / "whole" / "results.csv").read_text()
    assert whole.splitlines()[0].count("flags") == 2
    for stop in (1, 2, 7):
        done = 0

        def interrupt(event, stop=stop):
            nonlocal done
            done += type(event).__name__ == "MoleculeDone"
            if done == stop:
                raise KeyboardInterrupt

        with start(tmp_path / f"stopped{stop}") as journal:
            with pytest.raises(KeyboardInterrupt):
                screen(journal, interrupt)
            screen(journal)
        assert (tmp_path / f"stopped{stop}" / "results.csv").read_text() == whole


@pytest.fixture
def campaign(tmp_path):
    (tmp_path / "library.smi").write_text("\n".join(ALCOHOLS) + "\n")
    return CampaignPlan(
        objectives=(
            ObjectiveSettings(name="faulty", transform="window", low=-5.0, high=-4.0),
            ObjectiveSettings(name="frail", transform="maximize", low=-7.0, high=-3.0),
        ),
        library=LibrarySettings(path=tmp_path / "library.smi"),
        campaign=CampaignSettings(seed=5, rounds=2, batch=3, barrier=True),
        generator=GeneratorSettings(share=0.0),
    )


def run(journal, plan):
    leads = run_campaign(
        journal=journal, plan=plan, generator=None, executor=Inline(2), sources=SOURCES
    )
    return [(lead.candidate.smiles, lead.utility, lead.round) for lead in leads]


def test_a_queue_that_is_too_long_stops_a_campaign_that_a_resume_completes(
    tmp_path, plans, campaign
):
    with start(tmp_path / "undisturbed", "campaign") as journal:
        expected = run(journal, campaign)
        first_round = [s.candidate.smiles for s in journal.selections(1)]
    assert len(expected) == 6

    plans({first_round[1]: {"mode": "queue", "recipe": "frail"}})
    with start(tmp_path / "queued", "campaign") as journal:
        for _ in range(4):  # asked again by each session, and never given up
            assert len(run(journal, campaign)) == 2
            assert not journal.finished
        assert journal.counts()["scored"] == 5
        assert journal.events()[-1].message.startswith("1 calculation waits for a remote device")
        waiting = [a.failure for a in journal.attempts() if a.failure]
        assert (
            waiting == [Failure("resource", "backend", "job d0e9 on ibm:fez has not run yet")] * 4
        )
        plans({})
        assert run(journal, campaign) == expected
        assert journal.finished


def test_a_screen_does_the_rest_while_a_device_lets_it_wait(tmp_path, plans):
    plans({"CO": {"mode": "queue"}})
    (tmp_path / "library.smi").write_text("CO\nCCO\nCCCO\n")
    plan = ScreenPlan(LibrarySettings(path=tmp_path / "library.smi"), ("faulty",))
    with start(tmp_path / "run") as journal:
        run_screen(journal=journal, plan=plan, executor=Inline(), sources=SOURCES)
        assert not journal.finished
        assert journal.counts()["scored"] == 2
        assert "pending" in (tmp_path / "run" / "results.csv").read_text()
        plans({})
        run_screen(journal=journal, plan=plan, executor=Inline(), sources=SOURCES)
        assert journal.finished
    assert "pending" not in (tmp_path / "run" / "results.csv").read_text()
