"""XLSX: a sheet with a picture of each structure, and a sheet that says what it is.

Numbers are numbers with a format by their unit, texts are texts: nothing in a cell is taken
for a formula or a link. The header and the pictures stay in view, and every column filters.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rdkit import Chem, rdBase
from rdkit.Chem.Draw import rdMolDraw2D

from molq.errors import MolqError
from screening import runfiles
from screening.runfiles import Cell
from screening.store.journalexport import Column, Rows

if TYPE_CHECKING:
    from xlsxwriter.worksheet import Worksheet

PICTURES = 1000
"""Rows that get a picture, from the first: a workbook with more opens slowly."""

LARGEST = 1_048_576  # rows of a sheet, its header counted
_LONGEST = 32_767  # characters of a cell
_WIDTH, _HEIGHT = 360, 220  # pixels of a picture, shown at half the size: sharp when printed
_ROW_POINTS = _HEIGHT / 2 * 0.75 + 6
_PICTURE_COLUMN = _WIDTH / 2 / 7 + 1  # widths are in digits of 7 pixels
_WIDTHS = {"text": 18.0, "integer": 9.0, "number": 13.0}
_WIDE = {"smiles": 36.0, "inchikey": 30.0, "what they rest on": 40.0, "computed form": 60.0}
_FORMATS = {
    "eV": "0.000", "kcal/mol": "0.00", "mHa": "0.0000", "s": "0.0", "MB": "0", "Angstrom": "0.000",
}  # fmt: skip
_WHOLE, _FRACTION = "0", "0.000"


@dataclass(frozen=True)
class Structure:
    """What is drawn beside a row."""

    smiles: str
    site: tuple[int, ...] = ()  # heavy-atom indices to highlight


Drawn = tuple[Sequence[Cell], Structure | None]


def with_structures(table: Rows) -> Iterator[Drawn]:
    """The rows of a table, each with the molecule in it."""
    place = [column.title for column in table.columns].index(table.smiles) if table.smiles else None
    for row in table.rows:
        smiles = None if place is None else row[place]
        yield row, Structure(smiles) if isinstance(smiles, str) and smiles else None


def write(
    columns: Sequence[Column],
    rows: Iterable[Drawn],
    path: Path,
    *,
    name: str,
    about: Sequence[tuple[str, str]] = (),
) -> int:
    """Write a workbook; the number of rows.

    Args:
        columns: titles with units, and what stands in them.
        rows: cells and structures; written as they come.
        path: of the file.
        name: of the sheet.
        about: what the second sheet says, key and text.

    Raises:
        JournalError: the file cannot be written.
        MolqError: a sheet cannot hold so many rows.
    """
    from xlsxwriter import Workbook
    from xlsxwriter.exceptions import XlsxFileError

    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with runfiles.replaced_bytes(path) as file:
        book = Workbook(file, options)
        try:
            count = _fill(book, columns, rows, name)
            _explain(book, columns, [*about, ("rows", str(count)), *_drawn(columns, count)])
            book.close()
        except XlsxFileError as error:
            raise MolqError(f"{path}: cannot be written ({error})") from error
    return count


def _drawn(columns: Sequence[Column], count: int) -> list[tuple[str, str]]:
    if not _is_of_molecules(columns) or count <= PICTURES:
        return []
    return [("pictures", f"of the first {PICTURES} rows alone: with more a workbook opens slowly")]


def _is_of_molecules(columns: Sequence[Column]) -> bool:
    return any(column.title == "smiles" for column in columns)


def _fill(book: Any, columns: Sequence[Column], rows: Iterable[Drawn], name: str) -> int:
    sheet: Worksheet = book.add_worksheet(name[:31])
    top = {"valign": "vcenter"}
    head = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1})
    texts = book.add_format({**top, "text_wrap": True})
    formats = [book.add_format({**top, "num_format": _number_format(c)}) for c in columns]
    is_drawn = _is_of_molecules(columns)
    # the rank or the key stays in the first column, the picture comes beside it
    places = [0, *range(2, len(columns) + 1)] if is_drawn else list(range(len(columns)))
    for place, column in zip(places, columns, strict=True):
        sheet.set_column(place, place, _WIDE.get(column.title, _WIDTHS[column.kind]))
    if is_drawn:
        sheet.set_column(1, 1, _PICTURE_COLUMN)
    sheet.set_row(0, 48)
    titles = {place: column.title for place, column in zip(places, columns, strict=True)}
    for place in range(len(columns) + is_drawn):
        sheet.write_string(0, place, titles.get(place, "structure"), head)
    sheet.freeze_panes(1, 2 if is_drawn else 1)
    count = 0
    for cells, structure in rows:
        count += 1
        if count >= LARGEST:
            raise MolqError(
                f"a sheet holds {LARGEST - 1:,} rows at most: choose the format parquet or csv"
            )
        picture = None
        if is_drawn and structure is not None and count <= PICTURES:
            picture = png(structure)
        if picture is not None:
            sheet.set_row(count, _ROW_POINTS)
        for place, value, column, form in zip(places, cells, columns, formats, strict=True):
            _write(sheet, count, place, value, texts if column.kind == "text" else form)
            if place == 0 and picture is not None:
                assert structure is not None
                sheet.insert_image(
                    count, 1, f"{count}.png",
                    {
                        "image_data": io.BytesIO(picture), "x_scale": 0.5, "y_scale": 0.5,
                        "x_offset": 3, "y_offset": 3, "object_position": 1,
                        "description": structure.smiles,
                    },
                )  # fmt: skip
    sheet.autofilter(0, 0, count, len(columns) - 1 + is_drawn)
    sheet.set_landscape()
    sheet.repeat_rows(0)
    sheet.fit_to_pages(1, 0)
    return count


def _write(sheet: Worksheet, row: int, place: int, value: Cell, form: Any) -> None:
    if isinstance(value, str):
        text = value if len(value) <= _LONGEST else value[: _LONGEST - 1] + "…"
        sheet.write_string(row, place, text, form)
    elif value is None or not math.isfinite(value):
        sheet.write_blank(row, place, None, form)
    else:
        sheet.write_number(row, place, value, form)


def _number_format(column: Column) -> str:
    if column.kind == "integer":
        return _WHOLE
    _, bracket, unit = column.title.rpartition("[")
    return _FORMATS.get(unit.rstrip("]"), _FRACTION) if bracket else _FRACTION


def _explain(book: Any, columns: Sequence[Column], about: Sequence[tuple[str, str]]) -> None:
    sheet: Worksheet = book.add_worksheet("about")
    wrapped = book.add_format({"text_wrap": True, "valign": "top"})
    bold = book.add_format({"bold": True, "valign": "top"})
    sheet.set_column(0, 0, 26)
    sheet.set_column(1, 1, 100)
    for row, (key, text) in enumerate(about):
        sheet.write_string(row, 0, key, bold)
        sheet.write_string(row, 1, text[:_LONGEST], wrapped)


def png(structure: Structure) -> bytes | None:
    """The drawing of a structure, None where RDKit does not read its SMILES."""
    from molq import depiction

    with rdBase.BlockLogs():
        molecule = Chem.MolFromSmiles(structure.smiles)
    if molecule is None:
        return None
    site = [atom for atom in structure.site if 0 <= atom < molecule.GetNumAtoms()]
    depiction.lay_out(molecule, site)
    chosen = set(site)
    bonds = [
        bond.GetIdx()
        for bond in molecule.GetBonds()
        if bond.GetBeginAtomIdx() in chosen and bond.GetEndAtomIdx() in chosen
    ]
    drawer = rdMolDraw2D.MolDraw2DCairo(_WIDTH, _HEIGHT)
    options: Any = drawer.drawOptions()
    options.setHighlightColour(depiction.HIGHLIGHT)
    options.fixedBondLength = 36
    options.prepareMolsBeforeDrawing = False
    prepared = rdMolDraw2D.PrepareMolForDrawing(molecule, addChiralHs=False)
    drawer.DrawMolecule(prepared, highlightAtoms=site, highlightBonds=bonds)
    drawer.FinishDrawing()
    data: bytes = drawer.GetDrawingText()
    return data
