"""Campaigns without a barrier, on a recipe without chemistry and an executor out of order."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
from faultycampaign import WISHES, essence, run, start
from faultyrecipe import PLANS

from generative.settings import GeneratorSettings
from screening import acquisition
from screening.acquisition import AcquisitionSettings
from screening.campaign import decision
from screening.campaign.decision import replayed, round_half_up
from screening.campaign.loop import CampaignPlan
from screening.campaign.proposals import Proposals
from screening.compute.executor import Inline
from screening.intake.library import LibrarySettings
from screening.objective import ObjectiveSettings
from screening.progress import MoleculeDone, RoundFinished, RoundStarted, Stopped
from screening.settings import CampaignSettings
from screening.store.journal import Journal

pytestmark = pytest.mark.usefixtures("trace", "unpriced")
LIBRARY = [f"{'C' * n}{end}" for n in range(1, 9) for end in ("O", "S", "F")]


class OutOfOrder(Inline):
    """Ends its jobs in an order of its own, now and then several at once."""

    def __init__(self, capacity, seed=0):
        super().__init__(capacity)
        self._rng = np.random.default_rng(seed)
        self.longest = 0

    def wait(self, timeout_s):
        self.longest = max(self.longest, len(self._queue))
        done = []
        for _ in range(self._rng.integers(1, 3)):
            self._rng.shuffle(self._queue)
            done += super().wait(timeout_s)
        return done


class Clocked(Inline):
    """Three workers on a clock of its own, each molecule with a duration of its own."""

    workers = 3

    def __init__(self):
        super().__init__(capacity=2 * self.workers)
        self._waiting, self._running = [], []
        self.clock = self.busy = 0.0  # s

    def submit(self, job):
        self._waiting.append(job)
        self._start()

    def _start(self):
        while self._waiting and len(self._running) < self.workers:
            job = self._waiting.pop(0)
            duration = 1.0 + sum(job.inchikey.encode()) % 10
            self.busy += duration
            self._running.append((self.clock + duration, job.inchikey, job))

    def wait(self, timeout_s):
        if not self._running or timeout_s <= 0:
            return []
        self._running.sort(key=lambda x: x[:2])
        self.clock, _, job = self._running.pop(0)
        self._start()
        self._queue.append(job)
        return super().wait(timeout_s)

    @property
    def busy_share(self):
        return self.busy / (self.workers * self.clock)


@pytest.fixture
def plan(tmp_path):
    path = tmp_path / "library.smi"
    path.write_text("\n".join(LIBRARY) + "\n")
    return CampaignPlan(
        objectives=WISHES,
        library=LibrarySettings(path=path),
        campaign=CampaignSettings(seed=11, rounds=3, batch=5),
        generator=GeneratorSettings(pool=12, generations=1, offspring=8),
        acquisition=AcquisitionSettings(samples=16),
    )


def assert_whole(journal, plan, molecules):
    """Nothing twice, nothing lost, the budget kept, the generator's share kept."""
    selections, results = journal.selections(), journal.results()
    keys = [s.candidate.inchikey for s in selections]
    assert len(keys) == len(set(keys)) == molecules
    assert sorted(keys) == sorted(r.candidate.inchikey for r in results)
    assert journal.finished
    assert all(record.finished for record in journal.rounds())
    by_round = [[s for s in selections if s.round == r.round] for r in journal.rounds()]
    for own in by_round:
        assert [s.position for s in own] == list(range(1, len(own) + 1))
        assert all(own[s.decision - 1].decision == s.decision for s in own)
        made = sum(s.candidate.origin == "generator" for s in own)
        assert made == round_half_up(plan.generator.share * len(own))
    known = [s.known for s in selections]
    assert known == sorted(known)  # no decision forgets what an earlier one knew


def same_decisions(journal, plan):
    """Each decision made again from what it stated gives what was chosen, to the last bit."""
    decided = list(replayed(journal, plan))
    assert [s for d in decided for s in d.chosen] == journal.selections()
    for each in decided:
        for recorded, again in zip(each.chosen, each.choice.selections, strict=True):
            assert again.candidate == recorded.candidate
            assert again.position == recorded.position
            assert again.predicted == recorded.predicted
            assert again.acquisition == recorded.acquisition
            assert again.reason == recorded.reason
    return decided


def test_no_worker_waits_and_every_decision_can_be_made_again(plan, tmp_path, trace):
    events = []
    executor = OutOfOrder(3)
    with start(tmp_path / "run") as journal:
        leads = run(journal, plan, events.append, executor)
        assert_whole(journal, plan, 15)
        decided = same_decisions(journal, plan)
        rounds = journal.rounds()
        came = {r.candidate.inchikey for r in journal.results(known=rounds[1].known)}
        pending = {s.candidate.inchikey for s in journal.selections(1)} - came
    first = next(d for d in decided if d.round == 2)
    assert pending
    assert not pending & {candidate.inchikey for candidate in first.pool}
    assert first.choice.selections[0].facts["pending"] == len(pending)
    assert len(leads) == 15
    assert executor.longest == 3
    assert len(trace.read_text().splitlines()) == 15
    assert [e.round for e in events if isinstance(e, RoundStarted)] == [1, 2, 3]
    assert [e.round for e in events if isinstance(e, RoundFinished)] == [1, 2, 3]
    # the first round knows nothing and is a design; the others are topped up
    assert [len(d.chosen) for d in decided if d.round == 1] == [5]
    assert all(len(d.chosen) <= 3 for d in decided if d.round > 1)
    assert sum(d.round > 1 for d in decided) >= 5
    # stragglers ran on while the next round began
    assert any(0 < record.known < 5 * (record.round - 1) for record in rounds)
    assert [r.summary["evaluated"] for r in rounds] == [5, 5, 5]
    assert [r.summary["decisions"] for r in rounds] == [
        len({d.chosen[0].decision for d in decided if d.round == r}) for r in (1, 2, 3)
    ]
    bests = [r.summary["best_utility"] for r in rounds]
    assert bests == sorted(bests)
    done = [e for e in events if isinstance(e, MoleculeDone)]
    for number in (1, 2, 3):
        counted = [(e.done, e.total) for e in done if e.round == number]
        assert counted[-1] == (5, 5)
        assert [x for x, _ in counted] == sorted({x for x, _ in counted})


@pytest.mark.parametrize("capacity", [1, 3])
def test_killed_anywhere_it_goes_on_with_nothing_twice_and_nothing_lost(
    plan, tmp_path, trace, capacity
):
    """The folder is copied while the run goes on: what a power cut would leave."""
    copies = []

    def copy(event):
        copies.append(tmp_path / f"cut{len(copies)}")
        shutil.copytree(tmp_path / "run", copies[-1])

    with start(tmp_path / "run") as journal:
        run(journal, plan, copy, OutOfOrder(capacity))
    assert len(copies) == 1 + 2 * 3 + 15
    for number, folder in enumerate(copies[3 :: 9 if capacity == 1 else 6]):
        with Journal.open(folder) as journal:
            before, chosen = journal.results(), journal.selections()
            trace.write_text("")
            run(journal, plan, executor=OutOfOrder(capacity, seed=number))
            assert_whole(journal, plan, 15)
            assert all(result in journal.results() for result in before)
            assert journal.selections()[: len(chosen)] == chosen
            assert len(trace.read_text().splitlines()) == 15 - len(before)
            if number == 1:
                same_decisions(journal, plan)


@pytest.mark.parametrize(("capacity", "stops"), [(1, (9, 16)), (2, (13,))])
def test_in_one_process_it_is_as_deterministic_as_with_a_barrier(plan, tmp_path, capacity, stops):
    with start(tmp_path / "undisturbed") as journal:
        undisturbed = essence(run(journal, plan, executor=Inline(capacity)))
        chosen = journal.selections()
    assert len({(s.round, s.decision) for s in chosen}) > 5

    for stop in stops:
        seen = 0

        def listener(event, stop=stop):
            nonlocal seen
            seen += 1
            if seen == stop:
                raise KeyboardInterrupt

        with start(tmp_path / f"stopped{stop}") as journal:
            with pytest.raises(KeyboardInterrupt):
                run(journal, plan, listener, Inline(capacity))
            assert journal.events()[-1].message == "stopped before its end"
            assert essence(run(journal, plan, executor=Inline(capacity))) == undisturbed
            assert [s.candidate for s in journal.selections()] == [s.candidate for s in chosen]


def test_the_generator_is_asked_once_a_round_however_often_it_is_stopped(
    plan, tmp_path, monkeypatch
):
    asked = []
    offer = Proposals.offer

    def counted(self, scored, known, outlook):
        asked.append(len(scored))
        return offer(self, scored, known, outlook)

    monkeypatch.setattr(Proposals, "offer", counted)

    def stop(event):
        if isinstance(event, MoleculeDone):
            raise KeyboardInterrupt

    with start(tmp_path / "run") as journal:
        for _ in range(40):
            try:
                run(journal, plan, stop, OutOfOrder(3))
                break
            except KeyboardInterrupt:
                continue
        assert journal.finished
        assert_whole(journal, plan, 15)
        assert len(journal.offers(2)) > 0
    assert len(asked) == 3
    assert asked[0] == 0
    assert asked[1] < 5  # what was still being computed taught nothing


def test_workers_wait_less_than_behind_a_barrier(plan, tmp_path):
    shares = {}
    for barrier in (True, False):
        campaign = CampaignSettings(seed=11, rounds=4, batch=5, barrier=barrier)
        executor = Clocked()
        with start(tmp_path / f"{barrier}") as journal:
            run(journal, replace(plan, campaign=campaign), executor=executor)
            assert len(journal.results()) == 20
        shares[barrier] = executor.busy_share
    # of 20 molecules the last ones leave workers without work whatever is done
    assert shares[False] > 0.85
    assert shares[True] < shares[False] - 0.1


def test_a_wide_executor_does_not_outrun_what_is_known(plan, tmp_path):
    """With room for all its molecules at once, a campaign still learns between rounds."""
    with start(tmp_path / "half") as journal:
        run(journal, plan, executor=OutOfOrder(40))
        assert_whole(journal, plan, 15)
        assert [r.known >= 5 * (r.round - 1) - 2 for r in journal.rounds()] == [True] * 3
    whole = replace(plan, campaign=CampaignSettings(seed=11, rounds=3, batch=5, known_share=1.0))
    with start(tmp_path / "whole") as journal:
        run(journal, whole, executor=OutOfOrder(3))
        assert [r.known for r in journal.rounds()] == [0, 5, 10]
        assert len({(s.round, s.decision) for s in journal.selections()}) > 3


def test_the_budget_and_a_small_pool_bound_an_asynchronous_campaign_too(plan, tmp_path):
    campaign = CampaignSettings(seed=1, rounds=9, batch=4, initial_batch=3, budget=9)
    with start(tmp_path / "budget") as journal:
        small = replace(plan, campaign=campaign)
        run(journal, small, executor=OutOfOrder(3))
        assert_whole(journal, small, 9)
        assert [r.summary["evaluated"] for r in journal.rounds()] == [3, 4, 2]
        assert journal.events()[-1].message == "the budget of 9 is spent"
    library = replace(
        plan,
        generator=GeneratorSettings(share=0.0),
        campaign=CampaignSettings(seed=1, rounds=9, batch=7),
    )
    with start(tmp_path / "library") as journal:
        run(journal, library, executor=OutOfOrder(3))
        assert_whole(journal, library, len(LIBRARY))
        assert [r.summary["evaluated"] for r in journal.rounds()] == [7, 7, 7, 3]
        assert [e.message for e in journal.events()] == ["nothing is left to evaluate in round 5"]


def test_no_round_begins_while_a_device_lets_calculations_wait(plan, tmp_path, monkeypatch):
    with start(tmp_path / "undisturbed") as journal:
        run(journal, plan, executor=Inline(1))
        third = journal.selections(2)[2].candidate.smiles
    (tmp_path / "plans.json").write_text(f'{{"{third}": {{"mode": "queue"}}}}')
    monkeypatch.setenv(PLANS, str(tmp_path / "plans.json"))
    with start(tmp_path / "queued") as journal:
        for _ in range(2):
            run(journal, plan, executor=Inline(1))
            assert not journal.finished
            assert [r.round for r in journal.rounds()] == [1, 2]
            assert len(journal.selections(2)) == 5  # the round itself was filled
            assert journal.events()[-1].message.startswith("1 calculation waits")
        monkeypatch.delenv(PLANS)
        run(journal, plan, executor=Inline(1))
        assert_whole(journal, plan, 15)


def test_a_campaign_that_is_not_worth_its_cost_any_more_stops_and_says_so(
    plan, tmp_path, monkeypatch
):
    monkeypatch.undo()  # here the cost is at stake
    campaign = {"seed": 11, "rounds": 8, "batch": 4}
    dear = replace(plan, campaign=CampaignSettings(**campaign, stop_below=1e9))
    events = []

    def kill(event):
        events.append(event)
        if isinstance(event, Stopped):
            raise KeyboardInterrupt

    with start(tmp_path / "dear") as journal:
        with pytest.raises(KeyboardInterrupt):
            run(journal, dear, kill, OutOfOrder(3))
        assert not journal.finished
        run(journal, dear, executor=OutOfOrder(3))
        assert journal.finished
        assert [e.round for e in events if isinstance(e, Stopped)] == [1]
        assert [r.round for r in journal.rounds()] == [1]  # also when resumed
        assert len(journal.results()) == 4  # those under way were awaited
        stopping = journal.rounds()[0].summary["stopping"]
        assert stopping == events[-1].decision
        assert stopping["stop"] is True
        assert stopping["per_core_hour"] < stopping["threshold"] == 1e9
        (line,) = [e.message for e in journal.events() if "stopped after" in e.message]
        assert line == f"stopped after round 1: {stopping['reason']}"
        assert "less than the 1e+09 that is asked for" in line


def test_patience_ends_a_campaign_that_finds_nothing_better(plan, tmp_path):
    """All molecules alike: nothing rises, and two finished rounds without a rise are enough."""
    flat = replace(
        plan,
        objectives=(ObjectiveSettings(name="faulty", transform="window", low=-9.0, high=-1.0),),
        campaign=CampaignSettings(seed=11, rounds=8, batch=2, barrier=True, patience=2),
    )
    with start(tmp_path / "run") as journal:
        run(journal, flat, executor=Inline())
        rounds = journal.rounds()
    assert [r.summary["best_utility"] for r in rounds] == [1.0] * 3
    assert [r.summary["stopping"]["stop"] for r in rounds] == [False, False, True]
    assert "has not risen by 0.001 for 2 rounds" in rounds[2].summary["stopping"]["reason"]


def test_of_a_large_pool_a_round_considers_what_looked_best_when_it_began(
    plan, tmp_path, monkeypatch
):
    monkeypatch.setattr(decision, "WIDEST", 14)
    judged = []
    worth = acquisition.worth

    def counted(molecules, **facts):
        judged.append(len(molecules))
        return worth(molecules, **facts)

    shown = []
    choose = acquisition.choose

    def watched(pool, **facts):
        shown.append(sum(candidate.origin == "library" for candidate in pool))
        return choose(pool, **facts)

    with start(tmp_path / "run") as journal:
        small = replace(plan, campaign=CampaignSettings(seed=11, rounds=2, batch=5))
        monkeypatch.setattr("screening.campaign.decision.acquisition.worth", counted)
        monkeypatch.setattr("screening.campaign.decision.acquisition.choose", watched)
        run(journal, small, executor=OutOfOrder(3))
        assert 14 - 5 <= shown[-1] <= 14  # of the library, however many are offered
        assert_whole(journal, small, 10)
        offered = {c.inchikey for c in journal.offers(2)}
        assert len(judged) > 0
        same_decisions(journal, small)
        later = [s for s in journal.selections(2) if s.decision > 1]
        assert later
        assert any(s.candidate.inchikey in offered for s in later)
