"""Molecules as rows of numbers: counted circular environments, folded, and properties."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray
from rdkit.Chem import rdFingerprintGenerator

from screening.intake.standardise import molecule
from screening.surrogate import properties

RADIUS = 2
POSITIONS = 2048  # that environments are counted in; a row may fold them further


def rows(smiles: Sequence[str], positions: int) -> NDArray[np.float32]:
    """One row a molecule: counts of environments, then the properties in raw units.

    Args:
        smiles: canonical.
        positions: for the environments, a divisor of POSITIONS.

    Returns:
        shape (molecules, positions + len(properties.NAMES)).

    Raises:
        ValueError: a SMILES is not valid, or POSITIONS do not fold to that many.
    """
    if positions < 1 or POSITIONS % positions:
        raise ValueError(f"{POSITIONS} positions do not fold to {positions}; give a divisor")
    table = np.zeros((len(smiles), positions + len(properties.NAMES)), dtype=np.float32)
    for row, text in zip(table, smiles, strict=True):
        places, counts, numbers = _of_one(text)
        np.add.at(row, places % positions, counts)
        row[positions:] = numbers
    return table


@lru_cache(maxsize=50_000)
def _of_one(
    smiles: str,
) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.float64]]:
    mol = molecule(smiles)
    counts = _generator().GetCountFingerprint(mol).GetNonzeroElements()
    return (
        np.fromiter(counts.keys(), dtype=np.int64, count=len(counts)),
        np.fromiter(counts.values(), dtype=np.float32, count=len(counts)),
        properties.of_molecule(mol),
    )


@cache
def _generator() -> rdFingerprintGenerator.FingerprintGenerator64:
    return rdFingerprintGenerator.GetMorganGenerator(radius=RADIUS, fpSize=POSITIONS)
