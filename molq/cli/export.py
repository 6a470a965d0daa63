"""``molq export``: a run's records as files for other programs."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from molq.cli import options
from molq.cli.console import note, write_json
from molq.errors import CallError

if TYPE_CHECKING:
    from molq.exports.forms import Form

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
    if chosen is not None:
        _check_name(out, chosen)
    count = export(directory, what.value, out, chosen, top=top, on_molecule=note)
    if json:
        write_json({"what": what.value, "rows": count, "file": str(out)})
        return
    note(f"wrote {out}: {count:,} rows")


def _check_name(path: Path, form: Form) -> None:
    """That a file's name does not tell another format than the one asked for.

    Raises:
        CallError: it does.
    """
    from molq.exports.forms import by_name

    if path.suffix.lower() == ".gz":
        raise CallError(f"{path}: nothing is written compressed; leave out {path.suffix}")
    try:
        told = by_name(path)
    except CallError:
        return  # a name that tells nothing is called by --format
    if told != form and (told, form) != ("json", "qcschema"):
        raise CallError(
            f"{path} is named like {told}, and --format says {form}: leave out --format or name "
            "the file otherwise"
        )
