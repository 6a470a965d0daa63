"""One batch problem, several ways to solve it, one objective value for all."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from screening.batchqubo.annealing import annealing
from screening.batchqubo.exact import exact
from screening.batchqubo.greedy import GUARANTEE, greedy
from screening.batchqubo.problem import BatchProblem

Solver = Literal["greedy", "annealing", "exact"]
SOLVERS: tuple[Solver, ...] = ("greedy", "annealing", "exact")


@dataclass(frozen=True)
class BatchChoice:
    """A batch, and what its choice took."""

    indices: tuple[int, ...]  # greedy: in the order of choosing; else by falling quality
    value: float  # of ``BatchProblem.value``, in the unit of the quality
    solver: Solver
    seconds: float  # CPU
    note: str  # one sentence: what is promised, what was found
    bound: float | None = None  # no batch has a greater value; None where nothing is proven


def solve(
    problem: BatchProblem,
    *,
    solver: Solver = "greedy",
    seed: int = 0,
    backend: str = "exact",
) -> BatchChoice:
    """Choose the batch.

    Args:
        problem: what is maximised.
        solver: ``greedy`` (at least half of the best dispersion), ``annealing`` (exchanges),
            ``exact`` (branch and bound).
        seed: the same seed gives the same batch.
        backend: where the circuits of a quantum solver run.

    Raises:
        ValueError: an unknown solver.
    """
    begun = time.process_time()
    bound: float | None = None
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
    else:
        raise ValueError(f"unknown solver {solver!r}; there are {', '.join(SOLVERS)}")
    seconds = time.process_time() - begun
    return BatchChoice(tuple(found), problem.value(found), solver, seconds, note, bound)


def compare(
    problem: BatchProblem,
    solvers: Sequence[Solver] = SOLVERS,
    *,
    seed: int = 0,
    backend: str = "exact",
) -> tuple[BatchChoice, ...]:
    """The choices of several solvers on one problem, in the order asked for.

    Raises:
        ValueError: an unknown solver.
    """
    return tuple(solve(problem, solver=s, seed=seed, backend=backend) for s in solvers)


def _by_quality(problem: BatchProblem, batch: list[int]) -> list[int]:
    return sorted(batch, key=lambda i: (-problem.quality[i], i))
