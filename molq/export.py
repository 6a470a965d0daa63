"""Leads as files: CSV, SDF with 3D structures, JSON and Parquet."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable

from molq import jsontext
from molq.leadtable import LeadTable
from screening import leadfiles, runfiles


def encode(table: LeadTable, form: str) -> bytes:
    """The leads in a file's format; CSV and SDF as in the run's own files.

    Args:
        table: the leads.
        form: ``csv``, ``sdf``, ``json`` or ``parquet``.

    Raises:
        ValueError: another format.
    """
    if form not in FORMATS:
        raise ValueError(f"unknown format {form!r}; known: {', '.join(FORMATS)}")
    return FORMATS[form](table)


def json_text(table: LeadTable) -> bytes:
    """JSON: every lead with its whole scores."""
    return jsontext.dumps(table.to_json()).encode()


def csv_text(table: LeadTable) -> bytes:
    """CSV, units in the headers; no cell is taken for a formula by a spreadsheet."""
    header, rows = leadfiles.table(table.leads, table.objectives)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([runfiles.cell(title) for title in header])
    writer.writerows([runfiles.cell(value) for value in row] for row in rows)
    return text.getvalue().encode()


def sdf_text(table: LeadTable) -> bytes:
    """SDF: the conformer that was computed, hydrogens included, and every column as a tag."""
    header, rows = leadfiles.table(table.leads, table.objectives)
    entries = (
        leadfiles.entry(lead, dict(zip(header, row, strict=True)))
        for lead, row in zip(table.leads, rows, strict=True)
    )
    return "".join(entries).encode()


def parquet(table: LeadTable) -> bytes:
    """Parquet, the columns of ``LeadTable.to_frame``."""
    buffer = io.BytesIO()
    table.to_frame().to_parquet(buffer, index=False)
    return buffer.getvalue()


FORMATS: dict[str, Callable[[LeadTable], bytes]] = {
    "csv": csv_text,
    "sdf": sdf_text,
    "json": json_text,
    "parquet": parquet,
}
