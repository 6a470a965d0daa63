"""The log of a run, put together from what its journal holds.

Messages are in it as they were written; that a round began or a molecule was finished is
told by the records of rounds and results, which carry their time, so that it stands nowhere
twice.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass

from molq.uncertainty import stated
from screening.store.journal import Journal
from screening.store.records import Ending, RoundRecord


@dataclass(frozen=True)
class LogLine:
    """One line."""

    time: str  # UTC, ISO 8601
    kind: str  # "run", "library", "round", "scored", "failed", ...
    message: str


class RunLog:
    """Tells each line once, however often it is asked while the run goes on."""

    def __init__(self) -> None:
        self._events = 0  # ids are counted from 1
        self._result = 0
        self._rounds: set[tuple[int, str]] = set()
        self._marks: set[str] = set()

    def new(self, journal: Journal) -> Iterator[LogLine]:
        """What the journal holds now and was not told before, in order of time.

        Results are read one by one: a run of a million needs no memory for them.
        """
        ordered = heapq.merge(
            self._beginning(journal),
            self._messages(journal),
            iter(sorted(self._round_lines(journal), key=_when)),
            self._results(journal),
            key=_when,
        )
        yield from ordered
        yield from self._mark(journal, "finished", "the run has come to its end")

    def _beginning(self, journal: Journal) -> Iterator[LogLine]:
        if "created" not in self._marks:
            self._marks.add("created")
            yield LogLine(journal.created, "run", f"a {journal.kind} was begun")

    def _messages(self, journal: Journal) -> Iterator[LogLine]:
        for event in journal.events(after=self._events):
            self._events += 1
            yield LogLine(event.time, event.kind, event.message)

    def _round_lines(self, journal: Journal) -> Iterator[LogLine]:
        for record in journal.rounds():
            for what, time, text in _of_round(record):
                if (record.round, what) not in self._rounds:
                    self._rounds.add((record.round, what))
                    yield LogLine(time, "round", text)

    def _results(self, journal: Journal) -> Iterator[LogLine]:
        for ending in journal.endings(after=self._result):
            self._result = ending.id
            kind = "failed" if ending.failure else "scored"
            yield LogLine(ending.time, kind, _told(ending))

    def _mark(self, journal: Journal, key: str, text: str) -> Iterator[LogLine]:
        time = journal.marked(key)
        if time is not None and key not in self._marks:
            self._marks.add(key)
            yield LogLine(time, "run", text)


def _when(line: LogLine) -> str:
    return line.time


def _of_round(record: RoundRecord) -> Iterator[tuple[str, str, str]]:
    notes = "".join(f"; {n}" for n in (record.surrogate_note, record.generator_note) if n)
    begun = f"round {record.round} begun, {record.pool_size} molecules to choose from{notes}"
    yield "begun", record.started, begun
    if record.finished is not None:
        best = record.summary.get("best_utility")
        reached = f", best utility {best:.3f}" if best is not None else ""
        yield "finished", record.finished, f"round {record.round} finished{reached}"


def _told(ending: Ending) -> str:
    if ending.value is None or ending.failure:
        outcome = ending.failure
    else:
        outcome = f"{stated(ending.value, ending.standard_error)} {ending.unit}".rstrip()
    return f"{ending.molecule}  {ending.recipe} {outcome}  {ending.wall_seconds:.1f} s"
