"""Library intake: every input row becomes a candidate, a duplicate or a typed failure."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from screening.candidate import Candidate
from screening.failure import Failure
from screening.intake import datasource, sdf
from screening.intake.columns import Layout, find_layout, is_placeholder
from screening.intake.datasource import DataPath
from screening.intake.delimited import (
    DamagedFileError,
    Delimiter,
    Line,
    Record,
    read_lines,
    records,
)
from screening.intake.firstrows import FirstRows
from screening.intake.libraryerror import LibraryError
from screening.intake.standardise import MAX_HEAVY_ATOMS, Parent
from screening.intake.structure import Structure

__all__ = [
    "MAX_NAME",
    "MAX_TEXT",
    "Entry",
    "LibraryError",
    "LibraryRow",
    "LibrarySettings",
    "entries",
    "library_row",
    "read",
]

MAX_TEXT = 500  # characters of a row's input kept for the results
MAX_NAME = 200  # characters

_SAMPLE_LINES = 400
_DELIMITERS: dict[str, tuple[Delimiter, ...]] = {
    ".csv": (",", ";", "\t", "|", " "),
    ".tsv": ("\t", ",", ";", " "),
    ".tab": ("\t", ",", ";", " "),
    ".txt": ("\t", ",", ";", " "),
    ".smi": ("\t", ",", ";", " "),
    ".smiles": ("\t", ",", ";", " "),
    ".ism": ("\t", ",", ";", " "),
    ".cxsmiles": ("\t", ",", ";", " "),
}
_Given = tuple[str, str, Structure | Failure]

_SMILES_FIRST = (".smi", ".smiles", ".ism", ".cxsmiles")
_SDF = (".sdf", ".sd", ".mol")
_DELIMITER_NAMES: dict[str, Delimiter] = {
    ",": ",",
    ";": ";",
    "\t": "\t",
    "|": "|",
    " ": " ",
    "\\t": "\t",
    "tab": "\t",
    "space": " ",
    "comma": ",",
    "semicolon": ";",
}


class LibrarySettings(BaseModel):
    """Where the molecules come from: the ``[library]`` table of a campaign."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: DataPath = Field(
        description="CSV, TSV, SMI, TXT or SDF file, each may be gzip-compressed: a path, or a URI "
        "(https://, s3://, gs://, file://) that is fetched when a run begins"
    )
    smiles_column: str | None = Field(
        default=None,
        description="header of the SMILES column, or its number from 1; null to find it",
    )
    name_column: str | None = Field(
        default=None,
        description="header of the column of names (SDF: the data field); null to find it",
    )
    delimiter: str | None = Field(
        default=None, description="',' ';' '|' 'tab' or 'space'; null to find it"
    )
    limit: int | None = Field(default=None, ge=1, description="rows read; null for all")
    max_heavy_atoms: int = Field(
        default=MAX_HEAVY_ATOMS, ge=2, le=200, description="larger molecules are refused"
    )

    @field_validator("delimiter")
    @classmethod
    def _known_delimiter(cls, value: str | None) -> str | None:
        if value is not None and value not in _DELIMITER_NAMES:
            raise ValueError(f"unknown delimiter {value!r}; use , ; | tab or space")
        return None if value is None else _DELIMITER_NAMES[value]

    @model_validator(mode="after")
    def _can_be_fetched(self) -> Self:
        # of the whole table: an error of the key itself would repeat the URI, secrets and all
        datasource.check(self.path)
        return self

    @property
    def file(self) -> Path:
        """The file on this machine.

        Raises:
            LibraryError: it is named by a URI and has not been fetched.
        """
        if isinstance(self.path, str):
            raise LibraryError(
                f"library {self.path} is not on this machine: `molq run`, `molq screen` and "
                "`molq submit` fetch it; for anything else download it and give its path"
            )
        return self.path


@dataclass(frozen=True)
class LibraryRow:
    """One row of the input: exactly one of candidate, failure and duplicate_of is given."""

    row: int  # counted from 1 over the data rows, empty ones included
    text: str  # as given (SDF: the title), at most MAX_TEXT characters
    name: str  # plain text, "" when there is none
    candidate: Candidate | None = None
    failure: Failure | None = None
    duplicate_of: int | None = None  # row of the first occurrence, by InChIKey
    notes: tuple[str, ...] = ()  # what standardisation changed


@dataclass(frozen=True)
class Entry:
    """A row as read, before anybody looked at its molecule."""

    row: int  # counted from 1 over the data rows, empty ones included
    text: str  # as given (SDF: the title), at most MAX_TEXT characters
    name: str  # plain text, "" when there is none
    structure: Structure | Failure


def read(library: LibrarySettings | str | Path) -> Iterator[LibraryRow]:
    """The rows of a library in their order, one at a time.

    Every row yields exactly one ``LibraryRow``; empty rows count. Nothing in the
    file is ever executed: names are plain text.

    Raises:
        LibraryError: at once, when the file is missing, of an unknown format, or
            without a column of SMILES; while reading, when there is no room for a
            temporary file.
    """
    if not isinstance(library, LibrarySettings):
        library = LibrarySettings(path=Path(library))
    return _rows(entries(library), library.max_heavy_atoms)


def entries(settings: LibrarySettings, *, after: int = 0) -> Iterator[Entry]:
    """The rows behind a row, in their order, without any chemistry.

    Raises:
        LibraryError: at once, when the file is missing, of an unknown format, or
            without a column of SMILES.
    """
    numbered = enumerate(itertools.islice(_given(settings), settings.limit), 1)
    return (
        Entry(row, _shown(text), _plain(name)[:MAX_NAME], structure)
        for row, (text, name, structure) in numbered
        if row > after
    )


def library_row(entry: Entry, parent: Parent | Failure, first_rows: FirstRows) -> LibraryRow:
    """What a row is, its molecule's standard form known.

    Args:
        entry: the row.
        parent: of its molecule.
        first_rows: of the molecules above; takes up this one.

    Raises:
        LibraryError: there is no room to note the molecule.
    """
    row, text, name = entry.row, entry.text, entry.name
    if isinstance(parent, Failure):
        return LibraryRow(row, text, name, failure=parent)
    first = first_rows.first(parent.inchikey, row)
    if first != row:
        return LibraryRow(row, text, name, duplicate_of=first, notes=parent.notes)
    found = Candidate(parent.inchikey, parent.smiles, name, "library", row)
    return LibraryRow(row, text, name, candidate=found, notes=parent.notes)


def _rows(rows: Iterable[Entry], max_heavy_atoms: int) -> Iterator[LibraryRow]:
    with closing(FirstRows()) as first_rows:
        for entry in rows:
            given = entry.structure
            parent = given if isinstance(given, Failure) else given.parent(max_heavy_atoms)
            yield library_row(entry, parent, first_rows)


def _shown(text: str) -> str:
    """The input as it can be written anywhere: control characters become U+FFFD."""
    return re.sub(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", "\ufffd", text[:MAX_TEXT])


def _plain(name: str) -> str:
    """A name on one line: control characters and runs of white space become one space."""
    return re.sub(r"[\s\x00-\x1f\x7f-\x9f]+", " ", name).strip()


def _given(settings: LibrarySettings) -> Iterator[_Given]:
    """What each row gives: its text, its name, its structure."""
    path = settings.file
    suffix = _format(path)
    try:
        with path.open("rb") as file:
            head = file.read(4)
    except FileNotFoundError as error:
        raise LibraryError(f"library {path} does not exist; check the path") from error
    except IsADirectoryError as error:
        raise LibraryError(f"library {path} is a folder; give a file") from error
    except OSError as error:
        raise LibraryError(f"library {path} cannot be read: {error.strerror}") from error
    if head[:2] == b"PK":
        raise LibraryError(f"library {path} is a zip or Excel file; export it as CSV")
    if suffix in _SDF:
        if settings.smiles_column is not None or settings.delimiter is not None:
            raise LibraryError(f"library {path} is an SDF: leave out smiles_column and delimiter")
        return _of_sdf(settings)
    return _of_table(settings, _layout(settings, suffix))


def _format(path: Path) -> str:
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] == ".gz":
        suffixes.pop()
    suffix = suffixes[-1] if suffixes else ""
    if suffix not in _DELIMITERS and suffix not in _SDF:
        raise LibraryError(
            f"library {path} has an unknown format {suffix!r}; "
            "give .csv, .tsv, .smi, .txt or .sdf, each may end in .gz"
        )
    return suffix


def _layout(settings: LibrarySettings, suffix: str) -> Layout:
    path = settings.file
    lines: list[Line] = []
    try:
        for line in read_lines(path):
            lines.append(line)
            if len(lines) == _SAMPLE_LINES:
                break
    except DamagedFileError as error:
        if not lines:
            raise LibraryError(f"library {path}: {error}") from error
    if not any(line.text.strip() for line in lines):
        raise LibraryError(f"library {path} is empty")
    delimiters = _DELIMITERS[suffix]
    if settings.delimiter is not None:
        delimiters = (_DELIMITER_NAMES[settings.delimiter],)
    try:
        return find_layout(
            lines,
            delimiters,
            settings.smiles_column,
            settings.name_column,
            smiles_first=suffix in _SMILES_FIRST,
        )
    except ValueError as error:
        raise LibraryError(f"library {path}: {error}") from error


def _of_table(settings: LibrarySettings, layout: Layout) -> Iterator[_Given]:
    width = None if layout.header is None else len(layout.header)
    table = records(read_lines(settings.file), layout.delimiter, width)
    waits_for_header = layout.header is not None
    try:
        for record in table:
            if waits_for_header:
                # blank lines above the header are no rows
                waits_for_header = not record.text.strip()
                continue
            yield _of_record(record, layout)
    except DamagedFileError as error:
        yield "", "", _refused(str(error))


def _of_record(record: Record, layout: Layout) -> _Given:
    if record.cut:
        message = f"a line of more than {len(record.text)} characters; is a line break missing?"
        return record.text, "", _refused(message)
    fields = record.fields
    name = ""
    if layout.name is not None and layout.name < len(fields):
        name = fields[layout.name]
        if layout.delimiter == " " and layout.header is None and layout.name == 1:
            name = " ".join(fields[1:])  # the name is the rest of the line
    if layout.smiles >= len(fields) or is_placeholder(fields[layout.smiles]):
        return record.text, name, _refused(_empty(record, layout))
    cell = fields[layout.smiles].strip()
    smiles, trailing = _smiles_and_name(cell)
    return cell, name or trailing, Structure(smiles)


def _refused(message: str) -> Failure:
    return Failure("input", "library", message)


def _empty(record: Record, layout: Layout) -> str:
    if not record.text.strip():
        return "empty: nothing in this row"
    if layout.smiles >= len(record.fields):
        return (
            f"no SMILES: it stands in column {layout.smiles + 1}, this row has {len(record.fields)}"
        )
    cell = record.fields[layout.smiles].strip()
    return f"empty: no SMILES in this row{f' ({cell[:20]!r})' if cell else ''}"


def _smiles_and_name(cell: str) -> tuple[str, str]:
    """A cell may hold ``SMILES |extension| name``."""
    parts = cell.split(None, 1)
    if len(parts) == 1:
        return parts[0], ""
    extension = re.match(r"\|[^|]*\|", parts[1])
    if extension is None:
        return parts[0], parts[1]
    return f"{parts[0]} {extension.group()}", parts[1][extension.end() :].strip()


def _of_sdf(settings: LibrarySettings) -> Iterator[_Given]:
    try:
        for record in sdf.records(read_lines(settings.file)):
            name = record.title
            if settings.name_column is not None:
                name = record.data.get(settings.name_column, "")
            if record.too_long:
                message = f"an entry of more than {sdf.MAX_RECORD} characters is not read"
                yield record.title, name, _refused(message)
            else:
                yield record.title, name, Structure(record.block, is_block=True)
    except DamagedFileError as error:
        yield "", "", _refused(str(error))
