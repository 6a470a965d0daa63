"""The sieve of a campaign's proposals: the filters, and the exact properties of the funnel."""

from __future__ import annotations

from collections.abc import Mapping

from screening import scorers
from screening.candidate import Candidate
from screening.compute.evaluation import one_line
from screening.compute.gate import Gate
from screening.failure import Failure
from screening.intake.sieve import Sieve


class FunnelSieve:
    """Refuses what a filter drops or an exact property of the funnel cuts.

    Args:
        sieve: that comes first.
        gates: by scorer, in the order of the stages.
    """

    def __init__(self, sieve: Sieve, gates: Mapping[str, Gate]) -> None:
        self._sieve = sieve
        self._gates = dict(gates)

    def refuses(self, candidate: Candidate) -> Failure | None:
        """Why a molecule is not evaluated, None when it is."""
        failure = self._sieve.refuses(candidate)
        if failure is not None:
            return failure
        for name, gate in self._gates.items():
            value = scorers.value(name, candidate.smiles)
            if not gate.passes(value):
                reason = gate.reason(value, scorers.find(name).unit)
                return Failure("input", "funnel", one_line(f"{name}: {reason}"))
        return None
