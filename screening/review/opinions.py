"""What reviews come to, molecule by molecule.

Everyone's own last word counts: of the approvals and rejections that one reviewer gave a
molecule and did not take back the latest stands, and so does the latest rating. Between
reviewers a rejection holds for as long as it stands: a molecule is approved when somebody
approves it and nobody rejects it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from screening.store.records import Review

if TYPE_CHECKING:
    from screening.store.journalview import JournalView

APPROVAL = 4
"""What an approval counts as a rating, where its reviewer gave none."""

_LOWEST, _HIGHEST = 1, 5  # of a rating


@dataclass(frozen=True)
class Opinion:
    """What stands of all that was said of one molecule."""

    approvals: tuple[Review, ...] = ()  # one a reviewer, in the order in which they were given
    rejections: tuple[Review, ...] = ()
    ratings: tuple[Review, ...] = ()
    comments: tuple[Review, ...] = ()
    ideas: tuple[Review, ...] = ()

    @property
    def is_rejected(self) -> bool:
        """Whether anybody rejects it."""
        return bool(self.rejections)

    @property
    def is_approved(self) -> bool:
        """Whether somebody approves it and nobody rejects it."""
        return bool(self.approvals) and not self.rejections

    @property
    def rating(self) -> float | None:
        """The mean rating, 1..5; None where there is none."""
        given = [review.rating for review in self.ratings if review.rating is not None]
        return sum(given) / len(given) if given else None

    @property
    def judgement(self) -> float | None:
        """How good reviewers find it, 0..1: the mean over reviewers; None where none said.

        An approval without a rating counts as ``APPROVAL`` of 5, a rejection as 1.
        """
        marks = {review.reviewer: review.rating or 0 for review in self.ratings}
        for review in self.approvals:
            marks.setdefault(review.reviewer, APPROVAL)
        for review in self.rejections:
            marks[review.reviewer] = _LOWEST
        if not marks:
            return None
        return (sum(marks.values()) / len(marks) - _LOWEST) / (_HIGHEST - _LOWEST)

    @property
    def verdict(self) -> str:
        """``rejected``, ``approved`` or, where neither stands, an empty text."""
        return "rejected" if self.is_rejected else "approved" if self.is_approved else ""

    def in_words(self) -> str:
        """All that stands on one line; empty for nothing."""
        said = [f"rejected by {x.reviewer}: {_line(x.text)}" for x in self.rejections]
        if self.approvals:
            said.append(f"approved by {', '.join(x.reviewer for x in self.approvals)}")
        said += [f"rated {x.rating} by {x.reviewer}" for x in self.ratings]
        said += [f"{x.reviewer}: {_line(x.text)}" for x in self.comments]
        said += [f"idea of {x.reviewer}" for x in self.ideas]
        return "; ".join(said)


NONE = Opinion()
"""Of a molecule of which nobody said anything."""


class Opinions:
    """What stands of all reviews up to one, growing as they come. Use ``of``."""

    def __init__(self) -> None:
        self._said: dict[str, list[Review]] = {}  # by InChIKey, in order
        self._opinions: dict[str, Opinion] = {}
        self.known = 0  # id of the last review known

    @classmethod
    def of(cls, journal: JournalView, until: int | None = None) -> Opinions:
        """What a journal says.

        Args:
            journal: open.
            until: id of the last review that counts; None for all.

        Raises:
            JournalError: a record does not match its checksum.
        """
        opinions = cls()
        opinions.add(journal.reviews(until=until))
        return opinions

    def add(self, reviews: Iterable[Review]) -> None:
        """Learn of reviews, in the order of their ids."""
        touched = set()
        for review in reviews:
            self._said.setdefault(review.inchikey, []).append(review)
            touched.add(review.inchikey)
            self.known = review.id
        for key in touched:
            self._opinions[key] = _folded(self._said[key])

    def __getitem__(self, inchikey: str) -> Opinion:
        return self._opinions.get(inchikey, NONE)

    def said(self, inchikey: str) -> tuple[Review, ...]:
        """All that was said of a molecule, in order, what was taken back included."""
        return tuple(self._said.get(inchikey, ()))

    @property
    def molecules(self) -> tuple[str, ...]:
        """InChIKeys of what anything was said of, in the order of the first word."""
        return tuple(self._said)

    @property
    def rejected(self) -> frozenset[str]:
        """InChIKeys of what somebody rejects."""
        return frozenset(key for key, opinion in self._opinions.items() if opinion.is_rejected)

    @property
    def approved(self) -> frozenset[str]:
        """InChIKeys of what somebody approves and nobody rejects."""
        return frozenset(key for key, opinion in self._opinions.items() if opinion.is_approved)

    @property
    def ideas(self) -> tuple[Review, ...]:
        """The first idea of each molecule that stands and is not rejected, in order."""
        found = [x.ideas[0] for x in self._opinions.values() if x.ideas and not x.is_rejected]
        return tuple(sorted(found, key=lambda review: review.id))


def review_of(journal: JournalView, inchikey: str) -> Opinion:
    """What stands of all that was said of one molecule.

    Raises:
        JournalError: a record does not match its checksum.
    """
    return _folded(journal.reviews_of(inchikey))


def _folded(said: Iterable[Review]) -> Opinion:
    reviews = list(said)
    gone = {review.withdraws for review in reviews if review.kind == "withdraw"}
    kept = [x for x in reviews if x.kind != "withdraw" and x.id not in gone]
    verdicts = {x.reviewer: x for x in kept if x.kind in ("approve", "reject")}
    ratings = {x.reviewer: x for x in kept if x.kind == "rate"}
    ordered = sorted(verdicts.values(), key=lambda x: x.id)
    return Opinion(
        approvals=tuple(x for x in ordered if x.kind == "approve"),
        rejections=tuple(x for x in ordered if x.kind == "reject"),
        ratings=tuple(sorted(ratings.values(), key=lambda x: x.id)),
        comments=tuple(x for x in kept if x.kind == "comment"),
        ideas=tuple(x for x in kept if x.kind == "idea"),
    )


def _line(text: str) -> str:
    return " ".join(text.split())
