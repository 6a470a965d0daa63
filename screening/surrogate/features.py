"""What the surrogate sees of a molecule: counted Morgan environments and descriptors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem
from rdkit.Chem import Crippen, rdFingerprintGenerator, rdMolDescriptors
from scipy import sparse

from screening.standardise import molecule
from screening.surrogate import countprints, properties
from screening.surrogate.countprints import Row

RADIUS = 3
SIZE = 2048  # fingerprint positions
LEVELS = 32  # counts above are read as this

DESCRIPTORS = (
    "molecular weight",
    "logP",
    "TPSA",
    "rotatable bonds",
    "aromatic rings",
    "hydrogen-bond donors",
    "hydrogen-bond acceptors",
    "fraction of sp3 carbon",
    "heavy atoms",
    "rings",
)


@dataclass(frozen=True)
class Features:
    """Molecules as the kernel takes them.

    A count c at position k is written as c ones, at (k, 1) to (k, c), so that the
    sum of the minima of two count vectors is the scalar product of two rows.
    """

    levels: sparse.csr_array  # shape: (molecules, SIZE * LEVELS), 0 or 1
    counts: NDArray[np.float64]  # shape: (molecules,); ones in each row
    descriptors: NDArray[np.float64]  # shape: (molecules, len(DESCRIPTORS)); raw units


def features(smiles: Sequence[str]) -> Features:
    """The features of good SMILES.

    Raises:
        ValueError: one is not valid.
    """
    rows = [_of_one(text) for text in smiles]
    sizes = np.array([len(columns) for columns, _ in rows], dtype=np.int64)
    indices = np.concatenate([columns for columns, _ in rows]) if rows else np.empty(0, np.int32)
    levels = sparse.csr_array(
        (np.ones(len(indices)), indices, np.concatenate([[0], np.cumsum(sizes)])),
        shape=(len(rows), SIZE * LEVELS),
    )
    descriptors = (
        np.stack([values for _, values in rows]) if rows else np.empty((0, len(DESCRIPTORS)))
    )
    return Features(levels, sizes.astype(np.float64), descriptors)


@lru_cache(maxsize=50_000)
def _of_one(smiles: str) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    mol = molecule(smiles)
    counts = _generator().GetCountFingerprint(mol).GetNonzeroElements()
    columns = np.array(
        [
            position * LEVELS + level
            for position, count in sorted(counts.items())
            for level in range(min(count, LEVELS))
        ],
        dtype=np.int32,
    )
    return columns, _descriptors(mol)


def _descriptors(mol: Chem.Mol) -> NDArray[np.float64]:
    values = (
        rdMolDescriptors.CalcExactMolWt(mol),
        Crippen.MolLogP(mol),  # type: ignore[attr-defined]
        rdMolDescriptors.CalcTPSA(mol),
        rdMolDescriptors.CalcNumRotatableBonds(mol),
        rdMolDescriptors.CalcNumAromaticRings(mol),
        rdMolDescriptors.CalcNumHBD(mol),
        rdMolDescriptors.CalcNumHBA(mol),
        rdMolDescriptors.CalcFractionCSP3(mol),
        mol.GetNumHeavyAtoms(),
        rdMolDescriptors.CalcNumRings(mol),
    )
    return np.array(values, dtype=np.float64)


@cache
def _generator() -> rdFingerprintGenerator.FingerprintGenerator64:
    return rdFingerprintGenerator.GetMorganGenerator(radius=RADIUS, fpSize=SIZE)


@lru_cache(maxsize=50_000)
def described(smiles: str) -> tuple[Row, NDArray[np.float64]]:
    """Counts and properties for the sum of kernels, of one good SMILES.

    Raises:
        ValueError: it is not valid.
    """
    mol = molecule(smiles)
    return countprints.of_molecule(mol), properties.of_molecule(mol)
