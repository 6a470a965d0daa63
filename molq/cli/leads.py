"""``molq leads``: the ranked leads, and what stands behind one."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from molq.cli import options
from molq.cli.console import Column, note, write_json, write_output, write_table
from molq.errors import CallError
from molq.uncertainty import stated

if TYPE_CHECKING:
    from pathlib import Path

    from molq.leadtable import LeadColumn, LeadTable
    from screening.ranking import Lead

NAME = "leads"
EPILOG = "Example: molq leads runs/first --top 20 --format sdf --output leads.sdf"

EVERY = "all"


class LeadFormat(StrEnum):
    """How leads are printed or written."""

    TABLE = "table"
    CSV = "csv"
    SDF = "sdf"
    JSON = "json"
    PARQUET = "parquet"
    XLSX = "xlsx"
    XYZ = "xyz"
    QCSCHEMA = "qcschema"
    FCIDUMP = "fcidump"


def command(
    directory: options.RunFolder,
    top: Annotated[int | None, typer.Option("--top", min=1, help="Only the first.")] = None,
    form: Annotated[LeadFormat, typer.Option("--format", help="Format.")] = LeadFormat.TABLE,
    output: options.Output = None,
    explain: Annotated[
        str | None,
        typer.Option(
            "--explain", metavar="RANK", help="Explain one lead, by rank or InChIKey, or 'all'."
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
) -> None:
    """Print or export the ranked leads of a run, also while it goes on."""
    if json:
        if form not in (LeadFormat.TABLE, LeadFormat.JSON):
            raise CallError(f"--json and --format {form.value} contradict each other: give one")
        form = LeadFormat.JSON
    if explain is not None:
        _explain(directory, explain, top, form, output)
        return
    if form is LeadFormat.TABLE:
        if output is not None:
            files = ", ".join(one.value for one in LeadFormat if one is not LeadFormat.TABLE)
            raise CallError(f"--output needs a file's format: --format {files}")
        from molq.reading import understood
        from molq.run import Run

        table = Run.open(directory).leads(top)
        with understood(directory):
            show(table, json=False)
        return
    _write(directory, form, top, output)


def _write(directory: Path, form: LeadFormat, top: int | None, output: Path | None) -> None:
    """The leads in a file's format, into a file or on stdout: what `molq export` writes."""
    import tempfile
    from pathlib import Path

    from molq.exporting import export
    from molq.exports.forms import BINARY, OF_FOLDERS, file_name, known
    from molq.reading import check_run

    chosen = known(form.value)
    if output is None and chosen in OF_FOLDERS:
        raise CallError(f"{chosen} is many files: give --output FOLDER or --output FILE.zip")
    if output is None and chosen in BINARY and sys.stdout.isatty():
        raise CallError(f"{chosen} is binary: give --output FILE")
    check_run(directory)
    if output is not None:
        export(directory, "leads", output, chosen, top=top, on_molecule=note)
        note(f"wrote {output}")
        return
    with tempfile.TemporaryDirectory(prefix="molq-leads-") as folder:
        path = Path(folder) / file_name("leads", chosen)
        export(directory, "leads", path, chosen, top=top)
        encoded = path.read_bytes()
    write_output(encoded if chosen in BINARY else encoded.decode(), None)


def _explain(
    directory: Path, which: str, top: int | None, form: LeadFormat, output: Path | None
) -> None:
    """Explanations as text or JSON."""
    if form not in (LeadFormat.TABLE, LeadFormat.JSON):
        raise CallError(f"--explain writes text or JSON, not {form.value}: leave --format out")
    if top is not None and which != EVERY:
        raise CallError(f"--top is for --explain {EVERY}: leave one of the two out")
    from molq.jsontext import dumps
    from molq.run import Run

    run = Run.open(directory)
    found = run.explanations(top) if which == EVERY else [run.explain(which)]
    if form is LeadFormat.TABLE:
        write_output("\n\n".join(f"{one}" for one in found) + "\n" if found else "", output)
        if not found:
            note("no leads yet")
        return
    documents = [one.to_json() for one in found]
    write_output(dumps(documents if which == EVERY else documents[0]), output)


def show(table: LeadTable, *, json: bool) -> None:
    """The leads on stdout, as a table or as JSON."""
    from molq.leadtable import label

    if json:
        write_json(table.to_json())
        return
    if table.notice:
        note(table.notice)
    if not table.leads:
        note("no leads yet")
        return
    columns = table.number_columns
    optional = ("baseline", "deviation", "property")
    write_table(
        [
            Column("#", is_number=True),
            Column("molecule"),
            Column("SMILES"),
            Column("flags", is_number=True),
            *(Column(c.header, c.unit, True, c.kind in optional) for c in columns),
            Column("origin", is_optional=True),
        ],
        [
            [
                str(lead.rank),
                label(lead),
                lead.candidate.smiles,
                str(len(_flags(lead)) or "–"),
                *(_number(column, lead) for column in columns),
                table.origin(lead),
            ]
            for lead in table
        ],
    )
    for lead in table:
        for flag in _flags(lead):
            note(f"flag of {lead.rank}: {flag}")


def _flags(lead: Lead) -> list[str]:
    """What speaks against its scores, each once."""
    return list(dict.fromkeys(f for score in lead.scores.values() for f in score.flags))


def _number(column: LeadColumn, lead: Lead) -> str:
    value = column.cell(lead)
    return "–" if value is None else stated(value, column.error(lead), column.digits)
