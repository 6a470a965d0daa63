"""Crossover: two molecules exchange what lies behind a bond, or two arcs of their rings."""

from __future__ import annotations

import numpy as np
from rdkit import Chem

from generative.edits.drawing import one_of
from generative.edits.joining import joined
from generative.edits.parent import Arc, Parent

# Sizes of a ring made of two arcs.
CROSSED_SIZES = (5, 6)
# Heavy atoms of a child: at least this part of the smaller parent, at most this of the larger.
SIZES = (0.6, 1.3)


def at_bond(a: Parent, b: Parent, rng: np.random.Generator) -> Chem.RWMol | None:
    """Sides of two acyclic bonds of equal order, one of each molecule, bound to each other."""
    if not a.branches or not b.branches:
        return None
    first = one_of(a.branches, rng)
    least = SIZES[0] * min(a.heavy_atoms, b.heavy_atoms) - len(first.atoms)
    most = SIZES[1] * max(a.heavy_atoms, b.heavy_atoms) - len(first.atoms)
    matching = [
        branch
        for branch in b.branches
        if branch.order == first.order and least <= len(branch.atoms) <= most
    ]
    if not matching:
        return None
    second = one_of(matching, rng)
    parts = (a.fragment(first), b.fragment(second))
    return joined(parts, [(0, parts[0].anchors[0], 1, parts[1].anchors[0], first.order)])


def at_ring(a: Parent, b: Parent, rng: np.random.Generator) -> Chem.RWMol | None:
    """An arc of a ring of one molecule closed by an arc of a ring of the other."""
    if not a.arcs or not b.arcs:
        return None
    first = one_of(a.arcs, rng)
    matching = [
        (arc, turned)
        for arc in b.arcs
        if first.length + arc.length in CROSSED_SIZES
        for turned in (False, True)
        if _fits(first, arc, turned)
    ]
    if not matching:
        return None
    second, turned = one_of(matching, rng)
    parts = (a.fragment(first), b.fragment(second))
    near, far = parts[1].anchors[::-1] if turned else parts[1].anchors
    return joined(
        parts,
        [
            (0, parts[0].anchors[0], 1, near, first.orders[0]),
            (0, parts[0].anchors[1], 1, far, first.orders[1]),
        ],
    )


def _fits(first: Arc, second: Arc, turned: bool) -> bool:
    # Two lone atoms cannot close a ring.
    return first.orders == (second.orders[::-1] if turned else second.orders)
