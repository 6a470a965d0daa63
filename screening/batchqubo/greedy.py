"""One molecule after the other, each the best addition to those before it.

Two potentials are followed and the better batch is kept: the gain in value itself, and the
gain with the quality counted half. The second makes the promise: if 1 - similarity is a
metric, as 1 - Tanimoto is, then

    dispersion(greedy) >= 1/2 dispersion(best),

for ``BatchProblem.dispersion`` (Borodin, Jain, Lee and Ye, ACM Trans. Algorithms 13, 41
(2017), theorem 1).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from screening.batchqubo.problem import BatchProblem

GUARANTEE = 0.5  # of the best dispersion
_POTENTIALS = (0.5, 1.0)  # weight of the quality beside the distances


def greedy(problem: BatchProblem) -> list[int]:
    """The batch in the order of choosing; ties go to the smaller index.

    Takes of the order of n k operations.
    """
    batches = [_followed(problem, weight) for weight in _POTENTIALS]
    return max(batches, key=problem.value)


def _followed(problem: BatchProblem, weight: float) -> list[int]:
    # distances and similarities differ by a constant for every candidate of a step
    gain = weight * problem.linear
    pairs = problem.pairs
    chosen: list[int] = []
    for _ in range(problem.k):
        index = int(np.argmax(gain))
        chosen.append(index)
        gain = gain + pairs[index]
        gain[index] = -np.inf
    return chosen


def exchanged(problem: BatchProblem, batch: list[int]) -> list[int]:
    """A batch improved by the best exchange of one molecule, until none improves it."""
    linear, pairs = problem.linear, problem.pairs
    chosen = np.array(batch, dtype=np.int64)
    field: NDArray[np.float64] = linear + pairs[chosen].sum(axis=0)
    while True:
        change = field - pairs[chosen] - field[chosen][:, np.newaxis]  # shape: (k, n)
        change[:, chosen] = -np.inf
        slot, incoming = np.unravel_index(int(np.argmax(change)), change.shape)
        if not change[slot, incoming] > problem.rounding:
            return [int(i) for i in chosen]
        field += pairs[incoming] - pairs[chosen[slot]]
        chosen[slot] = incoming
