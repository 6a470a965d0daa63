"""The opening of a round: what it is offered, whether its first batch is worth it, its record.

Nothing of a round is in the journal until it is opened, and then all of it is at once: what
it learned from, the offers, the first batch. A campaign that opens no further round since
none is worth its cost leaves that decision in the journal, so that a resumed run keeps to it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from screening.acquisition import Choice
from screening.campaign import proposals, roundsummary, stopping
from screening.campaign.campaignplan import CampaignPlan
from screening.campaign.decision import Deliberation, round_seed
from screening.campaign.knowledge import Knowledge
from screening.campaign.learning import Learned
from screening.campaign.proposals import Offer, Outlook, Proposals, Refusing
from screening.campaign.reviewing import SILENCE, Heard
from screening.campaign.stopping import Stopping
from screening.review.opinions import Opinions
from screening.store.journal import Journal
from screening.store.journalview import JournalView
from screening.store.records import RoundRecord, SelectionRecord

if TYPE_CHECKING:
    from generative.generator import Generator

_STOPPING = "stopping"
"""The journal's mark that holds the decision to open no further round."""


def offered(
    plan: CampaignPlan,
    round: int,
    *,
    generator: Generator | None,
    sieve: Refusing,
    learned: Learned,
    knowledge: Knowledge,
    chosen: Sequence[SelectionRecord],
    opinions: Opinions | None = None,
) -> Offer:
    """Molecules of the generator that pass the sieve, each once.

    Args:
        plan: of the campaign.
        round: counted from 1.
        generator: the prior; None for a campaign on the library alone.
        sieve: that every molecule passes.
        learned: by this round.
        knowledge: of this moment.
        chosen: all that the campaign chose before, in order; none is offered again.
        opinions: what stands of reviews; what is rejected is not offered.
    """
    if generator is None or plan.generator.share == 0:
        return Offer((), proposals.NO_GENERATOR)
    generated = Proposals(
        generator,
        plan.generator,
        sieve,
        plan.objectives,
        plan.acquisition,
        plan.simulation.max_heavy_atoms,
    )
    pending = {candidate.inchikey for candidate in knowledge.pending(chosen)}
    computed = [record for record in chosen if record.candidate.inchikey not in pending]
    seed = round_seed(plan.campaign.seed, round, "propose")
    return generated.offer(
        proposals.scored(computed, knowledge.utilities, opinions, plan.review.weight),
        {record.candidate.inchikey for record in chosen} | (opinions or Opinions()).rejected,
        Outlook(learned.surrogates, knowledge.best_utility, seed, learned.outcomes),
    )


def verdict(journal: JournalView, plan: CampaignPlan, choice: Choice) -> Stopping:
    """Whether the first batch of a round is worth its cost."""
    finished = [record.summary for record in journal.rounds() if record.finished is not None]
    return stopping.decide(
        gain=choice.gain,
        per_core_hour=choice.gain_per_core_hour,
        best=[summary["best_utility"] or 0.0 for summary in finished],
        threshold=plan.campaign.stop_below,
        patience=plan.campaign.patience,
    )


def write(
    journal: Journal,
    plan: CampaignPlan,
    deliberation: Deliberation,
    offer: Offer,
    choice: Choice,
    verdict: Stopping,
    heard: Heard = SILENCE,
) -> RoundRecord:
    """Journal the round as it begins, its first batch with it.

    Raises:
        JournalError: the journal cannot be written.
    """
    number, learned = deliberation.round, deliberation.learned
    with journal.transaction():
        journal.begin_round(
            number,
            seed=round_seed(plan.campaign.seed, number, "round"),
            pool_size=len(deliberation.pool),
            generator_note=offer.note,
            surrogate_note=learned.note,
            known=learned.known,
            facts={**roundsummary.opening(learned, choice, verdict), **heard.facts},
            offers=offer.candidates,
        )
        if offer.warning:
            journal.log(proposals.NARROWED, f"round {number}: {offer.warning}")
        journal.add_selections(number, choice.selections, known=learned.known)
    return journal.rounds()[-1]


def decline(journal: Journal, last: int, verdict: Stopping) -> dict[str, Any]:
    """Journal that no further round is opened, because none is worth its cost.

    Args:
        journal: open for writing.
        last: number of the last round that was opened.
        verdict: on the one that is not.

    Returns:
        The verdict in plain JSON types.

    Raises:
        JournalError: the journal cannot be written.
    """
    figures = asdict(verdict)
    with journal.transaction():
        journal.mark(_STOPPING, json.dumps(figures, allow_nan=False))
        for record in journal.rounds()[-1:]:
            if record.finished is not None:
                summary = {**record.summary, "stopping": figures}
                journal.amend_summary(record.round, summary)
        journal.log("run", f"stopped after round {last}: {verdict.reason}")
    return figures


def declined(journal: JournalView) -> dict[str, Any] | None:
    """The verdict by which no further round is opened; None where there is none."""
    text = journal.marked(_STOPPING)
    return None if text is None else dict(json.loads(text))
