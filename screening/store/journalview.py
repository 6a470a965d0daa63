"""What can be asked of a run, while it goes on and ever after."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from screening.candidate import Candidate
from screening.failure import Failure
from screening.store.database import Database
from screening.store.libraryview import PAGE, candidate_of
from screening.store.records import (
    AttemptRecord,
    Event,
    Kind,
    RoundRecord,
    SelectionRecord,
)
from screening.store.reviewview import ReviewView
from screening.store.schema import KNOWN_BEFORE

# What a journal of an earlier version did not say, in its place.
_BARRIER = {
    "round_known": KNOWN_BEFORE.format("d"),
    "round_facts": "'{}'",
    "selection": f"{KNOWN_BEFORE.format('s')}, 1, '{{}}'",
    "digest": "",
}
_STATED = {
    "round_known": "d.known",
    "round_facts": "d.facts",
    "selection": "s.known, s.decision, s.facts",
    "digest": "",
}
_SIGNED = {**_STATED, "digest": ", checksum"}


class JournalView(ReviewView):
    """The reading half of a ``Journal``."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._columns = (_BARRIER, _BARRIER, _STATED, _SIGNED)[min(database.version, 4) - 1]

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
        """The settings the run was created with.

        Raises:
            JournalError: they do not match their checksum.
        """
        data: dict[str, Any] = json.loads(self._meta("settings") or "{}")
        return data

    def environment(self) -> dict[str, Any]:
        """Versions and machine the run was created on.

        Raises:
            JournalError: they do not match their checksum.
        """
        data: dict[str, Any] = json.loads(self._meta("environment") or "{}")
        return data

    def rounds(self) -> list[RoundRecord]:
        """The rounds begun, in order."""
        sql = (
            "SELECT round, seed, pool_size, generator_note, surrogate_note, started, finished, "
            f"summary, {self._columns['round_known']}, {self._columns['round_facts']}"
            f"{self._columns['digest']} FROM rounds d ORDER BY round"
        )
        records = []
        for row in self._db.rows(sql):
            self._agree(f"round {row[0]}", row[:10], row[10:])
            number, seed, pool, generator, surrogate, started, finished, summary = row[:8]
            known, facts = row[8:10]
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

    def last_round(self) -> int:
        """The last round that was begun, 0 for none."""
        return self._db.count("SELECT max(round) FROM rounds")

    def selected(self) -> int:
        """Number of molecules that the rounds chose and no reviewer had left out."""
        return self._db.count("SELECT count(*) FROM selections") - self.dropped()

    def offers(self, round: int) -> list[Candidate]:
        """What the generator offered a round, in its order; none before version 3."""
        if self._db.version < 3:
            return []
        sql = (
            "SELECT inchikey, smiles, name, 'generator', NULL, hand, parents FROM offers "
            "WHERE round = ? ORDER BY position"
        )
        return [candidate_of(fields) for fields in self._db.rows(sql, round)]

    def selections(self, round: int | None = None) -> list[SelectionRecord]:
        """What a round (or every round) chose, in order."""
        sql = (
            "SELECT s.round, s.position, s.predicted, s.utility_mean, s.utility_std, "
            f"s.acquisition, s.reason, {self._columns['selection']}, {self._candidate}"
            f"{', s.checksum' if self._db.version > 3 else ''} "
            "FROM selections s JOIN candidates c USING (inchikey) "
            "WHERE ?1 IS NULL OR s.round = ?1 ORDER BY s.round, s.position"
        )
        records = []
        for row in self._db.rows(sql, round):
            self._agree(
                f"round {row[0]}, position {row[1]}", (*row[:2], row[10], *row[2:10]), row[17:]
            )
            predicted = {k: (v[0], v[1]) for k, v in json.loads(row[2]).items()}
            mean, std, acquisition, reason, known, decision, facts = row[3:10]
            records.append(
                SelectionRecord(
                    round=row[0],
                    candidate=candidate_of(row[10:17]),
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

    def counts(self, recipes: Sequence[str] | None = None) -> dict[str, int]:
        """Number of library rows, candidates, scored and failed results, and attempts.

        Args:
            recipes: count the results of these alone; None for all.
        """
        scored, failed = self.outcomes(recipes)
        return {
            "rows": self.library_counts()["rows"],
            "candidates": self._db.count("SELECT count(*) FROM candidates"),
            "scored": scored,
            "failed": failed,
            "attempts": self._db.count("SELECT count(*) FROM attempts"),
        }

    def failures(self, inchikey: str, recipe: str) -> list[Failure]:
        """How the attempts at a molecule and recipe failed, oldest first."""
        sql = (
            "SELECT failure_kind, failure_step, failure_message FROM attempts "
            "WHERE inchikey = ? AND recipe = ? AND outcome = 'failed' ORDER BY id"
        )
        return [Failure(*fields) for fields in self._db.rows(sql, inchikey, recipe)]

    def last_attempt(self) -> int:
        """Id of the last attempt that was begun, 0 for none."""
        return self._db.count("SELECT max(id) FROM attempts")

    def is_begun(self, inchikey: str) -> bool:
        """Whether an attempt at a molecule was begun whose end is not written."""
        sql = "SELECT count(*) FROM attempts WHERE inchikey = ? AND finished IS NULL"
        return bool(self._db.count(sql, inchikey))

    def has_ended(self, attempt_id: int) -> bool:
        """Whether it is written how an attempt ended."""
        sql = "SELECT count(*) FROM attempts WHERE id = ? AND finished IS NOT NULL"
        return bool(self._db.count(sql, attempt_id))

    def attempts(self) -> list[AttemptRecord]:
        """Every attempt, in the order they were begun."""
        return list(self.iterate_attempts())

    def iterate_attempts(self, *, after: int = 0) -> Iterator[AttemptRecord]:
        """``attempts`` one by one, read page by page.

        Args:
            after: leave out those up to this id.
        """
        sql = (
            "SELECT id, inchikey, recipe, attempt, started, finished, outcome, failure_kind, "
            "failure_step, failure_message, wall_seconds, cpu_seconds, peak_memory_mb, "
            f"{'node' if self._db.version > 3 else 'NULL'} FROM attempts "
            f"WHERE id > ? ORDER BY id LIMIT {PAGE}"
        )
        while page := list(self._db.rows(sql, after)):
            after = page[-1][0]
            for row in page:
                failure = None if row[7] is None else Failure(row[7], row[8], row[9])
                yield AttemptRecord(*(*row[:7], failure, *row[10:]))

    def usages(self, last: int) -> list[tuple[str, str, float, float, float]]:
        """What the last so many attempts took, where it was measured, the newest first.

        Left out are those that failed by their input, before they cost anything.

        Returns:
            SMILES, recipe, wall-clock and CPU time (s) and peak memory (MB) of each.
        """
        sql = (
            "SELECT c.smiles, a.recipe, a.wall_seconds, a.cpu_seconds, a.peak_memory_mb "
            "FROM attempts a JOIN candidates c USING (inchikey) "
            "WHERE a.peak_memory_mb > 0 AND a.failure_kind IS NOT 'input' "
            "ORDER BY a.id DESC LIMIT ?"
        )
        return list(self._db.rows(sql, last))

    def events(self, *, after: int = 0) -> list[Event]:
        """The run's log, oldest first.

        Args:
            after: leave out lines up to this id.
        """
        sql = "SELECT time, kind, message FROM events WHERE id > ? ORDER BY id"
        return [Event(*row) for row in self._db.rows(sql, after)]

    def recent_events(self, number: int) -> list[Event]:
        """The last lines of the run's log, oldest first."""
        sql = "SELECT time, kind, message FROM events ORDER BY id DESC LIMIT ?"
        return [Event(*row) for row in self._db.rows(sql, number)][::-1]

    def _meta(self, key: str) -> str | None:
        seen = "value" if self._db.version < 4 else "value, checksum"
        row = self._db.row(f"SELECT {seen} FROM meta WHERE key = ?", key)
        if row is None:
            return None
        self._agree(f"what it says of its {key}", (key, row[0]), row[1:])
        return str(row[0])
