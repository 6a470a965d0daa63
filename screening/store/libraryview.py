"""What a journal says of molecules: the library's rows, the candidates, those that were cut."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from screening.candidate import Candidate
from screening.failure import Failure
from screening.store.database import Database
from screening.store.records import Cut

if TYPE_CHECKING:
    from screening.intake.library import LibraryRow

_LIBRARY = (
    "row, text, name, smiles, inchikey, failure_kind, failure_step, failure_message, "
    "duplicate_of, notes"
)
_FIRST_CANDIDATE = "c.inchikey, c.smiles, c.name, c.origin, c.row"  # of a journal of version 1
_CANDIDATE = f"{_FIRST_CANDIDATE}, c.hand, c.parents"

_FEW = 0.1  # share of molecules without a result that is few
PAGE = 1000  # rows of a query that is read page by page, so that none stays open for long


class LibraryView:
    """The part of a ``Journal`` that reads molecules."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self._candidate = _CANDIDATE if database.version > 1 else _FIRST_CANDIDATE

    @property
    def directory(self) -> Path:
        """The run's folder."""
        return self._db.directory

    def library_rows(self) -> Iterator[LibraryRow]:
        """Every row of the input, in order; read page by page."""
        sql = f"SELECT {_LIBRARY} FROM library WHERE row > ? ORDER BY row LIMIT {PAGE}"
        last = 0
        while page := list(self._db.rows(sql, last)):
            last = page[-1][0]
            yield from (_library_row(row) for row in page)

    def library_keys(self, *, after: int = 0) -> Iterator[tuple[int, str]]:
        """Number and InChIKey of the rows that met a molecule first; read page by page.

        Args:
            after: leave out rows up to this number.
        """
        sql = (
            "SELECT row, inchikey FROM library WHERE row > ? AND inchikey IS NOT NULL "
            f"AND duplicate_of IS NULL ORDER BY row LIMIT {PAGE}"
        )
        while page := list(self._db.rows(sql, after)):
            after = page[-1][0]
            yield from page

    def library_row(self, row: int) -> LibraryRow | None:
        """One row of the input, None when it is not there."""
        found = self._db.row(f"SELECT {_LIBRARY} FROM library WHERE row = ?", row)
        return None if found is None else _library_row(found)

    def refused_rows(self, limit: int) -> list[LibraryRow]:
        """The first rows that were dropped or duplicates."""
        rows: list[tuple[Any, ...]] = []
        for refused in ("failure_kind IS NOT NULL", "duplicate_of IS NOT NULL"):
            sql = f"SELECT {_LIBRARY} FROM library WHERE {refused} ORDER BY row LIMIT ?"
            rows += self._db.rows(sql, limit)
        found = {row[0]: row for row in rows}
        return [_library_row(found[number]) for number in sorted(found)[:limit]]

    def last_library_row(self) -> int:
        """The highest row number taken in, 0 when there is none."""
        return self._db.count("SELECT max(row) FROM library")

    def library_counts(self) -> dict[str, int]:
        """Number of ``rows`` taken in, and of these ``passed``, ``dropped`` and ``duplicates``."""
        passed, dropped, duplicates, both = (
            self._db.count(f"SELECT count(*) FROM library WHERE {condition}")
            for condition in (
                "failure_kind IS NULL AND duplicate_of IS NULL",
                "failure_kind IS NOT NULL",
                "duplicate_of IS NOT NULL",
                "duplicate_of IS NOT NULL AND failure_kind IS NOT NULL",
            )
        )
        return {
            "rows": passed + dropped + duplicates - both,
            "passed": passed,
            "dropped": dropped,
            "duplicates": duplicates,
        }

    def candidates(self) -> list[Candidate]:
        """Every molecule, in the order they came."""
        return list(self.iterate_candidates())

    def candidate(self, inchikey: str) -> Candidate | None:
        """A molecule, None where it is no candidate of the run."""
        row = self._db.row(
            f"SELECT {self._candidate} FROM candidates c WHERE inchikey = ?", inchikey
        )
        return None if row is None else candidate_of(row)

    def iterate_candidates(self, origin: str | None = None) -> Iterator[Candidate]:
        """``candidates`` one by one, read page by page.

        Args:
            origin: ``"library"`` or ``"generator"``; None for both.
        """
        sql = (
            f"SELECT c.id, {self._candidate} FROM candidates c WHERE c.id > ?1 "
            f"AND (?2 IS NULL OR c.origin = ?2) ORDER BY c.id LIMIT {PAGE}"
        )
        last = 0
        while page := list(self._db.rows(sql, last, origin)):
            last = page[-1][0]
            yield from (candidate_of(row[1:]) for row in page)

    def unfinished(self, recipes: Sequence[str]) -> Iterator[Candidate]:
        """The library's molecules that lack a result and were not cut, in the order they came.

        Read page by page: no query stays open while the caller works.
        """
        cut = "" if self._db.version < 4 else "AND c.inchikey NOT IN (SELECT inchikey FROM cuts) "
        wanted = (
            "origin = 'library' AND (SELECT count(*) FROM results r "
            "WHERE r.inchikey = c.inchikey AND r.recipe IN (SELECT value FROM json_each(?1))) < ?2 "
            f"{cut}ORDER BY id"
        )
        named, number = json.dumps(list(recipes)), len(recipes)
        few = self._few_without(recipes)
        if few is not None:
            sql = (
                f"SELECT {self._candidate} FROM candidates c "
                f"WHERE id IN (SELECT value FROM json_each(?3)) AND {wanted}"
            )
            for begin in range(0, len(few), PAGE):
                page = list(
                    self._db.rows(sql, named, number, json.dumps(few[begin : begin + PAGE]))
                )
                yield from (candidate_of(row) for row in page)
            return
        sql = (
            f"SELECT id, {self._candidate} FROM candidates c "
            f"WHERE id > ?3 AND {wanted} LIMIT {PAGE}"
        )
        last = 0
        while page := list(self._db.rows(sql, named, number, last)):
            last = page[-1][0]
            yield from (candidate_of(row[1:]) for row in page)

    def _few_without(self, recipes: Sequence[str]) -> list[int] | None:
        """Ids of the molecules that lack a result, where most have theirs; None else.

        Two indices in the same order are compared, which is quicker than to look for a
        million results molecule by molecule.
        """
        total = self._db.count("SELECT count(*) FROM candidates")
        ended = "SELECT {} FROM results WHERE recipe = ?1 AND outcome = "
        keys: set[str] = set()
        for recipe in recipes:
            done = sum(
                self._db.count(f"{ended.format('count(*)')} '{outcome}'", recipe)
                for outcome in ("scored", "failed")
            )
            if self._db.version < 4 or total - done > _FEW * total:
                return None
            missing = self._db.rows(
                f"SELECT inchikey FROM candidates EXCEPT {ended.format('inchikey')} 'scored' "
                f"EXCEPT {ended.format('inchikey')} 'failed' ORDER BY 1",
                recipe,
            )
            keys.update(row[0] for row in missing)
        found = self._db.rows(
            "SELECT c.id FROM json_each(?) e JOIN candidates c ON c.inchikey = e.value",
            json.dumps(list(keys)),
        )
        return sorted(row[0] for row in found)

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

    def cut_molecules(self) -> int:
        """Number of molecules that any stage cut."""
        if self._db.version < 4:
            return 0
        return self._db.count("SELECT count(DISTINCT inchikey) FROM cuts")

    def cut_counts(self) -> dict[str, int]:
        """Number of molecules cut, by stage, the stage of the first cut first."""
        if self._db.version < 4:
            return {}
        sql = "SELECT stage, count(*) FROM cuts GROUP BY stage ORDER BY min(id)"
        return dict(self._db.rows(sql))


def candidate_of(fields: Sequence[Any]) -> Candidate:
    """From the columns of a candidate, of which a journal of version 1 lacks the last two."""
    inchikey, smiles, name, origin, row, hand, parents = (*fields, "", "")[:7]
    return Candidate(inchikey, smiles, name, origin, row, hand, tuple(parents.split()))


def _library_row(fields: tuple[Any, ...]) -> LibraryRow:
    from screening.intake.library import LibraryRow

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
