"""What a journal says of the funnel: who is still in it, what each stage gave and cost."""

from __future__ import annotations

from collections.abc import Iterator

from screening.candidate import Candidate
from screening.store.libraryview import PAGE, candidate_of
from screening.store.records import Result
from screening.store.resultview import ResultView


class FunnelView(ResultView):
    """The part of a ``Journal`` that reads the stages of a funnel."""

    def remaining(
        self, recipe: str = "", *, failed: bool = False
    ) -> Iterator[tuple[Candidate, float | None]]:
        """The library's molecules that no stage cut and no calculation failed for, in order.

        Read page by page: no query stays open while the caller works.

        Args:
            recipe: whose value comes with each; None where it has none.
            failed: with those for which this recipe, and no other, failed.
        """
        cut = (
            ""
            if self._db.version < 4
            else "AND NOT EXISTS (SELECT 1 FROM cuts k WHERE k.inchikey = c.inchikey) "
        )
        sql = (
            f"SELECT c.id, v.value, {self._candidate} FROM candidates c "
            "LEFT JOIN results v ON v.inchikey = c.inchikey AND v.recipe = ?2 "
            f"WHERE c.id > ?1 AND c.origin = 'library' {cut}"
            "AND NOT EXISTS (SELECT 1 FROM results f "
            "WHERE f.inchikey = c.inchikey AND f.outcome = 'failed' AND f.recipe <> ?3) "
            f"ORDER BY c.id LIMIT {PAGE}"
        )
        last = 0
        while page := list(self._db.rows(sql, last, recipe, recipe if failed else "")):
            last = page[-1][0]
            yield from ((candidate_of(row[2:]), row[1]) for row in page)

    def admitted(self) -> Iterator[Candidate]:
        """The library's molecules that a campaign may choose, in order; read page by page.

        Left out are those that a stage of the funnel cut before any was chosen.
        """
        cut = (
            ""
            if self._db.version < 4
            else "AND NOT EXISTS (SELECT 1 FROM cuts k "
            "WHERE k.inchikey = c.inchikey AND k.round IS NULL) "
        )
        sql = (
            f"SELECT c.id, {self._candidate} FROM candidates c "
            f"WHERE c.id > ?1 AND c.origin = 'library' {cut}ORDER BY c.id LIMIT {PAGE}"
        )
        last = 0
        while page := list(self._db.rows(sql, last)):
            last = page[-1][0]
            yield from (candidate_of(row[1:]) for row in page)

    def labelled(self, recipe: str) -> Iterator[tuple[str, str, float]]:
        """InChIKey, SMILES and value of each exact score of a recipe, in the order they came.

        No score is read as a whole; read page by page.
        """
        sql = (
            "SELECT r.id, r.inchikey, c.smiles, r.value FROM results r "
            "JOIN candidates c USING (inchikey) WHERE r.id > ?1 AND r.recipe = ?2 "
            f"AND r.outcome = 'scored' AND {self._error_of('r')} IS NULL "
            f"ORDER BY r.id LIMIT {PAGE}"
        )
        last = 0
        while page := list(self._db.rows(sql, last, recipe)):
            last = page[-1][0]
            yield from ((inchikey, smiles, float(value)) for _, inchikey, smiles, value in page)

    @property
    def has_addresses(self) -> bool:
        """Whether calculations are recorded with their addresses, as since version 4."""
        return bool(self._db.version > 3)

    def failed_at(self, recipe: str) -> list[Result]:
        """The failures of a recipe, in the order they were recorded."""
        sql = "SELECT id FROM results WHERE recipe = ? AND outcome = 'failed' ORDER BY id"
        ids = [number for (number,) in self._db.rows(sql, recipe)]
        return list(self.results_by_id(ids)) if ids else []

    def outcome_counts(self) -> dict[str, tuple[int, int]]:
        """Of each recipe the numbers of scores and of failures."""
        found: dict[str, dict[str, int]] = {}
        sql = "SELECT recipe, outcome, count(*) FROM results GROUP BY recipe, outcome"
        for recipe, outcome, number in self._db.rows(sql):
            found.setdefault(recipe, {})[outcome] = int(number)
        return {recipe: (of.get("scored", 0), of.get("failed", 0)) for recipe, of in found.items()}

    def cut_selections(self) -> int:
        """Number of chosen molecules that a stage of the funnel cut."""
        if self._db.version < 4:
            return 0
        return self._db.count(
            "SELECT count(DISTINCT s.inchikey) FROM selections s JOIN cuts k USING (inchikey)"
        )

    def core_seconds(self) -> dict[str, float]:
        """Of each recipe the CPU time of all attempts, failed ones included, in seconds."""
        sql = "SELECT recipe, total(cpu_seconds) FROM attempts GROUP BY recipe"
        return {recipe: float(seconds) for recipe, seconds in self._db.rows(sql)}
