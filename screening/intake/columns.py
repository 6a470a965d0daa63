"""Where a table keeps its SMILES: delimiter, header and columns, named or found."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rdkit import Chem, rdBase

from screening.intake.delimited import Delimiter, Line, Record, records

SAMPLE = 100  # records looked at

# In the order of trust. The weak ones also head columns of names, so content decides.
_SMILES_NAMES = (
    "smiles",
    "canonicalsmiles",
    "isomericsmiles",
    "cxsmiles",
    "smi",
    "smile",
    "smilesstring",
    "structuresmiles",
    "parentsmiles",
)
_WEAK_SMILES_NAMES = ("structure", "molecule", "mol", "compound")
_NAME_NAMES = (
    "name",
    "compoundname",
    "moleculename",
    "title",
    "id",
    "compoundid",
    "moleculeid",
    "identifier",
    "chemblid",
    "moleculechemblid",
    "zincid",
    "catalogid",
    "code",
    "cas",
)
_PLACEHOLDERS = frozenset({"", "nan", "none", "null", "n/a", "na", "#n/a", "-", "?"})
_NOT_IN_SMILES = re.compile(r"[AD-EGJKMQT-Zadf-gijkmqt-z_]")
_WORD = re.compile(r"[A-Za-z][\w .()/-]*")


@dataclass(frozen=True)
class Layout:
    """How to read a table."""

    delimiter: Delimiter
    smiles: int  # column, counted from 0
    name: int | None  # column, counted from 0; None for no names
    header: tuple[str, ...] | None  # as written; None when the first line is data


def is_placeholder(cell: str) -> bool:
    """Whether a cell stands for nothing: empty, ``nan``, ``None`` and the like."""
    return cell.strip().lower() in _PLACEHOLDERS


def find_layout(
    lines: Sequence[Line],
    delimiters: Sequence[Delimiter],
    smiles_column: str | None,
    name_column: str | None,
    *,
    smiles_first: bool = False,
) -> Layout:
    """The layout of a table whose first lines these are.

    Args:
        lines: the first lines of the file.
        delimiters: the ones to try, in this order.
        smiles_column: header of the SMILES column, or its number counted from 1.
        name_column: the same for the names.
        smiles_first: the format says that SMILES stand first, so that is assumed
            when nothing can be recognised.

    Raises:
        ValueError: there is no such column, or no column of SMILES; one clear line.
    """
    tables = [(delimiter, _sample(lines, delimiter)) for delimiter in delimiters]
    if smiles_column is not None:
        return _named(tables, smiles_column, name_column)
    headed = _by_header(tables)
    if headed is not None:
        delimiter, column, header = headed
        return Layout(delimiter, column, _name(header, column, name_column), header)
    for delimiter, sample in tables:
        found = _by_content(sample)
        if found is not None:
            return _by_number(delimiter, sample, found, name_column)
    if smiles_first:
        delimiter = delimiters[-1] if delimiters[-1] == " " else delimiters[0]
        return _by_number(delimiter, dict(tables)[delimiter], 0, name_column)
    first = ", ".join(repr(cell[:40]) for cell in tables[0][1][0].fields[:8])
    raise ValueError(f"no column of SMILES found (first line: {first}); name it with smiles_column")


def _sample(lines: Sequence[Line], delimiter: Delimiter) -> list[Record]:
    filled = (record for record in records(lines, delimiter) if record.text.strip())
    return [record for _, record in zip(range(SAMPLE), filled, strict=False)]


def _key(cell: str) -> str:
    return re.sub(r"[^a-z0-9]", "", cell.lower())


def _index(header: Sequence[str], wanted: str) -> int | None:
    """The column headed so: exactly, else in any case and punctuation."""
    stripped = [cell.strip() for cell in header]
    if wanted in stripped:
        return stripped.index(wanted)
    keys = [_key(cell) for cell in header]
    return keys.index(_key(wanted)) if _key(wanted) in keys and _key(wanted) else None


def _named(
    tables: Sequence[tuple[Delimiter, list[Record]]], smiles_column: str, name_column: str | None
) -> Layout:
    for delimiter, sample in tables:
        header = sample[0].fields
        column = _index(header, smiles_column)
        if column is not None:
            return Layout(delimiter, column, _name(header, column, name_column), header)
    if smiles_column.isdecimal() and int(smiles_column) >= 1:
        number = int(smiles_column) - 1
        wide = [(d, sample) for d, sample in tables if 2 * _filled(sample, number) >= len(sample)]
        if wide:
            delimiter, sample = max(wide, key=lambda table: _fraction(table[1], number))
            return _by_number(delimiter, sample, number, name_column)
    header = max((sample[0].fields for _, sample in tables), key=len)
    columns = ", ".join(cell.strip()[:40] for cell in header[:20])
    raise ValueError(f"no column {smiles_column!r}; the first line has: {columns}")


def _by_number(
    delimiter: Delimiter, sample: list[Record], column: int, name_column: str | None
) -> Layout:
    first = sample[0].fields
    if _is_header(first, column):
        return Layout(delimiter, column, _name(first, column, name_column), first)
    if name_column is None:
        others = [i for i in range(max(len(r.fields) for r in sample)) if i != column]
        return Layout(delimiter, column, others[0] if others else None, None)
    if name_column.isdecimal() and int(name_column) >= 1:
        return Layout(delimiter, column, int(name_column) - 1, None)
    raise ValueError(
        f"no column {name_column!r}: the file has no header; give the column's number, from 1"
    )


def _name(header: Sequence[str], smiles: int, wanted: str | None) -> int | None:
    if wanted is not None:
        column = _index(header, wanted)
        if column is None and wanted.isdecimal() and 1 <= int(wanted) <= len(header):
            column = int(wanted) - 1
        if column is None:
            columns = ", ".join(cell.strip()[:40] for cell in header[:20])
            raise ValueError(f"no column {wanted!r} for names; the header has: {columns}")
        return column
    keys = [_key(cell) for cell in header]
    for known in _NAME_NAMES:
        if known in keys and keys.index(known) != smiles:
            return keys.index(known)
    return None


def _by_header(
    tables: Sequence[tuple[Delimiter, list[Record]]],
) -> tuple[Delimiter, int, tuple[str, ...]] | None:
    """Delimiter, column and header of the first table whose header names SMILES.

    White space is tried last, since headers like ``Structure (SMILES)`` hold some.
    """
    marked = [(delimiter, sample) for delimiter, sample in tables if delimiter != " "]
    spaced = [(delimiter, sample) for delimiter, sample in tables if delimiter == " "]
    for group, rules in ((marked, (_exact, _containing, _weak)), (spaced, (_exact,))):
        for rule in rules:
            for delimiter, sample in sorted(group, key=lambda t: -len(t[1][0].fields)):
                column = rule(sample)
                if column is not None and _mostly_there(sample, column):
                    return delimiter, column, sample[0].fields
    return None


def _mostly_there(sample: list[Record], column: int) -> bool:
    return 2 * _filled(sample[1:], column) >= len(sample) - 1


def _filled(sample: list[Record], column: int) -> int:
    return sum(column < len(record.fields) for record in sample)


def _exact(sample: list[Record]) -> int | None:
    keys = [_key(cell) for cell in sample[0].fields]
    return next((keys.index(known) for known in _SMILES_NAMES if known in keys), None)


def _containing(sample: list[Record]) -> int | None:
    header = sample[0].fields
    if len(header) == 1 and len(header[0].split()) > 1:
        return None
    for index, cell in enumerate(header):
        if "smiles" in _key(cell) and len(cell) <= 40:
            return index
    return None


def _weak(sample: list[Record]) -> int | None:
    for index, cell in enumerate(sample[0].fields):
        if _key(cell) in _WEAK_SMILES_NAMES and _fraction(sample[1:], index) >= 0.5:
            return index
    return None


def _by_content(sample: list[Record]) -> int | None:
    """The column that mostly parses; of several the one with the most atoms."""
    width = max(len(record.fields) for record in sample)
    best, best_atoms = None, 0
    for column in range(min(width, 200)):
        if _fraction(sample, column) < 0.5:
            continue
        atoms = sum(_atoms(record.fields[column]) for record in sample if _has(record, column))
        if atoms > best_atoms:
            best, best_atoms = column, atoms
    return best


def _has(record: Record, column: int) -> bool:
    return column < len(record.fields) and not is_placeholder(record.fields[column])


def _fraction(sample: list[Record], column: int) -> float:
    cells = [record.fields[column] for record in sample if _has(record, column)]
    return sum(_atoms(cell) > 0 for cell in cells) / len(cells) if cells else 0.0


def _atoms(cell: str) -> int:
    """Number of atoms of a text read as SMILES, 0 when it is none."""
    tokens = cell.split(None, 1)
    if not tokens or len(tokens[0]) > 1000:
        return 0
    with rdBase.BlockLogs():
        mol = Chem.MolFromSmiles(tokens[0], sanitize=False)
    return 0 if mol is None else int(mol.GetNumAtoms())


def _is_header(fields: Sequence[str], column: int) -> bool:
    """Whether a first line is a header: its cell is a word that no SMILES could be."""
    if column >= len(fields):
        return False
    cell = fields[column].strip()
    return (
        bool(_WORD.fullmatch(cell))
        and len(_NOT_IN_SMILES.findall(cell)) >= 2
        and not is_placeholder(cell)
        and _atoms(cell) == 0
    )
