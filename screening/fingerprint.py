"""Morgan fingerprints for similarity within a batch."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem, DataStructs
from rdkit.Chem import rdFingerprintGenerator

from screening.intake.standardise import molecule

RADIUS = 2
SIZE = 2048  # bits


@lru_cache(maxsize=100_000)
def morgan(smiles: str) -> DataStructs.ExplicitBitVect:
    """Binary Morgan fingerprint (Rogers and Hahn 2010) of a good SMILES.

    Raises:
        ValueError: not a valid SMILES.
    """
    return fingerprint(molecule(smiles))


def fingerprint(mol: Chem.Mol) -> DataStructs.ExplicitBitVect:
    """Binary Morgan fingerprint of a sanitised molecule, not remembered."""
    return _generator().GetFingerprint(mol)


def similarities(
    one: DataStructs.ExplicitBitVect, many: Sequence[DataStructs.ExplicitBitVect]
) -> NDArray[np.float64]:
    """Tanimoto similarity of one fingerprint to each of many, shape (len(many),)."""
    return np.array(DataStructs.BulkTanimotoSimilarity(one, list(many)), dtype=np.float64)


@cache
def _generator() -> rdFingerprintGenerator.FingerprintGenerator64:
    return rdFingerprintGenerator.GetMorganGenerator(radius=RADIUS, fpSize=SIZE)
