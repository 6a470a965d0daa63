"""What a journal holds as tables for other programs: streamed, however long they are."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from rdkit import Chem, rdBase
from rdkit.Chem import AllChem

from screening import leadfiles, runfiles
from screening.failure import Failure
from screening.leadfiles import LeadColumns
from screening.ranking import Lead
from screening.runfiles import Cell
from screening.scorecolumns import ScoreColumns
from screening.store.journal import Journal
from screening.store.records import Result

if TYPE_CHECKING:
    import pyarrow as pa

Kind = Literal["text", "integer", "number"]
Table = Literal["results", "library", "attempts", "rounds", "selections", "cuts", "reviews"]
Format = Literal["parquet", "csv", "sdf"]

TABLES: tuple[Table, ...] = (
    *("results", "library", "attempts", "rounds", "selections", "cuts", "reviews"),
)
FORMATS: tuple[Format, ...] = ("parquet", "csv", "sdf")

_BATCH = 2000  # rows of a Parquet row group held in memory


@dataclass(frozen=True)
class Column:
    """A column: its title with its unit, and what stands in it."""

    title: str
    kind: Kind


@dataclass(frozen=True)
class Rows:
    """A table on its way out: its columns, its rows, and a structure for each row."""

    columns: tuple[Column, ...]
    rows: Iterator[Sequence[Cell]]
    smiles: str = ""  # title of the column that holds one, "" where rows are no molecules


def rows_of(journal: Journal, what: Table, recipes: Sequence[str]) -> Rows:
    """A table of a journal.

    Args:
        journal: open; read page by page, so that no writer waits.
        what: which.
        recipes: whose figures stand in columns of their own, where what is asked has some.
    """
    make = {
        "results": _results,
        "library": _library,
        "attempts": _attempts,
        "rounds": _rounds,
        "selections": _selections,
        "cuts": _cuts,
        "reviews": _reviews,
    }
    return make[what](journal, recipes)


def _columns(order: str, *, integer: str = "", number: str = "") -> list[Column]:
    """Columns in the order of their titles, which ``|`` keeps apart; others hold text."""
    kinds: dict[str, Kind] = {
        **dict.fromkeys(integer.split("|"), "integer"),
        **dict.fromkeys(number.split("|"), "number"),
    }
    return [Column(title, kinds.get(title, "text")) for title in order.split("|")]


def _results(journal: Journal, recipes: Sequence[str]) -> Rows:
    """One row a molecule and recipe: every figure of its score, or the failure."""
    parts = {recipe: journal.columns(recipe) for recipe in recipes}
    columns = _columns(
        "inchikey|smiles|name|origin|row|recipe|outcome|round|attempt|wall time [s]|"
        "CPU time [s]|peak memory [MB]|failure kind|failure step|failure message|source",
        integer="row|round|attempt",
        number="wall time [s]|CPU time [s]|peak memory [MB]",
    )
    for part in parts.values():
        columns += _scored(part)

    def rows() -> Iterator[Sequence[Cell]]:
        for result in journal.iterate_results(recipes=recipes):
            yield _result_row(journal, result, parts)

    return Rows(tuple(columns), rows(), "smiles")


def _scored(part: ScoreColumns) -> list[Column]:
    """The columns of a recipe's scores: numbers, but for the flags at their end."""
    *numbers, flags = part.header()
    counted = ("circuit parameters", "qubits", "two-qubit gates", "circuit depth")
    return [
        Column(title, "integer" if title.endswith(counted) else "number") for title in numbers
    ] + [Column(flags, "text")]


def _result_row(journal: Journal, result: Result, parts: dict[str, ScoreColumns]) -> list[Cell]:
    candidate, failure = result.candidate, result.failure
    came = journal.address_of(candidate.inchikey, result.recipe)
    row: list[Cell] = [candidate.inchikey, candidate.smiles, candidate.name, candidate.origin]
    row += [candidate.row, result.recipe, "scored" if failure is None else "failed"]
    row += [result.round, result.attempt, result.wall_seconds, result.cpu_seconds]
    row.append(result.peak_memory_mb)
    row += _reason(failure)
    row.append(came.source if came is not None else "")
    for recipe, part in parts.items():
        row += part.cells(result.score if recipe == result.recipe else None)
    return row


def _reason(failure: Failure | None) -> list[Cell]:
    return [None] * 3 if failure is None else [failure.kind, failure.step, failure.message]


def _library(journal: Journal, recipes: Sequence[str]) -> Rows:
    columns = _columns(
        "row|name|input|smiles|inchikey|fate|failure kind|failure step|message|duplicate of|notes",
        integer="row|duplicate of",
    )

    def rows() -> Iterator[Sequence[Cell]]:
        for row in journal.library_rows():
            failure, candidate = row.failure, row.candidate
            fate = "passed" if row.duplicate_of is None else "duplicate"
            cells: list[Cell] = [row.row, row.name, row.text]
            cells += [None, None] if candidate is None else [candidate.smiles, candidate.inchikey]
            cells.append(fate if failure is None else "dropped")
            cells += (
                [None] * 3 if failure is None else [failure.kind, failure.step, failure.message]
            )
            yield [*cells, row.duplicate_of, "; ".join(row.notes)]

    return Rows(tuple(columns), rows(), "smiles")


def _attempts(journal: Journal, recipes: Sequence[str]) -> Rows:
    columns = _columns(
        "id|inchikey|recipe|attempt|started|finished|outcome|failure kind|failure step|"
        "failure message|wall time [s]|CPU time [s]|peak memory [MB]|node",
        integer="id|attempt",
        number="wall time [s]|CPU time [s]|peak memory [MB]",
    )

    def rows() -> Iterator[Sequence[Cell]]:
        for one in journal.iterate_attempts():
            yield [
                *(one.id, one.inchikey, one.recipe, one.attempt, one.started, one.finished),
                one.outcome,
                *_reason(one.failure),
                *(one.wall_seconds, one.cpu_seconds, one.peak_memory_mb, one.node),
            ]

    return Rows(tuple(columns), rows())


def _rounds(journal: Journal, recipes: Sequence[str]) -> Rows:
    columns = _columns(
        "round|seed|pool|known result|started|finished|generator|surrogate|summary|facts",
        integer="round|pool|known result",
    )

    def rows() -> Iterator[Sequence[Cell]]:
        for one in journal.rounds():
            # a seed may have more bits than a spreadsheet or a table keeps of a number
            yield [
                *(one.round, str(one.seed), one.pool_size, one.known, one.started, one.finished),
                *(one.generator_note, one.surrogate_note),
                *(json.dumps(one.summary), json.dumps(one.facts)),
            ]

    return Rows(tuple(columns), rows())


def _selections(journal: Journal, recipes: Sequence[str]) -> Rows:
    columns = _columns(
        "round|position|inchikey|smiles|name|origin|hand|parents|predicted utility|"
        "predicted utility std|acquisition|decision|known result|reason|facts",
        integer="round|position|decision|known result",
        number="predicted utility|predicted utility std|acquisition",
    )
    for recipe in recipes:
        columns += [Column(f"{recipe} {figure}", "number") for figure in ("predicted", "std")]

    def rows() -> Iterator[Sequence[Cell]]:
        for one in journal.selections():
            of = one.candidate
            row: list[Cell] = [one.round, one.position, of.inchikey, of.smiles, of.name, of.origin]
            row += [of.hand, " ".join(of.parents), one.utility_mean, one.utility_std]
            row += [one.acquisition, one.decision, one.known, one.reason, json.dumps(one.facts)]
            for recipe in recipes:
                row += one.predicted.get(recipe, (None, None))
            yield row

    return Rows(tuple(columns), rows(), "smiles")


def _cuts(journal: Journal, recipes: Sequence[str]) -> Rows:
    columns = _columns( integer="round", number="value",
        order="inchikey|stage|value|reason|round",
    )  # fmt: skip

    def rows() -> Iterator[Sequence[Cell]]:
        for cut in journal.cuts():
            yield [cut.inchikey, cut.stage, cut.value, cut.reason, cut.round]

    return Rows(tuple(columns), rows())


def _reviews(journal: Journal, recipes: Sequence[str]) -> Rows:
    columns = _columns(
        "id|time|reviewer|inchikey|smiles|name|kind|rating|text|withdraws|left out of round",
        integer="id|rating|withdraws|left out of round",
    )

    def rows() -> Iterator[Sequence[Cell]]:
        dropped = {drop.review: drop.round for drop in journal.drops()}
        for one in journal.reviews():
            known = journal.candidate(one.inchikey)
            name = "" if known is None else known.name
            yield [
                *(one.id, one.time, one.reviewer, one.inchikey, one.smiles, name, one.kind),
                *(one.rating, one.text, one.withdraws, dropped.get(one.id)),
            ]

    return Rows(tuple(columns), rows(), "smiles")


def leads_rows(leads: Iterable[Lead], filled: LeadColumns) -> Rows:
    """Ranked leads, under the columns that they fill."""
    texts = {"name", "smiles", "inchikey", "origin", "alerts", "hand", "parents", "review"}
    counted = {"rank", "round"}
    for part in filled.parts:
        texts |= {column.title for column in _scored(part) if column.kind == "text"}
        counted |= {column.title for column in _scored(part) if column.kind == "integer"}
    columns = tuple(
        Column(title, "text" if title in texts else "integer" if title in counted else "number")
        for title in filled.header()
    )
    return Rows(columns, (filled.row(lead) for lead in leads), "smiles")


def write(table: Rows, path: Path, form: Format) -> int:
    """Write a table into a file, whole or not at all, in memory that does not grow with it.

    In CSV no cell is taken for a formula; Parquet has each column's own type, and texts as
    they are; an SD file has a drawing in two dimensions of each molecule, and the figures as
    data items.

    Returns:
        The number of rows written.

    Raises:
        JournalError: the file cannot be written, or a record is damaged.
        ValueError: rows that are no molecules are asked for as SDF.
    """
    if form == "sdf" and not table.smiles:
        raise ValueError("its rows are no molecules: choose csv or parquet")
    writers: dict[Format, Callable[[Rows, Path], int]] = {
        "csv": _write_csv,
        "parquet": _write_parquet,
        "sdf": _write_sdf,
    }
    return writers[form](table, path)


def _write_csv(table: Rows, path: Path) -> int:
    count = 0
    with runfiles.replaced(path) as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([runfiles.cell(column.title) for column in table.columns])
        for row in table.rows:
            writer.writerow([runfiles.cell(value) for value in row])
            count += 1
    return count


def _write_parquet(table: Rows, path: Path) -> int:
    import pyarrow as pa
    import pyarrow.parquet as pq

    types = {"text": pa.string(), "integer": pa.int64(), "number": pa.float64()}
    schema = pa.schema([(column.title, types[column.kind]) for column in table.columns])
    count = 0
    with runfiles.replaced_bytes(path) as file, pq.ParquetWriter(file, schema) as writer:
        batch: list[Sequence[Cell]] = []
        for row in table.rows:
            batch.append(row)
            count += 1
            if len(batch) == _BATCH:
                writer.write_table(_arrow(batch, schema))
                batch.clear()
        if batch:
            writer.write_table(_arrow(batch, schema))
    return count


def _arrow(batch: Sequence[Sequence[Cell]], schema: pa.Schema) -> pa.Table:
    import pyarrow as pa

    columns = zip(*batch, strict=True)
    arrays = [
        pa.array(list(values), type=field.type)
        for values, field in zip(columns, schema, strict=True)
    ]
    return pa.Table.from_arrays(arrays, schema=schema)


def _write_sdf(table: Rows, path: Path) -> int:
    titles = [column.title for column in table.columns]
    place = titles.index(table.smiles)
    name = titles.index("name")
    count = 0
    with runfiles.replaced(path) as file, rdBase.BlockLogs():
        for row in table.rows:
            smiles = row[place]
            mol = Chem.MolFromSmiles(smiles) if isinstance(smiles, str) else None
            if mol is None:
                continue  # a row that was no molecule
            AllChem.Compute2DCoords(mol)  # type: ignore[attr-defined]
            mol.SetProp("_Name", " ".join(str(row[name] or "").split()))
            file.write(leadfiles.record(mol, dict(zip(titles, row, strict=True))))
            count += 1
    return count


def lead_entries(leads: Iterable[Lead], filled: LeadColumns, path: Path) -> int:
    """Write leads as an SD file with the geometries they were computed in.

    Returns:
        The number of leads.

    Raises:
        JournalError: the file cannot be written.
    """
    count, header = 0, filled.header()
    with runfiles.replaced(path) as file:
        for lead in leads:
            file.write(leadfiles.entry(lead, dict(zip(header, filled.row(lead), strict=True))))
            count += 1
    return count
