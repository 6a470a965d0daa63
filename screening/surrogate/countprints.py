"""Counted substructures of molecules, and the MinMax similarity of whole sets of them.

Five fingerprints describe a molecule side by side: circular environments of radius 2
and 3, the same of radius 2 by pharmacophoric feature instead of element, pairs of atoms
with their distance, and topological torsions. Molecules are rows of (column, count)
pairs, a column being a fingerprint's position; a set to compare with is turned round
into *postings*, for each column the rows that hold it, so that the sum of the minima of
two count vectors touches only what both hold.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem
from rdkit.Chem import rdFingerprintGenerator

from screening.intake.standardise import molecule
from screening.surrogate.postings import gather, similarity, spread_out, turned

KINDS = ("morgan-2", "morgan-3", "feature-morgan-2", "atom-pairs", "torsions")
SIZE = 1 << 14  # positions of each fingerprint
DENSE = 0.1  # of the molecules; columns that more of them hold are kept as whole lines
PAIR_DISTANCE = 10  # bonds; atoms further apart are not paired


@dataclass(frozen=True)
class Row:
    """One molecule's counts, columns ascending."""

    columns: NDArray[np.int32]  # shape: (entries,); kind * SIZE + position
    counts: NDArray[np.int32]  # shape: (entries,)
    totals: NDArray[np.float64]  # shape: (len(KINDS),); sum of the counts of each kind


@dataclass(frozen=True)
class CountPrints:
    """Count fingerprints of molecules, one row each."""

    start: NDArray[np.int64]  # shape: (molecules + 1,); where each row's entries begin
    columns: NDArray[np.int32]  # shape: (entries,)
    counts: NDArray[np.int32]  # shape: (entries,)
    totals: NDArray[np.float64]  # shape: (molecules, len(KINDS))

    def __len__(self) -> int:
        return len(self.totals)

    @staticmethod
    def of(rows: Sequence[Row]) -> CountPrints:
        """Rows one below the other."""
        sizes = np.array([len(row.columns) for row in rows], dtype=np.int64)
        nothing = np.empty(0, dtype=np.int32)
        return CountPrints(
            np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
            np.concatenate([nothing, *(row.columns for row in rows)]),
            np.concatenate([nothing, *(row.counts for row in rows)]),
            np.array([row.totals for row in rows], dtype=np.float64).reshape(-1, len(KINDS)),
        )

    def __getitem__(self, chosen: slice | NDArray[np.int64]) -> CountPrints:
        rows = np.arange(len(self))[chosen]
        start = np.concatenate([[0], np.cumsum(np.diff(self.start)[rows])]).astype(np.int64)
        columns = np.empty(start[-1], dtype=np.int32)
        counts = np.empty(start[-1], dtype=np.int32)
        gather(rows, self.start, self.columns, self.counts, start, columns, counts)
        return CountPrints(start, columns, counts, self.totals[rows])


class Index:
    """A set of molecules, ready to be compared with."""

    def __init__(self, prints: CountPrints) -> None:
        self.prints = prints
        self._begin, self._rows, self._numbers = turned(
            prints.start, prints.columns, prints.counts, len(KINDS) * SIZE
        )
        self._totals = np.ascontiguousarray(prints.totals.T)
        # reading a whole line beats following a list as soon as a part of the molecules is on it
        often = np.flatnonzero(np.diff(self._begin) > DENSE * len(prints))
        largest = int(prints.counts.max(initial=0))
        self._dense_of = np.full(len(KINDS) * SIZE, -1, dtype=np.int32)
        self._dense_of[often] = np.arange(len(often), dtype=np.int32)
        counted = np.uint8 if largest < 256 else np.int32
        self._dense = np.zeros((len(often), len(prints)), dtype=counted)
        spread_out(self._begin, self._rows, self._numbers, self._dense_of, self._dense)

    def similarities(self, queries: CountPrints) -> NDArray[np.float64]:
        """MinMax of each kind, shape (len(KINDS), len(queries), molecules), 0..1.

        Two molecules that both have nothing of a kind are alike in it.
        """
        return self.each_combined(queries, np.eye(len(KINDS)))

    def combined(self, queries: CountPrints, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """The weighted sum of the similarities over the kinds, shape (queries, molecules)."""
        return self.each_combined(queries, np.asarray(weights)[np.newaxis])[0]

    def each_combined(
        self, queries: CountPrints, weights: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Several weighted sums at hardly more than the cost of one.

        Args:
            queries: rows.
            weights: shape (sums, len(KINDS)).

        Returns:
            shape (sums, queries, molecules).
        """
        out = np.empty((len(weights), len(queries), len(self.prints)))
        similarity(
            queries.start,
            queries.columns,
            queries.counts,
            queries.totals,
            self._begin,
            self._rows,
            self._numbers,
            self._dense_of,
            self._dense,
            self._totals,
            np.ascontiguousarray(weights, dtype=np.float64),
            SIZE,
            out,
        )
        return out


@lru_cache(maxsize=50_000)
def row(smiles: str) -> Row:
    """The counts of one good SMILES.

    Raises:
        ValueError: it is not valid.
    """
    return of_molecule(molecule(smiles))


def of_molecule(mol: Chem.Mol) -> Row:
    """The counts of one molecule."""
    columns, counts, totals = [], [], []
    for kind, generator in enumerate(generators()):
        found = generator.GetCountFingerprint(mol).GetNonzeroElements()
        positions = np.fromiter(found.keys(), dtype=np.int32, count=len(found))
        number = np.fromiter(found.values(), dtype=np.int32, count=len(found))
        order = np.argsort(positions)
        columns.append(positions[order] + kind * SIZE)
        counts.append(number[order])
        totals.append(float(number.sum()))
    return Row(np.concatenate(columns), np.concatenate(counts), np.array(totals))


@cache
def generators() -> tuple[rdFingerprintGenerator.FingerprintGenerator64, ...]:
    """The generator of each kind, in the order of ``KINDS``."""
    make = rdFingerprintGenerator
    return (
        make.GetMorganGenerator(radius=2, fpSize=SIZE),
        make.GetMorganGenerator(radius=3, fpSize=SIZE),
        make.GetMorganGenerator(
            radius=2, fpSize=SIZE, atomInvariantsGenerator=make.GetMorganFeatureAtomInvGen()
        ),
        make.GetAtomPairGenerator(maxDistance=PAIR_DISTANCE, fpSize=SIZE, countSimulation=False),
        make.GetTopologicalTorsionGenerator(fpSize=SIZE, countSimulation=False),
    )
