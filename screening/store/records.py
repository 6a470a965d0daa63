"""What a journal holds, as typed records."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from screening.candidate import Candidate
from screening.failure import Failure

if TYPE_CHECKING:
    from simulation.score import Score

Kind = Literal["campaign", "screen"]


@dataclass(frozen=True)
class Result:
    """The final word on one molecule and recipe."""

    candidate: Candidate
    recipe: str
    outcome: Score | Failure
    round: int | None  # counted from 1; None in a screen
    attempt: int  # the attempt that gave it, counted from 1; 0 when none was made
    wall_seconds: float  # s, of that attempt
    cpu_seconds: float  # s, of that attempt
    peak_memory_mb: float  # MB resident, of that attempt

    @property
    def score(self) -> Score | None:
        """The score, None for a failure."""
        return None if isinstance(self.outcome, Failure) else self.outcome

    @property
    def failure(self) -> Failure | None:
        """The failure, None for a score."""
        return self.outcome if isinstance(self.outcome, Failure) else None


@dataclass(frozen=True)
class Ending:
    """A result in a few words, for a log: read without its record of everything."""

    id: int  # ids grow as results come
    time: str  # UTC, ISO 8601
    molecule: str  # its name, else its SMILES
    recipe: str
    round: int | None  # None in a screen
    value: float | None  # in ``unit``; None for a failure
    unit: str
    standard_error: float | None  # in ``unit``
    failure: str  # kind and message, "" for a score
    wall_seconds: float


@dataclass(frozen=True)
class RoundRecord:
    """One round of a campaign."""

    round: int  # counted from 1
    seed: int
    pool_size: int  # candidates the batch was chosen from
    generator_note: str  # what the generator did, one line
    surrogate_note: str  # what the surrogates were fitted to, one line
    started: str  # UTC, ISO 8601
    finished: str | None  # UTC, ISO 8601; None while it runs
    summary: dict[str, Any] = field(default_factory=dict)  # empty while it runs
    known: int = 0  # id of the last result that was known when it began, 0 for none
    facts: dict[str, Any] = field(default_factory=dict)  # of its first choice, e.g. the gain


@dataclass(frozen=True)
class SelectionRecord:
    """One molecule a round chose, and why; see ``acquisition.Selection``."""

    round: int
    candidate: Candidate
    position: int  # in the batch, counted from 1, in the order of choosing
    predicted: dict[str, tuple[float, float]]  # recipe -> mean, std in its unit
    utility_mean: float  # 0..1, predicted
    utility_std: float
    acquisition: float  # value of the criterion at the moment of choosing
    reason: str  # one sentence
    known: int = 0  # id of the last result that the choice knew, 0 for none
    decision: int = 1  # position of the first molecule that was chosen together with this one
    facts: dict[str, Any] = field(default_factory=dict)  # figures of the choice by name


@dataclass(frozen=True)
class AttemptRecord:
    """One recipe of a job that was begun."""

    id: int
    inchikey: str
    recipe: str
    attempt: int  # counted from 1
    started: str  # UTC, ISO 8601
    finished: str | None  # None: running, interrupted, or not reached
    outcome: Literal["scored", "failed"] | None
    failure: Failure | None
    wall_seconds: float | None  # s
    cpu_seconds: float | None  # s
    peak_memory_mb: float | None  # MB, resident
    node: str | None = None  # the host that computed it, None where that is not known


@dataclass(frozen=True)
class AddressRecord:
    """The content address of a calculation and where its result came from."""

    inchikey: str
    recipe: str
    address: str  # hexadecimal; "" for one that cannot be found by its content
    source: str  # folder of the run that computed it; "" for this one


@dataclass(frozen=True)
class Cut:
    """A molecule that a stage of the funnel let go no further."""

    inchikey: str
    stage: str  # e.g. "predicted", "warhead-ea/gfn2_lumo"
    value: float | None  # at that stage, in its unit; None where it has none
    reason: str  # one line
    round: int | None = None  # counted from 1; None in a screen


ReviewKind = Literal["approve", "reject", "rate", "comment", "idea", "withdraw"]


@dataclass(frozen=True)
class Review:
    """What one person said of one molecule, once."""

    id: int  # counted from 1, in the order in which it was said
    time: str  # UTC, ISO 8601
    reviewer: str  # who, as that person gave the name
    inchikey: str
    smiles: str  # the molecule as it is evaluated
    kind: ReviewKind
    rating: int | None = None  # 1..5, of a rating alone
    text: str = ""  # the reason of a rejection, a comment, the name of an idea
    withdraws: int | None = None  # id of the own review that this one takes back


@dataclass(frozen=True)
class Drop:
    """A chosen molecule that a round left out, because a reviewer rejected it in time."""

    id: int  # counted from 1
    round: int
    position: int  # of the selection
    inchikey: str
    review: int  # id of the rejection


@dataclass(frozen=True)
class Event:
    """A line of the run's log."""

    time: str  # UTC, ISO 8601
    kind: str  # "run", "resume", "journal", "library", ...
    message: str
