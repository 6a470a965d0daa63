"""A batch chosen as a whole: good and diverse as one quadratic binary problem.

The value of each molecule alone stands on the diagonal and Tanimoto similarity off it
(``batchqubo``). A share of the batch that belongs to the generator makes it two problems, the
second beside what the first chose.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from rdkit import DataStructs

from screening import batchqubo
from screening.acquisition.pool import Pool
from screening.acquisition.selection import BatchValue
from screening.acquisition.settings import AcquisitionSettings
from screening.batch import Pick
from screening.batchqubo import BatchChoice, BatchProblem, Solver
from screening.fingerprint import morgan, similarities
from simulation.errors import ConvergenceError, ResourceError, StochasticError

if TYPE_CHECKING:  # qiskit is loaded when a circuit chooses
    from simulation.quantum.technicalfile import Sampling

CONSIDERED = 4  # times the places of the batch: how many molecules a problem holds
LEAST_CONSIDERED = 60
QUEUE_LIMIT_S = 600.0  # how long a remote device is waited for; after that annealing chooses


@dataclass(frozen=True)
class WholeBatch:
    """What was chosen, and how the solvers fared."""

    picks: tuple[Pick, ...]  # by falling value
    batches: tuple[BatchValue, ...]  # the solver in use first
    note: str  # one line
    circuits: tuple[Sampling, ...] = ()  # that chose, for a technical file


def choose_whole(
    pool: Pool,
    values: NDArray[np.float64],
    *,
    n: int,
    n_generator: int | None,
    settings: AcquisitionSettings,
    seed: int,
    beside: Sequence[str] = (),
) -> WholeBatch:
    """Choose a batch by quality and similarity.

    Args:
        pool: distinct molecules, at least one.
        values: of each, shape (molecules,).
        n: places, at least 1.
        n_generator: of them for proposals; what one origin lacks the other fills. None to
            choose by value whatever the origin.
        settings: solver, price of similarity and backend.
        seed: of the solver.
        beside: SMILES of the molecules that are being computed.

    Where a device gives no answer, annealing chooses, and the note says so.

    Raises:
        ValueError: the settings ask for no solver.
        InputError: the backend is not known or too small.
    """
    solver = _solver(settings)
    try:
        return _chosen(pool, values, n, n_generator, settings, seed, beside, solver)
    except (ConvergenceError, ResourceError, StochasticError) as error:
        # a device that gives no answer must not hold up a campaign
        whole = _chosen(pool, values, n, n_generator, settings, seed, beside, "annealing")
        return replace(whole, note=f"{solver} gave no batch ({error}); {whole.note}")


def _chosen(
    pool: Pool,
    values: NDArray[np.float64],
    n: int,
    n_generator: int | None,
    settings: AcquisitionSettings,
    seed: int,
    beside: Sequence[str],
    solver: Solver,
) -> WholeBatch:
    others: tuple[Solver, ...] = tuple(s for s in ("greedy", "annealing") if s != solver)
    prints = [morgan(smiles) for smiles in pool.smiles]
    taken = [morgan(smiles) for smiles in beside]
    chosen: list[int] = []
    found: list[tuple[BatchChoice, ...]] = []
    for rows, k in _parts(pool.proposed, n, n_generator):
        order = rows[np.argsort(-values[rows], kind="stable")]
        some = order[: max(CONSIDERED * k, LEAST_CONSIDERED)]
        own = [prints[i] for i in some]
        alike = np.array([similarities(one, own) for one in own])
        problem = BatchProblem.scaled(values[some], alike, k, settings.spread)
        if taken:
            problem = problem.beside(np.array([similarities(one, taken) for one in own]))
        found.append(
            batchqubo.compare(
                problem,
                (solver, *others),
                seed=seed,
                backend=settings.backend,
                queue_limit_s=QUEUE_LIMIT_S,
            )
        )
        chosen += [int(some[i]) for i in found[-1][0].indices]
        taken += [own[i] for i in found[-1][0].indices]
    batches = tuple(
        # of two problems the value of a batch is the mean over its molecules
        BatchValue(
            answers[0].solver,
            sum(a.value * len(a.indices) for a in answers) / len(chosen),
            sum(a.seconds for a in answers),
        )
        for answers in zip(*found, strict=True)
    )
    chosen.sort(key=lambda i: (-values[i], i))
    return WholeBatch(
        tuple(_pick(place, chosen, values, prints) for place in range(len(chosen))),
        batches,
        "; ".join(f"{answers[0].note}, value {answers[0].value:.4f}" for answers in found),
        tuple(circuit for answers in found for circuit in answers[0].records),
    )


def _solver(settings: AcquisitionSettings) -> Solver:
    if settings.batch == "sequential":
        raise ValueError("a sequential batch is not chosen as a whole; set [acquisition] batch")
    return settings.batch


def _parts(
    proposed: NDArray[np.bool_], n: int, n_generator: int | None
) -> list[tuple[NDArray[np.int64], int]]:
    """Which molecules compete for how many places, the larger part first."""
    n = min(n, len(proposed))
    if n_generator is None:
        return [(np.arange(len(proposed)), n)]
    generator, library = np.flatnonzero(proposed), np.flatnonzero(~proposed)
    own = max(min(n_generator, len(generator)), n - len(library))
    parts = [(generator, own), (library, n - own)]
    return [part for part in sorted(parts, key=lambda part: -part[1]) if part[1] > 0]


def _pick(
    place: int,
    chosen: Sequence[int],
    values: NDArray[np.float64],
    prints: Sequence[DataStructs.ExplicitBitVect],
) -> Pick:
    before = [prints[i] for i in chosen[:place]]
    nearest = float(similarities(prints[chosen[place]], before).max(initial=0.0))
    return Pick(chosen[place], float(values[chosen[place]]), nearest, False, False)
