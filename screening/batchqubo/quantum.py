"""Batches sampled by QAOA on a backend: whole, or part by part where they do not fit a circuit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from screening.batchqubo import decomposition
from screening.batchqubo.problem import BatchProblem
from simulation.quantum import fixedweight
from simulation.quantum.backends import Backend
from simulation.quantum.fixedweight import Found
from simulation.quantum.qubo import QUBO, Samples
from simulation.quantum.technicalfile import Sampling

LAYERS = 2
SHOTS = 1024
WHOLE = fixedweight.MOST_QUBITS  # molecules that fit one circuit
BLOCK = 12  # variables of a circuit where they do not


@dataclass(frozen=True)
class SampledBatch:
    """What the circuits of one choice gave."""

    indices: list[int]  # ascending; the start where no sample was better
    improved: bool  # on the start
    qubits: int  # of the largest circuit
    kept: float  # least share of a circuit's samples with the right number of ones
    records: tuple[Sampling, ...]  # of every circuit, in order


def qaoa(
    problem: BatchProblem,
    backend: Backend,
    *,
    seed: int,
    start: Sequence[int],
    block: int = BLOCK,
    whole: int = WHOLE,
    layers: int = LAYERS,
    shots: int = SHOTS,
    queue_limit_s: float = 0.0,
) -> SampledBatch:
    """The best batch among the start and the samples; see ``decomposition.improved``.

    Args:
        problem: what is maximised.
        backend: where the circuits run; nothing else leaves.
        seed: of the parts, the compilations and the samplings.
        start: a batch; the circuits of a problem that is sampled whole do not depend on it.
        block: variables of a circuit where there are several, at least 2; fewer on a device
            with fewer qubits.
        whole: the most molecules for a single circuit, at most ``fixedweight.MOST_QUBITS``.
        layers: p.
        shots: of each circuit.
        queue_limit_s: seconds to wait for a remote device, for each circuit.

    Raises:
        ValueError: ``start`` is not a batch of this problem.
        InputError: the backend takes fewer shots.
        simulation.errors.SimulationError: the device failed, or has not answered in time.
    """
    most = fixedweight.MOST_QUBITS if backend.qubits is None else backend.qubits
    rng = np.random.default_rng(np.random.SeedSequence([seed, 4]))
    founds: list[Found] = []

    def sample(qubo: QUBO, weight: int) -> Samples:
        founds.append(
            fixedweight.qaoa(
                qubo,
                weight,
                backend,
                seed=int(rng.integers(2**31)),
                layers=layers,
                shots=shots,
                queue_limit_s=queue_limit_s,
            )
        )
        return founds[-1].samples

    best = decomposition.improved(
        problem, sample, start=start, seed=seed, whole=min(whole, most), block=min(block, most)
    )
    return SampledBatch(
        best,
        problem.value(best) > problem.value(start),
        max((found.record.circuit.qubits for found in founds), default=0),
        min((found.kept for found in founds), default=1.0),
        tuple(found.record for found in founds),
    )
