"""Fragments joined at their cuts."""

from __future__ import annotations

from collections.abc import Sequence

from rdkit import Chem

from generative.edits.parent import Fragment

BOND_TYPES = {1: Chem.BondType.SINGLE, 2: Chem.BondType.DOUBLE, 3: Chem.BondType.TRIPLE}


def joined(
    fragments: Sequence[Fragment], bonds: Sequence[tuple[int, int, int, int, int]]
) -> Chem.RWMol:
    """Fragments side by side with bonds between them, not sanitised.

    Args:
        fragments: the parts.
        bonds: (part, its atom, other part, its atom, order) of each bond, by atoms of the part.
    """
    whole = fragments[0].mol
    starts = [0]
    for fragment in fragments[1:]:
        starts.append(whole.GetNumAtoms())
        whole = Chem.CombineMols(whole, fragment.mol)
    mol = Chem.RWMol(whole)
    for first, a, second, b, order in bonds:
        mol.AddBond(starts[first] + a, starts[second] + b, BOND_TYPES[order])
    return mol


def ring_sizes(fragments: Sequence[Fragment]) -> frozenset[int]:
    """Sizes of the rings that the parts bring along."""
    return frozenset().union(*(fragment.ring_sizes for fragment in fragments))
