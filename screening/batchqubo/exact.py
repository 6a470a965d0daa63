"""The best batch, proven: branch and bound with a Lagrangian bound.

Every pair's share is divided between its two molecules, p_ij = w_ij + w_ji. Letting each
chosen molecule take its own best k - 1 partners gives an upper bound, and the division that
makes it lowest is sought by subgradient steps (the bound of Caprara, Pisinger and Toth for the
quadratic knapsack, INFORMS J. Comput. 11, 125 (1999), here with a cardinality). The division
stays fixed in the tree.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from screening.batchqubo.annealing import annealing
from screening.batchqubo.problem import BatchProblem

NODES = 200_000
_STEPS, _STEPS_LARGE, _LARGE = 300, 60, 400  # subgradient steps; fewer from so many molecules on


@dataclass(frozen=True)
class ProvenBatch:
    """The best batch found, and what is proven of all."""

    indices: list[int]  # ascending
    bound: float  # no batch has a greater value; the batch's own where it is proven best
    nodes: int
    proven: bool


def exact(problem: BatchProblem, *, seed: int = 0, nodes: int = NODES) -> ProvenBatch:
    """Search until nothing better can exist, or to the limit of nodes.

    Args:
        problem: what is maximised.
        seed: of the annealing the search starts from.
        nodes: of the tree at most; the same number gives the same result everywhere.
    """
    start = annealing(problem, seed=seed)
    value = problem.value(start)
    if problem.k in (1, problem.n):
        return ProvenBatch(start, value, 0, True)
    margin = 100 * problem.rounding  # sums of the bound and of the value round differently
    bound, split = divided(problem, value)
    if bound <= value + margin:
        return ProvenBatch(start, value, 0, True)
    # numba is loaded where it is needed
    from screening.batchqubo.branching import search

    _, found, visited, finished = search(
        problem.linear,
        problem.pairs,
        split,
        np.argsort(-split, axis=1, kind="stable"),
        problem.k,
        value,
        margin,
        nodes,
    )
    best = sorted(int(i) for i in found) if found[0] >= 0 else start
    reached = problem.value(best)
    return ProvenBatch(best, reached if finished else max(bound, reached), int(visited), finished)


def divided(problem: BatchProblem, value: float) -> tuple[float, NDArray[np.float64]]:
    """The lowest upper bound found for all batches, and its division of the pairs.

    Args:
        problem: with 1 < k < n.
        value: of some batch.

    Returns:
        the bound, and w with w + w.T = ``problem.pairs``. # shape: (n, n)
    """
    n, k = problem.n, problem.k
    linear, pairs = problem.linear, problem.pairs
    split = pairs / 2
    best, kept = np.inf, split
    length, waited = 1.0, 0
    for _ in range(_STEPS if n < _LARGE else _STEPS_LARGE):
        partners = split.copy()
        np.fill_diagonal(partners, -np.inf)
        taken = np.argpartition(-partners, k - 2, axis=1)[:, : k - 1]
        term = linear + np.take_along_axis(split, taken, axis=1).sum(axis=1)
        top = np.argpartition(-term, k - 1)[:k]
        bound = float(term[top].sum())
        if bound < best - problem.rounding:
            best, kept, waited = bound, split, 0
        else:
            waited += 1
            if waited == 10:
                length, waited = length / 2, 0
        picks = np.zeros((n, n))
        picks[top[:, np.newaxis], taken[top]] = 1.0
        slope = picks - picks.T
        square = float((slope**2).sum()) / 2
        if square == 0 or best <= value:  # each takes those that take it: a batch
            break
        split = split - length * (bound - value) / square * slope
    return best, kept
