"""One batch problem, several ways to solve it, one objective value for all."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from screening.batchqubo.annealing import annealing
from screening.batchqubo.exact import exact
from screening.batchqubo.greedy import GUARANTEE, greedy
from screening.batchqubo.problem import BatchProblem

if TYPE_CHECKING:
    from simulation.quantum.technicalfile import Sampling

Solver = Literal["greedy", "annealing", "exact", "qaoa"]
SOLVERS: tuple[Solver, ...] = ("greedy", "annealing", "exact", "qaoa")


@dataclass(frozen=True)
class BatchChoice:
    """A batch, and what its choice took."""

    indices: tuple[int, ...]  # greedy: in the order of choosing; else by falling quality
    value: float  # of ``BatchProblem.value``, in the unit of the quality
    solver: Solver
    seconds: float  # CPU
    note: str  # one sentence: what is promised, what was found
    bound: float | None = None  # no batch has a greater value; None where nothing is proven
    records: tuple[Sampling, ...] = ()  # of circuits, for a technical file


def solve(
    problem: BatchProblem,
    *,
    solver: Solver = "greedy",
    seed: int = 0,
    backend: str = "exact",
    queue_limit_s: float = 0.0,
) -> BatchChoice:
    """Choose the batch.

    Args:
        problem: what is maximised.
        solver: ``greedy`` (at least half of the best dispersion), ``annealing`` (exchanges),
            ``exact`` (branch and bound), ``qaoa`` (circuits, from the greedy batch).
        seed: the same seed gives the same batch, but on a real device.
        backend: where the circuits of ``qaoa`` run, e.g. ``exact``, ``aer``, ``fake:manila``.
        queue_limit_s: seconds to wait for a remote device, for each circuit; its job is
            found again by the next call.

    Raises:
        ValueError: an unknown solver.
        InputError: the backend is unknown or too small.
        simulation.errors.SimulationError: the device failed, or has not answered in time.
    """
    begun = time.process_time()
    bound: float | None = None
    records: tuple[Sampling, ...] = ()
    if solver == "greedy":
        found = greedy(problem)
        note = f"greedy; at least {GUARANTEE:g} of the best dispersion"
    elif solver == "annealing":
        found = _by_quality(problem, annealing(problem, seed=seed))
        note = "simulated annealing by exchanges, at least as good as greedy"
    elif solver == "exact":
        proven = exact(problem, seed=seed)
        found, bound = _by_quality(problem, proven.indices), proven.bound
        note = (
            f"proven best in {proven.nodes} nodes"
            if proven.proven
            else f"not proven best: stopped after {proven.nodes} nodes, "
            f"at most {proven.bound - problem.value(found):.3g} below the best"
        )
    elif solver == "qaoa":
        # qiskit is loaded where it is needed
        from screening.batchqubo.quantum import qaoa
        from simulation.quantum import backends

        sampled = qaoa(
            problem,
            backends.find(backend),
            seed=seed,
            start=greedy(problem),
            queue_limit_s=queue_limit_s,
        )
        found, records = _by_quality(problem, sampled.indices), sampled.records
        gain = "better than greedy" if sampled.improved else "nothing better than greedy"
        note = (
            f"QAOA on {backend} (circuits: {len(records)}, the largest of {sampled.qubits} "
            f"qubits): {gain}"
        )
        if sampled.kept < 1:
            note += f"; as few as {sampled.kept:.0%} of a circuit's samples had the right size"
    else:
        raise ValueError(f"unknown solver {solver!r}; there are {', '.join(SOLVERS)}")
    seconds = time.process_time() - begun
    return BatchChoice(tuple(found), problem.value(found), solver, seconds, note, bound, records)


def compare(
    problem: BatchProblem,
    solvers: Sequence[Solver] = SOLVERS,
    *,
    seed: int = 0,
    backend: str = "exact",
    queue_limit_s: float = 0.0,
) -> tuple[BatchChoice, ...]:
    """The choices of several solvers on one problem, in the order asked for.

    Raises:
        ValueError: an unknown solver.
        simulation.errors.SimulationError: a quantum solver's, as ``solve``.
    """
    return tuple(
        solve(problem, solver=s, seed=seed, backend=backend, queue_limit_s=queue_limit_s)
        for s in solvers
    )


def _by_quality(problem: BatchProblem, batch: list[int]) -> list[int]:
    return sorted(batch, key=lambda i: (-problem.quality[i], i))
