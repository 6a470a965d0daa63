"""What of a molecule is kept when the rest of it is designed anew.

Only acyclic single bonds are cut. A part that would cut a ring, a multiple bond or a bond
between opposite charges grows until it does not, so that no ring system, a macrocycle
least of all, is ever opened.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from rdkit import Chem

from generative import motifs
from generative.motifs import Link, MotifTree

# A ring of so many atoms is a macrocycle (IUPAC gives no number; medicinal chemists mean this).
MACROCYCLE = 12


def is_cuttable(bond: Chem.Bond) -> bool:
    """Whether a bond may be cut: single, in no ring, not between opposite charges."""
    first, second = bond.GetBeginAtom(), bond.GetEndAtom()
    return (
        bond.GetBondType() == Chem.BondType.SINGLE
        and not bond.IsInRing()
        and first.GetFormalCharge() * second.GetFormalCharge() >= 0
        and first.GetAtomicNum() != 0
        and second.GetAtomicNum() != 0
    )


def closed(mol: Chem.Mol, atoms: Iterable[int]) -> frozenset[int]:
    """The smallest part that holds these atoms and is bounded by cuttable bonds alone."""
    part = set(atoms)
    queue = list(part)
    while queue:
        for bond in mol.GetAtomWithIdx(queue.pop()).GetBonds():
            for other in (bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()):
                if other not in part and not is_cuttable(bond):
                    part.add(other)
                    queue.append(other)
    return frozenset(part)


def macrocyclic_atoms(mol: Chem.Mol) -> frozenset[int]:
    """The ring systems that hold a ring of twelve atoms or more, with what they carry along."""
    large = {i for ring in mol.GetRingInfo().AtomRings() if len(ring) >= MACROCYCLE for i in ring}
    return closed(mol, large)


def boundary(mol: Chem.Mol, part: Collection[int]) -> list[tuple[int, int]]:
    """The bonds that leave a part: (atom inside, atom outside)."""
    bonds = []
    for bond in mol.GetBonds():
        first, second = bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()
        if (first in part) != (second in part):
            bonds.append((first, second) if first in part else (second, first))
    return bonds


def pieces(mol: Chem.Mol, part: Collection[int]) -> list[Chem.Mol]:
    """The connected pieces of a part; each bond that left it ends in an attachment point.

    Stereochemistry is kept, that of an atom whose neighbour is exchanged too.

    Args:
        mol: without map numbers that mean anything: they are lost.
        part: atoms, bounded by cuttable bonds (see :func:`closed`).

    Returns:
        the largest first.
    """
    bonds = [mol.GetBondBetweenAtoms(*pair).GetIdx() for pair in boundary(mol, part)]
    plain = unmapped(mol)
    if bonds:
        plain = Chem.FragmentOnBonds(plain, bonds, dummyLabels=[(0, 0)] * len(bonds))
    groups: list[tuple[int, ...]] = []
    found = Chem.GetMolFrags(plain, asMols=True, sanitizeFrags=True, fragsMolAtomMapping=groups)
    kept = [
        fragment
        for fragment, group in zip(found, groups, strict=True)
        if any(atom in part for atom in group)
    ]
    return sorted(kept, key=lambda x: (-x.GetNumHeavyAtoms(), Chem.MolToSmiles(x)))


def components(mol: Chem.Mol, part: Collection[int]) -> list[frozenset[int]]:
    """The connected components of a set of atoms, by their lowest atom."""
    left = set(part)
    found = []
    while left:
        queue = [min(left)]
        left -= set(queue)
        component = set(queue)
        while queue:
            for atom in mol.GetAtomWithIdx(queue.pop()).GetNeighbors():
                if atom.GetIdx() in left:
                    left.discard(atom.GetIdx())
                    component.add(atom.GetIdx())
                    queue.append(atom.GetIdx())
        found.append(frozenset(component))
    return found


def unmapped(mol: Chem.Mol) -> Chem.Mol:
    """The molecule without atom map numbers."""
    plain = Chem.Mol(mol)
    for atom in plain.GetAtoms():
        atom.SetAtomMapNum(0)
    return plain


def with_point(mol: Chem.Mol, atom: int) -> Chem.Mol:
    """The molecule with an attachment point in place of one hydrogen of an atom.

    Raises:
        ValueError: the atom carries no hydrogen.
    """
    full = Chem.AddHs(mol, onlyOnAtoms=[atom])
    hydrogens = [x for x in full.GetAtomWithIdx(atom).GetNeighbors() if x.GetAtomicNum() == 1]
    if not hydrogens:
        raise ValueError(f"atom {atom} carries no hydrogen to be replaced")
    marked = Chem.RWMol(full)
    dummy = marked.GetAtomWithIdx(hydrogens[0].GetIdx())
    dummy.SetAtomicNum(0)
    dummy.SetNoImplicit(True)
    plain: Chem.Mol = Chem.RemoveHs(marked.GetMol())
    return plain


def join(first: Chem.Mol, second: Chem.Mol) -> Chem.Mol:
    """One molecule of two that have one attachment point each: their neighbours are bound.

    Raises:
        ValueError: one of them has not exactly one attachment point.
    """
    left, right = motifs.cut(first), motifs.cut(second)
    if len(left.opens) != 1 or len(right.opens) != 1:
        raise ValueError("two fragments are joined at one attachment point [*] each")
    shift = len(left.tree.motifs)
    (near,), (far,) = left.opens, right.opens
    links = [
        *left.tree.links,
        *(
            Link(shift + x.first, x.first_label, shift + x.second, x.second_label)
            for x in right.tree.links
        ),
        Link(*near, shift + far[0], far[1]),
    ]
    return motifs.assemble(MotifTree(left.tree.motifs + right.tree.motifs, tuple(links)))
