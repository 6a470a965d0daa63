"""Whole-molecule numbers that medicinal objectives are made of."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem
from rdkit.Chem import rdMolDescriptors

from screening.intake.standardise import molecule

ELEMENTS = ("C", "N", "O", "F", "P", "S", "Cl", "Br", "I")
NAMES = (
    *(f"{element} atoms" for element in ELEMENTS),
    "hydrogen atoms",
    "heavy atoms",
    "molecular weight",
    "logP",
    "molar refractivity",
    "TPSA",
    "rotatable bonds",
    "hydrogen-bond donors",
    "hydrogen-bond acceptors",
    "rings",
    "aromatic rings",
    "fraction of sp3 carbon",
    "formal charge",
)
_PLACE = {Chem.GetPeriodicTable().GetAtomicNumber(e): i for i, e in enumerate(ELEMENTS)}


@lru_cache(maxsize=50_000)
def values(smiles: str) -> NDArray[np.float64]:
    """The properties of one good SMILES, in raw units; shape (len(NAMES),).

    Raises:
        ValueError: it is not valid.
    """
    return of_molecule(molecule(smiles))


def of_molecule(mol: Chem.Mol) -> NDArray[np.float64]:
    """The properties of one molecule, shape (len(NAMES),)."""
    elements = [0] * len(ELEMENTS)
    hydrogens = charge = 0
    for atom in mol.GetAtoms():
        hydrogens += atom.GetTotalNumHs()
        charge += atom.GetFormalCharge()
        place = _PLACE.get(atom.GetAtomicNum())
        if place is not None:
            elements[place] += 1
    return np.array(
        (
            *elements,
            hydrogens,
            mol.GetNumAtoms(),
            rdMolDescriptors.CalcExactMolWt(mol),
            *rdMolDescriptors.CalcCrippenDescriptors(mol),
            rdMolDescriptors.CalcTPSA(mol),
            rdMolDescriptors.CalcNumRotatableBonds(mol),
            rdMolDescriptors.CalcNumHBD(mol),
            rdMolDescriptors.CalcNumHBA(mol),
            rdMolDescriptors.CalcNumRings(mol),
            rdMolDescriptors.CalcNumAromaticRings(mol),
            rdMolDescriptors.CalcFractionCSP3(mol),
            charge,
        ),
        dtype=np.float64,
    )
