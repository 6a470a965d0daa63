"""Where jobs run: the interface, and the one that computes in this very process."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from screening.compute.evaluation import Evaluated, Evaluation, Job, Usage, decode, encode
from screening.compute.gate import Gate, ends_job
from simulation.settings import SimulationSettings

MOST_PER_JOB_MB = 8000
"""Memory of one calculation that nobody has set a limit for, where there is plenty."""


@dataclass(frozen=True)
class Limits:
    """What one calculation may use."""

    time_limit_s: float  # s, wall clock
    memory_limit_mb: int  # MB, resident
    largest_memory_mb: int  # MB; no machine at hand gives one calculation more
    checkpoints: Path | None = None  # where jobs keep checkpoints, meant from the run's folder


@dataclass(frozen=True)
class Completed:
    """A job that is over, and what came of its recipes.

    There is one outcome at least. Where the process ended at a recipe, or the molecule
    did not pass its gate, those behind it were not begun and have none.
    """

    job: Job
    outcomes: tuple[Evaluated, ...]
    node: str = ""  # host that computed it, "" where that is not known


class Executor(Protocol):
    """Where jobs run. A virtual or an in-process one stands in for Ray in tests."""

    @property
    def capacity(self) -> int:
        """Jobs worth having in flight at a time."""
        ...

    @property
    def limits(self) -> Limits:
        """Of one calculation, before any retry."""
        ...

    def submit(self, job: Job) -> None:
        """Start a job, or queue it; returns at once."""
        ...

    def wait(self, timeout_s: float) -> list[Completed]:
        """What is done, waiting for the first up to so many seconds.

        What it returned is forgotten only at the next call: an interrupt in
        between loses nothing, and the next call may return it again.
        """
        ...

    def cancel(self) -> None:
        """Stop every job in flight and forget it."""
        ...


class Inline:
    """Runs each job in this very process, without limits: for tests and single scores."""

    def __init__(self, capacity: int = 1) -> None:
        self.capacity = capacity
        self.limits = Limits(3600.0, MOST_PER_JOB_MB, MOST_PER_JOB_MB)
        self._queue: list[Job] = []

    def submit(self, job: Job) -> None:
        """Queue the job."""
        self._queue.append(job)

    def wait(self, timeout_s: float) -> list[Completed]:
        """Compute the oldest job of the queue, unless there is no time at all."""
        if not self._queue or timeout_s <= 0:
            return []
        job = self._queue.pop(0)
        settings = SimulationSettings.model_validate(job.settings)
        molecule = Evaluation(job.smiles, settings, job.seed, checkpoint=job.checkpoint)
        outcomes = []
        for recipe in job.recipes:
            begun, cpu = time.monotonic(), time.process_time()
            # Through text, as from a worker: what is journalled is what was read back.
            text = encode(molecule.outcome(recipe, job.sources.get(recipe)))
            usage = Usage(time.monotonic() - begun, time.process_time() - cpu, 0.0)
            outcomes.append(Evaluated(recipe, decode(text), usage))
            limits = job.gates.get(recipe)
            if limits is not None and ends_job(outcomes[-1].outcome, Gate(*limits)):
                break
        return [Completed(job, tuple(outcomes))]

    def cancel(self) -> None:
        """Forget the queue."""
        self._queue.clear()
