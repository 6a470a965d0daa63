"""A policy that watches a run on a recipe without chemistry, and touches nothing of it."""

import hashlib
import shutil
import threading
from dataclasses import replace

import numpy as np
import pytest
from faultyrecipe import PLANS, SOURCE

from generative.settings import GeneratorSettings
from screening.acquisition import AcquisitionSettings
from screening.campaign.loop import CampaignPlan, run_campaign
from screening.candidate import Candidate
from screening.compute.executor import Inline
from screening.intake.library import LibrarySettings
from screening.objective import ObjectiveSettings
from screening.settings import CampaignSettings
from screening.standing import leads
from screening.store.database import JournalError
from screening.store.journal import Journal
from screening.validation.journalcopy import copied
from screening.validation.silent import watch

ALCOHOLS = [f"{'C' * n}O" for n in range(1, 13)]


class Amines:
    """A generator of secondary amines, never taught."""

    name = "amines"

    def sample(self, n, *, seed, scaffold=None, constraints=None):
        rng = np.random.default_rng(seed)
        made = [f"{'C' * rng.integers(1, 7)}N{'C' * rng.integers(1, 7)}" for _ in range(n)]
        return [*dict.fromkeys(made)][:n]

    def finetuned(self, smiles, weights, *, seed, kl=0.5):
        return self


@pytest.fixture(scope="module")
def plan(tmp_path_factory):
    path = tmp_path_factory.mktemp("silent") / "library.csv"
    path.write_text("\n".join(["smiles", *ALCOHOLS]) + "\n")
    return CampaignPlan(
        objectives=(
            ObjectiveSettings(name="faulty", transform="maximize", low=-7.0, high=-3.0),
            ObjectiveSettings(name="logp", transform="at_most", high=4.0, weight=0.5),
        ),
        library=LibrarySettings(path=path),
        campaign=CampaignSettings(seed=5, rounds=3, batch=4),
        generator=GeneratorSettings(pool=16, generations=0, share=0.5),
        acquisition=AcquisitionSettings(kind="greedy", samples=32),
    )


@pytest.fixture(scope="module")
def finished(plan, tmp_path_factory):
    folder = tmp_path_factory.mktemp("watched") / "run"
    plans = folder.with_name("plans.json")
    plans.write_text(f'{{"{ALCOHOLS[2]}": {{"mode": "input"}}}}')
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(PLANS, str(plans))
        with Journal.create(folder, kind="campaign", settings={}, environment={}) as journal:
            run_campaign(
                journal=journal, plan=plan, generator=Amines(), executor=Inline(2),
                sources={"faulty": SOURCE},
            )  # fmt: skip
    return folder


def state(folder):
    return {
        path.name: (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns)
        for path in folder.iterdir()
    }


def test_the_runs_own_policy_chooses_what_the_run_chose(plan, finished):
    with copied(finished) as journal:
        trial = watch(journal, plan)
        ranked = leads(journal, plan.objectives)
    assert trial.overlap == trial.run.chosen == trial.policy.chosen == 12
    assert trial.run == trial.policy
    assert [round.round for round in trial.rounds] == [1, 2, 3]
    assert trial.ranked == len(ranked) == trial.run.known
    assert trial.offers_known
    for decision in trial.watched:
        assert [p.run_position for p in decision.picks] == [
            p.policy_position for p in decision.picks
        ]


def test_another_policy_is_shown_the_same_molecules_and_results(plan, finished):
    other = replace(plan, acquisition=AcquisitionSettings(kind="random", samples=32))
    with copied(finished) as journal:
        trial = watch(journal, other)
        ranked = {x.candidate.inchikey: x for x in leads(journal, plan.objectives)}
        chosen = {s.candidate.inchikey: s for s in journal.selections()}
        pools = [record.pool_size for record in journal.rounds()]

    assert [round.pool for round in trial.rounds] == pools
    assert trial.overlap < 12
    assert trial.policy.chosen == 12
    assert trial.policy.known < 12  # of the rest nobody knows what would have come
    before: set[str] = set()
    for decision in trial.watched:
        for pick in decision.picks:
            key = pick.candidate.inchikey
            assert key not in before
            assert (pick.run_position is not None) or (pick.policy_position is not None)
            assert (pick.realised is not None) == (key in ranked)
            if pick.realised is not None:
                assert pick.realised.utility == ranked[key].utility
                assert pick.realised.rank == ranked[key].rank
            if pick.run_position is not None and chosen[key].predicted:
                assert pick.run_predicted == chosen[key].utility_mean
        before |= {p.candidate.inchikey for p in decision.picks if p.run_position is not None}


def test_the_figures_of_a_side_are_means_over_what_is_known(plan, finished):
    other = replace(plan, acquisition=AcquisitionSettings(kind="qei", samples=32))
    with copied(finished) as journal:
        trial = watch(journal, other)
    found = [
        (p.policy_predicted, p.realised)
        for d in trial.watched
        for p in d.picks
        if p.policy_position is not None
    ]
    known = [(e, r) for e, r in found if r is not None]
    side = trial.policy
    assert side.known == len(known)
    assert side.realised == pytest.approx(np.mean([r.utility for _, r in known]))
    assert side.rank == pytest.approx(np.mean([r.rank for _, r in known]))
    assert side.best == max(r.utility for _, r in known)
    assert side.predicted == pytest.approx(np.mean([e for e, _ in found if e is not None]))
    foreseen = [(e, r.utility) for e, r in known if e is not None]
    assert 0 < side.foreseen == len(foreseen) < side.known
    assert (side.expected_of_foreseen, side.realised_of_foreseen) == pytest.approx(
        tuple(np.mean(foreseen, axis=0))
    )
    assert trial.rounds[0].policy.predicted is None  # nothing had a label yet


def test_not_a_byte_of_the_run_changes(plan, finished):
    before, modified = state(finished), finished.stat().st_mtime_ns
    with copied(finished) as journal:
        watch(journal, plan)
        with pytest.raises(JournalError, match="for reading only"):
            journal.log("run", "nobody writes here")
    assert state(finished) == before
    assert finished.stat().st_mtime_ns == modified


def test_a_run_at_work_is_watched_from_outside(plan, finished, tmp_path):
    at_work = tmp_path / "run"
    shutil.copytree(finished, at_work)
    candidate = Candidate("LFQSCWFLJHTTHZ-UHFFFAOYSA-N", "CCO", "late", "generator")
    with Journal.open(at_work) as writer:
        writer.add_candidates([candidate])  # stands in the log, not yet in the file
        before = state(at_work)
        with copied(at_work) as journal:
            assert len(journal.candidates()) == len(writer.candidates())
            assert watch(journal, plan).run.chosen == 12
        assert state(at_work) == before
        writer.log("run", "the writer goes on")


def test_a_copy_of_a_busy_journal_is_whole(tmp_path):
    folder = tmp_path / "run"
    with Journal.create(folder, kind="campaign", settings={}, environment={}) as writer:
        stop = threading.Event()
        pad = "x" * 9000
        seen = []

        def read():
            while not stop.is_set():
                with copied(folder) as journal:
                    seen.append([int(e.message.split()[0]) for e in journal.events()])

        reader = threading.Thread(target=read)
        reader.start()
        for number in range(1, 600):  # beyond several checkpoints
            writer.log("run", f"{number} {pad}")
        stop.set()
        reader.join()
    assert len(seen) > 2
    for numbers in seen:
        assert numbers == list(range(1, len(numbers) + 1))


def test_what_cannot_be_watched_is_refused(plan, finished, tmp_path):
    with pytest.raises(JournalError, match="not a run's folder"), copied(tmp_path):
        pass
    screen = Journal.create(tmp_path / "s", kind="screen", settings={}, environment={})
    with screen, pytest.raises(ValueError, match="a screen chooses nothing"):
        watch(screen, plan)
    wishes = (ObjectiveSettings(name="warhead-ea", transform="at_least", low=-5.0),)
    other = replace(plan, objectives=wishes)
    refused = pytest.raises(ValueError, match="computed faulty and not warhead-ea")
    with copied(finished) as journal, refused:
        watch(journal, other)


def test_a_run_that_has_not_begun_shows_nothing(plan, tmp_path):
    with Journal.create(tmp_path / "r", kind="campaign", settings={}, environment={}) as journal:
        trial = watch(journal, plan)
    assert (trial.watched, trial.run.chosen, trial.run.realised) == ((), 0, None)
