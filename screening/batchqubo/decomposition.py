"""A batch improved part by part, by whatever samples small problems.

A problem that fits one sampling is sampled whole. Of a larger one, some molecules of the batch
and the most promising ones outside become the variables, all others stay as they are, and the
best sample is taken where it is better. A pass lets every molecule of the batch be a variable
once; passes go on until one brings nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from screening.batchqubo.problem import BatchProblem
from simulation.quantum.qubo import QUBO, Samples

MOST_PARTS = 24

# a QUBO and how many of its variables are 1 -> samples of that weight, maybe none
Sampler = Callable[[QUBO, int], Samples]


def improved(
    problem: BatchProblem,
    sample: Sampler,
    *,
    start: Sequence[int],
    seed: int,
    whole: int,
    block: int,
) -> list[int]:
    """The best batch among the start and the samples, ascending.

    Args:
        problem: what is maximised.
        sample: called once for a problem that is sampled whole, else once a part.
        start: a batch; samples of a whole problem do not depend on it.
        seed: of the order in which the molecules become variables.
        whole: the most variables that are sampled without parts.
        block: variables of a part, at least 2.

    Raises:
        ValueError: ``start`` is not a batch of this problem.
    """
    n, k = problem.n, problem.k
    best, value = sorted(start), problem.value(start)
    if k == n:
        return best
    if n <= whole:
        return _bettered(problem, sample, best, list(range(n)), [])
    rng = np.random.default_rng(np.random.SeedSequence([seed, 3]))
    leaving = max(1, min(k, block // 2))
    parts = 0
    while parts < MOST_PARTS:
        before = value
        waiting = [best[i] for i in rng.permutation(k)]
        while waiting and parts < MOST_PARTS:
            inside, waiting = waiting[:leaving], waiting[leaving:]
            outside = _promising(problem, best, inside, block - len(inside))
            staying = [i for i in best if i not in inside]
            best = _bettered(problem, sample, best, inside + outside, staying)
            parts += 1
        value = problem.value(best)
        if value <= before + problem.rounding:
            break
    return best


def part(problem: BatchProblem, variables: Sequence[int], fixed: Sequence[int]) -> QUBO:
    """The negated value over some molecules, others being in the batch for certain.

    Args:
        problem: the whole.
        variables: molecules that may be chosen.
        fixed: molecules that are; none of ``variables``.
    """
    free, held = list(variables), list(fixed)
    linear, pairs = problem.linear, problem.pairs
    alone = linear[free] + pairs[np.ix_(free, held)].sum(axis=1)
    rest = float(linear[held].sum() + np.triu(pairs[np.ix_(held, held)]).sum())
    return QUBO(-alone, np.triu(-pairs[np.ix_(free, free)], 1), -rest)


def _bettered(
    problem: BatchProblem,
    sample: Sampler,
    batch: list[int],
    variables: list[int],
    fixed: list[int],
) -> list[int]:
    """The best sample with the fixed molecules, or the batch where that is no worse."""
    samples = sample(part(problem, variables, fixed), problem.k - len(fixed))
    if not len(samples.bits):
        return batch
    other = sorted(fixed + [variables[b] for b in np.flatnonzero(samples.bits[0])])
    return other if problem.value(other) > problem.value(batch) + problem.rounding else batch


def _promising(
    problem: BatchProblem, batch: Sequence[int], leaving: Sequence[int], count: int
) -> list[int]:
    """Molecules outside that add most to what stays of a batch."""
    staying = [i for i in batch if i not in leaving]
    gain: NDArray[np.float64] = problem.linear + problem.pairs[staying].sum(axis=0)
    gain[list(batch)] = -np.inf
    order = np.argsort(-gain, kind="stable")[: min(count, problem.n - problem.k)]
    return [int(i) for i in order]
