"""``molq export``: what a run holds, as files for other programs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import chain, islice
from pathlib import Path
from typing import Literal

from molq.campaignfile import RunFile
from molq.errors import CallError
from molq.exports import computed, forms, recordfile
from molq.exports.forms import Form
from molq.reading import every_lead, journal_of, objectives_of, settings_of
from screening.ranking import Lead
from screening.store import journalexport
from screening.store.journal import Journal
from screening.store.journalexport import TABLES, Table

What = Literal[Table, "leads"]
WHAT: tuple[What, ...] = (*TABLES, "leads")

WITH_SCORES: tuple[What, ...] = ("results", "leads")


def export(
    directory: Path,
    what: What,
    path: Path,
    form: Form | None = None,
    *,
    top: int | None = None,
    on_molecule: Callable[[str], None] | None = None,
) -> int:
    """Write one of a run's tables into a file, whole or not at all.

    Rows are streamed: memory does not grow with the run, but for the pictures of a workbook.

    Args:
        directory: of the run, which may be going on.
        what: ``results``, ``library``, ``attempts``, ``rounds``, ``selections``, ``cuts``,
            ``reviews`` or ``leads``.
        path: of the file; for ``fcidump`` a folder, but where it ends in ``.zip`` or, for the only
            file, in ``.fcidump``.
        form: ``parquet``, ``csv``, ``sdf``, ``xlsx``, ``json``, ``xyz``, ``qcschema`` or
            ``fcidump``; None for what the file's name ends in.
        top: only the first leads; None for all.
        on_molecule: called with a line about each molecule whose integrals are made again.

    Returns:
        The number of rows, or of molecules where rows are none.

    Raises:
        CallError: there is no run, or no such table or format of it.
        MolqError: the journal is damaged, or the file cannot be written.
    """
    if what not in WHAT:
        raise CallError(f"a run has no table {what!r}: choose one of {', '.join(WHAT)}")
    chosen = forms.known(form) if form is not None else forms.by_name(path)
    _check(what, chosen, top)
    with journal_of(directory) as journal:
        file = settings_of(journal)
        if what == "leads":
            objectives = objectives_of(journal, file)
            return forms.write_leads(
                _First(every_lead(journal, file), top),
                objectives,
                chosen,
                path,
                about=[("what", file.name), *forms.about_leads(objectives, str(directory))],
                on_molecule=on_molecule,
            )
        recipes = list(dict.fromkeys(chain(file.recipes, journal.recipes())))
        if what == "results" and chosen in (*forms.OF_STRUCTURES, "json"):
            return _results(journal, recipes, chosen, path, on_molecule)
        rows = journalexport.rows_of(journal, what, recipes)
        return forms.write_rows(rows, chosen, path, name=what, about=_about(directory, file))


def _check(what: What, form: Form, top: int | None) -> None:
    if form in forms.OF_STRUCTURES and what not in WITH_SCORES:
        raise CallError(
            f"{form} is of what was computed: choose --what {' or '.join(WITH_SCORES)}, or another "
            "format"
        )
    if top is not None and what != "leads":
        raise CallError(f"--top is for leads, which have an order: {what} have none")


def _about(directory: Path, file: RunFile) -> list[tuple[str, str]]:
    return [("what", file.name), ("run", str(directory))]


def _results(
    journal: Journal,
    recipes: list[str],
    form: Form,
    path: Path,
    on_molecule: Callable[[str], None] | None,
) -> int:
    results = journal.iterate_results(recipes=recipes)
    if form == "json":
        return recordfile.write(recordfile.of_results(results), path)
    return forms.write_structures(computed.of_results(results), form, path, on_molecule)


class _First(Iterable[Lead]):
    """The first leads of all, read whenever they are gone through."""

    def __init__(self, leads: Iterable[Lead], top: int | None) -> None:
        self._leads, self._top = leads, top

    def __iter__(self) -> islice[Lead]:
        return islice(self._leads, self._top)
