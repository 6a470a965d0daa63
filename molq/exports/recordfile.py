"""JSON: every record whole, written one by one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from molq import jsontext
from screening import runfiles
from screening.store.journalexport import Rows
from screening.store.records import Result


def write(records: Iterable[Any], path: Path) -> int:
    """Write a list of plain JSON values, indented; the number of them.

    Raises:
        JournalError: the file cannot be written.
    """
    count = 0
    with runfiles.replaced(path) as file:
        file.write("[")
        for record in records:
            text = jsontext.dumps(record).rstrip("\n").replace("\n", "\n  ")
            file.write((",\n  " if count else "\n  ") + text)
            count += 1
        file.write("\n]\n" if count else "]\n")
    return count


def of_results(results: Iterable[Result]) -> Iterator[dict[str, Any]]:
    """Results with their whole scores, or why there is none."""
    for result in results:
        candidate, score, failure = result.candidate, result.score, result.failure
        yield {
            "inchikey": candidate.inchikey,
            "smiles": candidate.smiles,
            "name": candidate.name,
            "origin": candidate.origin,
            "row": candidate.row,
            "recipe": result.recipe,
            "round": result.round,
            "attempt": result.attempt,
            "score": None if score is None else score.to_json(),
            "failure": None if failure is None else vars(failure),
        }


def of_rows(table: Rows) -> Iterator[dict[str, Any]]:
    """The rows of a table by the titles of its columns."""
    titles = [column.title for column in table.columns]
    for row in table.rows:
        yield dict(zip(titles, row, strict=True))
