"""The molecules a choice is made from."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from screening import scorers
from screening.campaign.candidatetable import CandidateTable
from screening.candidate import Candidate
from screening.objective import ObjectiveSettings, kind

_AT_HAND = 20_000  # molecules that are kept as objects; more are made when asked for


@dataclass(frozen=True)
class Pool:
    """Distinct molecules and their exact properties."""

    candidates: Sequence[Candidate]
    exact: Mapping[str, NDArray[np.float64]]  # scorer -> (molecules,), in its unit

    @staticmethod
    def of(candidates: Sequence[Candidate], objectives: Sequence[ObjectiveSettings]) -> Pool:
        """The molecules as they come, with the properties that the wishes name."""
        return Pool(
            candidates if isinstance(candidates, CandidateTable) else tuple(candidates),
            {
                o.name: np.array(
                    [scorers.value(o.name, c.smiles, o.settings) for c in candidates], dtype=float
                )
                for o in objectives
                if kind(o.name) == "scorer"
            },
        )

    @staticmethod
    def allowed(
        candidates: Sequence[Candidate],
        objectives: Sequence[ObjectiveSettings],
        taken: Collection[str],
    ) -> Pool:
        """Those that may be chosen, each InChIKey once and sorted by it.

        Left out are molecules that are taken, and those whose exact properties break a hard
        limit. Of two with one InChIKey the library's is kept.
        """
        pool = Pool.of(CandidateTable.of(candidates).without(taken).distinct(), objectives)
        return pool[np.flatnonzero(~pool.broken(objectives))]

    def __len__(self) -> int:
        return len(self.candidates)

    def __getitem__(self, rows: slice | NDArray[np.int64]) -> Pool:
        some: Sequence[Candidate]
        if isinstance(rows, slice):
            some = self.candidates[rows]
        elif isinstance(self.candidates, CandidateTable) and len(rows) > _AT_HAND:
            some = self.candidates.take(rows)
        else:
            some = tuple(self.candidates[i] for i in rows)
        return Pool(some, {name: values[rows] for name, values in self.exact.items()})

    @property
    def smiles(self) -> list[str]:
        """Of each molecule."""
        return [candidate.smiles for candidate in self.candidates]

    @property
    def proposed(self) -> NDArray[np.bool_]:
        """Which come from the generator; shape (molecules,)."""
        if isinstance(self.candidates, CandidateTable):
            return self.candidates.proposed
        return np.array([c.origin == "generator" for c in self.candidates], dtype=bool)

    def broken(self, objectives: Sequence[ObjectiveSettings]) -> NDArray[np.bool_]:
        """Which break a hard limit by an exact property; shape (molecules,)."""
        found = np.zeros(len(self), dtype=bool)
        for objective in objectives:
            if objective.hard and objective.name in self.exact:
                found |= outside(self.exact[objective.name], objective)
        return found


def outside(values: NDArray[np.float64], objective: ObjectiveSettings) -> NDArray[np.bool_]:
    """Which values lie outside the limits of a wish; the shape of ``values``."""
    low, high = objective.limits
    return np.asarray((values < low) | (values > high))
