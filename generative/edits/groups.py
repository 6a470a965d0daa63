"""Mutations of whole groups: exchanged, inserted, removed or moved at acyclic bonds."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from rdkit import Chem

from generative.edits.drawing import one_of
from generative.edits.joining import BOND_TYPES, joined
from generative.edits.parent import Branch, Fragment, Parent, drop_bond
from generative.edits.pieces import Pieces

# A change of a molecule, and the fragments that it brought in.
Changed = tuple[Chem.RWMol, tuple[Fragment, ...]]
GroupMove = Callable[[Parent, Pieces, np.random.Generator], Changed | None]


def append_group(parent: Parent, pieces: Pieces, rng: np.random.Generator) -> Changed | None:
    """A group in place of a hydrogen."""
    sites = [i for i, n in enumerate(parent.hydrogens) if n]
    group = pieces.draw(1, rng)
    if not sites or group is None:
        return None
    return joined((parent.whole, group), [(0, one_of(sites, rng), 1, group.anchors[0], 1)]), (
        group,
    )


def replace_branch(parent: Parent, pieces: Pieces, rng: np.random.Generator) -> Changed | None:
    """A group in place of the smaller side of a bond."""
    branches = [
        b for b in parent.branches if b.order == 1 and 2 * len(b.atoms) >= parent.heavy_atoms
    ]
    group = pieces.draw(1, rng)
    if not branches or group is None:
        return None
    kept = parent.fragment(one_of(branches, rng))
    return joined((kept, group), [(0, kept.anchors[0], 1, group.anchors[0], 1)]), (group,)


def insert_group(parent: Parent, pieces: Pieces, rng: np.random.Generator) -> Changed | None:
    """A group with two attachments within an acyclic single bond."""
    bonds = [(a, b) for a, b, order, in_ring in parent.bonds if order == 1 and not in_ring]
    group = pieces.draw(2, rng)
    if not bonds or group is None:
        return None
    a, b = one_of(bonds, rng)
    mol = joined((parent.whole, group), [])
    near, far = (parent.heavy_atoms + anchor for anchor in group.anchors)
    if rng.random() < 0.5:
        near, far = far, near
    drop_bond(mol, a, b)
    mol.AddBond(a, near, BOND_TYPES[1])
    mol.AddBond(b, far, BOND_TYPES[1])
    return mol, (group,)


def remove_branch(parent: Parent, pieces: Pieces, rng: np.random.Generator) -> Changed | None:
    """Hydrogens in place of the smaller side of a bond."""
    branches = [b for b in parent.branches if 2 * len(b.atoms) >= parent.heavy_atoms]
    if not branches:
        return None
    return Chem.RWMol(parent.fragment(one_of(branches, rng)).mol), ()


def remove_middle(parent: Parent, pieces: Pieces, rng: np.random.Generator) -> Changed | None:
    """Two parts of a molecule bound to each other, without what was between them."""
    pair = _two_sides(parent, rng)
    if pair is None:
        return None
    first, second = (parent.fragment(x) for x in pair)
    return joined((first, second), [(0, first.anchors[0], 1, second.anchors[0], 1)]), ()


def replace_middle(parent: Parent, pieces: Pieces, rng: np.random.Generator) -> Changed | None:
    """A group with two attachments in place of what was between two parts of a molecule."""
    pair = _two_sides(parent, rng)
    group = pieces.draw(2, rng)
    if pair is None or group is None:
        return None
    first, second = (parent.fragment(x) for x in pair)
    mol = joined(
        (first, group, second),
        [
            (0, first.anchors[0], 1, group.anchors[0], 1),
            (2, second.anchors[0], 1, group.anchors[1], 1),
        ],
    )
    return mol, (group,)


def replace_core(parent: Parent, pieces: Pieces, rng: np.random.Generator) -> Changed | None:
    """A ring system in place of one, with the same number of substituents."""
    if not parent.rings:
        return None
    core = ring_system(parent, one_of(one_of(parent.rings, rng), rng))
    outer = [b for b in parent.branches if b.stem in core and b.root not in core]
    group = pieces.draw(len(outer), rng)
    if not outer or group is None or any(b.order != 1 for b in outer):
        return None
    places = rng.permutation(len(outer)).tolist()
    parts = [group, *(parent.fragment(b) for b in outer)]
    mol = joined(
        parts,
        [
            (0, group.anchors[place], i, parts[i].anchors[0], 1)
            for i, place in enumerate(places, start=1)
        ],
    )
    return mol, (group,)


def move_branch(parent: Parent, pieces: Pieces, rng: np.random.Generator) -> Changed | None:
    """A substituent at another atom of its ring, or at a neighbour of its atom."""
    branches = [
        b for b in parent.branches if b.order == 1 and 2 * len(b.atoms) <= parent.heavy_atoms
    ]
    if not branches:
        return None
    branch = one_of(branches, rng)
    places = {x for ring in parent.rings if branch.stem in ring for x in ring}
    places.update(parent.neighbours[branch.stem])
    free = sorted(x for x in places - branch.atoms - {branch.stem} if parent.hydrogens[x])
    if not free:
        return None
    mol = Chem.RWMol(parent.mol)
    drop_bond(mol, branch.root, branch.stem)
    mol.AddBond(branch.root, one_of(free, rng), BOND_TYPES[1])
    return mol, ()


def swap_branches(parent: Parent, pieces: Pieces, rng: np.random.Generator) -> Changed | None:
    """Two substituents, each in the other's place."""
    pair = _two_sides(parent, rng)
    if pair is None or pair[0].stem == pair[1].stem:
        return None
    first, second = pair
    mol = Chem.RWMol(parent.mol)
    drop_bond(mol, first.stem, first.root)
    drop_bond(mol, second.stem, second.root)
    mol.AddBond(first.stem, second.root, BOND_TYPES[1])
    mol.AddBond(second.stem, first.root, BOND_TYPES[1])
    return mol, ()


def ring_system(parent: Parent, start: int) -> set[int]:
    """Atoms of the fused rings round an atom, with what they hold by multiple bonds."""
    core, queue = {start}, [start]
    while queue:
        here = queue.pop()
        for a, b, order, in_ring in parent.bonds:
            if here not in (a, b) or (order == 1 and not in_ring):
                continue
            other = b if here == a else a
            if other not in core:
                core.add(other)
                queue.append(other)
    return core


def _two_sides(parent: Parent, rng: np.random.Generator) -> tuple[Branch, Branch] | None:
    single = [b for b in parent.branches if b.order == 1]
    if not single:
        return None
    first = one_of(single, rng)
    apart = [b for b in single if not b.atoms & first.atoms and b.stem not in first.atoms]
    return (first, one_of(apart, rng)) if apart else None
