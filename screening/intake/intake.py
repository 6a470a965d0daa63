"""The library into the journal: every row with its outcome, in bounded memory.

The chemistry is done by child processes, a few lists of rows ahead; the journal is written
here, in the order of the rows. What a run is told of a row does not depend on how many
processes there are.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, wait
from contextlib import closing
from dataclasses import replace

from screening.candidate import Candidate
from screening.compute.machine import cores
from screening.failure import Failure
from screening.intake.firstrows import FirstRows
from screening.intake.intakepool import IntakePool
from screening.intake.library import Entry, LibraryRow, LibrarySettings, entries, library_row
from screening.intake.sieve import Sieve
from screening.intake.structure import Structure
from screening.intake.verdict import Verdict, judged
from screening.progress import Event, LibraryRead
from screening.store.journal import Journal

__all__ = ["COMPLETE", "Sieve", "take_in"]

COMPLETE = "library_complete"

_CHUNK = 250  # rows a message to a process, and a commit
_CHUNK_TEXT = 1 << 18  # characters of structures a message
_ALONE = 200  # rows for which no process is started
_ORDINARY = 150  # characters of a SMILES that this process reads itself
_MOST_PROCESSES = 4  # the journal's side of a row takes about a tenth of its chemistry
_PAGE = 20_000  # molecules of an earlier session taken up at a time
_MOMENT_S = 0.2


def take_in(
    journal: Journal,
    library: LibrarySettings,
    sieve: Sieve,
    tell: Callable[[Event], None],
    *,
    processes: int | None = None,
) -> Iterator[Candidate | None]:
    """Read the library into the journal; gives each candidate that passed, once journalled.

    A later session goes on behind the last row the journal holds, and does nothing
    when that was the library's end.

    Args:
        journal: open for writing.
        library: the ``[library]`` table.
        sieve: what every molecule passes.
        tell: called with ``LibraryRead`` at the end.
        processes: that do the chemistry of a library of more than a few rows; None for
            one a core, four at most.

    Yields:
        A candidate; or None when a moment has passed without one, so that whoever waits
        for candidates can look after other things.

    Raises:
        LibraryError: the file cannot be read, no process can be started or there is no
            room for a temporary file.
        JournalError: the journal cannot be written.
    """
    if journal.marked(COMPLETE) is not None:
        return
    sieve.prepare()
    rows = entries(library, after=journal.last_library_row())
    processes = processes or min(cores(), _MOST_PROCESSES)
    judgements = _judged(rows, processes, library.max_heavy_atoms, sieve)
    with closing(FirstRows()) as first_rows, closing(judgements):
        met = ((inchikey, row) for row, inchikey in journal.library_keys())
        while page := list(itertools.islice(met, _PAGE)):
            first_rows.add(page)
            yield None
        for chunk in judgements:
            passed: list[Candidate] = []
            if chunk is not None:
                read = [_row(entry, verdict, first_rows) for entry, verdict in chunk]
                journal.add_library(read)
                passed = [
                    row.candidate
                    for row in read
                    if row.candidate is not None and row.failure is None
                ]
            yield from passed or (None,)
    journal.mark(COMPLETE, "yes")
    counts = journal.library_counts()
    tell(LibraryRead(counts["rows"], counts["passed"], counts["dropped"], counts["duplicates"]))


_Judged = list[tuple[Entry, Verdict]]


def _row(entry: Entry, verdict: Verdict, first_rows: FirstRows) -> LibraryRow:
    """The row with the sieve's verdict; it keeps its candidate beside the failure."""
    row = library_row(entry, verdict.parent, first_rows)
    if row.candidate is None or verdict.refusal is None:
        return row
    return replace(row, failure=verdict.refusal)


def _judged(
    rows: Iterator[Entry], processes: int, max_heavy_atoms: int, sieve: Sieve
) -> Generator[_Judged | None]:
    """The rows with their verdicts, list by list; None when a moment has passed."""
    # A process costs more than the chemistry of a few rows that can do no harm.
    alone: _Judged = []
    for entry in rows:
        if len(alone) == _ALONE or not _is_ordinary(entry):
            rows = itertools.chain((entry,), rows)
            break
        alone.append((entry, _verdict(entry, max_heavy_atoms, sieve)))
    else:
        if alone:
            yield alone
        return
    if alone:
        yield alone
    waiting: deque[tuple[list[Entry], Future[list[Verdict]]]] = deque()
    with IntakePool(processes, max_heavy_atoms, sieve) as pool:
        chunks = _chunks(rows)
        while True:
            for chunk in itertools.islice(chunks, 2 * processes + 1 - len(waiting)):
                waiting.append((chunk, pool.submit(_structures(chunk))))
            if not waiting:
                return
            chunk, verdicts = waiting[0]
            while not wait((verdicts,), _MOMENT_S).done:
                yield None
            waiting.popleft()
            yield _joined(chunk, verdicts.result())


def _is_ordinary(entry: Entry) -> bool:
    """Whether what a row holds is of a size that no chemistry stumbles over."""
    given = entry.structure
    return isinstance(given, Failure) or (not given.is_block and len(given.text) <= _ORDINARY)


def _verdict(entry: Entry, max_heavy_atoms: int, sieve: Sieve) -> Verdict:
    given = entry.structure
    if isinstance(given, Failure):
        return Verdict(given)
    return judged(given, max_heavy_atoms, sieve)


def _chunks(rows: Iterator[Entry]) -> Iterator[list[Entry]]:
    chunk: list[Entry] = []
    size = 0
    for entry in rows:
        chunk.append(entry)
        size += 0 if isinstance(entry.structure, Failure) else len(entry.structure.text)
        if len(chunk) == _CHUNK or size > _CHUNK_TEXT:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


def _structures(chunk: Sequence[Entry]) -> list[Structure]:
    return [entry.structure for entry in chunk if not isinstance(entry.structure, Failure)]


def _joined(chunk: Sequence[Entry], verdicts: Sequence[Verdict]) -> _Judged:
    """The verdicts beside their rows; a row without a structure has its own."""
    left = iter(verdicts)
    return [
        (entry, Verdict(entry.structure) if isinstance(entry.structure, Failure) else next(left))
        for entry in chunk
    ]
