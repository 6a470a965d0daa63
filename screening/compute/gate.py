"""A gate: the limits between which a value must lie for its molecule to go on."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from screening.failure import Failure

if TYPE_CHECKING:
    from simulation.score import Score


@dataclass(frozen=True)
class Gate:
    """Limits of one stage, in the unit of its value; an end without a limit is None."""

    at_least: float | None = None
    at_most: float | None = None

    def passes(self, value: float) -> bool:
        """Whether a value lies between the limits, these included; never one that is no number."""
        low = -math.inf if self.at_least is None else self.at_least
        high = math.inf if self.at_most is None else self.at_most
        return low <= value <= high

    def reason(self, value: float, unit: str = "") -> str:
        """Why a value does not pass, in a few words."""
        suffix = f" {unit}" if unit else ""
        if self.at_least is not None and not value >= self.at_least:
            return f"{value:.5g}{suffix} is below {self.at_least:.5g}"
        return f"{value:.5g}{suffix} is above {self.at_most:.5g}"


def ends_job(outcome: Score | Failure, gate: Gate | None) -> bool:
    """Whether nothing of a molecule is computed after this outcome, for now at least.

    Behind a gate nothing is begun before the gate's own value is there and lies inside.
    """
    if gate is None:
        return False
    return isinstance(outcome, Failure) or not gate.passes(outcome.value)
