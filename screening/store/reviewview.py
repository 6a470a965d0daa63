"""What a journal says of reviews: what people said of molecules, and what was left out for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from screening.store.checksum import digest
from screening.store.database import JournalError
from screening.store.funnelview import FunnelView
from screening.store.records import Drop, Review

_REVIEW = "id, time, reviewer, inchikey, smiles, kind, rating, text, withdraws, checksum"


class ReviewView(FunnelView):
    """The part of a ``Journal`` that reads reviews; a journal before version 5 has none."""

    def last_review(self) -> int:
        """Id of the last review, 0 for none."""
        if self._db.version < 5:
            return 0
        return self._db.count("SELECT max(id) FROM reviews")

    def reviews(self, *, after: int = 0, until: int | None = None) -> Iterator[Review]:
        """What was said, in order.

        Args:
            after: leave out what was said up to this id.
            until: leave out what was said after this id; None for all.

        Raises:
            JournalError: a record does not match its checksum.
        """
        if self._db.version < 5:
            return
        sql = (
            f"SELECT {_REVIEW} FROM reviews WHERE id > ?1 AND (?2 IS NULL OR id <= ?2) ORDER BY id"
        )
        for row in list(self._db.rows(sql, after, until)):
            self._agree(f"review {row[0]}", row[:9], row[9:])
            yield Review(*row[:9])

    def reviews_of(self, inchikey: str) -> list[Review]:
        """What was said of one molecule, in order.

        Raises:
            JournalError: a record does not match its checksum.
        """
        if self._db.version < 5:
            return []
        found = list(
            self._db.rows(f"SELECT {_REVIEW} FROM reviews WHERE inchikey = ? ORDER BY id", inchikey)
        )
        for row in found:
            self._agree(f"review {row[0]}", row[:9], row[9:])
        return [Review(*row[:9]) for row in found]

    def drops(self, *, until: int | None = None) -> list[Drop]:
        """Chosen molecules that rounds left out, in order.

        Args:
            until: leave out what came after this id; None for all.

        Raises:
            JournalError: a record does not match its checksum.
        """
        if self._db.version < 5:
            return []
        sql = (
            "SELECT id, round, position, inchikey, review, recorded, checksum FROM drops "
            "WHERE ?1 IS NULL OR id <= ?1 ORDER BY id"
        )
        found = list(self._db.rows(sql, until))
        for row in found:
            self._agree(f"the drop of round {row[1]}, position {row[2]}", row[1:6], row[6:])
        return [Drop(*row[:5]) for row in found]

    def last_drop(self) -> int:
        """Id of the last drop, 0 for none."""
        if self._db.version < 5:
            return 0
        return self._db.count("SELECT max(id) FROM drops")

    def dropped(self) -> int:
        """Number of chosen molecules that were left out."""
        if self._db.version < 5:
            return 0
        return self._db.count("SELECT count(*) FROM drops")

    def _agree(self, what: str, fields: Sequence[Any], written: Sequence[int]) -> None:
        """That a record's digest is the one written, which is empty before version 4.

        Raises:
            JournalError: it is not.
        """
        if written and digest(*fields) != written[0]:
            raise JournalError(
                f"{self._db.path}: {what} does not match its checksum: the file was damaged or "
                f"edited; `molq verify {self.directory}` says where, restore it from a copy"
            )
