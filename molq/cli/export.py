"""``molq export``: a run's records as files for other programs."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from molq.cli import options
from molq.cli.console import note, write_json

NAME = "export"
EPILOG = "Example: molq export runs/first --what results --format parquet"


class ExportTable(StrEnum):
    """What a run holds."""

    RESULTS = "results"
    LIBRARY = "library"
    ATTEMPTS = "attempts"
    ROUNDS = "rounds"
    SELECTIONS = "selections"
    CUTS = "cuts"
    REVIEWS = "reviews"
    LEADS = "leads"


class ExportFormat(StrEnum):
    """How it is written."""

    PARQUET = "parquet"
    CSV = "csv"
    SDF = "sdf"
    XLSX = "xlsx"
    JSON = "json"
    XYZ = "xyz"
    QCSCHEMA = "qcschema"
    FCIDUMP = "fcidump"


def command(
    directory: options.RunFolder,
    what: Annotated[ExportTable, typer.Option("--what", help="Table.")] = ExportTable.RESULTS,
    form: Annotated[
        ExportFormat | None,
        typer.Option("--format", help="Format; by default as --out ends, else parquet."),
    ] = None,
    top: Annotated[int | None, typer.Option("--top", min=1, help="Only the first leads.")] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="File; by default WHAT.FORMAT in this folder."),
    ] = None,
    json: options.Json = False,
) -> None:
    """Write what a run holds for other programs, also while it goes on.

    Titles carry units. Parquet keeps each column's type; CSV is safe to open in a
    spreadsheet; XLSX has a picture of each structure; SDF draws each molecule, and gives
    leads the geometry they were computed in. JSON has the whole records. XYZ, QCSchema and
    FCIDUMP (the integrals of every active space, made again and checked) are of results
    and leads.
    """
    from molq.exporting import export
    from molq.exports.forms import file_name, known

    if out is None:
        form = form or ExportFormat.PARQUET
        out = Path(file_name(what.value, known(form.value)))
    chosen = None if form is None else known(form.value)
    count = export(directory, what.value, out, chosen, top=top, on_molecule=note)
    if json:
        write_json({"what": what.value, "rows": count, "file": str(out)})
        return
    note(f"wrote {out}: {count:,} rows")
