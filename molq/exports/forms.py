"""The formats: which there are, how a file's name tells one, and leads in each of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Literal, get_args

from molq.errors import CallError
from molq.exports import computed
from molq.leadtable import LeadTable, site_of
from molq.reading import one_line_errors
from screening import scorers
from screening.leadfiles import LeadColumns
from screening.objective import ObjectiveSettings
from screening.ranking import Lead
from screening.scorecolumns import titled
from screening.store import journalexport
from screening.store.journalexport import Column, Rows

Form = Literal["parquet", "csv", "sdf", "xlsx", "json", "xyz", "qcschema", "fcidump"]
FORMS: tuple[Form, ...] = get_args(Form)

BINARY: tuple[Form, ...] = ("parquet", "xlsx", "fcidump")
OF_FOLDERS: tuple[Form, ...] = ("fcidump",)
"""Formats of more files than one: a folder, or a ZIP file."""

OF_STRUCTURES: tuple[Form, ...] = ("xyz", "qcschema", "fcidump")
"""Formats of what was computed of a molecule: they need scores."""

_SUFFIXES: dict[str, Form] = {
    ".qcschema.json": "qcschema",
    ".fcidump.zip": "fcidump",
    ".fcidump": "fcidump",
    ".zip": "fcidump",
    **{f".{form}": form for form in FORMS if form not in ("qcschema", "fcidump")},
}

Listener = Callable[[str], None]


def by_name(path: Path) -> Form:
    """The format that a file's name tells.

    Raises:
        CallError: it tells none.
    """
    for suffix, form in _SUFFIXES.items():
        if path.name.lower().endswith(suffix):
            return form
    raise CallError(
        f"{path}: the name must end in {', '.join(_SUFFIXES)}, or give --format "
        f"({', '.join(FORMS)})"
    )


def file_name(what: str, form: Form) -> str:
    """What a file is called that nobody has named."""
    suffix = {"qcschema": "qcschema.json", "fcidump": "fcidump.zip"}.get(form, form)
    return f"{what}.{suffix}"


def write_leads(
    leads: Iterable[Lead],
    objectives: Sequence[ObjectiveSettings],
    form: Form,
    path: Path,
    *,
    about: Sequence[tuple[str, str]] = (),
    on_molecule: Listener | None = None,
) -> int:
    """Write ranked leads into a file, whole or not at all; the number of them.

    Args:
        leads: by rank; gone through twice at most, and not kept.
        objectives: the wishes.
        form: the format.
        path: of the file; of a folder for ``fcidump`` where no suffix tells otherwise.
        about: what a workbook says of itself, key and text.
        on_molecule: called with a line about each molecule whose integrals are made again.

    Raises:
        JournalError: the file cannot be written, or a record is damaged.
        MolqError: no integrals could be made again, or a sheet cannot hold the rows.
    """
    if form in OF_STRUCTURES:
        molecules = computed.of_leads(leads)
        return write_structures(molecules, form, path, on_molecule)
    if form == "json":
        from molq.exports import recordfile

        records = (LeadTable((lead,), tuple(objectives)).to_json()[0] for lead in leads)
        return recordfile.write(records, path)
    columns = LeadColumns.of(leads, objectives)
    if form == "sdf":
        return journalexport.lead_entries(leads, columns, path)
    rows = journalexport.leads_rows(leads, columns)
    if form == "xlsx":
        return _lead_workbook(leads, columns, rows, path, about, objectives)
    assert form == "parquet" or form == "csv"
    return journalexport.write(rows, path, form)


def write_structures(
    molecules: Iterable[computed.Computed],
    form: Form,
    path: Path,
    on_molecule: Listener | None = None,
) -> int:
    """Write what was computed of molecules, in one of ``OF_STRUCTURES``; their number.

    Raises:
        JournalError: the file cannot be written.
        MolqError: no integrals could be made again.
    """
    if form == "fcidump":
        from molq.exports import integralfiles

        other = next(
            (f for suffix, f in _SUFFIXES.items() if path.name.lower().endswith(suffix)), form
        )
        if other != form:
            raise CallError(
                f"{path} is named as a file of {other}, and {form} is many files: name a folder or "
                "a .zip file"
            )
        return integralfiles.write(molecules, path, on_molecule)
    if form == "qcschema":
        from molq.exports import schemafile

        return schemafile.write(molecules, path)
    from molq.exports import xyzfile

    return xyzfile.write(molecules, path)


def write_rows(
    table: Rows, form: Form, path: Path, *, name: str, about: Sequence[tuple[str, str]] = ()
) -> int:
    """Write a table that is no lead's; the number of its rows.

    Raises:
        CallError: its rows are no molecules, and the format is one of molecules.
        JournalError: the file cannot be written.
    """
    if form == "json":
        from molq.exports import recordfile

        return recordfile.write(recordfile.of_rows(table), path)
    if form == "xlsx":
        from molq.exports import workbook

        rows = workbook.with_structures(table)
        return workbook.write(table.columns, rows, path, name=name, about=[*_made_by(), *about])
    if form == "parquet" or form == "csv" or (form == "sdf" and table.smiles):
        return journalexport.write(table, path, form)
    raise CallError(f"the rows of {name} are no molecules: choose csv, parquet, xlsx or json")


def write_table(table: LeadTable, path: Path, form: Form | None = None) -> int:
    """Write the leads of a table into a file; the number of them.

    Args:
        table: the leads.
        path: of the file; of a folder for ``fcidump`` where it does not end in ``.zip``.
        form: None for what the file's name ends in.

    Raises:
        CallError: no such format.
        MolqError: the file cannot be written.
    """
    chosen = known(form) if form is not None else by_name(path)
    about = about_leads(table.objectives, notice=table.notice)
    with one_line_errors():
        return write_leads(table.leads, table.objectives, chosen, path, about=about)


def known(form: str) -> Form:
    """A format by its name.

    Raises:
        CallError: there is none of this name.
    """
    for one in FORMS:
        if one == form:
            return one
    raise CallError(f"unknown format {form!r}: choose one of {', '.join(FORMS)}")


def about_leads(
    objectives: Sequence[ObjectiveSettings], source: str = "", notice: str = ""
) -> list[tuple[str, str]]:
    """What a workbook of leads says of itself: the wishes, and what each recipe is.

    Args:
        objectives: the wishes.
        source: the run's folder, "" where it is not known.
        notice: what the ranking leaves out, "" for nothing.
    """
    from simulation.recipes import recipe

    lines = [("run", source)] if source else []
    lines += [("ranking", "by falling utility: the weighted geometric mean of the desirabilities")]
    for wish in objectives:
        limits = (("low", wish.low), ("high", wish.high))
        numbers = ", ".join(f"{key} {value:g}" for key, value in limits if value is not None)
        hard = ", hard" if wish.hard else ""
        lines.append(
            (f"objective {wish.name}", f"{wish.transform}, {numbers}, weight {wish.weight:g}{hard}")
        )
    for wish in objectives:
        if wish.name in recipe.names():
            known = recipe.find(wish.name)
            lines += [(wish.name, known.summary), (f"{wish.name}, how far", known.validity)]
        elif scorers.is_scorer(wish.name):
            lines.append((wish.name, scorers.find(wish.name).summary))
    return lines + ([("left out", notice)] if notice else [])


def _made_by() -> list[tuple[str, str]]:
    return [("written by", f"molq {version('molq')}")]


def _lead_workbook(
    leads: Iterable[Lead],
    columns: LeadColumns,
    rows: Rows,
    path: Path,
    about: Sequence[tuple[str, str]],
    wishes: Sequence[ObjectiveSettings],
) -> int:
    from molq.exports import workbook

    # a chemist's own file: the rules and alerts that one looks at first stand in it as well
    installed = [name for name in scorers.PROFILE if scorers.is_scorer(name)]
    beside = [name for name in installed if name not in columns.header()]
    profile = [Column(titled(name, scorers.find(name).unit), "number") for name in beside]
    profile += [Column("what they rest on", "text"), Column("computed form", "text")]

    def drawn() -> Iterable[workbook.Drawn]:
        for lead in leads:
            score = next(iter(lead.scores.values()), None)
            smiles = lead.candidate.smiles if score is None else score.smiles
            figures = [scorers.value(name, lead.candidate.smiles) for name in beside]
            cells = [*columns.row(lead), *figures, _notes(lead, installed, wishes), _form(lead)]
            yield cells, workbook.Structure(smiles, site_of(lead))

    words = [(name, scorers.find(name).summary) for name in beside]
    return workbook.write(
        [*rows.columns, *profile],
        drawn(),
        path,
        name="leads",
        about=[*_made_by(), *about, *words],
    )


def _notes(lead: Lead, profile: Sequence[str], wishes: Sequence[ObjectiveSettings]) -> str:
    """Why the scorers say what they say: alerts that matched, rules that are broken."""
    told = {wish.name: wish.settings for wish in wishes if scorers.is_scorer(wish.name)}
    names = dict.fromkeys((*told, *profile))
    notes = [scorers.note(name, lead.candidate.smiles, told.get(name)) for name in names]
    return "; ".join(dict.fromkeys(note for note in notes if note))


def _form(lead: Lead) -> str:
    """Which form was computed, beside the one that dominates at pH 7.4."""
    from simulation.computedform import computed_form

    score = next(iter(lead.scores.values()), None)
    return "" if score is None else " ".join(computed_form(score).lines())
