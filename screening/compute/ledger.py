"""The final words on molecules, as they go into the journal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from screening.compute.evaluation import Evaluated, Usage, one_line
from screening.compute.gate import Gate, ends_job
from screening.compute.task import Archive, Found, Task
from screening.failure import Failure
from screening.store.journal import Journal
from screening.store.records import Result


class Ledger:
    """Writes results, each once, with the address under which it is found again.

    Args:
        journal: open for writing.
        archive: calculations that were done before; None to know of none.
        gates: recipe -> the values with which a molecule goes on behind it.
    """

    def __init__(
        self, journal: Journal, archive: Archive | None, gates: Mapping[str, Gate]
    ) -> None:
        self._journal = journal
        self._archive = archive
        self._gates = gates

    def lookup(self, task: Task, recipe: str) -> Found | None:
        """A calculation that was done before."""
        if self._archive is None:
            return None
        address = self._archive.address(task.candidate, recipe)
        return self._archive.find(address) if address else None

    def take(self, task: Task, recipe: str, found: Found) -> Result:
        """The result of a calculation that was done before, written here."""
        assert self._archive is not None
        address = found.address or self._archive.address(task.candidate, recipe)
        result = _result(task, Evaluated(recipe, found.result.outcome, Usage()), 0)
        self._journal.record(result, address=address, source=found.source)
        return result

    def ends(self, result: Result) -> bool:
        """Whether a result lets its molecule go no further."""
        return ends_job(result.outcome, self._gates.get(result.recipe))

    def close(self, task: Task, result: Result, behind: Sequence[str]) -> list[Result]:
        """Write that a molecule goes no further: cut by a value, or failed with its stage."""
        key = task.candidate.inchikey
        if result.failure is None:
            score = result.outcome
            assert not isinstance(score, Failure)
            reason = self._gates[result.recipe].reason(score.value, score.unit)
            self._journal.cut(key, result.recipe, score.value, reason, task.round)
            return []
        closed = [
            one
            for one in not_begun(result, behind)
            if not self._journal.has_result(key, one.recipe)
        ]
        for one in closed:
            self._journal.record(one)
        return closed

    def finish(self, task: Task, found: Evaluated, attempt: int) -> Result:
        """Write the final word on a recipe."""
        result = _result(task, found, attempt)
        if self._archive is None or result.failure is not None:
            self._journal.record(result)
        else:
            address = self._archive.address(task.candidate, found.recipe)
            self._journal.record(result, address=address)
        return result


def not_begun(failed: Result, recipes: Sequence[str]) -> list[Result]:
    """What is said of recipes behind a stage that failed: they failed with it, unattempted."""
    assert failed.failure is not None
    cause = failed.failure
    message = one_line(f"not begun, since {failed.recipe} failed: {cause.message}")
    failure = Failure(cause.kind, cause.step, message)
    return [
        Result(failed.candidate, recipe, failure, failed.round, 0, 0.0, 0.0, 0.0)
        for recipe in recipes
    ]


def _result(task: Task, found: Evaluated, attempt: int) -> Result:
    return Result(
        candidate=task.candidate,
        recipe=found.recipe,
        outcome=found.outcome,
        round=task.round,
        attempt=attempt,
        wall_seconds=found.usage.wall_seconds,
        cpu_seconds=found.usage.cpu_seconds,
        peak_memory_mb=found.usage.peak_memory_mb,
    )
