"""Molecules as directed graphs: what a message-passing network reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem

from screening.intake.standardise import molecule
from screening.surrogate import properties

_ELEMENTS = (5, 6, 7, 8, 9, 14, 15, 16, 17, 35, 53)
_HYBRIDS = (
    Chem.HybridizationType.SP,
    Chem.HybridizationType.SP2,
    Chem.HybridizationType.SP3,
)
_BONDS = (
    Chem.BondType.SINGLE,
    Chem.BondType.DOUBLE,
    Chem.BondType.TRIPLE,
    Chem.BondType.AROMATIC,
)
# What is told of an atom by one entry for each value, and by one more for any other.
_CHOICES: tuple[dict[Any, int], ...] = (
    {z: i for i, z in enumerate(_ELEMENTS)},
    {degree: degree for degree in range(6)},
    {charge: charge + 1 for charge in (-1, 0, 1)},
    {hybrid: i for i, hybrid in enumerate(_HYBRIDS)},
    {hydrogens: hydrogens for hydrogens in range(4)},
)
_STARTS = np.cumsum([0, *(len(choices) + 1 for choices in _CHOICES)])
ATOM_FEATURES = int(_STARTS[-1]) + 2
BOND_FEATURES = len(_BONDS) + 3


@dataclass(frozen=True)
class Graphs:
    """Molecules side by side. Bond k runs both ways, as the edges 2k and 2k + 1."""

    atoms: NDArray[np.float32]  # shape: (atoms, ATOM_FEATURES)
    bonds: NDArray[np.float32]  # shape: (edges, BOND_FEATURES)
    source: NDArray[np.int64]  # shape: (edges,), the atom an edge comes from
    target: NDArray[np.int64]  # shape: (edges,), the atom it goes to
    owner: NDArray[np.int64]  # shape: (atoms,), the molecule an atom belongs to
    properties: NDArray[np.float64]  # shape: (molecules, len(properties.NAMES)), raw units

    def __len__(self) -> int:
        return len(self.properties)


def graphs(smiles: Sequence[str]) -> Graphs:
    """The graphs of good SMILES.

    Raises:
        ValueError: one is not valid.
    """
    found = [_of_one(text) for text in smiles]
    sizes = np.array([len(atoms) for atoms, _, _, _ in found], dtype=np.int64)
    shifts = np.cumsum(sizes) - sizes
    ends = [ends + shift for (_, _, ends, _), shift in zip(found, shifts, strict=True)]
    joined = np.concatenate([np.empty((2, 0), dtype=np.int64), *ends], axis=1)
    return Graphs(
        _stacked([atoms for atoms, _, _, _ in found], ATOM_FEATURES),
        _stacked([bonds for _, bonds, _, _ in found], BOND_FEATURES),
        joined[0],
        joined[1],
        np.repeat(np.arange(len(found)), sizes),
        np.array([numbers for *_, numbers in found]).reshape(-1, len(properties.NAMES)),
    )


def _stacked(parts: list[NDArray[np.uint8]], columns: int) -> NDArray[np.float32]:
    return np.concatenate([np.empty((0, columns), dtype=np.uint8), *parts]).astype(np.float32)


@lru_cache(maxsize=20_000)
def _of_one(
    smiles: str,
) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.int64], NDArray[np.float64]]:
    mol = molecule(smiles)
    atoms = np.zeros((mol.GetNumAtoms(), ATOM_FEATURES), dtype=np.uint8)
    for row, atom in zip(atoms, mol.GetAtoms(), strict=True):
        seen = (
            atom.GetAtomicNum(),
            atom.GetDegree(),
            atom.GetFormalCharge(),
            atom.GetHybridization(),
            atom.GetTotalNumHs(),
        )
        for start, choices, value in zip(_STARTS, _CHOICES, seen, strict=False):
            row[start + choices.get(value, len(choices))] = 1
        row[-2:] = atom.GetIsAromatic(), atom.IsInRing()
    bonds = np.zeros((2 * mol.GetNumBonds(), BOND_FEATURES), dtype=np.uint8)
    ends = np.empty((2, len(bonds)), dtype=np.int64)
    for k, bond in enumerate(mol.GetBonds()):
        a, b = bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()
        ends[:, 2 * k], ends[:, 2 * k + 1] = (a, b), (b, a)
        both = bonds[2 * k : 2 * k + 2]
        kind = bond.GetBondType()
        both[:, _BONDS.index(kind) if kind in _BONDS else len(_BONDS)] = 1
        both[:, -2:] = bond.GetIsConjugated(), bond.IsInRing()
    return atoms, bonds, ends, properties.of_molecule(mol)
