"""From molecules to final results: the bounded loop, its retries and its records."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from screening.candidate import Candidate
from screening.evaluation import (
    Job,
    Retry,
    Usage,
    attempt_seed,
    molecule_seed,
    next_attempt,
)
from screening.failure import Failure
from screening.journal import Journal, JournalError, Result
from screening.scheduler import Completed, Executor
from simulation.score import Score
from simulation.settings import SimulationSettings

STOPPED = "stopped before its end"
"""What the log of a run says that was interrupted and could still say so."""

_POLL_S = 1.0


@dataclass(frozen=True)
class Task:
    """A molecule and a recipe that want a final result."""

    candidate: Candidate
    recipe: str
    round: int | None = None

    @property
    def key(self) -> tuple[str, str]:
        """What identifies it in the journal."""
        return self.candidate.inchikey, self.recipe


@dataclass(frozen=True)
class Calculation:
    """What all evaluations of a run share."""

    seed: int  # the run's
    settings: SimulationSettings = field(default_factory=SimulationSettings)
    max_attempts: int = 3
    sources: dict[str, str] = field(default_factory=dict)  # recipe -> "module:attribute"


def evaluate_all(
    tasks: Iterable[Task],
    *,
    journal: Journal,
    executor: Executor,
    calculation: Calculation,
    on_result: Callable[[Result], None] | None = None,
) -> None:
    """Evaluate tasks until each has its final result in the journal.

    Tasks are drawn as workers come free, so the iterable may be long. One with
    a result is passed over, one met twice is evaluated once. Whatever ends this
    function early, all that was computed by then is journalled.

    Args:
        tasks: what to evaluate.
        journal: open for writing.
        executor: where.
        calculation: how.
        on_result: called after each new result was written.

    Raises:
        JournalError: a result cannot be written.
        KeyboardInterrupt: the user stopped the run; jobs in flight are cancelled.
    """
    _Dispatch(journal, executor, calculation, on_result or (lambda result: None)).run(iter(tasks))


@dataclass(frozen=True)
class _Flight:
    """A task in the air."""

    task: Task
    attempt_id: int
    attempt: int


class _Dispatch:
    def __init__(
        self,
        journal: Journal,
        executor: Executor,
        calculation: Calculation,
        on_result: Callable[[Result], None],
    ) -> None:
        self._journal = journal
        self._executor = executor
        self._calculation = calculation
        self._on_result = on_result
        self._retries: deque[Task] = deque()
        self._flights: dict[tuple[str, str], _Flight] = {}

    def run(self, tasks: Iterator[Task]) -> None:
        landed: list[Completed] = []
        try:
            while True:
                self._fill(tasks)
                if not self._flights and not self._retries:
                    return
                landed = self._executor.wait(_POLL_S)
                self._record(landed)
        except JournalError:
            self._executor.cancel()
            raise
        except BaseException:
            self._rescue(landed)
            raise

    def _fill(self, tasks: Iterator[Task]) -> None:
        """Start tasks until the executor has enough."""
        drawn = self._draw(tasks, self._executor.capacity - len(self._flights))
        jobs: list[Job] = []
        failed: list[Result] = []
        with self._journal.transaction():
            for task in drawn:
                failures = self._journal.failures(*task.key)
                retry = next_attempt(failures, max_attempts=self._calculation.max_attempts)
                if retry is None:
                    # An earlier session ended between the last attempt and the verdict.
                    failed.append(_result(task, failures[-1], len(failures), Usage()))
                    self._journal.record(failed[-1])
                    continue
                attempt_id, attempt = self._journal.begin_attempt(*task.key)
                self._flights[task.key] = _Flight(task, attempt_id, attempt)
                jobs.append(self._job(task, attempt, retry))
        for job in jobs:
            self._executor.submit(job)
        for result in failed:
            self._on_result(result)

    def _draw(self, tasks: Iterator[Task], room: int) -> list[Task]:
        """At most ``room`` tasks that want work, those to be tried again first."""
        drawn: dict[tuple[str, str], Task] = {}
        while len(drawn) < room:
            task = self._retries.popleft() if self._retries else next(tasks, None)
            if task is None:
                break
            known = task.key in drawn or task.key in self._flights
            if not known and not self._journal.has_result(*task.key):
                drawn[task.key] = task
        return list(drawn.values())

    def _job(self, task: Task, attempt: int, retry: Retry) -> Job:
        limits = self._executor.limits
        calculation = self._calculation
        seed = molecule_seed(calculation.seed, task.candidate.inchikey)
        memory = min(limits.memory_limit_mb * retry.resource_factor, limits.largest_memory_mb)
        return Job(
            inchikey=task.candidate.inchikey,
            smiles=task.candidate.smiles,
            recipe=task.recipe,
            settings=calculation.settings.model_dump(mode="json"),
            seed=attempt_seed(seed, retry.rung),
            attempt=attempt,
            time_limit_s=limits.time_limit_s * retry.resource_factor,
            memory_limit_mb=memory,
            source=calculation.sources.get(task.recipe),
        )

    def _record(self, landed: list[Completed]) -> None:
        """Write what landed, in one transaction, and queue what is tried again."""
        final: list[Result] = []
        again: list[Task] = []
        done: list[tuple[str, str]] = []
        with self._journal.transaction():
            for completed in landed:
                key = completed.job.inchikey, completed.job.recipe
                flight = self._flights.get(key)
                # An executor may deliver twice after an interrupt.
                if flight is None or flight.attempt != completed.job.attempt or key in done:
                    continue
                done.append(key)
                outcome = completed.outcome
                failure = outcome if isinstance(outcome, Failure) else None
                self._journal.end_attempt(flight.attempt_id, failure, completed.usage)
                if failure is not None and self._may_retry(key, failure):
                    again.append(flight.task)
                    continue
                final.append(_result(flight.task, outcome, flight.attempt, completed.usage))
                self._journal.record(final[-1])
        for key in done:
            del self._flights[key]
        self._retries.extend(again)
        for result in final:
            self._on_result(result)

    def _may_retry(self, key: tuple[str, str], failure: Failure) -> bool:
        failures = [*self._journal.failures(*key), failure]
        return next_attempt(failures, max_attempts=self._calculation.max_attempts) is not None

    def _rescue(self, landed: list[Completed]) -> None:
        """Write what is computed already, then stop what is not."""
        try:
            landed = [
                completed
                for completed in [*landed, *self._executor.wait(0.0)]
                if not self._journal.has_result(completed.job.inchikey, completed.job.recipe)
            ]
            self._record(landed)
        finally:
            self._executor.cancel()


def _result(task: Task, outcome: Score | Failure, attempt: int, usage: Usage) -> Result:
    return Result(
        candidate=task.candidate,
        recipe=task.recipe,
        outcome=outcome,
        round=task.round,
        attempt=attempt,
        wall_seconds=usage.wall_seconds,
        cpu_seconds=usage.cpu_seconds,
        peak_memory_mb=usage.peak_memory_mb,
    )
