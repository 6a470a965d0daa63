"""The decisions of a round: which molecules are computed next, and on what grounds.

A round is taught and offered molecules once, when it begins. From then on it decides as
often as workers come free, each time among the same molecules, with the same
hyper-parameters, and with all results that have come since. A decision is a function of
the journal up to the result it states, of the molecules chosen before it (those without
results count as pending) and of the campaign's seed; so it can be made again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, groupby
from typing import TYPE_CHECKING

import numpy as np

from screening import acquisition
from screening.acquisition import AcquisitionSettings, Choice, Selection
from screening.campaign.campaignplan import CampaignPlan
from screening.campaign.candidatetable import CandidateTable
from screening.campaign.knowledge import Knowledge
from screening.campaign.learning import CONFORMAL, Learned, learn
from screening.campaign.reviewing import IDEA, KNOWN_DROP, SILENCE, Heard, kept, reheard
from screening.candidate import Candidate
from screening.store.journalview import JournalView
from screening.store.records import RoundRecord, SelectionRecord

if TYPE_CHECKING:
    from screening.surrogate.featurestore import FeatureStore

WIDEST = 5000
"""Molecules of the library that a round decides among after its first decision, or twice its
batch. Of a larger one the most promising are kept, so that no worker waits for a million
predictions."""

_PURPOSES = ("round", "propose", "choose")


def round_seed(campaign_seed: int, round: int, purpose: str, first: int = 1) -> int:
    """The seed of one random step of a round, in 0 .. 2**31 - 1.

    Args:
        campaign_seed: of the campaign.
        round: counted from 1.
        purpose: ``round``, ``propose`` or ``choose``.
        first: position of the first molecule of a decision, counted from 1.
    """
    entropy = [campaign_seed, round, _PURPOSES.index(purpose)]
    sequence = np.random.SeedSequence(entropy if first == 1 else [*entropy, first])
    return int(sequence.generate_state(1, np.uint32)[0]) >> 1


class Deliberation:
    """What a round decides among and by.

    Args:
        plan: of the campaign.
        round: counted from 1.
        learned: at the round's beginning.
        pool: the library and what the generator offered; of two with one InChIKey either.
        best_utility: at the round's beginning.
    """

    def __init__(
        self,
        plan: CampaignPlan,
        round: int,
        learned: Learned,
        pool: CandidateTable,
        best_utility: float,
    ) -> None:
        self._plan = plan
        self._best_utility = best_utility
        self._narrowed: CandidateTable | None = None
        self.round = round
        self.pool = pool
        self.learned = learned

    def choose(
        self,
        n: int,
        knowledge: Knowledge,
        chosen: Sequence[SelectionRecord],
        heard: Heard = SILENCE,
        first: int | None = None,
    ) -> Choice:
        """Choose the next molecules of the round: reviewers' ideas, then by the criterion.

        Args:
            n: so many at most.
            knowledge: of this moment.
            chosen: all that the campaign chose before, in order, without what was left out.
            heard: of reviews.
            first: position of the first of them, counted from 1; None for the next one
                after those chosen.

        Returns:
            selections whose positions count on through the round.
        """
        plan = self._plan
        knowledge.count_exact(chosen)
        own = [record for record in chosen if record.round == self.round]
        first = first or len(own) + 1
        taken = {record.candidate.inchikey for record in chosen} | heard.out
        pool = self.pool if first == 1 else self._narrow()
        pending = knowledge.pending(chosen)
        asked = self._asked(n, taken, knowledge, pending, heard, first)
        taken |= {selection.candidate.inchikey for selection in asked}
        pending = [*pending, *(selection.candidate for selection in asked)]
        # the generator's share is one of the whole round, however it is divided
        due = round_half_up(plan.generator.share * (len(own) + n))
        n -= len(asked)
        due -= sum(record.candidate.origin == "generator" for record in own)
        due -= sum(selection.candidate.origin == "generator" for selection in asked)
        choice = self._chosen(
            pool.without(taken),
            n,
            min(n, max(0, due)),
            knowledge,
            pending,
            first + len(asked),
            plan.acquisition,
        )
        note = choice.note
        if asked:
            ideas = "1 idea" if len(asked) == 1 else f"{len(asked)} ideas"
            note = f"{ideas} of reviewers" if n == 0 else f"{ideas} of reviewers, then {note}"
        placed = tuple(
            replace(selection, position=position, facts={**selection.facts, **heard.facts})
            for position, selection in enumerate((*asked, *choice.selections), first)
        )
        return replace(choice, selections=placed, note=note)

    def _chosen(
        self,
        pool: CandidateTable,
        n: int,
        n_generator: int,
        knowledge: Knowledge,
        pending: Sequence[Candidate],
        first: int,
        settings: AcquisitionSettings,
    ) -> Choice:
        """By the criterion."""
        plan = self._plan
        return acquisition.choose(
            pool,
            n=n,
            n_generator=n_generator,
            surrogates=self.learned.conditioned(knowledge),
            objectives=plan.objectives,
            best_utility=knowledge.best_utility,
            settings=settings,
            seed=round_seed(plan.campaign.seed, self.round, "choose", first),
            pending=pending,
            desirabilities=knowledge.desirabilities,
            outcomes=self.learned.outcomes,
        )

    def _asked(
        self,
        n: int,
        taken: Collection[str],
        knowledge: Knowledge,
        pending: Sequence[Candidate],
        heard: Heard,
        first: int,
    ) -> list[Selection]:
        """Reviewers' ideas, the earliest first, with what is foreseen of them."""
        own = {candidate.inchikey: candidate for candidate in self._held(heard)}
        ideas = {
            candidate.inchikey: (review, own.get(candidate.inchikey, candidate))
            for review, candidate in heard.ideas
            if candidate.inchikey not in taken
        }
        if not ideas:
            return []
        table = CandidateTable.of(candidate for _, candidate in ideas.values())
        # all of them are taken: what they promise is asked, and no solver has to choose
        alone = self._plan.acquisition.model_copy(update={"batch": "sequential"})
        found = self._chosen(table, len(table), 0, knowledge, pending, first, alone)
        by_key = {selection.candidate.inchikey: selection for selection in found.selections}
        asked = [
            replace(
                by_key[key],
                reason=f"asked for by {review.reviewer}; {by_key[key].reason}",
                facts={**by_key[key].facts, IDEA: review.id},
            )
            for key, (review, _) in ideas.items()
            if key in by_key  # one that breaks a hard limit is not
        ]
        return asked[:n]

    def _held(self, heard: Heard) -> CandidateTable:
        """What the round decides among that somebody asks for."""
        return self.pool.holding([candidate.inchikey for _, candidate in heard.ideas])

    def _narrow(self) -> CandidateTable:
        """The proposals, and of the library what looked best when the round began."""
        campaign = self._plan.campaign
        most = max(WIDEST, 2 * max(campaign.batch, campaign.initial_batch or 0))
        if len(self.pool) <= most or not self.learned.surrogates:
            return self.pool
        if self._narrowed is None:
            proposed = self.pool.proposed
            library, offered = self.pool.take(~proposed), self.pool.take(proposed)
            values = acquisition.worth(
                library,
                surrogates=self.learned.surrogates,
                objectives=self._plan.objectives,
                best_utility=self._best_utility,
                settings=self._plan.acquisition,
                seed=round_seed(self._plan.campaign.seed, self.round, "choose"),
                outcomes=self.learned.outcomes,
            )
            order = np.argsort(-values, kind="stable")[:most]
            best = library.take(np.sort(order))
            self._narrowed = CandidateTable.of(chain(offered, best))
        return self._narrowed


@dataclass(frozen=True)
class Decided:
    """A decision that was made, and what would be chosen in its place."""

    round: int
    known: int  # id of the last result that it knew, 0 for none
    pool: tuple[Candidate, ...]  # what it chose from
    chosen: tuple[SelectionRecord, ...]  # by the run
    choice: Choice  # by the plan


def replayed(journal: JournalView, plan: CampaignPlan) -> Iterator[Decided]:
    """Make every decision of a run again, from what it knew; the journal stays as it is.

    By the run's own plan the molecules are those that the run chose, on the same machine
    and versions. By another one they are what that would have chosen in its place, of the
    same molecules and with the same results.

    Args:
        journal: open, of a campaign. One of a version before 3 does not say which
            molecules the generator offered and the run passed over.
        plan: the policy.

    Raises:
        JournalError: a record does not match its checksum.
    """
    knowledge = Knowledge(journal, plan)
    chosen = journal.selections()
    records = journal.rounds()
    for record in records:
        earlier = [x for x in chosen if x.round < record.round]
        deliberation = reopened(journal, plan, record, knowledge, earlier, conformal(records))
        own = [x for x in chosen if x.round == record.round]
        for first, group in groupby(own, key=lambda x: x.decision):
            together = tuple(group)
            heard, drops = reheard(
                journal,
                together[0].facts,
                record.round,
                max_heavy_atoms=plan.simulation.max_heavy_atoms,
            )
            before = kept([*earlier, *own[: first - 1]], drops)
            knowledge.advance(together[0].known)
            taken = {x.candidate.inchikey for x in before} | heard.out
            yield Decided(
                round=record.round,
                known=together[0].known,
                pool=tuple(deliberation.pool.without(taken)),
                chosen=together,
                choice=deliberation.choose(len(together), knowledge, before, heard, first),
            )


def reopened(
    journal: JournalView,
    plan: CampaignPlan,
    record: RoundRecord,
    knowledge: Knowledge,
    earlier: Sequence[SelectionRecord],
    factors: Mapping[int, Mapping[str, float]],
    store: FeatureStore | None = None,
) -> Deliberation:
    """The deliberation of a round as it was when it began.

    Args:
        journal: open.
        plan: of the campaign.
        record: of the round.
        knowledge: not beyond what the round knew at its beginning; it is brought there.
        earlier: what the rounds before chose, also what was left out.
        factors: of each round, see ``learning.learn``.
        store: see ``learning.learn``.
    """
    earlier = kept(earlier, journal.drops(until=int(record.facts.get(KNOWN_DROP, 0))))
    knowledge.count_exact(earlier)
    knowledge.advance(record.known)
    offers = journal.offers(record.round)
    if not offers:
        own = journal.selections(record.round)
        offers = [x.candidate for x in own if x.candidate.origin == "generator"]
    pool = eligible(journal, offers, earlier)
    learned = learn(knowledge, plan, earlier, factors, store)
    return Deliberation(plan, record.round, learned, pool, knowledge.best_utility)


def eligible(
    journal: JournalView, offers: Sequence[Candidate], earlier: Sequence[SelectionRecord]
) -> CandidateTable:
    """What a round decides among, without what was chosen earlier.

    It is the library, as far as the funnel's exact properties let it, and the round's offers.
    """
    taken = {x.candidate.inchikey for x in earlier}
    return CandidateTable.of(
        c for c in chain(journal.admitted(), offers) if c.inchikey not in taken
    )


def conformal(records: Sequence[RoundRecord]) -> dict[int, Mapping[str, float]]:
    """By round and recipe, the factor by which predicted standard deviations were multiplied."""
    return {record.round: record.facts.get(CONFORMAL, {}) for record in records}


def round_half_up(value: float) -> int:
    """The nearest whole number; 0.5 becomes 1."""
    return int(np.floor(value + 0.5))
