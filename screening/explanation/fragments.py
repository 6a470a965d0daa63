"""A molecule's ring systems and chains, for shares that are read as text."""

from __future__ import annotations

from dataclasses import dataclass

from rdkit import Chem

from screening.explanation.attribution import Attribution
from screening.intake.standardise import molecule


@dataclass(frozen=True)
class FragmentShare:
    """What the atoms of one ring system or chain add together."""

    smiles: str  # of the fragment, without what it is bound to
    atoms: tuple[int, ...]  # in the order of the molecule's SMILES
    share: float  # in the prediction's unit


def fragment_shares(attribution: Attribution) -> tuple[FragmentShare, ...]:
    """The shares of the atoms by fragment, the largest first; every atom is in one.

    A fragment is what stays together when the single bonds between ring atoms and atoms
    outside that ring are cut; a lone heavy atom stays with the ring it is bound to.
    """
    mol = molecule(attribution.smiles)
    return tuple(
        sorted(
            (
                FragmentShare(
                    Chem.MolFragmentToSmiles(mol, atomsToUse=list(atoms)),
                    atoms,
                    float(attribution.atoms[list(atoms)].sum()),
                )
                for atoms in _fragments(mol)
            ),
            key=lambda found: -abs(found.share),
        )
    )


def _fragments(mol: Chem.Mol) -> list[tuple[int, ...]]:
    cut = [
        bond.GetIdx()
        for bond in mol.GetBonds()
        if not bond.IsInRing()
        and bond.GetBondType() == Chem.BondType.SINGLE
        and (bond.GetBeginAtom().IsInRing() or bond.GetEndAtom().IsInRing())
        and min(bond.GetBeginAtom().GetDegree(), bond.GetEndAtom().GetDegree()) > 1
    ]
    parts = Chem.FragmentOnBonds(mol, cut, addDummies=False) if cut else mol
    return [tuple(atoms) for atoms in Chem.GetMolFrags(parts)]
