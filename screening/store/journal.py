"""The journal of a run: what was read, chosen, tried and found, as typed records."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from screening.candidate import Candidate
from screening.compute.evaluation import Usage, encode
from screening.failure import Failure
from screening.store import schema
from screening.store.checksum import digest, result_checksum
from screening.store.database import Database, JournalError
from screening.store.journalview import JournalView
from screening.store.records import (
    AddressRecord,
    AttemptRecord,
    Cut,
    Drop,
    Event,
    Kind,
    Result,
    Review,
    RoundRecord,
    SelectionRecord,
)

if TYPE_CHECKING:
    from screening.acquisition import Selection
    from screening.intake.library import LibraryRow

__all__ = [
    "AddressRecord",
    "AttemptRecord",
    "Cut",
    "Drop",
    "Event",
    "Journal",
    "JournalError",
    "Result",
    "Review",
    "RoundRecord",
    "SelectionRecord",
]


class Journal(JournalView):
    """The single truth of a run. Use ``create`` or ``open``, as context managers."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
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

    def close(self) -> None:
        """Let go of the file and of the writer's lock."""
        self._db.close()

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def transaction(self) -> AbstractContextManager[None]:
        """Writes inside are committed together at the end, or not at all.

        They are not visible to reads before that.
        """
        return self._db.transaction()

    def add_library(self, rows: Iterable[LibraryRow]) -> None:
        """Add rows of the input, with their candidates; rows already there stay.

        A row that a filter dropped carries both its candidate and the failure.
        """
        taken = list(rows)
        with self.transaction():
            self.add_candidates(
                row.candidate
                for row in taken
                if row.candidate is not None and row.failure is None and row.duplicate_of is None
            )
            for row in taken:
                failure, candidate = row.failure, row.candidate
                self._add_new(
                    "library",
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
                self._add_new(
                    "candidates",
                    candidate.inchikey,
                    candidate.smiles,
                    _storable(candidate.name),
                    candidate.origin,
                    candidate.row,
                    candidate.hand,
                    " ".join(candidate.parents),
                )

    def begin_round(
        self,
        round: int,
        *,
        seed: int,
        pool_size: int,
        generator_note: str,
        surrogate_note: str,
        known: int = 0,
        facts: Mapping[str, Any] | None = None,
        offers: Iterable[Candidate] = (),
    ) -> None:
        """Begin a round, counted from 1.

        Args:
            round: its number.
            seed: of the round.
            pool_size: molecules it chooses from.
            generator_note: what the generator did, one line.
            surrogate_note: what the surrogates were fitted to, one line.
            known: id of the last result that it knows, 0 for none.
            facts: figures of its first choice, as plain JSON types.
            offers: the generator's molecules, which the round may choose later.
        """
        with self.transaction():
            self._add(
                "rounds",
                round,
                seed,
                pool_size,
                generator_note,
                surrogate_note,
                _now(),
                None,
                None,
                known,
                json.dumps(dict(facts or {}), allow_nan=False),
            )
            for position, candidate in enumerate(offers, 1):
                self._add(
                    "offers",
                    round,
                    position,
                    candidate.inchikey,
                    candidate.smiles,
                    _storable(candidate.name),
                    candidate.hand,
                    " ".join(candidate.parents),
                )

    def add_selections(
        self, round: int, selections: Sequence[Selection], *, known: int = 0
    ) -> None:
        """Add what one decision of a round chose, all or nothing, with its candidates.

        Args:
            round: its number.
            selections: chosen together, positions counted through the round.
            known: id of the last result that the decision knew, 0 for none.
        """
        with self.transaction():
            self.add_candidates(selection.candidate for selection in selections)
            for selection in selections:
                self._add(
                    "selections",
                    round,
                    selection.position,
                    selection.candidate.inchikey,
                    json.dumps(selection.predicted, allow_nan=False),
                    float(selection.utility_mean),
                    float(selection.utility_std),
                    float(selection.acquisition),
                    selection.reason,
                    known,
                    selections[0].position,
                    json.dumps(dict(selection.facts), allow_nan=False),
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
        unknown = (None,) * 9
        self._add("attempts", self._last_attempt, inchikey, recipe, earlier + 1, _now(), *unknown)
        return self._last_attempt, earlier + 1

    def end_attempt(
        self, attempt_id: int, outcome: Failure | None, usage: Usage, *, node: str = ""
    ) -> None:
        """Say how an attempt ended.

        Args:
            attempt_id: from ``begin_attempt``.
            outcome: the failure, or None for a score.
            usage: what it took.
            node: the host that computed it, "" where that is not known.
        """
        with self.transaction():
            self._db.write(
                "UPDATE attempts SET finished = ?, outcome = ?, failure_kind = ?, "
                "failure_step = ?, failure_message = ?, wall_seconds = ?, cpu_seconds = ?, "
                "peak_memory_mb = ?, node = ? WHERE id = ?",
                _now(),
                "scored" if outcome is None else "failed",
                None if outcome is None else outcome.kind,
                None if outcome is None else outcome.step,
                None if outcome is None else _storable(outcome.message),
                usage.wall_seconds,
                usage.cpu_seconds,
                usage.peak_memory_mb,
                _storable(node) or None,
                attempt_id,
            )
            self._sign("attempts", "id", attempt_id)

    def record(self, result: Result, *, address: str = "", source: str = "") -> None:
        """Write the final word on a molecule and recipe, with its checksum.

        Args:
            result: of this run's calculation, or of the one that ``source`` did.
            address: the calculation's content address, "" for none.
            source: the folder of the run that computed it, "" for this one.

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
            None if score is None else float(score.value),
            result.round,
            result.attempt,
            float(result.wall_seconds),
            float(result.cpu_seconds),
            float(result.peak_memory_mb),
            record,
        )
        behind = (
            result_checksum(fields),
            _now(),
            None if score is None or score.standard_error is None else float(score.standard_error),
        )
        with self.transaction():
            self.add_candidates([result.candidate])
            self._db.write(
                "INSERT INTO results (inchikey, recipe, outcome, value, round, attempt, "
                "wall_seconds, cpu_seconds, peak_memory_mb, record, checksum, recorded, "
                "standard_error, seal) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                *fields,
                *behind,
                digest(*fields[:2], *behind),
            )
            if address or source:
                self._add("addresses", *fields[:2], address, _storable(source))

    def cut(
        self, inchikey: str, stage: str, value: float | None, reason: str, round: int | None = None
    ) -> None:
        """Add a molecule that a stage of the funnel lets go no further; see ``records.Cut``."""
        self.add_cuts([Cut(inchikey, stage, value, reason, round)])

    def add_cuts(self, cuts: Iterable[Cut]) -> None:
        """Add molecules that a stage lets go no further, all or nothing; known ones stay."""
        with self.transaction():
            for cut in cuts:
                value = None if cut.value is None or math.isnan(cut.value) else float(cut.value)
                self._add_new(
                    "cuts",
                    cut.inchikey,
                    cut.stage,
                    value,
                    _storable(cut.reason),
                    cut.round,
                    _now(),
                )

    def drop(self, selections: Iterable[tuple[SelectionRecord, int]]) -> None:
        """Leave chosen molecules out, all or nothing.

        Args:
            selections: each with the id of the review that rejects it.
        """
        with self.transaction():
            for record, review in selections:
                key = record.candidate.inchikey
                self._add("drops", record.round, record.position, key, review, _now())

    def finish_round(self, round: int, summary: Mapping[str, Any]) -> None:
        """End a round with its figures, as plain JSON types."""
        text = json.dumps(summary, allow_nan=False)
        with self.transaction():
            self._db.write(
                "UPDATE rounds SET finished = ?, summary = ? WHERE round = ?", _now(), text, round
            )
            self._sign("rounds", "round", round)

    def amend_summary(self, round: int, summary: Mapping[str, Any]) -> None:
        """Replace the figures of a finished round, as plain JSON types."""
        text = json.dumps(summary, allow_nan=False)
        with self.transaction():
            self._db.write("UPDATE rounds SET summary = ? WHERE round = ?", text, round)
            self._sign("rounds", "round", round)

    def finish(self) -> None:
        """Mark the run as done: nothing is left to evaluate."""
        self.mark("finished", _now())

    def mark(self, key: str, value: str) -> None:
        """Remember a fact about the run's progress, e.g. that the library is all in."""
        self._write(_REPLACE["meta"], key, value)

    def log(self, kind: str, message: str) -> None:
        """Add a line to the run's log."""
        self._add("events", _now(), kind, _storable(message))

    def _add(self, table: str, *fields: Any) -> None:
        """Insert a record with its checksum."""
        self._write(_INSERT[table], *fields)

    def _add_new(self, table: str, *fields: Any) -> None:
        """Insert a record with its checksum, unless it is there."""
        self._write(_INSERT_NEW[table], *fields)

    def _write(self, sql: str, *fields: Any) -> None:
        self._db.write(sql, *fields, digest(*fields))

    def _sign(self, table: str, key: str, value: int) -> None:
        """Give a changed record its checksum anew."""
        self._db.write(f"{schema.signing(table)} WHERE {key} = ?", value)


def _statements(verb: str) -> dict[str, str]:
    return {
        table: f"{verb} INTO {table} ({', '.join(columns)}, {schema.digest_column(table)}) "
        f"VALUES ({', '.join('?' * (len(columns) + 1))})"
        for table, columns in schema.CHECKED.items()
    }


_INSERT = _statements("INSERT")
_INSERT_NEW = _statements("INSERT OR IGNORE")
_REPLACE = _statements("INSERT OR REPLACE")


def _storable(text: str) -> str:
    # SQLite stores UTF-8; a lone surrogate from a wrongly decoded file is not.
    return text.encode("utf-8", "replace").decode("utf-8")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
