"""A policy that watches a run: what it would have chosen, of the same molecules.

Every decision of the run is made again by the policy, from the pool that the run had and
the results that it knew; the molecules of earlier decisions are the run's. So each
decision is judged on its own, and the policy's own course, which would have led to other
results, is not followed. Of what it would have chosen, only the molecules that the run
computed at some time have a realised utility: those are the run's favourites, and the
mean over them flatters the policy where it agrees with the run.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from statistics import fmean

from screening.acquisition import Selection
from screening.campaign.campaignplan import CampaignPlan
from screening.campaign.decision import Decided, replayed
from screening.candidate import Candidate
from screening.standing import leads
from screening.store.journal import Journal
from screening.store.records import SelectionRecord


@dataclass(frozen=True)
class Realised:
    """What came of a molecule that the run computed."""

    utility: float  # 0..1, by the policy's wishes
    rank: int  # among all that rank, counted from 1


@dataclass(frozen=True)
class Pick:
    """A molecule that the run or the policy chose at one decision."""

    candidate: Candidate
    run_position: int | None  # in the run's choice, counted from 1; None where only the policy's
    policy_position: int | None  # in the policy's; None where only the run's
    run_predicted: float | None  # utility that the run expected; None before any label
    policy_predicted: float | None  # and the policy
    realised: Realised | None  # None where the run has no utility for it


@dataclass(frozen=True)
class Watched:
    """One decision."""

    round: int
    decision: int  # position of its first molecule in the round
    known: int  # id of the last result that was known, 0 for none
    pool: int  # molecules that were chosen from
    picks: tuple[Pick, ...]  # the run's in their order, then the policy's others

    @property
    def overlap(self) -> int:
        """Molecules that both chose."""
        return sum(
            pick.run_position is not None and pick.policy_position is not None
            for pick in self.picks
        )


@dataclass(frozen=True)
class Side:
    """One side's choices over some decisions."""

    chosen: int
    known: int  # of these, with a realised utility
    predicted: float | None  # mean utility that was expected; None before any label
    realised: float | None  # mean utility of the known ones
    foreseen: int  # of the known ones, with a utility that was expected
    expected_of_foreseen: float | None  # mean utility that was expected of those
    realised_of_foreseen: float | None  # and that came
    best: float | None  # best utility of the known ones
    rank: float | None  # mean rank of the known ones among all of the run

    @classmethod
    def of(cls, picks: Iterable[tuple[float | None, Realised | None]]) -> Side:
        """Of what was expected of each molecule, and what came of it."""
        pairs = list(picks)
        known = [(expected, found) for expected, found in pairs if found is not None]
        foreseen = [(expected, found) for expected, found in known if expected is not None]
        return cls(
            chosen=len(pairs),
            known=len(known),
            predicted=_mean(expected for expected, _ in pairs),
            realised=_mean(found.utility for _, found in known),
            foreseen=len(foreseen),
            expected_of_foreseen=_mean(expected for expected, _ in foreseen),
            realised_of_foreseen=_mean(found.utility for _, found in foreseen),
            best=max((found.utility for _, found in known), default=None),
            rank=_mean(float(found.rank) for _, found in known),
        )


@dataclass(frozen=True)
class RoundTrial:
    """A round, all its decisions together."""

    round: int
    decisions: int
    pool: int  # at its first decision
    overlap: int  # molecules that both chose at the same decision
    run: Side
    policy: Side


@dataclass(frozen=True)
class SilentTrial:
    """What a policy would have done beside a run."""

    watched: tuple[Watched, ...]
    rounds: tuple[RoundTrial, ...]
    ranked: int  # molecules of the run that rank
    offers_known: bool  # False: the journal does not say what the generator offered

    @property
    def run(self) -> Side:
        """The run over all its decisions."""
        return _run_side(pick for decision in self.watched for pick in decision.picks)

    @property
    def policy(self) -> Side:
        """The policy over all of them."""
        return _policy_side(pick for decision in self.watched for pick in decision.picks)

    @property
    def overlap(self) -> int:
        """Molecules that both chose at the same decision."""
        return sum(decision.overlap for decision in self.watched)


def watch(journal: Journal, plan: CampaignPlan) -> SilentTrial:
    """Make every decision of a run again by another policy; nothing is written.

    Args:
        journal: open, of a campaign that is finished or goes on.
        plan: the policy: its wishes, surrogate, acquisition, and the generator's share.

    Raises:
        JournalError: a record does not match its checksum.
        ValueError: the journal is a screen's, or the run did not compute what the
            policy's wishes need.
    """
    if journal.kind != "campaign":
        raise ValueError("a screen chooses nothing, so there is nothing to watch: name a campaign")
    _check_recipes(journal, plan)
    ranked = leads(journal, plan.objectives, plan.filters, plan.ranking)
    realised = {x.candidate.inchikey: Realised(x.utility, x.rank) for x in ranked}
    watched = tuple(_watched(decided, realised) for decided in replayed(journal, plan))
    rounds = tuple(
        _round(number, tuple(group)) for number, group in groupby(watched, key=lambda x: x.round)
    )
    offered = any(journal.offers(record.round) for record in journal.rounds())
    proposed = any(s.candidate.origin == "generator" for s in journal.selections())
    return SilentTrial(watched, rounds, len(ranked), offered or not proposed)


def _check_recipes(journal: Journal, plan: CampaignPlan) -> None:
    computed = {result.recipe for result in journal.iterate_results()}
    lacking = [recipe for recipe in plan.recipes if recipe not in computed]
    if computed and lacking:
        raise ValueError(
            f"the run computed {', '.join(sorted(computed))} and not {lacking[0]}: give the policy "
            "wishes for what the run computed"
        )


def _watched(decided: Decided, realised: Mapping[str, Realised]) -> Watched:
    ours: dict[str, tuple[int, Selection]] = {
        selection.candidate.inchikey: (place, selection)
        for place, selection in enumerate(decided.choice.selections, 1)
    }
    theirs = {record.candidate.inchikey for record in decided.chosen}
    picks = [
        _pick(record.candidate, (place, record), ours.get(record.candidate.inchikey), realised)
        for place, record in enumerate(decided.chosen, 1)
    ]
    picks += [
        _pick(selection.candidate, None, (place, selection), realised)
        for place, selection in enumerate(decided.choice.selections, 1)
        if selection.candidate.inchikey not in theirs
    ]
    return Watched(
        decided.round,
        decided.chosen[0].decision,
        decided.known,
        len(decided.pool),
        tuple(picks),
    )


def _pick(
    candidate: Candidate,
    run: tuple[int, SelectionRecord] | None,
    policy: tuple[int, Selection] | None,
    realised: Mapping[str, Realised],
) -> Pick:
    return Pick(
        candidate,
        None if run is None else run[0],
        None if policy is None else policy[0],
        None if run is None else _expected(run[1]),
        None if policy is None else _expected(policy[1]),
        realised.get(candidate.inchikey),
    )


def _expected(choice: SelectionRecord | Selection) -> float | None:
    """The predicted utility; without a label it is that of the exact properties, no prediction."""
    return choice.utility_mean if choice.predicted else None


def _round(number: int, watched: Sequence[Watched]) -> RoundTrial:
    picks = [pick for decision in watched for pick in decision.picks]
    return RoundTrial(
        round=number,
        decisions=len(watched),
        pool=watched[0].pool,
        overlap=sum(decision.overlap for decision in watched),
        run=_run_side(picks),
        policy=_policy_side(picks),
    )


def _run_side(picks: Iterable[Pick]) -> Side:
    return Side.of((p.run_predicted, p.realised) for p in picks if p.run_position is not None)


def _policy_side(picks: Iterable[Pick]) -> Side:
    return Side.of((p.policy_predicted, p.realised) for p in picks if p.policy_position is not None)


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if known else None
