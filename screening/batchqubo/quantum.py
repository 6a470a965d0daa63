"""Batches sampled by QAOA on a backend; large problems part by part.

A problem that fits one circuit is sampled whole. A larger one is improved from a given batch:
some of its molecules and the most promising ones outside become the variables of a circuit,
all others stay as they are, and the best sample is taken where it is better. A pass puts every
molecule of the batch into one circuit; passes go on until one brings nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from screening.batchqubo.problem import BatchProblem
from simulation.quantum import backends, fixedweight
from simulation.quantum.fixedweight import Found
from simulation.quantum.qubo import QUBO
from simulation.quantum.technicalfile import Sampling

LAYERS = 2
SHOTS = 1024
WHOLE = fixedweight.MOST_QUBITS  # molecules that fit one circuit
BLOCK = 12  # variables of a circuit where they do not
MOST_CIRCUITS = 24


@dataclass(frozen=True)
class SampledBatch:
    """What the circuits of one choice gave."""

    indices: list[int]  # ascending; the start where no sample was better
    improved: bool  # on the start
    circuits: int
    qubits: int  # of the largest circuit
    kept: float  # least share of samples with the right number of ones
    records: tuple[Sampling, ...]  # of every circuit, in order


def qaoa(
    problem: BatchProblem,
    backend: backends.Backend,
    *,
    seed: int,
    start: Sequence[int],
    block: int = BLOCK,
    whole: int = WHOLE,
    layers: int = LAYERS,
    shots: int = SHOTS,
    queue_limit_s: float = 0.0,
) -> SampledBatch:
    """The best batch among the start and the samples.

    Args:
        problem: what is maximised.
        backend: where the circuits run; nothing else leaves.
        seed: of the parts, the compilations and the samplings.
        start: a batch; the circuits of a problem that is sampled whole do not depend on it.
        block: variables of a circuit where there are several, at least 2.
        whole: the most molecules for a single circuit.
        layers: p.
        shots: of each circuit.
        queue_limit_s: seconds to wait for a remote device, for each circuit.

    Raises:
        ValueError: ``start`` is not a batch of this problem.
        InputError: the backend has too few qubits or takes fewer shots.
        simulation.errors.SimulationError: the device failed, or has not answered in time.
    """
    best, value = sorted(start), problem.value(start)
    n, k = problem.n, problem.k
    most = n if backend.qubits is None else backend.qubits
    rng = np.random.default_rng(np.random.SeedSequence([seed, 3]))
    founds: list[Found] = []

    def sampled(variables: list[int], fixed: list[int], weight: int) -> bool:
        """Sample a part, the fixed ones staying; whether the best batch became better."""
        nonlocal best, value
        found = fixedweight.qaoa(
            part(problem, variables, fixed),
            weight,
            backend,
            seed=int(rng.integers(2**31)),
            layers=layers,
            shots=shots,
            queue_limit_s=queue_limit_s,
        )
        founds.append(found)
        if not len(found.samples.bits):
            return False
        batch = sorted(fixed + [variables[b] for b in np.flatnonzero(found.samples.bits[0])])
        reached = problem.value(batch)
        if reached <= value + 1e-12:
            return False
        best, value = batch, reached
        return True

    if n <= min(whole, fixedweight.MOST_QUBITS, most):
        improved = sampled(list(range(n)), [], k) if k < n else False
        return _gathered(best, improved, founds)
    size = min(block, fixedweight.MOST_QUBITS, most, n)
    chosen_at_once = max(1, min(k, size // 2))
    improved = False
    while len(founds) < MOST_CIRCUITS:
        brought = False
        waiting = [best[i] for i in rng.permutation(k)]
        while waiting and len(founds) < MOST_CIRCUITS:
            inside, waiting = waiting[:chosen_at_once], waiting[chosen_at_once:]
            outside = _promising(problem, best, inside, size - len(inside))
            if not outside:
                break
            staying = [i for i in best if i not in inside]
            if sampled(inside + outside, staying, len(inside)):
                brought = improved = True
        if not brought:
            break
    return _gathered(best, improved, founds)


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


def _promising(
    problem: BatchProblem, batch: Sequence[int], leaving: Sequence[int], count: int
) -> list[int]:
    """Molecules outside that add most to what stays of a batch."""
    staying = [i for i in batch if i not in set(leaving)]
    gain: NDArray[np.float64] = problem.linear + problem.pairs[staying].sum(axis=0)
    gain[list(batch)] = -np.inf
    order = np.argsort(-gain, kind="stable")[: min(count, problem.n - problem.k)]
    return [int(i) for i in order]


def _gathered(best: list[int], improved: bool, founds: Sequence[Found]) -> SampledBatch:
    return SampledBatch(
        best,
        improved,
        len(founds),
        max((found.record.circuit.qubits for found in founds), default=0),
        min((found.kept for found in founds), default=1.0),
        tuple(found.record for found in founds),
    )
