"""The model compound of a reactive site: the site with its near surroundings, capped."""

from __future__ import annotations

from rdkit import Chem

from simulation.molecule import canonical

NEAR = 3  # bonds from the site within which every atom is kept
SMALL_BRANCH = 3  # heavy atoms; a branch beyond the kept part that is no larger stays whole

_INDEX = "_index_in_the_molecule"


def truncate(molecule: Chem.Mol, site: tuple[int, ...]) -> tuple[Chem.Mol, tuple[int, ...]]:
    """Cut away what is far from a site, and cap with hydrogen.

    Kept are the site and everything within ``NEAR`` bonds of it; every ring
    entered by two of these atoms, and the rings fused to it; then one more
    layer, in which an aromatic ring comes whole and a heteroatom, carbonyl or
    sulfonyl with what it carries, aromatic rings excepted; multiple bonds, and
    small branches. So only single bonds are cut.

    Args:
        molecule: without explicit hydrogens.
        site: its atoms.

    Returns:
        the model compound in the order of its canonical SMILES, and the atoms
        of the site in it, in the given order; the molecule itself where
        nothing is far away.
    """
    distance = Chem.GetDistanceMatrix(molecule)[list(site)].min(axis=0)
    kept = _closed(molecule, {int(i) for i in (distance <= NEAR).nonzero()[0]})
    for outer in _outside(molecule, kept):
        atom = molecule.GetAtomWithIdx(outer)
        kept.add(outer)
        if atom.GetIsAromatic():
            for ring in molecule.GetRingInfo().AtomRings():
                if outer in ring:
                    kept |= set(ring)
        elif _polar(atom):
            kept |= {n.GetIdx() for n in atom.GetNeighbors() if not n.GetIsAromatic()}
    kept = _closed(molecule, kept)
    kept |= _small_branches(molecule, kept)
    if len(kept) == molecule.GetNumAtoms():
        return molecule, site
    return _capped(molecule, kept, site)


def _closed(molecule: Chem.Mol, kept: set[int]) -> set[int]:
    """With every ring that two of the atoms enter, and the far ends of multiple bonds."""
    kept = set(kept)
    rings = [set(ring) for ring in molecule.GetRingInfo().AtomRings()]
    while True:
        before = len(kept)
        for ring in rings:
            if len(ring & kept) >= 2:
                kept |= ring
        for bond in molecule.GetBonds():
            one, other = bond.GetBeginAtom(), bond.GetEndAtom()
            ends = {one.GetIdx(), other.GetIdx()}
            # nitro groups, N-oxides: a bond between two charges is as good as a double bond
            charged = one.GetFormalCharge() and other.GetFormalCharge()
            if ends & kept and (charged or bond.GetBondType() != Chem.BondType.SINGLE):
                kept |= ends
        if len(kept) == before:
            return kept


def _outside(molecule: Chem.Mol, kept: set[int]) -> list[int]:
    """The atoms next to the kept ones, sorted."""
    return sorted(
        {
            n.GetIdx()
            for i in kept
            for n in molecule.GetAtomWithIdx(i).GetNeighbors()
            if n.GetIdx() not in kept
        }
    )


def _polar(atom: Chem.Atom) -> bool:
    """A heteroatom, or a carbon with a multiple bond."""
    return atom.GetAtomicNum() != 6 or any(
        b.GetBondType() != Chem.BondType.SINGLE for b in atom.GetBonds()
    )


def _small_branches(molecule: Chem.Mol, kept: set[int]) -> set[int]:
    found: set[int] = set()
    for start in set(range(molecule.GetNumAtoms())) - kept:
        branch, stack = {start}, [start]
        while stack and len(branch) <= SMALL_BRANCH:
            for neighbour in molecule.GetAtomWithIdx(stack.pop()).GetNeighbors():
                index = neighbour.GetIdx()
                if index not in kept and index not in branch:
                    branch.add(index)
                    stack.append(index)
        if len(branch) <= SMALL_BRANCH:
            found |= branch
    return found


def _capped(
    molecule: Chem.Mol, kept: set[int], site: tuple[int, ...]
) -> tuple[Chem.Mol, tuple[int, ...]]:
    copy = Chem.RWMol(molecule)
    for atom in copy.GetAtoms():
        atom.SetIntProp(_INDEX, atom.GetIdx())
    copy.BeginBatchEdit()
    for index in set(range(molecule.GetNumAtoms())) - kept:
        copy.RemoveAtom(index)
    for bond in molecule.GetBonds():
        inside = {bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()} & kept
        if len(inside) == 1:
            edge = copy.GetAtomWithIdx(inside.pop())
            # A neighbour is gone: what was a stereocentre may be none, or another one.
            edge.SetChiralTag(Chem.ChiralType.CHI_UNSPECIFIED)
            if edge.GetNoImplicit() or (edge.GetIsAromatic() and edge.GetAtomicNum() != 6):
                edge.SetNumExplicitHs(edge.GetNumExplicitHs() + 1)
    copy.CommitBatchEdit()
    Chem.SanitizeMol(copy)
    ordered = canonical(copy)
    match = ordered.GetSubstructMatch(copy)
    places = {atom.GetIntProp(_INDEX): match[atom.GetIdx()] for atom in copy.GetAtoms()}
    return ordered, tuple(places[i] for i in site)
