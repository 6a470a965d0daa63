"""Conjugated pi systems: which atoms belong to one, their electrons and their axes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem

from simulation.geometry import Geometry

_LINEAR = 0.985  # cosine beyond which two bonds leave the direction across them open


@dataclass(frozen=True)
class PiSystem:
    """Atoms joined by conjugated bonds, each with one pi function."""

    atoms: tuple[int, ...]  # canonical indices, in order
    electrons: int  # one of each multiple bond's end, two of a lone pair in the pi system

    @property
    def orbitals(self) -> int:
        """One for each atom."""
        return len(self.atoms)


def normal(geometry: Geometry, atom: int) -> NDArray[np.float64] | None:
    """The pi-orbital axis of an atom with three neighbours; None with another number.

    Returns:
        unit vector. # shape: (3,)
    """
    places = geometry.coordinates
    around = [n.GetIdx() for n in geometry.molecule.GetAtomWithIdx(atom).GetNeighbors()]
    if len(around) != 3:
        return None
    # unit bond vectors: a long bond must not tilt the axis
    a, b, c = (v / np.linalg.norm(v) for v in (places[i] - places[atom] for i in around))
    across = np.cross(b - a, c - a)
    return np.asarray(across / np.linalg.norm(across))


def alternating_axes(geometry: Geometry, atoms: tuple[int, ...]) -> NDArray[np.float64]:
    """The pi axis of each atom of a conjugated system, neighbours' axes pointing alike.

    The normal of the plane of an atom's bonds; of a terminal atom its
    neighbour's; of an atom on a straight line the direction across the bonds
    nearest to its neighbour's. Where all atoms stand on a straight line, nearest
    to the direction in which the whole molecule is flattest.

    Args:
        geometry: where the atoms are.
        atoms: of one connected system.

    Returns:
        unit vectors. # shape: (n, 3)

    Raises:
        ValueError: the atoms are not connected.
    """
    places = geometry.coordinates
    own: dict[int, NDArray[np.float64]] = {}
    for atom in atoms:
        axis = normal(geometry, atom)
        around = [n.GetIdx() for n in geometry.molecule.GetAtomWithIdx(atom).GetNeighbors()]
        if axis is None and len(around) == 2:
            a, b = (v / np.linalg.norm(v) for v in (places[i] - places[atom] for i in around))
            if abs(a @ b) < _LINEAR:
                axis = np.cross(a, b) / np.linalg.norm(np.cross(a, b))
        if axis is not None:
            own[atom] = axis
    if not own:
        own[atoms[0]] = _across(geometry, atoms)
    start = min(own)
    found = {start: own[start]}
    queue = [start]
    while queue:
        here = queue.pop(0)
        for other in geometry.molecule.GetAtomWithIdx(here).GetNeighbors():
            there = other.GetIdx()
            if there not in atoms or there in found:
                continue
            axis = own.get(there)
            if axis is None:
                bond = places[there] - places[here]
                bond = bond / np.linalg.norm(bond)
                axis = found[here] - (found[here] @ bond) * bond
                axis = axis / np.linalg.norm(axis)
            found[there] = axis if axis @ found[here] >= 0 else -axis
            queue.append(there)
    if set(found) != set(atoms):
        raise ValueError("the atoms are not one connected system")
    return np.array([found[a] for a in atoms])


def _across(geometry: Geometry, atoms: tuple[int, ...]) -> NDArray[np.float64]:
    """The direction across a straight system that is nearest to the molecule's flattest one."""
    places = geometry.coordinates
    line = places[atoms[1]] - places[atoms[0]]
    line = line / np.linalg.norm(line)
    candidates = np.linalg.svd(places - places.mean(axis=0))[2][::-1]
    across = candidates - np.outer(candidates @ line, line)
    lengths = np.linalg.norm(across, axis=1)
    chosen = next(i for i, length in enumerate(lengths) if length > 0.5)
    return np.asarray(across[chosen] / lengths[chosen])


def find(molecule: Chem.Mol, *, lone_pairs: bool = True) -> tuple[PiSystem, ...]:
    """The conjugated systems of a molecule, the largest first.

    An atom belongs to one by a double, triple or aromatic bond, or by a lone
    pair next to one (``lone_pairs``). Of a triple bond one pi system is taken.

    Args:
        molecule: indices are those of its atoms.
        lone_pairs: whether amines, ethers, halogens and the like belong to it.
    """
    multiple = {
        end.GetIdx()
        for bond in molecule.GetBonds()
        if bond.GetBondType() != Chem.BondType.SINGLE
        for end in (bond.GetBeginAtom(), bond.GetEndAtom())
        if end.GetAtomicNum() in (6, 7, 8, 16)
    }
    # a sulfonyl sulfur has no pi function, and so ends the conjugation
    multiple = {i for i in multiple if molecule.GetAtomWithIdx(i).GetTotalDegree() < 4}
    donors = set()
    if lone_pairs:
        for atom in molecule.GetAtoms():
            index = atom.GetIdx()
            beside = any(n.GetIdx() in multiple for n in atom.GetNeighbors())
            donor = atom.GetSymbol() in ("N", "O", "S") and atom.GetFormalCharge() <= 0
            if index not in multiple and beside and donor:
                donors.add(index)
    members = multiple | donors
    seen: set[int] = set()
    systems = []
    for start in sorted(members):
        if start in seen:
            continue
        seen.add(start)
        queue, atoms = [start], []
        while queue:
            here = queue.pop()
            atoms.append(here)
            for other in molecule.GetAtomWithIdx(here).GetNeighbors():
                if other.GetIdx() in members and other.GetIdx() not in seen:
                    seen.add(other.GetIdx())
                    queue.append(other.GetIdx())
        electrons = sum(2 if i in donors or _gives_pair(molecule, i) else 1 for i in atoms)
        if electrons % 2 == 0 and len(atoms) > 1:
            systems.append(PiSystem(tuple(sorted(atoms)), electrons))
    return tuple(sorted(systems, key=lambda s: (-len(s.atoms), s.atoms)))


def _gives_pair(molecule: Chem.Mol, index: int) -> bool:
    """Whether an aromatic atom puts two electrons into the ring (pyrrole, furan, thiophene)."""
    atom = molecule.GetAtomWithIdx(index)
    kekulised = Chem.Mol(molecule)
    Chem.Kekulize(kekulised, clearAromaticFlags=True)
    doubled = any(
        b.GetBondType() != Chem.BondType.SINGLE for b in kekulised.GetAtomWithIdx(index).GetBonds()
    )
    return atom.GetIsAromatic() and not doubled
