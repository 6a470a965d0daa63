"""What a journal says of results: the scores, their values, where they came from."""

from __future__ import annotations

import json
import math
from array import array
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from screening.compute.evaluation import decode
from screening.store.checksum import result_checksum
from screening.store.database import JournalError
from screening.store.libraryview import PAGE, LibraryView, candidate_of
from screening.store.records import AddressRecord, Ending, Result

if TYPE_CHECKING:
    from screening.scorecolumns import ScoreColumns

_RESULT = (
    "r.inchikey, r.recipe, r.outcome, r.value, r.round, r.attempt, r.wall_seconds, "
    "r.cpu_seconds, r.peak_memory_mb, r.record, r.checksum"
)


class ResultView(LibraryView):
    """The part of a ``Journal`` that reads results."""

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

    def iterate_results(
        self,
        *,
        after: int = 0,
        known: int | None = None,
        recipes: Sequence[str] | None = None,
    ) -> Iterator[Result]:
        """``results`` one by one, read page by page, for runs that do not fit in memory.

        Those that are written meanwhile are not among them.

        Args:
            after: leave out those up to this id.
            known: id of the last one wanted; None for all.
            recipes: only those by these; None for all.

        Raises:
            JournalError: a record does not match its checksum.
        """
        order = self.result_ids(after=after, known=known, recipes=recipes)
        for begin in range(0, len(order), PAGE):
            yield from self.results_by_id(order[begin : begin + PAGE])

    def endings(self, *, after: int = 0) -> Iterator[Ending]:
        """Results in the order they came, one by one, in a few words each.

        Args:
            after: leave out those up to this id.
        """
        sql = (
            "SELECT r.id, r.recorded, coalesce(nullif(c.name, ''), c.smiles), r.recipe, r.round, "
            "r.value, coalesce(json_extract(r.record, '$.score.unit'), ''), "
            f"{self._error_of('r')}, "
            "coalesce(json_extract(r.record, '$.failure.kind') || ': ' || "
            "json_extract(r.record, '$.failure.message'), ''), r.wall_seconds "
            "FROM results AS r JOIN candidates AS c USING (inchikey) WHERE r.id > ? "
            "AND json_valid(r.record) ORDER BY r.id"
        )
        for row in self._db.rows(sql, after):
            yield Ending(*row)

    def result_ids(
        self,
        *,
        after: int = 0,
        known: int | None = None,
        recipes: Sequence[str] | None = None,
    ) -> Sequence[int]:
        """The ids of ``iterate_results``, in its order."""
        # The large records are not what is sorted.
        sql = (
            "SELECT id FROM results WHERE id > ?1 AND (?2 IS NULL OR id <= ?2) "
            "AND (?3 IS NULL OR recipe IN (SELECT value FROM json_each(?3))) "
            "ORDER BY coalesce(round, 0), inchikey, recipe"
        )
        wanted = None if recipes is None else json.dumps(list(recipes))
        return array("q", (row[0] for row in self._db.rows(sql, after, known, wanted)))

    def failed(self, recipes: Sequence[str], limit: int) -> dict[str, tuple[int, list[Result]]]:
        """Failures by kind, the commonest first: their number, and the first of them.

        Args:
            recipes: by which.
            limit: of each kind, in the order of ``iterate_results``.

        Raises:
            JournalError: a record does not match its checksum.
        """
        named = json.dumps(list(recipes))
        kind = "json_extract(record, '$.failure.kind')"
        where = "outcome = 'failed' AND recipe IN (SELECT value FROM json_each(?1))"
        counts = self._db.rows(
            f"SELECT {kind}, count(*) FROM results WHERE {where} GROUP BY 1 ORDER BY 2 DESC, 1",
            named,
        )
        listed = (
            f"SELECT id FROM results WHERE {where} AND {kind} IS ?2 "
            "ORDER BY coalesce(round, 0), inchikey, recipe LIMIT ?3"
        )
        found = {}
        for name, count in list(counts):
            ids = [row[0] for row in self._db.rows(listed, named, name, limit)]
            found[str(name)] = (int(count), list(self.results_by_id(ids)))
        return found

    def results_by_id(self, ids: Sequence[int]) -> Iterator[Result]:
        """The results with these ids, in the order given.

        Raises:
            JournalError: a record does not match its checksum.
        """
        sql = (
            f"SELECT {_RESULT}, {self._candidate} FROM json_each(?) e "
            "CROSS JOIN results r ON r.id = e.value JOIN candidates c USING (inchikey) "
            "ORDER BY e.key"
        )
        for row in self._db.rows(sql, json.dumps(list(ids))):
            yield self._result(row)

    def values(
        self, recipes: Sequence[str], *, sampled: bool = False
    ) -> Iterator[tuple[str, tuple[float, ...]]]:
        """InChIKey and values of the molecules that every one of these recipes scored.

        No score is read as a whole; what is not finite, or has no number, is left out.

        Args:
            recipes: by name, one at least; the values come in their order.
            sampled: take values with a standard error as well.
        """
        first, *others = (f"r{number}" for number in range(len(recipes)))
        names = [first, *others]
        joined = " ".join(
            f"JOIN results {name} ON {name}.inchikey = r0.inchikey" for name in others
        )
        conditions = [f"{name}.recipe = ? AND {name}.outcome = 'scored'" for name in names]
        if not sampled:
            conditions += [f"{self._error_of(name)} IS NULL" for name in names]
        sql = (
            f"SELECT r0.inchikey, {', '.join(f'{name}.value' for name in names)} "
            f"FROM results r0 {joined} WHERE {' AND '.join(conditions)}"
        )
        for inchikey, *found in self._db.rows(sql, *recipes):
            if all(value is not None and math.isfinite(value) for value in found):
                yield inchikey, tuple(found)

    def outcomes(self, recipes: Sequence[str] | None = None) -> tuple[int, int]:
        """Number of scores and of failures, counted by an index.

        Args:
            recipes: by these alone; None for all.
        """
        found = {"scored": 0, "failed": 0}
        for name in dict.fromkeys(self.recipes() if recipes is None else recipes):
            for outcome in found:
                found[outcome] += self._db.count(
                    "SELECT count(*) FROM results WHERE recipe = ? AND outcome = ?", name, outcome
                )
        return found["scored"], found["failed"]

    def recipes(self) -> list[str]:
        """What there are results by, stages of a funnel included, in the order of their names."""
        return [row[0] for row in self._db.rows("SELECT DISTINCT recipe FROM results ORDER BY 1")]

    def scored_ids(self, recipes: Sequence[str]) -> list[int]:
        """The ids of the scores by these recipes, ascending."""
        sql = (
            "SELECT id FROM results WHERE outcome = 'scored' "
            "AND recipe IN (SELECT value FROM json_each(?)) ORDER BY id"
        )
        return [row[0] for row in self._db.rows(sql, json.dumps(list(recipes)))]

    def first_values(
        self, recipe: str, order: str, *, sampled: bool, limit: int
    ) -> list[tuple[str, float]]:
        """InChIKey and value of the scores that come first; equal ones go by InChIKey.

        No score is read as a whole.

        Args:
            recipe: by name.
            order: an expression of SQLite in ``value`` that grows from the first to the last.
            sampled: take values with a standard error as well.
            limit: how many.
        """
        sql = (
            "SELECT inchikey, value FROM results WHERE recipe = ?1 "
            "AND outcome = 'scored' AND abs(value) <= 1.7e308 "
            f"AND (?2 OR {self._error_of('results')} IS NULL) "
            f"ORDER BY {order}, inchikey LIMIT ?3"
        )
        return list(self._db.rows(sql, recipe, sampled, limit))

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
            f"AND {self._error_of('results')} IS NOT NULL",
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
            f"AND (? OR {self._error_of('results')} IS NULL)",
            recipe,
            sampled,
        )
        return None if found is None or found[0] is None else (float(found[0]), float(found[1]))

    def results_of_cut(self, recipes: Sequence[str]) -> int:
        """Number of results by these recipes for molecules that were cut."""
        if self._db.version < 4:
            return 0
        return self._db.count(
            "SELECT count(*) FROM (SELECT DISTINCT inchikey FROM cuts) "
            "JOIN results r USING (inchikey) WHERE r.recipe IN (SELECT value FROM json_each(?))",
            json.dumps(list(recipes)),
        )

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

    def find_address(self, address: str, *, is_prefix: bool = False) -> Result | None:
        """The first score whose calculation has this content address, None where none has.

        Args:
            address: as it was recorded.
            is_prefix: take any address that begins so.

        Raises:
            JournalError: its record does not match its checksum.
        """
        if self._db.version < 4 or not address:
            return None
        sql = (
            f"SELECT {_RESULT}, {self._candidate} FROM addresses a "
            "JOIN results r USING (inchikey, recipe) JOIN candidates c USING (inchikey) "
            "WHERE a.address BETWEEN ?1 AND ?2 AND r.outcome = 'scored' ORDER BY r.id LIMIT 1"
        )
        row = self._db.row(sql, address, address + "\U0010ffff" if is_prefix else address)
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

    def _result(self, row: tuple[Any, ...]) -> Result:
        fields, written, known = row[:10], row[10], row[11:]
        if result_checksum(fields) != written:
            raise JournalError(
                f"{self._db.path}: the record of {row[0]} ({row[1]}) does not match its "
                "checksum: the file was damaged or edited; restore it from a copy"
            )
        return Result(candidate_of(known), row[1], decode(row[9]), *row[4:9])

    def _error_of(self, table: str) -> str:
        """The standard error of a result, which a journal before version 4 has in its record."""
        if self._db.version < 4:
            return f"json_extract({table}.record, '$.score.standard_error')"
        return f"{table}.standard_error"
