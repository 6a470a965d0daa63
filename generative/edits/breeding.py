"""Offspring of a population by crossover and mutation."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

import numpy as np
from rdkit import Chem

from generative.edits import atoms, crossing, groups
from generative.edits.admission import Limits, admitted, written
from generative.edits.drawing import weighted
from generative.edits.parent import Parent, prepared
from generative.edits.pieces import Pieces
from generative.proposal import Proposal

# Share of crossovers within rings, as in the published genetic algorithm.
RING_CROSSOVERS = 0.3
# Offspring of a crossover that are mutated as well.
MUTATED_CROSSOVERS = 0.2
# Attempts for each offspring wanted, before fewer come back.
PATIENCE = 20

_ATOM_MOVES: tuple[tuple[atoms.Move, float], ...] = (
    (atoms.append_atom, 0.15),
    (atoms.insert_atom, 0.12),
    (atoms.delete_atom, 0.14),
    (atoms.change_order, 0.10),
    (atoms.change_element, 0.20),
    (atoms.close_ring, 0.10),
    (atoms.open_ring, 0.05),
    (atoms.change_saturation, 0.14),
)
_GROUP_MOVES: tuple[tuple[groups.GroupMove, float], ...] = (
    (groups.append_group, 0.15),
    (groups.replace_branch, 0.25),
    (groups.insert_group, 0.08),
    (groups.remove_branch, 0.10),
    (groups.remove_middle, 0.06),
    (groups.replace_middle, 0.08),
    (groups.replace_core, 0.10),
    (groups.move_branch, 0.12),
    (groups.swap_branches, 0.06),
)
_ATOM_ODDS = np.cumsum([odds for _, odds in _ATOM_MOVES])
_GROUP_ODDS = np.cumsum([odds for _, odds in _GROUP_MOVES])
# Mutations of a group, where there is a vocabulary to draw groups from.
GROUP_MUTATIONS = 0.5

Accept = Callable[[Chem.Mol], bool]


def crossover(
    a: Chem.Mol | Parent,
    b: Chem.Mol | Parent,
    rng: np.random.Generator,
    limits: Limits | None = None,
) -> str | None:
    """One child of two molecules, or None where this attempt gave none.

    Args:
        a: one molecule, sanitised.
        b: the other one.
        rng: all randomness.
        limits: of the child.

    Returns:
        Canonical SMILES of a molecule that is neither of the two.
    """
    found = _crossed(_parent(a), _parent(b), rng, limits or Limits())
    return None if found is None else found[0]


def mutate(
    a: Chem.Mol | Parent,
    rng: np.random.Generator,
    pieces: Pieces | None = None,
    limits: Limits | None = None,
) -> str | None:
    """A molecule with one change, or None where this attempt gave none.

    Args:
        a: the molecule, sanitised.
        rng: all randomness.
        pieces: groups that may come in; without them only atoms, bonds and rings change.
        limits: of the child.

    Returns:
        Canonical SMILES of another molecule.
    """
    found = _mutated(_parent(a), rng, pieces, limits or Limits())
    return None if found is None else found[0]


def offspring(
    parents: Sequence[str],
    weights: Sequence[float] | np.ndarray,
    n: int,
    rng: np.random.Generator,
    *,
    pieces: Pieces | None = None,
    limits: Limits | None = None,
    crossovers: float = 0.5,
    known: Collection[str] = (),
    accept: Accept | None = None,
) -> list[Proposal]:
    """Distinct new molecules of a population.

    Args:
        parents: canonical SMILES.
        weights: how often each is a parent, non-negative. shape: (parents,)
        n: molecules wanted; fewer come back when 20 attempts for each do not suffice.
        rng: all randomness; the same state gives the same offspring.
        pieces: groups that mutations bring in.
        limits: of every child.
        crossovers: share of attempts that cross two parents; the others mutate one.
        known: SMILES that are not wanted again, beside the parents.
        accept: what else a child must be.

    Raises:
        ValueError: no parents, weights that do not fit them, or a SMILES that cannot be read.
    """
    if not parents or len(weights) != len(parents):
        raise ValueError("offspring needs parents, and a weight for each of them")
    cumulative = np.cumsum(np.asarray(weights, dtype=float))
    if not np.isfinite(cumulative[-1]) or cumulative[-1] <= 0 or min(weights) < 0:
        raise ValueError("the weights of parents must not be negative, nor all zero")
    bounds = limits or Limits()
    seen = set(parents)
    children: list[Proposal] = []
    ancestors: tuple[str, ...]
    for _ in range(PATIENCE * n):
        if len(children) == n:
            break
        a = prepared(parents[weighted(cumulative, rng)])
        if rng.random() < crossovers:
            b = prepared(parents[weighted(cumulative, rng)])
            found = _crossed(a, b, rng, bounds)
            if found is not None and rng.random() < MUTATED_CROSSOVERS:
                found = _mutated(Parent.of(found[1]), rng, pieces, bounds) or found
            hand, ancestors = "crossover", (a.smiles, b.smiles)
        else:
            found = _mutated(a, rng, pieces, bounds)
            hand, ancestors = "mutation", (a.smiles,)
        if found is None or found[0] in seen or found[0] in known:
            continue
        seen.add(found[0])
        if accept is None or accept(found[1]):
            children.append(Proposal(found[0], hand, ancestors))
    return children


def _parent(mol: Chem.Mol | Parent) -> Parent:
    return mol if isinstance(mol, Parent) else Parent.of(mol)


def _crossed(
    a: Parent, b: Parent, rng: np.random.Generator, limits: Limits
) -> tuple[str, Chem.Mol] | None:
    move = crossing.at_ring if rng.random() < RING_CROSSOVERS else crossing.at_bond
    mol = move(a, b, rng)
    if mol is None:
        return None
    charges = {a.charge, b.charge, 0}
    found = _taken(mol, limits, a.ring_sizes | b.ring_sizes, charges)
    return None if found is None or found[0] in (a.smiles, b.smiles) else found


def _mutated(
    a: Parent, rng: np.random.Generator, pieces: Pieces | None, limits: Limits
) -> tuple[str, Chem.Mol] | None:
    sizes = a.ring_sizes
    mol: Chem.RWMol | None
    if pieces is not None and rng.random() < GROUP_MUTATIONS:
        change = _GROUP_MOVES[weighted(_GROUP_ODDS, rng)][0](a, pieces, rng)
        if change is None:
            return None
        mol, brought = change
        for group in brought:
            sizes = sizes | group.ring_sizes
    else:
        mol = _ATOM_MOVES[weighted(_ATOM_ODDS, rng)][0](a, rng)
        if mol is None:
            return None
    found = _taken(mol, limits, sizes | {3}, {a.charge, 0})
    return None if found is None or found[0] == a.smiles else found


def _taken(
    mol: Chem.RWMol, limits: Limits, sizes: frozenset[int], charges: set[int]
) -> tuple[str, Chem.Mol] | None:
    sound = admitted(mol, limits, sizes, charges)
    return None if sound is None else written(sound)
