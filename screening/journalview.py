"""What can be asked of a run, while it goes on and ever after."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from screening.candidate import Candidate
from screening.checksum import result_checksum
from screening.database import Database, JournalError
from screening.evaluation import decode
from screening.failure import Failure
from screening.records import (
    AddressRecord,
    AttemptRecord,
    Cut,
    Event,
    Kind,
    Result,
    RoundRecord,
    SelectionRecord,
)
from screening.schema import KNOWN_BEFORE

if TYPE_CHECKING:
    from screening.library import LibraryRow
    from screening.scorecolumns import ScoreColumns

_LIBRARY = (
    "row, text, name, smiles, inchikey, failure_kind, failure_step, failure_message, "
    "duplicate_of, notes"
)
_RESULT = (
    "r.inchikey, r.recipe, r.outcome, r.value, r.round, r.attempt, r.wall_seconds, "
    "r.cpu_seconds, r.peak_memory_mb, r.record, r.checksum"
)

# What a journal of an earlier version did not say, in its place.
_BARRIER = {
    "round_known": KNOWN_BEFORE.format("d"),
    "round_facts": "'{}'",
    "selection": f"{KNOWN_BEFORE.format('s')}, 1, '{{}}'",
}
_STANDARD_ERROR = "json_extract(record, '$.score.standard_error')"  # before version 4
_STATED = {
    "round_known": "d.known",
    "round_facts": "d.facts",
    "selection": "s.known, s.decision, s.facts",
}
_FIRST_CANDIDATE = "c.inchikey, c.smiles, c.name, c.origin, c.row"  # of a journal of version 1
_CANDIDATE = f"{_FIRST_CANDIDATE}, c.hand, c.parents"


class JournalView:
    """The reading half of a ``Journal``."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self._candidate = _CANDIDATE if database.version > 1 else _FIRST_CANDIDATE
        self._columns = _STATED if database.version > 2 else _BARRIER
        self._error = "standard_error" if database.version > 3 else _STANDARD_ERROR

    @property
    def directory(self) -> Path:
        """The run's folder."""
        return self._db.directory

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
        sql = f"SELECT {self._candidate} FROM candidates c ORDER BY id"
        return [_candidate(fields) for fields in self._db.rows(sql)]

    def unfinished(self, recipes: Sequence[str]) -> Iterator[Candidate]:
        """The library's molecules that lack a result, in the order they came.

        Read page by page: no query stays open while the caller works.
        """
        sql = (
            f"SELECT id, {self._candidate} FROM candidates c "
            "WHERE id > ?1 AND origin = 'library' AND (SELECT count(*) FROM results r "
            "WHERE r.inchikey = c.inchikey AND r.recipe IN (SELECT value FROM json_each(?2))) < ?3 "
            "ORDER BY id LIMIT 1000"
        )
        last = 0
        while page := list(self._db.rows(sql, last, json.dumps(list(recipes)), len(recipes))):
            last = page[-1][0]
            yield from (_candidate(row[1:]) for row in page)

    def rounds(self) -> list[RoundRecord]:
        """The rounds begun, in order."""
        sql = (
            "SELECT round, seed, pool_size, generator_note, surrogate_note, started, finished, "
            f"summary, {self._columns['round_known']}, {self._columns['round_facts']} "
            "FROM rounds d ORDER BY round"
        )
        records = []
        for row in self._db.rows(sql):
            number, seed, pool, generator, surrogate, started, finished, summary, known, facts = row
            records.append(
                RoundRecord(
                    round=number,
                    seed=seed,
                    pool_size=pool,
                    generator_note=generator,
                    surrogate_note=surrogate,
                    started=started,
                    finished=finished,
                    summary=json.loads(summary or "{}"),
                    known=known,
                    facts=json.loads(facts),
                )
            )
        return records

    def offers(self, round: int) -> list[Candidate]:
        """What the generator offered a round, in its order; none before version 3."""
        if self._db.version < 3:
            return []
        sql = (
            "SELECT inchikey, smiles, name, 'generator', NULL, hand, parents FROM offers "
            "WHERE round = ? ORDER BY position"
        )
        return [_candidate(fields) for fields in self._db.rows(sql, round)]

    def selections(self, round: int | None = None) -> list[SelectionRecord]:
        """What a round (or every round) chose, in order."""
        sql = (
            "SELECT s.round, s.position, s.predicted, s.utility_mean, s.utility_std, "
            f"s.acquisition, s.reason, {self._columns['selection']}, {self._candidate} "
            "FROM selections s JOIN candidates c USING (inchikey) "
            "WHERE ?1 IS NULL OR s.round = ?1 ORDER BY s.round, s.position"
        )
        records = []
        for row in self._db.rows(sql, round):
            predicted = {k: (v[0], v[1]) for k, v in json.loads(row[2]).items()}
            mean, std, acquisition, reason, known, decision, facts = row[3:10]
            records.append(
                SelectionRecord(
                    round=row[0],
                    candidate=_candidate(row[10:]),
                    position=row[1],
                    predicted=predicted,
                    utility_mean=mean,
                    utility_std=std,
                    acquisition=acquisition,
                    reason=reason,
                    known=known,
                    decision=decision,
                    facts=json.loads(facts),
                )
            )
        return records

    def last_result(self) -> int:
        """The id of the last result, 0 when there is none: ids grow as results come."""
        return self._db.count("SELECT max(id) FROM results")

    def results(self, *, after: int = 0, known: int | None = None) -> list[Result]:
        """The final results, ordered by round, InChIKey and recipe.

        Args:
            after: leave out those up to this id.
            known: id of the last one wanted; None for all.

        Raises:
            JournalError: a record does not match its checksum.
        """
        return list(self.iterate_results(after=after, known=known))

    def iterate_results(self, *, after: int = 0, known: int | None = None) -> Iterator[Result]:
        """``results`` one by one, for runs that do not fit in memory."""
        sql = (
            f"SELECT {_RESULT}, {self._candidate} "
            "FROM results r JOIN candidates c USING (inchikey) "
            "WHERE r.id > ?1 AND (?2 IS NULL OR r.id <= ?2) "
            "ORDER BY coalesce(r.round, 0), r.inchikey, r.recipe"
        )
        for row in self._db.rows(sql, after, known):
            yield self._result(row)

    def results_of(self, inchikey: str) -> list[Result]:
        """The final results of one molecule, ordered by recipe."""
        sql = (
            f"SELECT {_RESULT}, {self._candidate} "
            "FROM results r JOIN candidates c USING (inchikey) "
            "WHERE r.inchikey = ? ORDER BY r.recipe"
        )
        return [self._result(row) for row in self._db.rows(sql, inchikey)]

    def columns(self, recipe: str) -> ScoreColumns:
        """The columns that a recipe's scores fill, without reading a score as a whole."""
        from screening.scorecolumns import ScoreColumns

        found = self._db.row(
            "SELECT min(json_extract(record, '$.score.unit')), "
            "total(json_type(record, '$.score.standard_error') <> 'null'), "
            "total(json_type(record, '$.score.interval') = 'array'), "
            "total(json_type(record, '$.score.casci_value') <> 'null'), "
            "total(record LIKE '%\"two_qubit_gates\"%') "
            "FROM results WHERE recipe = ? AND outcome = 'scored'",
            recipe,
        )
        if found is None or found[0] is None:
            return ScoreColumns(recipe)
        unit, sampled, interval, solved, circuits = found
        each = (
            "FROM results r, json_each(r.record, ?2) e WHERE r.recipe = ?1 AND r.outcome = 'scored'"
        )
        baselines = self._db.rows(
            f"SELECT e.key, min(json_extract(e.value, '$.unit')) {each} "
            "GROUP BY e.key ORDER BY e.key",
            recipe,
            "$.score.baselines",
        )
        contributions = self._db.rows(
            f"SELECT DISTINCT json_extract(e.value, '$.name') {each} ORDER BY 1",
            recipe,
            "$.score.contributions",
        )
        return ScoreColumns(
            recipe,
            str(unit),
            is_sampled=bool(sampled),
            has_interval=bool(interval),
            has_active_space=bool(solved),
            has_circuit=bool(circuits),
            baselines=tuple((name, of) for name, of in baselines),
            contributions=tuple(name for (name,) in contributions),
        )

    def sampled(self, recipes: Sequence[str]) -> int:
        """The number of molecules with a sampled score by one of these recipes."""
        return self._db.count(
            "SELECT count(DISTINCT inchikey) FROM results WHERE outcome = 'scored' "
            "AND recipe IN (SELECT value FROM json_each(?)) "
            f"AND {self._error} IS NOT NULL",
            json.dumps(list(recipes)),
        )

    def extremes(self, recipe: str, *, sampled: bool) -> tuple[float, float] | None:
        """Lowest and highest value of a recipe, None where there is none.

        Args:
            recipe: by name.
            sampled: count values with a standard error as well.
        """
        found = self._db.row(
            "SELECT min(value), max(value) FROM results WHERE outcome = 'scored' AND recipe = ? "
            f"AND (? OR {self._error} IS NULL)",
            recipe,
            sampled,
        )
        return None if found is None or found[0] is None else (float(found[0]), float(found[1]))

    def cpu_seconds(self) -> float:
        """CPU time of all final results, in seconds."""
        found = self._db.row("SELECT total(cpu_seconds) FROM results")
        return 0.0 if found is None else float(found[0])

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
            "failure_step, failure_message, wall_seconds, cpu_seconds, peak_memory_mb, "
            f"{'node' if self._db.version > 3 else 'NULL'} FROM attempts ORDER BY id"
        )
        records = []
        for row in self._db.rows(sql):
            failure = None if row[7] is None else Failure(row[7], row[8], row[9])
            records.append(AttemptRecord(*(*row[:7], failure, *row[10:])))
        return records

    def find_address(self, address: str) -> Result | None:
        """The first score whose calculation has this content address, None where none has.

        Raises:
            JournalError: its record does not match its checksum.
        """
        if self._db.version < 4:
            return None
        sql = (
            f"SELECT {_RESULT}, {self._candidate} FROM addresses a "
            "JOIN results r USING (inchikey, recipe) JOIN candidates c USING (inchikey) "
            "WHERE a.address = ? AND r.outcome = 'scored' ORDER BY r.id LIMIT 1"
        )
        row = self._db.row(sql, address)
        return None if row is None else self._result(row)

    def address_of(self, inchikey: str, recipe: str) -> AddressRecord | None:
        """Address and source of a result, None where it has neither."""
        if self._db.version < 4:
            return None
        row = self._db.row(
            "SELECT inchikey, recipe, address, source FROM addresses "
            "WHERE inchikey = ? AND recipe = ?",
            inchikey,
            recipe,
        )
        return None if row is None else AddressRecord(*row)

    def sources(self) -> dict[str, int]:
        """Number of results that other runs computed, by the folder of the run."""
        if self._db.version < 4:
            return {}
        sql = "SELECT source, count(*) FROM addresses WHERE source <> '' GROUP BY 1 ORDER BY 1"
        return dict(self._db.rows(sql))

    def cuts(self) -> Iterator[Cut]:
        """What the stages of the funnel let go no further, in the order they did.

        Read page by page: no query stays open while the caller works.
        """
        if self._db.version < 4:
            return
        sql = (
            "SELECT id, inchikey, stage, value, reason, round FROM cuts WHERE id > ? "
            "ORDER BY id LIMIT 1000"
        )
        last = 0
        while page := list(self._db.rows(sql, last)):
            last = page[-1][0]
            yield from (Cut(*row[1:]) for row in page)

    def cuts_of(self, inchikey: str) -> list[Cut]:
        """The stages that let a molecule go no further, in the order they did."""
        if self._db.version < 4:
            return []
        sql = (
            "SELECT inchikey, stage, value, reason, round FROM cuts WHERE inchikey = ? ORDER BY id"
        )
        return [Cut(*row) for row in self._db.rows(sql, inchikey)]

    def is_cut(self, inchikey: str) -> bool:
        """Whether any stage let a molecule go no further."""
        if self._db.version < 4:
            return False
        return bool(self._db.count("SELECT count(*) FROM cuts WHERE inchikey = ?", inchikey))

    def cut_counts(self) -> dict[str, int]:
        """Number of molecules cut, by stage, the stage of the first cut first."""
        if self._db.version < 4:
            return {}
        sql = "SELECT stage, count(*) FROM cuts GROUP BY stage ORDER BY min(id)"
        return dict(self._db.rows(sql))

    def events(self) -> list[Event]:
        """The run's log, oldest first."""
        sql = "SELECT time, kind, message FROM events ORDER BY id"
        return [Event(*row) for row in self._db.rows(sql)]

    def _result(self, row: tuple[Any, ...]) -> Result:
        fields, written, known = row[:10], row[10], row[11:]
        if result_checksum(fields) != written:
            raise JournalError(
                f"{self._db.path}: the record of {row[0]} ({row[1]}) does not match its "
                "checksum: the file was damaged or edited; restore it from a copy"
            )
        return Result(_candidate(known), row[1], decode(row[9]), *row[4:9])

    def _meta(self, key: str) -> str | None:
        row = self._db.row("SELECT value FROM meta WHERE key = ?", key)
        return None if row is None else str(row[0])


def _candidate(fields: Sequence[Any]) -> Candidate:
    inchikey, smiles, name, origin, row, hand, parents = (*fields, "", "")[:7]
    return Candidate(inchikey, smiles, name, origin, row, hand, tuple(parents.split()))


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
