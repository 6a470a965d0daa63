"""``molq export``: what a run holds, as files for other programs."""

from __future__ import annotations

from itertools import chain
from pathlib import Path
from typing import Literal, get_args

from molq.errors import CallError
from molq.reading import every_lead, journal_of, settings_of
from screening import leadfiles
from screening.store import journalexport
from screening.store.journalexport import FORMATS, TABLES, Format, Table

What = Literal[Table, "leads"]
WHAT: tuple[What, ...] = (*TABLES, "leads")


def export(directory: Path, what: What, path: Path, form: Format | None = None) -> int:
    """Write one of a run's tables into a file, whole or not at all.

    Rows are streamed: memory does not grow with the run.

    Args:
        directory: of the run, which may be going on.
        what: ``results``, ``library``, ``attempts``, ``rounds``, ``selections``, ``cuts`` or
            ``leads``.
        path: of the file.
        form: ``parquet``, ``csv`` or ``sdf``; None for what the file's name ends in.

    Returns:
        The number of rows.

    Raises:
        CallError: there is no run, or no such table or format of it.
        MolqError: the journal is damaged, or the file cannot be written.
    """
    if what not in get_args(Table) and what != "leads":
        raise CallError(f"a run has no table {what!r}: choose one of {', '.join(WHAT)}")
    chosen = form or _by_name(path)
    if chosen == "sdf" and what in ("attempts", "rounds", "cuts"):
        raise CallError(f"the rows of {what} are no molecules: choose csv or parquet")
    with journal_of(directory) as journal:
        file = settings_of(journal)
        if what != "leads":
            stages = journal.recipes()
            recipes = list(dict.fromkeys(chain(file.recipes, stages)))
            return journalexport.write(journalexport.rows_of(journal, what, recipes), path, chosen)
        leads = every_lead(journal, file)
        columns = leadfiles.LeadColumns.of(leads, leads.objectives)
        if chosen == "sdf":
            return journalexport.lead_entries(leads, columns, path)
        return journalexport.write(journalexport.leads_rows(leads, columns), path, chosen)


def _by_name(path: Path) -> Format:
    for form in FORMATS:
        if path.suffix == f".{form}":
            return form
    raise CallError(f"{path}: the name must end in .parquet, .csv or .sdf, or give --format")
