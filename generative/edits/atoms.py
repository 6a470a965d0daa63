"""Mutations of one atom, one bond or one ring."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from rdkit import Chem

from generative import motifs
from generative.edits.drawing import one_of, weighted
from generative.edits.joining import BOND_TYPES
from generative.edits.parent import Parent, drop_bond

Move = Callable[[Parent, np.random.Generator], Chem.RWMol | None]

# Elements that an edit places: atomic number -> (valence, how often).
ELEMENTS: Mapping[int, tuple[int, float]] = {
    6: (4, 0.36),
    7: (3, 0.22),
    8: (2, 0.18),
    9: (1, 0.08),
    15: (3, 0.01),
    16: (2, 0.07),
    17: (1, 0.05),
    35: (1, 0.02),
    53: (1, 0.01),
}
_NUMBERS = tuple(ELEMENTS)
_BY_VALENCE = {
    least: np.cumsum([often if valence >= least else 0.0 for valence, often in ELEMENTS.values()])
    for least in (1, 2, 3, 4)
}
_ORDERS = np.cumsum([0.7, 0.25, 0.05])  # of an appended atom's bond
# Sizes of the rings that a new bond closes, and how often each is tried.
_CLOSED_SIZES = (3, 5, 6, 7)
_CLOSED_OFTEN = np.cumsum([0.05, 0.4, 0.5, 0.05])
_SULFUR = 16


def element(least: int, rng: np.random.Generator) -> int:
    """Atomic number of an element with at least this valence."""
    return _NUMBERS[weighted(_BY_VALENCE[least], rng)]


def append_atom(parent: Parent, rng: np.random.Generator) -> Chem.RWMol | None:
    """A new atom in place of hydrogens, by a single, double or triple bond."""
    order = weighted(_ORDERS, rng) + 1
    sites = [i for i, n in enumerate(parent.hydrogens) if n >= order]
    if order == 2:
        sites += _oxidisable(parent)
    if not sites:
        return None
    site = one_of(sites, rng)
    number = element(order, rng)
    if parent.mol.GetAtomWithIdx(site).GetAtomicNum() == _SULFUR and order == 2:
        number = 8
    mol = Chem.RWMol(parent.mol)
    mol.AddBond(site, mol.AddAtom(Chem.Atom(number)), BOND_TYPES[order])
    return mol


def _oxidisable(parent: Parent) -> list[int]:
    return [
        atom.GetIdx()
        for atom in parent.mol.GetAtoms()
        if atom.GetAtomicNum() == _SULFUR
        and not atom.GetFormalCharge()
        and not atom.GetTotalNumHs()
        and atom.GetTotalValence() in (2, 4)
    ]


def insert_atom(parent: Parent, rng: np.random.Generator) -> Chem.RWMol | None:
    """A new atom within a single bond."""
    sites = [(a, b) for a, b, order, _ in parent.bonds if order == 1]
    if not sites:
        return None
    a, b = one_of(sites, rng)
    mol = Chem.RWMol(parent.mol)
    new = mol.AddAtom(Chem.Atom(element(2, rng)))
    _rebind(mol, a, b, new)
    mol.AddBond(new, b, BOND_TYPES[1])
    return mol


def _rebind(mol: Chem.RWMol, atom: int, old: int, new: int) -> None:
    drop_bond(mol, atom, old)
    mol.AddBond(atom, new, BOND_TYPES[1])


def delete_atom(parent: Parent, rng: np.random.Generator) -> Chem.RWMol | None:
    """Without one atom; its neighbours are bound to the first of them."""
    site = int(rng.random() * parent.heavy_atoms)
    around = parent.neighbours[site]
    if parent.mol.GetAtomWithIdx(site).GetFormalCharge() or len(around) not in (1, 2, 3):
        return None
    mol = Chem.RWMol(parent.mol)
    hub = one_of(around, rng)
    freed = _order(parent, site, hub)
    if len(around) - 1 > freed + parent.hydrogens[hub]:
        return None
    for other in around:
        if other == hub:
            continue
        if mol.GetBondBetweenAtoms(hub, other) is not None:
            return None
        _rebind(mol, other, site, hub)
    mol.RemoveAtom(site)
    return mol


def change_order(parent: Parent, rng: np.random.Generator) -> Chem.RWMol | None:
    """A bond of another order; aromatic rings are changed in their Kekulé form."""
    if not parent.bonds:
        return None
    a, b, order, in_ring = one_of(parent.bonds, rng)
    free = min(parent.hydrogens[a], parent.hydrogens[b])
    options = [
        new
        for new in (1, 2, 3)
        if order and new != order and new - order <= free and not (in_ring and new == 3)
    ]
    if not options or _charged(parent, a) or _charged(parent, b):
        return None
    mol = Chem.RWMol(parent.mol)
    bond = mol.GetBondBetweenAtoms(a, b)
    bond.SetStereo(Chem.BondStereo.STEREONONE)
    bond.SetBondType(BOND_TYPES[one_of(options, rng)])
    return mol


def change_element(parent: Parent, rng: np.random.Generator) -> Chem.RWMol | None:
    """Another element in place of an atom, its bonds kept."""
    site = int(rng.random() * parent.heavy_atoms)
    atom = parent.mol.GetAtomWithIdx(site)
    bound = atom.GetTotalValence() - parent.hydrogens[site]
    if atom.GetFormalCharge() or not 1 <= bound <= 4:
        return None
    number = element(bound, rng)
    if number == atom.GetAtomicNum():
        return None
    mol = Chem.RWMol(parent.mol)
    changed = mol.GetAtomWithIdx(site)
    changed.SetAtomicNum(number)
    changed.SetIsotope(0)
    return mol


def close_ring(parent: Parent, rng: np.random.Generator) -> Chem.RWMol | None:
    """A new bond that closes a ring of 3, 5, 6 or 7 atoms, bridging none."""
    size = _CLOSED_SIZES[weighted(_CLOSED_OFTEN, rng)]
    sites = [i for i, n in enumerate(parent.hydrogens) if n]
    if not sites:
        return None
    a = one_of(sites, rng)
    far = parent.distances[a]
    ends = [b for b in sites if far[b] == size - 1]
    if not ends:
        return None
    b = one_of(ends, rng)
    path = set(Chem.GetShortestPath(parent.mol, a, b))
    if any(len(path.intersection(ring)) > 2 for ring in parent.rings):
        return None
    mol = Chem.RWMol(parent.mol)
    mol.AddBond(a, b, BOND_TYPES[1])
    return mol


def open_ring(parent: Parent, rng: np.random.Generator) -> Chem.RWMol | None:
    """Without one single bond of a ring."""
    sites = [(a, b) for a, b, order, in_ring in parent.bonds if in_ring and order == 1]
    if not sites:
        return None
    mol = Chem.RWMol(parent.mol)
    mol.RemoveBond(*one_of(sites, rng))
    return mol


def change_saturation(parent: Parent, rng: np.random.Generator) -> Chem.RWMol | None:
    """A ring without its double bonds, or one of five or six atoms with as many as fit."""
    if not parent.rings:
        return None
    ring = one_of(parent.rings, rng)
    mol = Chem.RWMol(parent.mol)
    around = [mol.GetBondBetweenAtoms(a, b) for a, b in zip(ring, ring[1:] + ring[:1], strict=True)]
    doubles = [bond for bond in around if bond.GetBondType() == BOND_TYPES[2]]
    if doubles:
        for bond in doubles:
            bond.SetStereo(Chem.BondStereo.STEREONONE)
            bond.SetBondType(BOND_TYPES[1])
        return mol
    if len(ring) not in (5, 6):
        return None
    start = int(rng.random() * len(ring))
    for i in range(start, start + len(ring) - 1, 2):
        bond = around[i % len(ring)]
        ends = (bond.GetBeginAtomIdx(), bond.GetEndAtomIdx())
        if not all(parent.hydrogens[x] for x in ends):
            return None
        bond.SetBondType(BOND_TYPES[2])
    return mol


def _order(parent: Parent, a: int, b: int) -> int:
    return motifs.BOND_ORDERS.get(parent.mol.GetBondBetweenAtoms(a, b).GetBondType(), 0)


def _charged(parent: Parent, atom: int) -> bool:
    return bool(parent.mol.GetAtomWithIdx(atom).GetFormalCharge())
