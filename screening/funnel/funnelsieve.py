"""The sieve of a campaign's proposals: the filters, and the exact properties of the funnel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from screening import scorers
from screening.candidate import Candidate
from screening.compute.evaluation import one_line
from screening.compute.gate import Gate
from screening.failure import Failure
from screening.intake.sieve import Sieve
from screening.scorersettings import ScorerSettings


@dataclass(frozen=True)
class PropertyGate:
    """Between which limits an exact property must lie."""

    gate: Gate
    settings: ScorerSettings | None = None  # of the scorer


class FunnelSieve:
    """Refuses what a filter drops or an exact property of the funnel cuts.

    Args:
        sieve: that comes first.
        gates: by scorer, in the order of the stages.
    """

    def __init__(self, sieve: Sieve, gates: Mapping[str, PropertyGate]) -> None:
        self._sieve = sieve
        self._gates = dict(gates)

    def refuses(self, candidate: Candidate) -> Failure | None:
        """Why a molecule is not evaluated, None when it is."""
        failure = self._sieve.refuses(candidate)
        if failure is not None:
            return failure
        for name, limits in self._gates.items():
            value = scorers.value(name, candidate.smiles, limits.settings)
            if not limits.gate.passes(value):
                reason = limits.gate.reason(value, scorers.find(name).unit)
                return Failure("input", "funnel", one_line(f"{name}: {reason}"))
        return None
