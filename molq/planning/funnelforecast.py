"""How many molecules reach each stage of a run, and what the stages take.

Everything uncertain is drawn: the laws of the costs from their posteriors, the share that
passes a cut or fails from a beta distribution of what was seen, the sizes of the molecules
from those the run will look at, and how busy the machine is from run to run. An interval is
that of the draws.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from molq.planning.costlaws import StepLaw
from molq.planning.estimate import Estimate
from screening.compute.costmodel import REFERENCE_ATOMS

DRAWS = 400
"""Draws behind every interval."""

LEAN = (3.0, 3.0)
"""Mean and standard deviation of the power of its size by which a campaign takes a molecule
rather than another. Which ones it will take is not known; those seen took the larger ones."""

_MOST_VARIANCE = 1.0  # of ln(time): a law of few data must not foretell the impossible
_ONE_BY_ONE = 2_000  # molecules up to which jobs are put on workers one by one
_SCHEDULES = 100  # draws of which they are

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Share:
    """A share that is not known, as a beta distribution of what was seen of it."""

    yes: float
    no: float
    source: str  # where it was seen, or that it was not

    def drawn(self, rng: np.random.Generator) -> Floats:
        """shape: (DRAWS,)"""
        return np.asarray(rng.beta(self.yes, self.no, DRAWS))


@dataclass(frozen=True)
class Stage:
    """A stage of a run, as it is foretold from."""

    name: str
    cut: str  # in words, "" for the last ones
    law: StepLaw | None = None  # None for what costs next to nothing
    share: Share | None = None  # that passes; None where a number or share is prescribed
    keep: float | None = None
    top: int | None = None
    sample: int = 0  # molecules that are computed by what is behind it, whatever the cut


@dataclass(frozen=True)
class StageForecast:
    """What is expected of a stage."""

    stage: str
    cut: str
    molecules: Estimate  # that reach it
    passing: Estimate  # that go on
    core_seconds: Estimate  # CPU s
    basis: str  # what the cost and the share rest on, one line


@dataclass(frozen=True)
class Work:
    """Everything that is computed, as draws."""

    stages: tuple[StageForecast, ...]
    core_seconds: Floats = field(repr=False)  # shape: (DRAWS,), CPU s
    evaluated: Floats = field(repr=False)  # shape: (DRAWS,), molecules that reach the last stage
    wall_seconds: Floats = field(repr=False)  # shape: (DRAWS,)
    seconds_each: Estimate  # CPU s of one molecule through all stages


@dataclass(frozen=True)
class Crew:
    """Who computes, and what waits for whom."""

    workers: int
    wall_share: float  # wall-clock seconds for each CPU second
    start_seconds: float  # until the first calculation begins
    first_job_seconds: float  # CPU s that a worker takes to come up
    between_seconds: float  # between two rounds
    rounds: tuple[int, ...]  # molecules of each round; of a screen one
    waits: bool  # a round begins when the one before it has ended


def forecast(
    sizes: Sequence[int],
    number: int,
    stages: Sequence[Stage],
    crew: Crew,
    *,
    attempts: Share,
    run_doubt: float,
    exact: bool,
    chosen: bool,
    seed: int,
    rows: tuple[int, Share] | None = None,
) -> Work:
    """Follow so many molecules through the stages.

    Args:
        sizes: heavy atoms of the molecules that they are, or are drawn from.
        number: molecules that reach the first stage.
        stages: in order; the last ones let everything pass.
        crew: who computes.
        attempts: share of the attempts that are a molecule's first.
        run_doubt: standard deviation of ln(time) of a whole run.
        exact: the molecules are these very ones, none is drawn.
        chosen: somebody chooses the molecules by what they promise, see ``LEAN``.
        seed: of the draws.
        rows: of a library of which a sample was looked at, and the share that is taken; None
            where the number is known.
    """
    rng = np.random.default_rng(seed)
    classes, places = np.unique(np.asarray(sizes, dtype=np.int64), return_counts=True)
    share = places / max(1, places.sum())
    chances = np.tile(share, (DRAWS, 1))
    if chosen and len(classes):
        lean = rng.normal(*LEAN, size=DRAWS)[:, None]
        chances *= (classes / max(1, classes.max())) ** lean
        chances /= chances.sum(axis=1, keepdims=True)
    if exact and places.sum() == number:
        alive = np.tile(places.astype(np.float64), (DRAWS, 1))
    elif number:
        alive = rng.multinomial(number, chances).astype(np.float64)
    else:
        alive = np.zeros((DRAWS, len(classes)))
    if rows is not None and number:
        alive *= (rows[0] / number * rows[1].drawn(rng))[:, None]
    busy = np.exp(rng.normal(0.0, run_doubt, DRAWS)) / attempts.drawn(rng)
    common = rng.normal(size=(DRAWS, 2))  # what nobody knows of one law he knows of none
    x = np.log(np.maximum(classes, 1) / REFERENCE_ATOMS)
    total: Floats = np.zeros(DRAWS)
    each = np.zeros((DRAWS, len(classes)))  # CPU s of a molecule that passes all stages
    variances = np.zeros((DRAWS, len(classes)))
    passed: list[StageForecast] = []
    entered = alive.sum(axis=1)
    for stage in stages:
        entered = alive.sum(axis=1)
        seconds = np.zeros(DRAWS)
        if stage.law is not None:
            mean, variance = _moments(stage.law, x, common, rng)
            seconds = (alive * mean).sum(axis=1)
            spread = np.sqrt((alive * variance).sum(axis=1))
            seconds = np.maximum(seconds + spread * rng.normal(size=DRAWS), 0.2 * seconds) * busy
            each += mean * busy[:, None]
            variances += variance * busy[:, None] ** 2
        total += seconds
        alive = _passing(alive, stage, rng)
        passed.append(
            StageForecast(
                stage.name,
                stage.cut,
                Estimate.of(entered),
                Estimate.of(alive.sum(axis=1)),
                Estimate.of(seconds),
                _basis(stage),
            )
        )
    average = (each * chances).sum(axis=1)
    loading = crew.workers * crew.first_job_seconds * busy
    total = np.where(total > 0, total + np.minimum(loading, total), 0.0)
    return Work(
        tuple(passed),
        total,
        entered,
        _wall(total, crew, rng, number, each, variances, chances),
        Estimate.of(average),
    )


def _moments(
    law: StepLaw, x: Floats, common: Floats, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Mean and variance of a molecule's CPU seconds, by draw and size."""
    known = law.cpu.posterior
    noise = np.minimum(known.rate / rng.gamma(known.shape, size=DRAWS), _MOST_VARIANCE)
    v11, v22, v12 = known.spread
    lower = np.linalg.cholesky(np.array([[v11, v12], [v12, v22]]))
    wander = np.sqrt(noise)[:, None] * (common @ lower.T)
    centre = known.centre[0] + wander[:, [0]] + (known.centre[1] + wander[:, [1]]) * x
    mean = np.exp(centre + noise[:, None] / 2)
    return mean, mean**2 * np.expm1(noise)[:, None]


def _passing(alive: Floats, stage: Stage, rng: np.random.Generator) -> Floats:
    entered = np.maximum(alive.sum(axis=1, keepdims=True), 1.0)
    if stage.share is not None:
        share = stage.share.drawn(rng)[:, None]
    elif stage.keep is not None:
        share = np.full((DRAWS, 1), stage.keep)
    elif stage.top is not None:
        share = np.minimum(1.0, stage.top / entered)
    else:
        return alive
    share = share + (1.0 - share) * np.minimum(1.0, stage.sample / entered)
    return np.asarray(alive * share)


def _basis(stage: Stage) -> str:
    parts = []
    if stage.law is not None:
        law = stage.law
        parts.append(
            f"{law.learned} calculations of the runs learned from"
            if law.learned
            else f"{law.measured} measured calculations"
            if law.measured
            else "nobody has measured it"
        )
    if stage.share is not None:
        parts.append(stage.share.source)
    return "; ".join(parts)


def _wall(
    total: Floats,
    crew: Crew,
    rng: np.random.Generator,
    number: int,
    each: Floats,
    variances: Floats,
    chances: Floats,
) -> Floats:
    """Wall-clock seconds: the jobs on the workers, and what nobody computes in."""
    rounds = [r for r in crew.rounds if r]
    idle = crew.start_seconds + crew.between_seconds * len(rounds)
    spread = total * crew.wall_share / crew.workers
    if not number or number > _ONE_BY_ONE:
        return np.asarray(idle + spread)
    ends = []
    for draw in rng.integers(0, DRAWS, _SCHEDULES):
        sizes = rng.choice(chances.shape[1], number, p=chances[draw])
        mean = np.maximum(each[draw, sizes], 1e-9)
        ln_variance = np.log1p(variances[draw, sizes] / mean**2)
        jobs = mean * np.exp(rng.normal(size=number) * np.sqrt(ln_variance) - ln_variance / 2)
        # of the same work as the draw, however it falls on the molecules
        jobs *= crew.wall_share * total[draw] / max(jobs.sum(), 1e-9)
        cut = np.cumsum(rounds)[:-1].tolist() if crew.waits else []
        ends.append(
            idle + sum(_makespan(part.tolist(), crew.workers) for part in np.split(jobs, cut))
        )
    return np.asarray(ends)


def _makespan(jobs: Sequence[float], workers: int) -> float:
    """When the last job ends, each given to the worker that comes free first."""
    free = [0.0] * min(workers, max(1, len(jobs)))
    for seconds in jobs:
        heapq.heapreplace(free, free[0] + seconds)
    return max(free)
