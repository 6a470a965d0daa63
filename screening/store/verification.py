"""Whether a journal is whole: its file, each of its records, and how they hang together."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from screening.compute.evaluation import decode
from screening.failure import Failure
from screening.store import schema
from screening.store.checksum import digest, result_checksum
from screening.store.database import Database, JournalError

LISTED = 20
"""Damaged records of one check that are named; the others are counted."""

# What a record is called by, of the columns that its table checks.
_NAMES = {
    "meta": ("key",),
    "library": ("row",),
    "candidates": ("inchikey",),
    "rounds": ("round",),
    "offers": ("round", "position"),
    "selections": ("round", "position"),
    "attempts": ("id",),
    "addresses": ("inchikey", "recipe"),
    "cuts": ("inchikey", "stage"),
    "reviews": ("id",),
    "drops": ("round", "position"),
    "events": ("time",),
}
_COUNTED = {
    **{"library": "row", "candidates": "id", "results": "id", "cuts": "id", "events": "id"},
    **{"reviews": "id", "drops": "id"},
}
_RESULT = (
    "inchikey, recipe, outcome, value, round, attempt, wall_seconds, cpu_seconds, "
    "peak_memory_mb, record, checksum, recorded, standard_error"
)
_COVERED = 10  # columns of a result that its checksum covers


@dataclass(frozen=True)
class Check:
    """One thing that was looked at, and what is wrong with it."""

    name: str
    looked_at: int  # records, files or lines
    damage: tuple[str, ...] = ()  # a line for each damaged record, the first ``LISTED``
    damaged: int = 0  # how many in all
    note: str = ""  # what could not be looked at, and why; "" for nothing

    @property
    def holds(self) -> bool:
        """Whether nothing is wrong."""
        return self.damaged == 0


class Findings:
    """What one check has found so far."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._damage: list[str] = []
        self._damaged = 0
        self.looked_at = 0
        self.note = ""

    def add(self, line: str) -> None:
        """A damaged record."""
        self._damaged += 1
        if len(self._damage) < LISTED:
            self._damage.append(line)

    def check(self) -> Check:
        """The whole of it."""
        return Check(self._name, self.looked_at, tuple(self._damage), self._damaged, self.note)


def verify(directory: Path) -> list[Check]:
    """Look at every record of a run's journal; nothing is written.

    A damaged file gives damaged checks and no error. The view is of one moment, also
    while the run goes on.

    Args:
        directory: the run's folder.

    Raises:
        JournalError: there is no run.
    """
    try:
        database = Database.open(directory, readonly=True)
    except JournalError as error:
        if not (directory / "journal.sqlite").is_file():
            raise
        return [Check("file", 1, (str(error),), 1)]
    db = database.connection
    # What is no text any more is not the checksum's text either, and can be read so.
    db.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
    try:
        db.execute("BEGIN")
        checks = [_file(db)]
        if database.version > 3:
            known = schema.tables_of(database.version)
            checks += [_table(db, table) for table in _NAMES if table in known]
        else:
            checks.append(_unsigned(database.version))
        checks.append(_results(db, database.version))
        checks.append(_missing(db, database.version))
        checks.append(_links(db, database.version))
        return checks
    finally:
        database.close()


def _file(db: sqlite3.Connection) -> Check:
    """SQLite's own check of pages and indices."""
    found = Findings("file")
    found.looked_at = sum(row[0] for row in _read(found, db, "PRAGMA page_count"))
    for (line,) in _read(found, db, f"PRAGMA integrity_check({LISTED})"):
        if line != "ok":
            found.add(f"SQLite: {line}")
    return found.check()


def _table(db: sqlite3.Connection, table: str) -> Check:
    """The digest of every record of a table."""
    found = Findings(table)
    columns = schema.CHECKED[table]
    names = [columns.index(name) for name in _NAMES[table]]
    sql = f"SELECT {', '.join(columns)}, {schema.digest_column(table)} FROM {table}"
    for *fields, written in _read(found, db, sql):
        found.looked_at += 1
        if digest(*fields) != written:
            called = ", ".join(f"{columns[i]} {printable(fields[i])}" for i in names)
            found.add(f"{table}: {called} does not match its checksum")
    return found.check()


def _unsigned(version: int) -> Check:
    found = Findings("records but results")
    found.note = (
        f"written by schema {version}, which has checksums of results alone; "
        "`molq resume` brings the journal to this version and adds them"
    )
    return found.check()


def _results(db: sqlite3.Connection, version: int) -> Check:
    """Checksum, form and repeated figures of every result."""
    found = Findings("results")
    columns = f"{_RESULT}, seal" if version > 3 else _RESULT.removesuffix(", standard_error")
    for fields in _read(found, db, f"SELECT {columns} FROM results"):
        found.looked_at += 1
        for wrong in _wrong_with(fields):
            found.add(f"results: {printable(fields[0])} ({printable(fields[1])}) {wrong}")
            break
    return found.check()


def _wrong_with(fields: Sequence[Any]) -> Iterator[str]:
    """What is wrong with a result, the plainest first."""
    covered, written = fields[:_COVERED], fields[_COVERED]
    behind = fields[_COVERED + 1 :]
    if result_checksum(covered) != written:
        yield "does not match its checksum"
        return
    if len(behind) == 3 and digest(*fields[:2], written, *behind[:2]) != behind[2]:
        yield "does not match the checksum of its time and standard error"
        return
    try:
        outcome = decode(fields[9])
    except (ValueError, TypeError) as error:
        yield f"has no readable record: {' '.join(str(error).split())[:120]}"
        return
    if isinstance(outcome, Failure):
        if fields[2] != "failed" or fields[3] is not None:
            yield "is a failure and does not say so"
        return
    if fields[2] != "scored" or fields[3] != outcome.value:
        yield f"says {printable(fields[3])} where its score says {outcome.value}"
    if len(behind) == 3 and behind[1] != outcome.standard_error:
        yield "has another standard error than its score"


def _missing(db: sqlite3.Connection, version: int) -> Check:
    """Records are counted from 1 without a gap: one taken out is missed, but for the last."""
    found = Findings("nothing missing")
    for table, number in _COUNTED.items():
        if table in ("cuts", "reviews", "drops") and table not in schema.tables_of(version):
            continue
        sql = f"SELECT count(*), coalesce(max({number}), 0) FROM {table}"
        for count, last in _read(found, db, sql):
            found.looked_at += count
            if count != last:
                found.add(f"{table}: {last - count} of {last} records are missing")
    return found.check()


def _links(db: sqlite3.Connection, version: int) -> Check:
    """What one record says of another."""
    found = Findings("links")
    for table, row, parent, _ in _read(found, db, "PRAGMA foreign_key_check"):
        found.add(f"{table}: record {row} names one that {parent} does not hold")
    for line, sql in _LINKS:
        if version < 4 and ("addresses" in sql or "hand" in sql):
            sql = _WITHOUT_ADDRESSES if "addresses" in sql else ""
        if not sql or (version < 5 and "reviews" in sql):
            continue
        for names in _read(found, db, sql):
            found.add(line.format(*(printable(name) for name in names)))
    found.looked_at = _count(found, db, "results") + _count(found, db, "candidates")
    return found.check()


_WITHOUT_ADDRESSES = (
    "SELECT inchikey, recipe FROM results r WHERE attempt > 0 AND NOT EXISTS ("
    "SELECT 1 FROM attempts a WHERE a.inchikey = r.inchikey AND a.recipe = r.recipe "
    "AND a.attempt = r.attempt AND (r.outcome = 'failed' OR a.outcome = 'scored'))"
)
_LINKS = (
    (
        "results: {} ({}) has neither the attempt that gave it nor a run that it came from",
        f"{_WITHOUT_ADDRESSES} UNION ALL "
        "SELECT inchikey, recipe FROM results r WHERE attempt = 0 AND outcome = 'scored' "
        "AND NOT EXISTS (SELECT 1 FROM addresses a WHERE a.inchikey = r.inchikey "
        "AND a.recipe = r.recipe AND a.source <> '')",
    ),
    (
        "candidates: {} comes from row {} of the library, which is not its",
        "SELECT c.inchikey, c.row FROM candidates c LEFT JOIN library l ON l.row = c.row "
        "WHERE c.origin = 'library' AND c.row IS NOT NULL "
        "AND (l.row IS NULL OR l.inchikey IS NOT c.inchikey)",
    ),
    (
        "candidates: {} was made by no hand and stands in no row",
        "SELECT inchikey FROM candidates c "
        "WHERE row IS NULL AND (origin NOT IN ('generator', 'reviewer') OR hand = '') ",
    ),
    (
        "candidates: {} is said to be the idea of {}, of whom there is none",
        "SELECT inchikey, hand FROM candidates c WHERE origin = 'reviewer' AND NOT EXISTS ("
        "SELECT 1 FROM reviews v WHERE v.inchikey = c.inchikey AND v.kind = 'idea' "
        "AND v.reviewer = c.hand)",
    ),
    (
        "reviews: {} takes back {}, which is not before it or is another's",
        "SELECT v.id, v.withdraws FROM reviews v LEFT JOIN reviews o ON o.id = v.withdraws "
        "WHERE v.withdraws IS NOT NULL AND (o.id IS NULL OR o.id >= v.id "
        "OR o.reviewer <> v.reviewer OR o.inchikey <> v.inchikey)",
    ),
    (
        "drops: round {}, position {} was left out for a review that is none of its molecule",
        "SELECT d.round, d.position FROM drops d LEFT JOIN reviews v ON v.id = d.review "
        "WHERE v.id IS NULL OR v.inchikey <> d.inchikey OR v.kind <> 'reject'",
    ),
    (
        "library: row {} was taken in and its molecule {} is not there",
        "SELECT l.row, l.inchikey FROM library l WHERE l.failure_kind IS NULL "
        "AND l.duplicate_of IS NULL AND l.inchikey IS NOT NULL "
        "AND NOT EXISTS (SELECT 1 FROM candidates c WHERE c.inchikey = l.inchikey)",
    ),
    (
        "library: row {} is the same as row {}, which is not before it",
        "SELECT l.row, l.duplicate_of FROM library l LEFT JOIN library o "
        "ON o.row = l.duplicate_of WHERE l.duplicate_of IS NOT NULL "
        "AND (o.row IS NULL OR o.row >= l.row)",
    ),
    (
        "selections: round {}, position {} knew results that are not there",
        "SELECT round, position FROM selections "
        "WHERE known > (SELECT coalesce(max(id), 0) FROM results)",
    ),
)


def _count(found: Findings, db: sqlite3.Connection, table: str) -> int:
    return sum(row[0] for row in _read(found, db, f"SELECT count(*) FROM {table}"))


def _read(found: Findings, db: sqlite3.Connection, sql: str) -> Iterable[tuple[Any, ...]]:
    """The rows of a query as far as the file can be read; where it cannot is damage."""
    try:
        yield from db.execute(sql)
    except (sqlite3.Error, ValueError, OverflowError) as error:
        found.add(f"cannot be read further: {error}")


def printable(value: Any) -> str:
    """A value of a damaged record on one line."""
    text = str(value).encode("ascii", "backslashreplace").decode()
    return "".join(c if c.isprintable() else "?" for c in text)[:80]
