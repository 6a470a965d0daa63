"""``results.csv``: every row of a screen's input, in order, with its score or its reason."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from screening import runfiles
from screening.failure import Failure
from screening.intake.library import LibraryRow
from screening.runfiles import Cell
from screening.scorecolumns import ScoreColumns
from screening.store.journal import Journal
from screening.store.records import Result

CSV = "results.csv"

_ROW = ["row", "name", "input", "smiles", "inchikey", "status"]
_REASON = ["failure_kind", "failure_step", "message"]


def write(
    journal: Journal,
    recipes: Sequence[str],
    *,
    stages: Sequence[str] = (),
    folder: Path | None = None,
) -> None:
    """Write the file, whole or not at all.

    ``status`` is ``scored`` (by every recipe), ``failed`` (by one at least), ``cut`` (by
    a stage of the funnel, which the message names with the value), ``dropped`` (at intake
    or by a filter), ``duplicate`` (the values are those of the first occurrence, which the
    message names) or ``pending``.

    Args:
        journal: of the run.
        recipes: that every molecule is scored by, unless it is cut.
        stages: computed stages of the funnel, whose values stand behind those of the recipes.
        folder: where to; None for the run's.

    Raises:
        JournalError: the folder cannot be written, or a record is damaged.
    """
    names = dict.fromkeys((*recipes, *stages))
    columns = [journal.columns(recipe) for recipe in names]
    header = [*_ROW, *_REASON, *(title for part in columns for title in part.header())]
    path = (folder or journal.directory) / CSV
    runfiles.write_table(path, header, _rows(journal, columns, recipes))


def _rows(
    journal: Journal, columns: Sequence[ScoreColumns], recipes: Sequence[str]
) -> Iterator[list[Cell]]:
    for row in journal.library_rows():
        original = row if row.duplicate_of is None else journal.library_row(row.duplicate_of)
        candidate = None if original is None else original.candidate
        found: dict[str, Result] = {}
        results: dict[str, Result] = {}
        cut = ""
        cells: list[Cell] = [row.row, row.name, row.text]
        if candidate is None:
            cells += [None, None]
        else:
            cells += [candidate.smiles, candidate.inchikey]
            found = {r.recipe: r for r in journal.results_of(candidate.inchikey)}
            results = {recipe: found[recipe] for recipe in recipes if recipe in found}
            if len(results) < len(recipes):
                cut = "; ".join(
                    f"{cut.stage}: {cut.reason}" for cut in journal.cuts_of(candidate.inchikey)
                )
        status, failure, message = _verdict(row, original, results, recipes, cut)
        cells.append(status)
        cells += [failure.kind, failure.step] if failure is not None else [None, None]
        cells.append(message)
        for part in columns:
            result = found.get(part.recipe)
            cells += part.cells(None if result is None else result.score)
        yield cells


def _verdict(
    row: LibraryRow,
    original: LibraryRow | None,
    results: dict[str, Result],
    recipes: Sequence[str],
    cut: str,
) -> tuple[str, Failure | None, str]:
    """Status, failure and message of a row.

    Args:
        row: of the input.
        original: its first occurrence.
        results: by the recipes.
        recipes: that every molecule is scored by.
        cut: the stage that let it go no further, and why; "" where none did.
    """
    failures = [(name, results[name].failure) for name in recipes if name in results]
    reasons = [(name, failure) for name, failure in failures if failure is not None]
    message = "; ".join(
        f"{name}: {found.message}" if len(recipes) > 1 else found.message for name, found in reasons
    )
    failure = reasons[0][1] if reasons else None
    if original is not None and original.failure is not None:
        failure, message = original.failure, original.failure.message
    if row.duplicate_of is not None:
        note = f"same molecule as row {row.duplicate_of}"
        message = message or cut
        return "duplicate", failure, f"{note}; {message}" if message else note
    if row.failure is not None:
        return "dropped", failure, message
    if failure is not None:
        return "failed", failure, message
    if cut:
        return "cut", None, cut
    if len(results) < len(recipes):
        return "pending", None, "not evaluated yet"
    return "scored", None, "; ".join(row.notes)
