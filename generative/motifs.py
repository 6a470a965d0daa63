"""Motifs: the pieces a molecule is cut into, and the tree they form.

A molecule is cut at every acyclic single bond that touches a ring; a double bond
out of a ring, and a bond between opposite charges, stays inside its motif. What
remains are ring systems and acyclic groups. Each motif is a SMILES whose
attachments are numbered dummies ``[*:1]``, ``[*:2]``, ...; the numbering is canonical,
so that equal motifs have equal text, and stereochemistry is written relative to
it, so that nothing is lost by cutting.

An acyclic motif can be cut further: into *units* at every single bond, and into
*atoms* at multiple bonds too (except a double bond whose geometry is specified and
a bond between opposite charges). Every acyclic group can thus be built from few pieces.

The tree follows the idea of junction trees of motifs (Jin, Barzilay and Jaakkola,
ICML 2020) with one acyclic bond for each link, so that any tree whose links join
attachments of equal bond order is a valid molecule.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from rdkit import Chem, rdBase

from generative import numbering

Level = Literal["units", "atoms"]

BOND_ORDERS = {Chem.BondType.SINGLE: 1, Chem.BondType.DOUBLE: 2, Chem.BondType.TRIPLE: 3}


@dataclass(frozen=True)
class Link:
    """One acyclic bond between attachment points of two motifs."""

    first: int  # index of a motif
    first_label: int  # its attachment, counted from 1
    second: int
    second_label: int


@dataclass(frozen=True)
class MotifTree:
    """Motifs and the bonds between them; attachments without a link are open."""

    motifs: tuple[str, ...]
    links: tuple[Link, ...]

    def open_attachments(self) -> list[tuple[int, int]]:
        """(motif index, label) of every attachment that no link uses."""
        used = {(link.first, link.first_label) for link in self.links}
        used |= {(link.second, link.second_label) for link in self.links}
        return [
            (node, label)
            for node, motif in enumerate(self.motifs)
            for label in range(1, attachment_count(motif) + 1)
            if (node, label) not in used
        ]


@dataclass(frozen=True)
class Cut:
    """A tree together with where the dummies of the uncut molecule went."""

    tree: MotifTree
    opens: tuple[tuple[int, int], ...]  # (motif index, label) of each dummy, in atom order


def attachment_count(motif: str) -> int:
    """Number of attachment points of a motif."""
    return motif.count("[*:")


def parse(smiles: str) -> Chem.Mol:
    """The molecule of a SMILES.

    Raises:
        ValueError: RDKit cannot read it, or it is empty.
    """
    with rdBase.BlockLogs():  # the error says it
        mol = Chem.MolFromSmiles(smiles)
    if mol is None or mol.GetNumAtoms() == 0:
        raise ValueError(f"not a valid SMILES: {smiles!r}; check rings, brackets and valences")
    return mol


def canonical(mol: Chem.Mol) -> str:
    """Canonical SMILES, stable when it is read and written again."""
    smiles = Chem.MolToSmiles(mol)
    again = Chem.MolFromSmiles(smiles)
    return smiles if again is None else Chem.MolToSmiles(again)


def cut(mol: Chem.Mol) -> Cut:
    """Cut a molecule into ring systems and acyclic groups.

    Dummy atoms of the molecule become open attachments of the tree.

    Raises:
        ValueError: the molecule has several components, or a dummy that is not a
            single neighbour's leaf.
    """
    _check_dummies(mol)
    return _fragment(mol, _ring_bonds_to_cut(mol))


def decompose(mol: Chem.Mol) -> MotifTree:
    """The motif tree of a molecule (see :func:`cut`)."""
    return cut(mol).tree


def refine(whole: Cut, keep: Callable[[str], bool]) -> Cut:
    """Cut every acyclic motif that may not stay into units, and such units into atoms.

    Args:
        whole: a tree, possibly with open attachments; they stay open.
        keep: whether a motif may stay. Ring motifs stay whatever it says.
    """
    levels: tuple[Level, ...] = ("units", "atoms")
    for level in levels:
        pieces = [
            None if keep(motif) or has_ring(motif) else split(motif, level)
            for motif in whole.tree.motifs
        ]
        if any(pieces):
            whole = _expand(whole, pieces)
    return whole


def _expand(whole: Cut, pieces: Sequence[Cut | None]) -> Cut:
    motifs: list[str] = []
    links: list[Link] = []
    place: dict[tuple[int, int], tuple[int, int]] = {}
    for node, (motif, piece) in enumerate(zip(whole.tree.motifs, pieces, strict=True)):
        start = len(motifs)
        if piece is None:
            motifs.append(motif)
            for label in range(1, attachment_count(motif) + 1):
                place[node, label] = (start, label)
            continue
        motifs.extend(piece.tree.motifs)
        links.extend(
            Link(start + x.first, x.first_label, start + x.second, x.second_label)
            for x in piece.tree.links
        )
        for label, (inner, inner_label) in enumerate(piece.opens, start=1):
            place[node, label] = (start + inner, inner_label)
    links.extend(
        Link(*place[x.first, x.first_label], *place[x.second, x.second_label])
        for x in whole.tree.links
    )
    return Cut(MotifTree(tuple(motifs), tuple(links)), tuple(place[x] for x in whole.opens))


@lru_cache(maxsize=65536)
def split(motif: str, level: Level) -> Cut:
    """Cut an acyclic motif into units or atoms.

    The ``opens`` of the result are in the order of the motif's labels.
    """
    mol = parse(motif)
    labels = [a.GetAtomMapNum() for a in mol.GetAtoms() if a.GetAtomicNum() == 0]
    pieces = _fragment(mol, _acyclic_bonds_to_cut(mol, level))
    return Cut(pieces.tree, tuple(x for _, x in sorted(zip(labels, pieces.opens, strict=True))))


@lru_cache(maxsize=65536)
def has_ring(motif: str) -> bool:
    """Whether a motif holds a ring system."""
    return any(atom.IsInRing() for atom in parse(motif).GetAtoms())


def assemble(tree: MotifTree) -> Chem.Mol:
    """The molecule of a tree; open attachments stay dummies.

    Raises:
        ValueError: a link joins attachments of different bond order, or the pieces
            do not make a molecule.
    """
    if not tree.motifs:
        raise ValueError("a tree without motifs is not a molecule")
    templates = [_template(motif) for motif in tree.motifs]
    whole = templates[0].mol
    starts = [0]
    for template in templates[1:]:
        starts.append(whole.GetNumAtoms())
        whole = Chem.CombineMols(whole, template.mol)
    mol = Chem.RWMol(whole)
    joined: dict[int, int] = {}  # dummy -> the atom that takes its place
    for link in tree.links:
        first, second = templates[link.first], templates[link.second]
        a, da = (starts[link.first] + x for x in first.attachments[link.first_label])
        b, db = (starts[link.second] + x for x in second.attachments[link.second_label])
        _join(mol, a, da, b, db)
        joined[da], joined[db] = b, a
    for start, template in zip(starts, templates, strict=True):
        for begin, end, left, right, geometry in template.geometries:
            bond = mol.GetBondBetweenAtoms(start + begin, start + end)
            atoms = [joined.get(start + x, start + x) for x in (left, right)]
            bond.SetStereoAtoms(*atoms)
            bond.SetStereo(geometry)
        for _, dummy in template.attachments.values():
            if start + dummy not in joined:
                mol.GetAtomWithIdx(start + dummy).SetAtomMapNum(0)
    mol.BeginBatchEdit()
    for dummy in joined:
        mol.RemoveAtom(dummy)
    mol.CommitBatchEdit()
    Chem.SanitizeMol(mol)
    Chem.SetDoubleBondNeighborDirections(mol)
    Chem.AssignStereochemistry(mol, cleanIt=True, force=True)
    return mol.GetMol()


def _join(mol: Chem.RWMol, a: int, da: int, b: int, db: int) -> None:
    order = mol.GetBondBetweenAtoms(a, da).GetBondType()
    if order != mol.GetBondBetweenAtoms(b, db).GetBondType():
        raise ValueError("a link joins attachments of different bond order")
    mol.AddBond(a, b, order)
    for atom_index, dummy in ((a, da), (b, db)):
        atom = mol.GetAtomWithIdx(atom_index)
        neighbours = [x.GetOtherAtomIdx(atom_index) for x in atom.GetBonds()]
        # The new bond is the last of the atom; chirality counts how many it overtook.
        if (len(neighbours) - 2 - neighbours.index(dummy)) % 2:
            atom.InvertChirality()
        mol.RemoveBond(atom_index, dummy)


@dataclass(frozen=True)
class _Template:
    mol: Chem.Mol
    attachments: dict[int, tuple[int, int]]  # label -> (atom, dummy)
    # begin, end, and the neighbours that cis or trans refers to
    geometries: tuple[tuple[int, int, int, int, Chem.BondStereo], ...]


_GEOMETRY = {
    Chem.BondStereo.STEREOZ: Chem.BondStereo.STEREOCIS,
    Chem.BondStereo.STEREOE: Chem.BondStereo.STEREOTRANS,
}


@lru_cache(maxsize=65536)
def _template(motif: str) -> _Template:
    # Up and down marks on a shared bond could contradict each other: the geometry is
    # kept as cis or trans relative to named neighbours instead.
    mol = parse(motif)
    attachments = {}
    geometries = []
    for bond in mol.GetBonds():
        if bond.GetStereo() in _GEOMETRY:
            geometry = _GEOMETRY[bond.GetStereo()]
            left, right = bond.GetStereoAtoms()
            begin, end = bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()
            geometries.append((begin, end, left, right, geometry))
            bond.SetStereo(Chem.BondStereo.STEREONONE)
        bond.SetBondDir(Chem.BondDir.NONE)
    for index in numbering.dummies(mol):
        dummy = mol.GetAtomWithIdx(index)
        attachments[dummy.GetAtomMapNum()] = (dummy.GetNeighbors()[0].GetIdx(), index)
    return _Template(mol, attachments, tuple(geometries))


def _check_dummies(mol: Chem.Mol) -> None:
    if len(Chem.GetMolFrags(mol)) > 1:
        raise ValueError("the molecule has several components; give one")
    for index in numbering.dummies(mol):
        atom = mol.GetAtomWithIdx(index)
        if atom.GetDegree() != 1 or atom.GetNeighbors()[0].GetAtomicNum() == 0:
            raise ValueError("an attachment point [*] must be bound to exactly one atom")
        if atom.GetBonds()[0].GetBondType() not in BOND_ORDERS:
            raise ValueError("the bond of an attachment point [*] must be single, double or triple")


def _opposite_charges(bond: Chem.Bond) -> bool:
    return bond.GetBeginAtom().GetFormalCharge() * bond.GetEndAtom().GetFormalCharge() < 0


def _is_single(bond: Chem.Bond) -> bool:
    return bond.GetBondType() == Chem.BondType.SINGLE


def _ring_bonds_to_cut(mol: Chem.Mol) -> list[int]:
    # Multiple bonds carry an atom along with the ring they leave.
    ring = {a.GetIdx() for a in mol.GetAtoms() if a.IsInRing()}
    queue = list(ring)
    while queue:
        for bond in mol.GetAtomWithIdx(queue.pop()).GetBonds():
            if bond.IsInRing() or (_is_single(bond) and not _opposite_charges(bond)):
                continue
            for other in (bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()):
                if other not in ring:
                    ring.add(other)
                    queue.append(other)
    return [
        bond.GetIdx()
        for bond in mol.GetBonds()
        if not bond.IsInRing()
        and _is_single(bond)
        and not _opposite_charges(bond)
        and _touches_no_dummy(bond)
        and (bond.GetBeginAtomIdx() in ring or bond.GetEndAtomIdx() in ring)
    ]


def _acyclic_bonds_to_cut(mol: Chem.Mol, level: Level) -> list[int]:
    return [
        bond.GetIdx()
        for bond in mol.GetBonds()
        if not bond.IsInRing()
        and not _opposite_charges(bond)
        and _touches_no_dummy(bond)
        and (
            _is_single(bond)
            or (
                level == "atoms"
                and bond.GetBondType() in BOND_ORDERS
                and bond.GetStereo() == Chem.BondStereo.STEREONONE
            )
        )
    ]


def _touches_no_dummy(bond: Chem.Bond) -> bool:
    return bool(bond.GetBeginAtom().GetAtomicNum() and bond.GetEndAtom().GetAtomicNum())


def _fragment(mol: Chem.Mol, bonds: Sequence[int]) -> Cut:
    opens = numbering.dummies(mol)
    marked = Chem.Mol(mol)
    first_open = len(bonds) + 1
    for number, index in enumerate(opens, start=first_open):
        atom = marked.GetAtomWithIdx(index)
        atom.SetIsotope(number)
        atom.SetAtomMapNum(0)
    for atom in marked.GetAtoms():
        if atom.GetAtomicNum():
            atom.SetAtomMapNum(0)
    if bonds:
        numbers = [(n, n) for n in range(1, first_open)]
        marked = Chem.FragmentOnBonds(marked, list(bonds), dummyLabels=numbers)
    fragments = Chem.GetMolFrags(marked, asMols=True, sanitizeFrags=False)
    motifs: list[str] = []
    ends: dict[int, list[tuple[int, int]]] = {}
    for node, fragment in enumerate(fragments):
        numbers_here = []
        for index in numbering.dummies(fragment):
            atom = fragment.GetAtomWithIdx(index)
            numbers_here.append(atom.GetIsotope())
            atom.SetIsotope(len(numbers_here))
        motif, labels = numbering.canonical(Chem.MolToSmiles(fragment))
        motifs.append(motif)
        for number, label in zip(numbers_here, labels, strict=True):
            ends.setdefault(number, []).append((node, label))
    links = tuple(Link(*ends[n][0], *ends[n][1]) for n in range(1, first_open))
    return Cut(
        MotifTree(tuple(motifs), links),
        tuple(ends[n][0] for n in range(first_open, first_open + len(opens))),
    )
