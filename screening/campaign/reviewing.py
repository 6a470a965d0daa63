"""What a campaign obeys of what people say of its molecules.

A round's decision is told the reviews up to one that it states, and the chosen molecules that
were left out by then, and is a function of these like of the results that it knew. A rejected
molecule is not chosen; one that was chosen and not handed to a worker is left out, and its
place is filled anew. An idea takes a place of the next decision before anything else does.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from screening.candidate import Candidate
from screening.intake.standardise import candidate as standardised
from screening.review.opinions import Opinions
from screening.store.journalview import JournalView
from screening.store.records import Drop, Review, SelectionRecord

KNOWN_REVIEW = "known_review"
"""The fact of a decision, and of a round, that holds the id of the last review it knew."""

KNOWN_DROP = "known_drop"
"""The fact that holds the id of the last molecule that was left out by then."""

IDEA = "idea"
"""The fact of a chosen molecule that holds the id of the review that asks for it."""


@dataclass(frozen=True)
class Heard:
    """What a decision was told of reviews."""

    known: int = 0  # id of the last review
    drop: int = 0  # id of the last molecule left out
    out: frozenset[str] = frozenset()  # InChIKeys that are not chosen
    ideas: tuple[tuple[Review, Candidate], ...] = ()  # in the order in which they came

    @property
    def facts(self) -> dict[str, float]:
        """What a record of the decision says of it; nothing where nobody said anything."""
        if not self.known:
            return {}
        return {KNOWN_REVIEW: self.known, KNOWN_DROP: self.drop}

    def asks_beyond(self, chosen: Iterable[SelectionRecord]) -> bool:
        """Whether an idea may be chosen that is none of these."""
        taken = {record.candidate.inchikey for record in chosen} | self.out
        return any(candidate.inchikey not in taken for _, candidate in self.ideas)


SILENCE = Heard()
"""Where nobody said anything."""


def heard(
    journal: JournalView,
    opinions: Opinions,
    drops: Sequence[Drop],
    round: int,
    *,
    max_heavy_atoms: int,
) -> Heard:
    """What a decision of a round is told.

    Args:
        journal: open.
        opinions: up to the last review that counts.
        drops: of all rounds, up to the last that counts.
        round: of the decision, counted from 1.
        max_heavy_atoms: of a molecule that is evaluated.
    """
    if not opinions.known:
        return SILENCE
    ideas = []
    for review in opinions.ideas:
        read = _candidate(journal, review, max_heavy_atoms)
        if read is not None:
            ideas.append((review, read))
    return Heard(
        opinions.known,
        drops[-1].id if drops else 0,
        opinions.rejected | {drop.inchikey for drop in drops if drop.round == round},
        tuple(ideas),
    )


def reheard(
    journal: JournalView, facts: Mapping[str, float], round: int, *, max_heavy_atoms: int
) -> tuple[Heard, list[Drop]]:
    """What a decision was told, from the facts it states, and what was left out by then."""
    known = int(facts.get(KNOWN_REVIEW, 0))
    if not known:
        return SILENCE, []
    drops = journal.drops(until=int(facts.get(KNOWN_DROP, 0)))
    opinions = Opinions.of(journal, known)
    return heard(journal, opinions, drops, round, max_heavy_atoms=max_heavy_atoms), drops


def kept(chosen: Iterable[SelectionRecord], drops: Collection[Drop]) -> list[SelectionRecord]:
    """The chosen molecules without those that were left out, in their order."""
    out = {(drop.round, drop.position) for drop in drops}
    return [record for record in chosen if (record.round, record.position) not in out]


def _candidate(journal: JournalView, review: Review, max_heavy_atoms: int) -> Candidate | None:
    """The molecule of an idea: the run's own where it has it, else a reviewer's."""
    known = journal.candidate(review.inchikey)
    if known is not None:
        return known
    read = standardised(
        review.smiles,
        name=review.text,
        origin="reviewer",
        max_heavy_atoms=max_heavy_atoms,
    )
    if not isinstance(read, Candidate) or read.inchikey != review.inchikey:
        return None  # written by somebody who did not ask whether it can be computed
    return Candidate(read.inchikey, read.smiles, review.text, "reviewer", hand=review.reviewer)
