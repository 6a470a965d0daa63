"""A molecule prepared for many edits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

import numpy as np
from rdkit import Chem

from generative import motifs

# Arcs of larger rings are not exchanged.
LARGEST_CROSSED_RING = 8

_DIRECTIONS = {
    Chem.BondStereo.STEREOZ: Chem.BondStereo.STEREOCIS,
    Chem.BondStereo.STEREOE: Chem.BondStereo.STEREOTRANS,
}


@dataclass(frozen=True)
class Fragment:
    """A part of a molecule and where it was cut; bonds added there keep its stereochemistry."""

    mol: Chem.Mol  # Kekulé
    anchors: tuple[int, ...]  # atom at each cut
    orders: tuple[int, ...]  # bond order of each cut
    ring_sizes: frozenset[int]

    @property
    def heavy_atoms(self) -> int:
        """Atoms of it."""
        return int(self.mol.GetNumAtoms())


@dataclass(frozen=True)
class Branch:
    """One side of an acyclic bond."""

    root: int  # its atom at the bond
    stem: int  # the atom across the bond
    order: int
    atoms: frozenset[int]


@dataclass(frozen=True)
class Arc:
    """One of the parts that two cut bonds of a ring leave."""

    ends: tuple[int, int]  # its atoms at the two cuts; the same one twice for a lone atom
    outside: tuple[int, int]  # the atoms across
    orders: tuple[int, int]
    length: int  # ring atoms of it
    atoms: frozenset[int]


@dataclass(frozen=True, eq=False)
class Parent:
    """A molecule in Kekulé form, with the parts it can be cut into.

    Hydrogens are implicit on every atom, so that valences follow the bonds. What is
    derived from it is computed when first asked for.
    """

    smiles: str
    mol: Chem.Mol
    hydrogens: tuple[int, ...]  # of each atom; 0 where it is charged
    ring_sizes: frozenset[int]
    charge: int
    _fragments: dict[Branch | Arc, Fragment] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, mol: Chem.Mol) -> Parent:
        """Prepare a sanitised molecule."""
        work = loosened(mol)
        hydrogens = [
            0 if atom.GetFormalCharge() else atom.GetTotalNumHs() for atom in mol.GetAtoms()
        ]
        return cls(
            Chem.MolToSmiles(mol),
            work.GetMol(),
            tuple(hydrogens),
            frozenset(len(ring) for ring in mol.GetRingInfo().AtomRings()),
            Chem.GetFormalCharge(mol),
        )

    @property
    def heavy_atoms(self) -> int:
        """Atoms of it."""
        return len(self.hydrogens)

    @cached_property
    def rings(self) -> tuple[tuple[int, ...], ...]:
        """Atoms of each of the smallest rings, in their order round it."""
        return tuple(tuple(ring) for ring in self.mol.GetRingInfo().AtomRings())

    @cached_property
    def neighbours(self) -> tuple[tuple[int, ...], ...]:
        """Bound atoms of each atom."""
        found: list[list[int]] = [[] for _ in self.hydrogens]
        for begin, end, _, _ in self.bonds:
            found[begin].append(end)
            found[end].append(begin)
        return tuple(tuple(x) for x in found)

    @cached_property
    def bonds(self) -> tuple[tuple[int, int, int, bool], ...]:
        """Begin, end, order, and whether it is in a ring, of each bond."""
        rings = self.mol.GetRingInfo()
        return tuple(
            (
                bond.GetBeginAtomIdx(),
                bond.GetEndAtomIdx(),
                motifs.BOND_ORDERS.get(bond.GetBondType(), 0),
                rings.NumBondRings(bond.GetIdx()) > 0,
            )
            for bond in self.mol.GetBonds()
        )

    @cached_property
    def distances(self) -> np.ndarray:
        """Bonds between atoms. shape: (atoms, atoms)"""
        return np.asarray(Chem.GetDistanceMatrix(self.mol))

    @cached_property
    def branches(self) -> tuple[Branch, ...]:
        """Both sides of every acyclic bond that is not between opposite charges."""
        charges = [atom.GetFormalCharge() for atom in self.mol.GetAtoms()]
        everything = frozenset(range(len(self.hydrogens)))
        found = []
        for begin, end, order, in_ring in self.bonds:
            if in_ring or not order or charges[begin] * charges[end] < 0:
                continue
            side = self._reached(begin, {(begin, end)})
            found.append(Branch(begin, end, order, side))
            found.append(Branch(end, begin, order, everything - side))
        return tuple(found)

    @cached_property
    def arcs(self) -> tuple[Arc, ...]:
        """Both parts of every cut through two bonds of one ring."""
        orders = {(b, e): o for b, e, o, _ in self.bonds}
        orders |= {(e, b): o for b, e, o, _ in self.bonds}
        everything = frozenset(range(len(self.hydrogens)))
        found = []
        for ring in self.rings:
            size = len(ring)
            if size > LARGEST_CROSSED_RING:
                continue
            for i in range(size):
                for j in range(i + 1, size):
                    # The cut bonds are ring[i]-ring[i+1] and ring[j]-ring[j+1].
                    a, b = ring[i], ring[i + 1]
                    c, d = ring[j], ring[(j + 1) % size]
                    part = self._reached(b, {(a, b), (c, d)})
                    if a in part or d in part or c not in part:
                        continue
                    cut = (orders[a, b], orders[c, d])
                    if 0 in cut:
                        continue
                    found.append(Arc((b, c), (a, d), cut, j - i, part))
                    found.append(Arc((a, d), (b, c), cut, size - (j - i), everything - part))
        return tuple(found)

    def _reached(self, start: int, cut: set[tuple[int, int]]) -> frozenset[int]:
        seen, queue = {start}, [start]
        while queue:
            here = queue.pop()
            for other in self.neighbours[here]:
                if other in seen or (here, other) in cut or (other, here) in cut:
                    continue
                seen.add(other)
                queue.append(other)
        return frozenset(seen)

    def fragment(self, part: Branch | Arc) -> Fragment:
        """A part of it as a molecule of its own, cut open."""
        if part not in self._fragments:
            cuts: Sequence[tuple[int, int]]
            orders: tuple[int, ...]
            if isinstance(part, Branch):
                cuts, orders = [(part.root, part.stem)], (part.order,)
            else:
                cuts = list(zip(part.ends, part.outside, strict=True))
                orders = part.orders
            self._fragments[part] = cut_out(self.mol, part.atoms, cuts, orders)
        return self._fragments[part]

    @property
    def whole(self) -> Fragment:
        """All of it, without a cut."""
        return Fragment(self.mol, (), (), self.ring_sizes)


@lru_cache(maxsize=4096)
def prepared(smiles: str) -> Parent:
    """The parent of a SMILES.

    Raises:
        ValueError: RDKit cannot read it.
    """
    return Parent.of(motifs.parse(smiles))


def loosened(mol: Chem.Mol) -> Chem.RWMol:
    """The Kekulé form of a molecule, its hydrogens implicit and its geometries explicit."""
    work = Chem.RWMol(mol)
    Chem.Kekulize(work, clearAromaticFlags=True)
    for bond in work.GetBonds():
        bond.SetBondDir(Chem.BondDir.NONE)
        if bond.GetStereo() in _DIRECTIONS:
            bond.SetStereo(_DIRECTIONS[bond.GetStereo()])
    for atom in work.GetAtoms():
        atom.SetAtomMapNum(0)
        if not atom.GetNumRadicalElectrons():
            atom.SetNoImplicit(False)
            atom.SetNumExplicitHs(0)
    work.UpdatePropertyCache(strict=False)
    return work


def cut_out(
    mol: Chem.Mol,
    atoms: frozenset[int],
    cuts: Sequence[tuple[int, int]],
    orders: tuple[int, ...],
) -> Fragment:
    """Some atoms of a molecule, with chirality as it is once a bond is added at each cut.

    Args:
        mol: in Kekulé form.
        atoms: what is kept.
        cuts: (atom kept, atom across) of each bond cut.
        orders: of these bonds.
    """
    work = Chem.RWMol(mol)
    for inside, outside in cuts:
        drop_bond(work, inside, outside)
    kept = sorted(atoms)
    place = {atom: i for i, atom in enumerate(kept)}
    work.BeginBatchEdit()
    for index in range(mol.GetNumAtoms()):
        if index not in place:
            work.RemoveAtom(index)
    work.CommitBatchEdit()
    rings = mol.GetRingInfo().AtomRings()
    return Fragment(
        work.GetMol(),
        tuple(place[inside] for inside, _ in cuts),
        orders,
        frozenset(len(ring) for ring in rings if atoms.issuperset(ring)),
    )


def drop_bond(mol: Chem.RWMol, inside: int, outside: int) -> None:
    """Remove a bond for which another one will be added at ``inside``.

    Its chirality is kept relative to the new neighbour, which comes last; the geometry
    of a double bond next to it is left open.
    """
    atom = mol.GetAtomWithIdx(inside)
    bonds = list(atom.GetBonds())
    if atom.GetChiralTag() != Chem.ChiralType.CHI_UNSPECIFIED:
        position = [b.GetOtherAtomIdx(inside) for b in bonds].index(outside)
        if (len(bonds) - 1 - position) % 2:
            atom.InvertChirality()
    for end in (atom, mol.GetAtomWithIdx(outside)):
        for bond in end.GetBonds():
            if bond.GetStereo() != Chem.BondStereo.STEREONONE:
                bond.SetStereo(Chem.BondStereo.STEREONONE)
    mol.RemoveBond(inside, outside)
