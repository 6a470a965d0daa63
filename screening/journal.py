"""The journal of a run: what was read, chosen, tried and found, as typed records."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from screening.candidate import Candidate
from screening.database import Database, JournalError
from screening.evaluation import Usage, decode, encode
from screening.failure import Failure
from screening.records import (
    AttemptRecord,
    Event,
    Kind,
    Result,
    RoundRecord,
    SelectionRecord,
)

if TYPE_CHECKING:
    from screening.acquisition import Selection
    from screening.library import LibraryRow

__all__ = [
    "AttemptRecord",
    "Event",
    "Journal",
    "JournalError",
    "Result",
    "RoundRecord",
    "SelectionRecord",
]

_LIBRARY = (
    "row, text, name, smiles, inchikey, failure_kind, failure_step, failure_message, "
    "duplicate_of, notes"
)
_RESULT = (
    "r.inchikey, r.recipe, r.outcome, r.value, r.round, r.attempt, r.wall_seconds, "
    "r.cpu_seconds, r.peak_memory_mb, r.record, r.checksum, c.smiles, c.name, c.origin, c.row"
)


class Journal:
    """The single truth of a run. Use ``create`` or ``open``, as context managers."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self._last_attempt = database.count("SELECT max(id) FROM attempts")

    @classmethod
    def create(
        cls,
        directory: str | Path,
        *,
        kind: Kind,
        settings: Mapping[str, Any],
        environment: Mapping[str, Any],
    ) -> Journal:
        """Begin a run in a folder that has none; the folder is made when missing.

        Args:
            directory: the run's folder.
            kind: of the run.
            settings: as plain JSON types, every default written out.
            environment: versions and machine, as plain JSON types.

        Raises:
            JournalError: the folder holds a run, is in use or cannot be written.
        """
        meta = {
            "kind": kind,
            "created": _now(),
            "settings": json.dumps(settings, allow_nan=False),
            "environment": json.dumps(environment, allow_nan=False),
        }
        return cls(Database.create(Path(directory), meta))

    @classmethod
    def open(cls, directory: str | Path, *, readonly: bool = False) -> Journal:
        """Open the run of a folder; a reader may do so while the run goes on.

        Raises:
            JournalError: no run there, another writer at work, a newer schema, or
                a damaged file.
        """
        return cls(Database.open(Path(directory), readonly=readonly))

    @property
    def directory(self) -> Path:
        """The run's folder."""
        return self._db.directory

    def close(self) -> None:
        """Let go of the file and of the writer's lock."""
        self._db.close()

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    # Writing

    def transaction(self) -> AbstractContextManager[None]:
        """Writes inside are committed together at the end, or not at all.

        They are not visible to reads before that.
        """
        return self._db.transaction()

    def add_library(self, rows: Iterable[LibraryRow]) -> None:
        """Add rows of the input, with their candidates; rows already there stay.

        A row that a filter dropped carries both its candidate and the failure.
        """
        with self.transaction():
            for row in rows:
                failure, candidate = row.failure, row.candidate
                if candidate is not None and failure is None and row.duplicate_of is None:
                    self.add_candidates([candidate])
                self._db.write(
                    "INSERT OR IGNORE INTO library VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    row.row,
                    _storable(row.text),
                    _storable(row.name),
                    None if candidate is None else candidate.smiles,
                    None if candidate is None else candidate.inchikey,
                    None if failure is None else failure.kind,
                    None if failure is None else failure.step,
                    None if failure is None else _storable(failure.message),
                    row.duplicate_of,
                    json.dumps(row.notes),
                )

    def add_candidates(self, candidates: Iterable[Candidate]) -> None:
        """Add molecules; one already there keeps its name and origin."""
        with self.transaction():
            for candidate in candidates:
                self._db.write(
                    "INSERT OR IGNORE INTO candidates (inchikey, smiles, name, origin, row) "
                    "VALUES (?, ?, ?, ?, ?)",
                    candidate.inchikey,
                    candidate.smiles,
                    _storable(candidate.name),
                    candidate.origin,
                    candidate.row,
                )

    def begin_round(
        self, round: int, *, seed: int, pool_size: int, generator_note: str, surrogate_note: str
    ) -> None:
        """Begin a round, counted from 1."""
        self._db.write(
            "INSERT INTO rounds (round, seed, pool_size, generator_note, surrogate_note, started) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            round,
            seed,
            pool_size,
            generator_note,
            surrogate_note,
            _now(),
        )

    def add_selections(self, round: int, selections: Sequence[Selection]) -> None:
        """Add what a round will evaluate, all or nothing, with its candidates."""
        with self.transaction():
            self.add_candidates(selection.candidate for selection in selections)
            for selection in selections:
                self._db.write(
                    "INSERT INTO selections VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                    round,
                    selection.position,
                    selection.candidate.inchikey,
                    json.dumps(selection.predicted, allow_nan=False),
                    selection.utility_mean,
                    selection.utility_std,
                    selection.acquisition,
                    selection.reason,
                )

    def begin_attempt(self, inchikey: str, recipe: str) -> tuple[int, int]:
        """Count an attempt before it starts.

        Returns:
            Its id, which ends it, and its number at this molecule and recipe,
            counted from 1.
        """
        earlier = self._db.count(
            "SELECT count(*) FROM attempts WHERE inchikey = ? AND recipe = ?", inchikey, recipe
        )
        self._last_attempt += 1
        self._db.write(
            "INSERT INTO attempts (id, inchikey, recipe, attempt, started) VALUES (?, ?, ?, ?, ?)",
            self._last_attempt,
            inchikey,
            recipe,
            earlier + 1,
            _now(),
        )
        return self._last_attempt, earlier + 1

    def end_attempt(self, attempt_id: int, outcome: Failure | None, usage: Usage) -> None:
        """Say how an attempt ended: with this failure, or with a score (None)."""
        self._db.write(
            "UPDATE attempts SET finished = ?, outcome = ?, failure_kind = ?, failure_step = ?, "
            "failure_message = ?, wall_seconds = ?, cpu_seconds = ?, peak_memory_mb = ? "
            "WHERE id = ?",
            _now(),
            "scored" if outcome is None else "failed",
            None if outcome is None else outcome.kind,
            None if outcome is None else outcome.step,
            None if outcome is None else _storable(outcome.message),
            usage.wall_seconds,
            usage.cpu_seconds,
            usage.peak_memory_mb,
            attempt_id,
        )

    def record(self, result: Result) -> None:
        """Write the final word on a molecule and recipe, with its checksum.

        Raises:
            JournalError: there is one already, or it cannot be written.
        """
        record = encode(result.outcome)
        # A score that JSON has no words for was encoded as a failure.
        score = result.score if record.startswith('{"score"') else None
        fields: tuple[Any, ...] = (
            result.candidate.inchikey,
            result.recipe,
            "failed" if score is None else "scored",
            None if score is None else score.value,
            result.round,
            result.attempt,
            float(result.wall_seconds),
            float(result.cpu_seconds),
            float(result.peak_memory_mb),
            record,
        )
        with self.transaction():
            self.add_candidates([result.candidate])
            self._db.write(
                "INSERT INTO results (inchikey, recipe, outcome, value, round, attempt, "
                "wall_seconds, cpu_seconds, peak_memory_mb, record, checksum, recorded) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                *fields,
                _checksum(fields),
                _now(),
            )

    def finish_round(self, round: int, summary: Mapping[str, Any]) -> None:
        """End a round with its figures, as plain JSON types."""
        self._db.write(
            "UPDATE rounds SET finished = ?, summary = ? WHERE round = ?",
            _now(),
            json.dumps(summary, allow_nan=False),
            round,
        )

    def finish(self) -> None:
        """Mark the run as done: nothing is left to evaluate."""
        self.mark("finished", _now())

    def mark(self, key: str, value: str) -> None:
        """Remember a fact about the run's progress, e.g. that the library is all in."""
        self._db.write("INSERT OR REPLACE INTO meta VALUES (?, ?)", key, value)

    def log(self, kind: str, message: str) -> None:
        """Add a line to the run's log."""
        self._db.write(
            "INSERT INTO events (time, kind, message) VALUES (?, ?, ?)",
            _now(),
            kind,
            _storable(message),
        )

    # Reading

    @property
    def kind(self) -> Kind:
        """Whether this is a campaign or a screen."""
        value: Kind = self._meta("kind")  # type: ignore[assignment]
        return value

    @property
    def created(self) -> str:
        """When the run began: UTC, ISO 8601."""
        return self._meta("created") or ""

    @property
    def finished(self) -> bool:
        """Whether nothing is left to evaluate."""
        return self._meta("finished") is not None

    def marked(self, key: str) -> str | None:
        """The fact remembered by ``mark``, None when there is none."""
        return self._meta(key)

    def settings(self) -> dict[str, Any]:
        """The settings the run was created with."""
        data: dict[str, Any] = json.loads(self._meta("settings") or "{}")
        return data

    def environment(self) -> dict[str, Any]:
        """Versions and machine the run was created on."""
        data: dict[str, Any] = json.loads(self._meta("environment") or "{}")
        return data

    def library_rows(self) -> Iterator[LibraryRow]:
        """Every row of the input, in order."""
        for row in self._db.rows(f"SELECT {_LIBRARY} FROM library ORDER BY row"):
            yield _library_row(row)

    def library_row(self, row: int) -> LibraryRow | None:
        """One row of the input, None when it is not there."""
        found = self._db.row(f"SELECT {_LIBRARY} FROM library WHERE row = ?", row)
        return None if found is None else _library_row(found)

    def last_library_row(self) -> int:
        """The highest row number taken in, 0 when there is none."""
        return self._db.count("SELECT max(row) FROM library")

    def library_counts(self) -> dict[str, int]:
        """Number of ``rows`` taken in, and of these ``passed``, ``dropped`` and ``duplicates``."""
        found = self._db.row(
            "SELECT count(*), total(failure_kind IS NULL AND duplicate_of IS NULL), "
            "total(failure_kind IS NOT NULL), total(duplicate_of IS NOT NULL) FROM library"
        )
        rows, passed, dropped, duplicates = found or (0, 0, 0, 0)
        return {
            "rows": rows,
            "passed": int(passed),
            "dropped": int(dropped),
            "duplicates": int(duplicates),
        }

    def candidates(self) -> list[Candidate]:
        """Every molecule, in the order they came."""
        sql = "SELECT inchikey, smiles, name, origin, row FROM candidates ORDER BY id"
        return [Candidate(*fields) for fields in self._db.rows(sql)]

    def unfinished(self, recipes: Sequence[str]) -> Iterator[Candidate]:
        """The library's molecules that lack a result, in the order they came.

        Read page by page: no query stays open while the caller works.
        """
        sql = (
            "SELECT id, inchikey, smiles, name, origin, row FROM candidates c "
            "WHERE id > ?1 AND origin = 'library' AND (SELECT count(*) FROM results r "
            "WHERE r.inchikey = c.inchikey AND r.recipe IN (SELECT value FROM json_each(?2))) < ?3 "
            "ORDER BY id LIMIT 1000"
        )
        last = 0
        while page := list(self._db.rows(sql, last, json.dumps(list(recipes)), len(recipes))):
            last = page[-1][0]
            yield from (Candidate(*row[1:]) for row in page)

    def rounds(self) -> list[RoundRecord]:
        """The rounds begun, in order."""
        sql = (
            "SELECT round, seed, pool_size, generator_note, surrogate_note, started, finished, "
            "summary FROM rounds ORDER BY round"
        )
        return [
            RoundRecord(*(*row, json.loads(summary or "{}")))
            for *row, summary in self._db.rows(sql)
        ]

    def selections(self, round: int | None = None) -> list[SelectionRecord]:
        """What a round (or every round) chose, in order."""
        sql = (
            "SELECT s.round, s.position, s.predicted, s.utility_mean, s.utility_std, "
            "s.acquisition, s.reason, c.inchikey, c.smiles, c.name, c.origin, c.row "
            "FROM selections s JOIN candidates c USING (inchikey) "
            "WHERE ?1 IS NULL OR s.round = ?1 ORDER BY s.round, s.position"
        )
        records = []
        for row in self._db.rows(sql, round):
            predicted = {k: (v[0], v[1]) for k, v in json.loads(row[2]).items()}
            records.append(
                SelectionRecord(row[0], Candidate(*row[7:]), row[1], predicted, *row[3:7])
            )
        return records

    def results(self) -> list[Result]:
        """Every final result, ordered by round, InChIKey and recipe.

        Raises:
            JournalError: a record does not match its checksum.
        """
        return list(self.iterate_results())

    def iterate_results(self) -> Iterator[Result]:
        """``results`` one by one, for runs that do not fit in memory."""
        sql = (
            f"SELECT {_RESULT} FROM results r JOIN candidates c USING (inchikey) "
            "ORDER BY coalesce(r.round, 0), r.inchikey, r.recipe"
        )
        for row in self._db.rows(sql):
            yield self._result(row)

    def results_of(self, inchikey: str) -> list[Result]:
        """The final results of one molecule, ordered by recipe."""
        sql = (
            f"SELECT {_RESULT} FROM results r JOIN candidates c USING (inchikey) "
            "WHERE r.inchikey = ? ORDER BY r.recipe"
        )
        return [self._result(row) for row in self._db.rows(sql, inchikey)]

    def unit(self, recipe: str) -> str:
        """The unit of a recipe's scores, "" while there is none."""
        found = self._db.row(
            "SELECT json_extract(record, '$.score.unit') FROM results "
            "WHERE recipe = ? AND outcome = 'scored' LIMIT 1",
            recipe,
        )
        return "" if found is None else str(found[0])

    def baselines(self, recipe: str) -> list[tuple[str, str]]:
        """Name and unit of every baseline that a recipe's scores carry, by name."""
        sql = (
            "SELECT b.key, min(json_extract(b.value, '$.unit')) "
            "FROM results r, json_each(r.record, '$.score.baselines') b "
            "WHERE r.recipe = ? AND r.outcome = 'scored' GROUP BY b.key ORDER BY b.key"
        )
        return [(name, unit) for name, unit in self._db.rows(sql, recipe)]

    def has_result(self, inchikey: str, recipe: str) -> bool:
        """Whether the final word on this molecule and recipe is written."""
        count = self._db.count(
            "SELECT count(*) FROM results WHERE inchikey = ? AND recipe = ?", inchikey, recipe
        )
        return bool(count)

    def counts(self) -> dict[str, int]:
        """Number of library rows, candidates, scored and failed results, and attempts."""
        outcomes = dict(self._db.rows("SELECT outcome, count(*) FROM results GROUP BY outcome"))
        return {
            "rows": self._db.count("SELECT count(*) FROM library"),
            "candidates": self._db.count("SELECT count(*) FROM candidates"),
            "scored": outcomes.get("scored", 0),
            "failed": outcomes.get("failed", 0),
            "attempts": self._db.count("SELECT count(*) FROM attempts"),
        }

    def failures(self, inchikey: str, recipe: str) -> list[Failure]:
        """How the attempts at a molecule and recipe failed, oldest first."""
        sql = (
            "SELECT failure_kind, failure_step, failure_message FROM attempts "
            "WHERE inchikey = ? AND recipe = ? AND outcome = 'failed' ORDER BY id"
        )
        return [Failure(*fields) for fields in self._db.rows(sql, inchikey, recipe)]

    def attempts(self) -> list[AttemptRecord]:
        """Every attempt, in the order they were begun."""
        sql = (
            "SELECT id, inchikey, recipe, attempt, started, finished, outcome, failure_kind, "
            "failure_step, failure_message, wall_seconds, cpu_seconds, peak_memory_mb "
            "FROM attempts ORDER BY id"
        )
        records = []
        for row in self._db.rows(sql):
            failure = None if row[7] is None else Failure(row[7], row[8], row[9])
            records.append(AttemptRecord(*(*row[:7], failure, *row[10:])))
        return records

    def events(self) -> list[Event]:
        """The run's log, oldest first."""
        sql = "SELECT time, kind, message FROM events ORDER BY id"
        return [Event(*row) for row in self._db.rows(sql)]

    # Inside

    def _result(self, row: tuple[Any, ...]) -> Result:
        fields, checksum, known = row[:10], row[10], row[11:]
        if _checksum(fields) != checksum:
            raise JournalError(
                f"{self._db.path}: the record of {row[0]} ({row[1]}) does not match its "
                "checksum: the file was damaged or edited; restore it from a copy"
            )
        return Result(Candidate(row[0], *known), row[1], decode(row[9]), *row[4:9])

    def _meta(self, key: str) -> str | None:
        row = self._db.row("SELECT value FROM meta WHERE key = ?", key)
        return None if row is None else str(row[0])


def _library_row(fields: tuple[Any, ...]) -> LibraryRow:
    from screening.library import LibraryRow

    row, text, name, smiles, inchikey, kind, step, message, duplicate_of, notes = fields
    return LibraryRow(
        row=row,
        text=text,
        name=name,
        candidate=None if inchikey is None else Candidate(inchikey, smiles, name, "library", row),
        failure=None if kind is None else Failure(kind, step, message),
        duplicate_of=duplicate_of,
        notes=tuple(json.loads(notes)),
    )


def _checksum(fields: Sequence[Any]) -> str:
    return hashlib.sha256(json.dumps(list(fields)).encode()).hexdigest()


def _storable(text: str) -> str:
    # SQLite stores UTF-8; a lone surrogate from a wrongly decoded file is not.
    return text.encode("utf-8", "replace").decode("utf-8")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
