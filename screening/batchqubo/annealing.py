"""Simulated annealing by exchanges, which keep the number of molecules.

A step takes one molecule out and puts one in by the heat-bath rule: every molecule outside,
and the one taken out, with a probability proportional to exp(value / temperature). All reads
run side by side; each ends in a batch that no single exchange improves.
"""

from __future__ import annotations

import numpy as np

from screening.batchqubo.greedy import exchanged, greedy
from screening.batchqubo.problem import BatchProblem

READS = 8
SWEEPS = 60  # a sweep exchanges as many molecules as the batch has
_LAST = 1e-3  # of the first temperature


def annealing(
    problem: BatchProblem, *, seed: int, reads: int = READS, sweeps: int = SWEEPS
) -> list[int]:
    """The best batch of all reads and of the greedy choice, which is improved by exchanges too.

    Kirkpatrick, Gelatt and Vecchi, Science 220, 671 (1983).

    Args:
        problem: what is maximised.
        seed: of the starts and steps.
        reads: independent runs.
        sweeps: the temperature falls geometrically over them.

    Returns:
        ascending indices; never worse than the greedy choice.
    """
    n, k = problem.n, problem.k
    start = exchanged(problem, greedy(problem))
    if k in (1, n):
        return sorted(start)
    linear, pairs = problem.linear, problem.pairs
    rng = np.random.default_rng(seed)
    chosen = np.array([rng.choice(n, size=k, replace=False) for _ in range(reads)])
    rows = np.arange(reads)
    field = linear + pairs[chosen].sum(axis=1)  # shape: (reads, n)
    outside = np.zeros((reads, n))
    outside[rows[:, np.newaxis], chosen] = -np.inf
    hot = float(field.std()) or 1.0
    for temperature in np.repeat(np.geomspace(hot, hot * _LAST, sweeps), k):
        slot = rng.integers(k, size=reads)
        outgoing = chosen[rows, slot]
        outside[rows, outgoing] = 0.0
        field -= pairs[outgoing]
        weight = (field + outside) / temperature
        weight -= weight.max(axis=1, keepdims=True)
        np.exp(weight, out=weight)
        np.cumsum(weight, axis=1, out=weight)
        drawn = (1 - rng.random(reads)) * weight[:, -1]  # above 0: a weight of 0 is not drawn
        incoming = (weight < drawn[:, np.newaxis]).sum(axis=1)
        field += pairs[incoming]
        outside[rows, incoming] = -np.inf
        chosen[rows, slot] = incoming
    batches = [sorted(start)]
    batches += [sorted(exchanged(problem, [int(i) for i in row])) for row in chosen]
    return max(batches, key=problem.value)
