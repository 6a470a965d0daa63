"""What a choice hands back: the molecules, why each of them, and what they promise together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from screening.candidate import Candidate

if TYPE_CHECKING:  # qiskit is loaded when a circuit chooses
    from simulation.quantum.technicalfile import Sampling


@dataclass(frozen=True)
class Selection:
    """One chosen molecule, and why."""

    candidate: Candidate
    position: int  # in the batch, counted from 1, in the order of choosing
    predicted: dict[str, tuple[float, float]]  # recipe -> mean, std in its unit
    utility_mean: float  # 0..1
    utility_std: float
    acquisition: float  # value of the criterion at the moment of choosing
    reason: str  # one sentence
    # What the choice rested on, each key only where it is known: "success" (probability
    # that it can be computed), "core_seconds" (expected), "expected_improvement" (of the
    # best utility, by this molecule alone), "limiting" (the objective that holds it back
    # most), "beta" (weight of the uncertainty), "pending" (molecules not yet computed
    # that were counted as if they were).
    facts: Mapping[str, float | str] = field(default_factory=dict)


@dataclass(frozen=True)
class BatchValue:
    """How one solver fared at the choice of a batch as a whole."""

    solver: str
    value: float  # of the batch problem's objective, larger is better
    seconds: float  # CPU


@dataclass(frozen=True)
class Choice:
    """A batch, and what it promises."""

    selections: tuple[Selection, ...]  # in the order of choosing
    note: str  # one line: how it was chosen
    gain: float  # expected rise of the best utility by the batch, 0..1
    gain_per_core_hour: float | None  # None where the cost is not known
    batches: tuple[BatchValue, ...] = ()  # of the solvers asked, the one used first
    circuits: tuple[Sampling, ...] = ()  # that chose, for a technical file
