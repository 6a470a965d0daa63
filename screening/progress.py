"""What a run tells whoever watches it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from screening.store.records import Result


@dataclass(frozen=True)
class LibraryRead:
    """The library is in the journal."""

    rows: int
    candidates: int  # distinct molecules that passed
    dropped: int  # rows with a reason
    duplicates: int


@dataclass(frozen=True)
class RoundStarted:
    """A round's first molecules are chosen, or were before the run was interrupted."""

    round: int  # counted from 1
    rounds: int
    pool: int  # candidates it was chosen from
    selected: int  # so far; the others are chosen as workers come free
    proposed: int  # of these, by the generator; what a reviewer asked for is not counted
    generator_note: str
    places: int  # molecules it will have evaluated at its end, at most
    ideas: int = 0  # of those selected, what reviewers asked for, whatever its origin


@dataclass(frozen=True)
class MoleculeDone:
    """A molecule and recipe have their final result."""

    result: Result
    done: int  # in this round or screen, those of earlier sessions included
    total: int | None  # None while the library is still being read
    round: int | None


@dataclass(frozen=True)
class RoundFinished:
    """A round's results are in, and the leads are written."""

    round: int
    rounds: int
    summary: dict[str, Any]  # as in the journal


@dataclass(frozen=True)
class Stopped:
    """No further round is worth its cost."""

    round: int  # the last one
    decision: dict[str, Any]  # a ``stopping.Stopping`` as plain JSON types


@dataclass(frozen=True)
class StagePassed:
    """A stage of the funnel that waited for all molecules has let some go on."""

    line: str  # what it cut, in words


@dataclass(frozen=True)
class ReviewWanted:
    """Chosen molecules wait for somebody's approval."""

    line: str  # how many, and the command that shows them


Event = (
    LibraryRead | RoundStarted | MoleculeDone | RoundFinished | Stopped | StagePassed | ReviewWanted
)
Listener = Callable[[Event], None]
