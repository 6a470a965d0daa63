"""From molecules to final results: the bounded loop, its retries and its records."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile

from screening.compute.checkpoints import Checkpoints
from screening.compute.costmodel import CostModel, Observed
from screening.compute.evaluation import (
    Evaluated,
    Job,
    Retry,
    Usage,
    attempt_seed,
    molecule_seed,
    next_attempt,
    verdict,
    waits_for_device,
)
from screening.compute.executor import Completed, Executor
from screening.compute.ledger import Ledger, not_begun
from screening.compute.task import Archive, Calculation, Found, Task
from screening.failure import Failure
from screening.store.journal import Journal, JournalError, Result
from simulation.settings import is_simulated

__all__ = [
    "STOPPED",
    "Archive",
    "Calculation",
    "Dispatch",
    "Found",
    "Task",
    "evaluate_all",
    "forget_checkpoint",
    "not_begun",
    "waiting_note",
]

STOPPED = "stopped before its end"
"""What the log of a run says that was interrupted and could still say so."""

_POLL_S = 1.0
_LEARNED_FROM = 20_000  # attempts of earlier sessions


def evaluate_all(
    tasks: Iterable[Task | None],
    *,
    journal: Journal,
    executor: Executor,
    calculation: Calculation,
    on_result: Callable[[Result], None] | None = None,
    archive: Archive | None = None,
) -> int:
    """Evaluate tasks until each has its final result in the journal, or waits for its device.

    Tasks are drawn as workers come free, so the iterable may be long. All recipes
    of a molecule go in one job and share its geometry and mean field; only those that
    failed are tried again. A recipe with a result is passed over, one met twice is
    evaluated once. Whatever ends this function early, all that was computed by then is
    journalled.

    Args:
        tasks: what to evaluate; None where there is none yet and results may be waiting.
        journal: open for writing.
        executor: where.
        calculation: how.
        on_result: called after each new result was written.
        archive: calculations that need not be done again.

    Returns:
        The number of calculations that have no result because a remote device gave
        no answer in time; a later session asks it again.

    Raises:
        JournalError: a result cannot be written.
        KeyboardInterrupt: the user stopped the run; jobs in flight are cancelled.
    """
    dispatch = Dispatch(journal, executor, calculation, on_result, archive)
    left = iter(tasks)
    paused = False  # by a None

    def more(room: int) -> list[Task]:
        nonlocal paused
        paused = False
        drawn: list[Task] = []
        for task in left:
            if task is not None:
                drawn.append(task)
            elif drawn or dispatch.in_flight:
                paused = True
                break
            if len(drawn) == room:
                break
        return drawn

    dispatch.run(more, lambda: 0.0 if paused else _POLL_S)
    return len(dispatch.waiting)


def waiting_note(waiting: int) -> str:
    """What the log of a run says that stopped because calculations wait for their device."""
    calculations = "1 calculation waits" if waiting == 1 else f"{waiting} calculations wait"
    return f"{calculations} for a remote device; resume the run to ask it again"


@dataclass(frozen=True)
class _Flight:
    """A job in the air."""

    task: Task  # with the recipes that wait behind those of this job
    attempts: dict[str, tuple[int, int]]  # recipe -> id and number of its attempt


class Dispatch:
    """Keeps an executor filled with jobs, and the journal with what came of them.

    Args:
        journal: open for writing.
        executor: where.
        calculation: how.
        on_result: called after each new result was written.
        archive: calculations that need not be done again.

    Attributes:
        waiting: InChIKey and recipe of what has no result because a remote device gave no
            answer in time; a later session asks it again.
    """

    def __init__(
        self,
        journal: Journal,
        executor: Executor,
        calculation: Calculation,
        on_result: Callable[[Result], None] | None = None,
        archive: Archive | None = None,
    ) -> None:
        self._ledger = Ledger(journal, archive, calculation.gates)
        self._journal = journal
        self._executor = executor
        self._calculation = calculation
        self._on_result = on_result or (lambda result: None)
        self._retries: deque[Task] = deque()
        self._flights: dict[int, _Flight] = {}  # by the job's id
        self._taken: set[tuple[str, str]] = set()  # InChIKey, recipe of what is in the air
        self._settings = calculation.settings.model_dump(mode="json")
        self._waits = not is_simulated(calculation.settings.backend)
        self._costs = CostModel(
            Observed(smiles, recipe, Usage(*usage))
            for smiles, recipe, *usage in journal.usages(_LEARNED_FROM)
        )
        self._checkpoints = Checkpoints(journal.directory, executor.limits.checkpoints)
        self.waiting: set[tuple[str, str]] = set()  # InChIKey, recipe

    @property
    def in_flight(self) -> int:
        """Jobs in the air."""
        return len(self._flights)

    def run(
        self,
        more: Callable[[int], Sequence[Task]],
        patience: Callable[[], float] = lambda: _POLL_S,
    ) -> None:
        """Evaluate until nothing is in flight and ``more`` has nothing.

        Args:
            more: called when there is room for so many tasks (at least one), after all that
                is to be tried again has been; gives at most so many, each once. None now
                may become some after the next result.
            patience: seconds to wait for the next result before ``more`` is asked again.

        Raises:
            JournalError: a result cannot be written.
            KeyboardInterrupt: the user stopped the run; jobs in flight are cancelled.
        """
        landed: list[Completed] = []
        try:
            while True:
                self._fill(more)
                if not self._flights and not self._retries:
                    return
                landed = self._executor.wait(patience())
                self._record(landed)
        except JournalError:
            self._executor.cancel()
            raise
        except BaseException:
            self._rescue(landed)
            raise
        finally:
            self._checkpoints.tidy()

    def _fill(self, more: Callable[[int], Sequence[Task]]) -> None:
        """Start tasks until the executor has enough."""
        while drawn := self._draw(more, self._executor.capacity - len(self._flights)):
            self._start(drawn)

    def _start(self, drawn: Sequence[Task]) -> None:
        jobs: list[Job] = []
        final: list[Result] = []
        with self._journal.transaction():
            for task in drawn:
                failures = {r: self._failures(task, r) for r in task.recipes}
                retries: dict[str, Retry | None] = {}
                gated = False  # a value that decides whether the molecule goes on is not there
                behind: list[str] = []  # known already, if the molecule comes so far
                ended = False
                for place, recipe in enumerate(task.recipes, 1):
                    known = None if failures[recipe] else self._ledger.lookup(task, recipe)
                    if known is not None and gated:
                        behind.append(recipe)
                        continue
                    if known is not None:
                        final.append(self._ledger.take(task, recipe, known))
                    else:
                        retries[recipe] = self._retry(failures[recipe])
                        if retries[recipe] is not None:
                            gated = gated or recipe in self._calculation.gates
                            continue
                        # An earlier session ended between the last attempt and the verdict.
                        found = Evaluated(recipe, verdict(failures[recipe]), Usage())
                        final.append(self._ledger.finish(task, found, len(failures[recipe])))
                    if ended := self._ledger.ends(final[-1]):
                        final += self._ledger.close(task, final[-1], task.recipes[place:])
                        break
                if ended:
                    continue
                wanted = {r: retry for r, retry in retries.items() if retry is not None}
                if gated:
                    rest = tuple(r for r in task.recipes if r in wanted or r in behind)
                    group, retry = _with_gate(wanted)
                    jobs.append(self._begin(replace(task, recipes=rest), retry, group))
                    continue
                # One seed is one calculation. What has failed least goes first: what
                # ended the process before may end it again.
                for rung in sorted({retry.rung for retry in wanted.values()}):
                    group = [r for r, retry in wanted.items() if retry.rung == rung]
                    group.sort(key=lambda recipe: len(failures[recipe]))
                    factor = max(wanted[r].resource_factor for r in group)
                    part = replace(task, recipes=tuple(group))
                    jobs.append(self._begin(part, Retry(rung, factor), group))
        for job in jobs:
            self._executor.submit(job)
        for result in final:
            self._on_result(result)

    def _draw(self, more: Callable[[int], Sequence[Task]], room: int) -> list[Task]:
        """At most ``room`` tasks that want work, those to be tried again first.

        What was found is begun before there is a search for more.
        """
        drawn: list[Task] = []
        met: set[tuple[str, str]] = set()
        while len(drawn) < room:
            if self._retries:
                tasks: Sequence[Task] = [self._retries.popleft()]
            elif not (tasks := more(room - len(drawn))):
                break
            for task in tasks:
                key = task.candidate.inchikey
                wanted = tuple(
                    recipe
                    for recipe in task.recipes
                    if not any((key, recipe) in s for s in (met, self._taken, self.waiting))
                    and not self._journal.has_result(key, recipe)
                )
                if wanted:
                    drawn.append(replace(task, recipes=wanted))
                    met.update((key, recipe) for recipe in wanted)
            if drawn and not self._retries:
                break
        return drawn

    def _begin(self, task: Task, retry: Retry, group: Sequence[str]) -> Job:
        """Count the attempts of a job, which is then in the air.

        Args:
            task: with all recipes that are wanted of its molecule.
            retry: how it is tried.
            group: the recipes of the job; the others of the task go into a later one.
        """
        key = task.candidate.inchikey
        attempts = {recipe: self._journal.begin_attempt(key, recipe) for recipe in group}
        limits = self._executor.limits
        calculation = self._calculation
        memory = min(limits.memory_limit_mb * retry.resource_factor, limits.largest_memory_mb)
        demand = self._costs.demand(
            task.candidate.smiles,
            group,
            threads=calculation.settings.threads,
            memory_limit_mb=memory,
            waits=self._waits,
        )
        job = Job(
            id=min(attempt_id for attempt_id, _ in attempts.values()),
            inchikey=key,
            smiles=task.candidate.smiles,
            recipes=tuple(group),
            settings=self._settings,
            seed=attempt_seed(molecule_seed(calculation.seed, key), retry.rung),
            time_limit_s=limits.time_limit_s * retry.resource_factor,
            memory_limit_mb=memory,
            sources={r: s for r, s in calculation.sources.items() if r in group},
            gates={r: (g.at_least, g.at_most) for r, g in calculation.gates.items() if r in group},
            checkpoint=self._checkpoints.of(key),
            cores=demand.cores,
            # what went over a limit is not foretold any better the second time
            reserved_mb=demand.memory_mb if retry.resource_factor == 1 else memory,
        )
        self._flights[job.id] = _Flight(task, attempts)
        self._taken.update((key, recipe) for recipe in task.recipes)
        return job

    def _record(self, landed: list[Completed]) -> None:
        """Write what landed, in one transaction, and queue what is tried again."""
        final: list[Result] = []
        again: list[Task] = []
        done: list[int] = []
        finished: list[str] = []  # InChIKeys
        with self._journal.transaction():
            for completed in landed:
                flight = self._flights.get(completed.job.id)
                # An executor may deliver twice after an interrupt.
                if flight is None or completed.job.id in done:
                    continue
                done.append(completed.job.id)
                task = flight.task
                left = list(task.recipes)  # what ended the process left some unbegun
                waits = task.continues
                ended = False  # by a gate
                for found in completed.outcomes:
                    attempt_id, attempt = flight.attempts[found.recipe]
                    outcome = found.outcome
                    failure = outcome if isinstance(outcome, Failure) else None
                    self._journal.end_attempt(attempt_id, failure, found.usage, node=completed.node)
                    if failure is None or failure.kind != "input":  # those end before they cost
                        observed = Observed(task.candidate.smiles, found.recipe, found.usage)
                        self._costs.learn(observed)
                    if ended:
                        continue
                    if failure is not None and waits_for_device(failure):
                        self.waiting.add((completed.job.inchikey, found.recipe))
                        left.remove(found.recipe)
                        waits = True
                        if found.recipe in self._calculation.gates:
                            ended, left = True, []  # what is behind it waits with it
                        continue
                    if failure is not None:
                        failures = [*self._failures(task, found.recipe), failure]
                        if self._retry(failures) is not None:
                            continue
                        found = replace(found, outcome=verdict(failures))
                    left.remove(found.recipe)
                    final.append(self._ledger.finish(task, found, attempt))
                    if ended := self._ledger.ends(final[-1]):
                        final += self._ledger.close(task, final[-1], left)
                        left, waits = [], False
                if left:
                    again.append(replace(task, recipes=tuple(left)))
                elif not waits:
                    finished.append(completed.job.inchikey)
        for number in done:
            task = self._flights.pop(number).task
            self._taken -= {(task.candidate.inchikey, recipe) for recipe in task.recipes}
        for key in finished:
            self._checkpoints.forget(key)
        self._retries.extend(again)
        for result in final:
            self._on_result(result)

    def _failures(self, task: Task, recipe: str) -> list[Failure]:
        return self._journal.failures(task.candidate.inchikey, recipe)

    def _retry(self, failures: list[Failure]) -> Retry | None:
        return next_attempt(failures, max_attempts=self._calculation.max_attempts)

    def _rescue(self, landed: list[Completed]) -> None:
        """Write what is computed already, then stop what is not."""
        try:
            landed = [
                completed
                for completed in [*landed, *self._executor.wait(0.0)]
                if not self._is_recorded(completed)
            ]
            self._record(landed)
        finally:
            self._executor.cancel()

    def _is_recorded(self, completed: Completed) -> bool:
        """Whether it was written: an interrupt may come between that and its being forgotten."""
        flight = self._flights.get(completed.job.id)
        if flight is None:
            return True
        attempt_id, _ = flight.attempts[completed.outcomes[0].recipe]
        return self._journal.has_ended(attempt_id)


def forget_checkpoint(journal: Journal, executor: Executor, inchikey: str) -> None:
    """Remove what a molecule's calculations keep for a retry, if there is any."""
    Checkpoints(journal.directory, executor.limits.checkpoints).forget(inchikey)


def _with_gate(wanted: Mapping[str, Retry]) -> tuple[list[str], Retry]:
    """The recipes that go into one job with the gate before them, in order, and how.

    Nothing behind a gate is begun before its value is there. What is on the gate's own rung
    goes with it, on the same geometry; the rest waits for it.
    """
    rung = next(iter(wanted.values())).rung
    group = list(takewhile(lambda recipe: wanted[recipe].rung == rung, wanted))
    return group, Retry(rung, max(wanted[recipe].resource_factor for recipe in group))
