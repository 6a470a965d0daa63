"""The second writer of a run's journal: what people say of its molecules.

A run has one writer, which holds a lock for its life. A reviewer's process writes beside it,
into one small table of its own: each record is one short transaction that waits its turn
(``BEGIN IMMEDIATE``), so that neither writer loses anything, and a process that is killed
leaves a whole record or none. Nothing is changed or taken out: what is taken back is followed
by a record that says so.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from screening.store import filesystem, schema
from screening.store.checksum import digest
from screening.store.database import (
    FILE,
    PASSING,
    JournalError,
    cannot_write,
    check_schema,
    connect,
    refuse_links,
    sqlite_errors,
)
from screening.store.journal import Journal
from screening.store.records import Review, ReviewKind
from screening.store.runlock import holder, in_use

LONGEST_NAME = 80
"""Characters of a reviewer's name."""

LONGEST_TEXT = 4000
"""Characters of a reason or comment."""

_PAUSE_S = 0.03
"""After a write: SQLite serves whoever asks first, and the run's writer must get a turn, also
beside a program that says one thing after the other."""

_COLUMNS = schema.CHECKED["reviews"]
_INSERT = (
    f"INSERT INTO reviews ({', '.join(_COLUMNS)}, checksum) "
    f"VALUES ({', '.join('?' * (len(_COLUMNS) + 1))})"
)


class ReviewBook:
    """Writes reviews into a run's journal, also while the run goes on. Use ``open``.

    Args:
        directory: the run's folder.
        connection: open for writing, with the schema checked.
    """

    def __init__(self, directory: Path, connection: sqlite3.Connection) -> None:
        self._path = directory / FILE
        self._connection = connection
        self.patience_s = 60.0  # s; a write that may yet succeed is tried for so long

    @classmethod
    def open(cls, directory: Path) -> ReviewBook:
        """Open the journal of a run for reviews; one of an earlier version is brought to this.

        Raises:
            JournalError: no run is there, another host may write it, it is of another version
                and in use, a link stands in the place of one of its files, or it cannot be
                written.
        """
        path = directory / FILE
        refuse_links(directory)
        _check_host(directory)
        Journal.open(directory, readonly=True).close()  # says what is wrong with it
        with sqlite_errors(path):
            connection = connect(path)
            version = check_schema(path, connection)
        if version != schema.VERSION:
            connection.close()
            if in_use(directory):
                raise JournalError(
                    f"{path} is being written by another version of molq (schema {version}), "
                    "which knows no reviews: stop that run, then go on with it by "
                    f"`molq resume {directory}`"
                )
            Journal.open(directory).close()
            with sqlite_errors(path):
                connection = connect(path)
        return cls(directory, connection)

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def __enter__(self) -> ReviewBook:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def add(
        self,
        reviewer: str,
        inchikey: str,
        smiles: str,
        kind: ReviewKind,
        *,
        rating: int | None = None,
        text: str = "",
        withdraws: int | None = None,
    ) -> Review:
        """Write down what somebody says.

        Args:
            reviewer: who.
            inchikey: of the molecule.
            smiles: of the molecule, as it is evaluated.
            kind: what is said.
            rating: 1..5, of a rating alone.
            text: a rejection's reason and a comment must have one.
            withdraws: id of the own review of the same molecule that is taken back, of a
                withdrawal alone.

        Returns:
            The record, which is on disk.

        Raises:
            ValueError: it says too little or too much; one line.
            JournalError: it cannot be written, also after patience.
        """
        reviewer = " ".join(_storable(reviewer).split())
        text = _storable(text).strip()
        _check(reviewer, kind, rating, text)

        def write() -> Review:
            if kind == "withdraw":
                self._check_withdrawal(reviewer, inchikey, withdraws)
            (last,) = self._connection.execute("SELECT max(id) FROM reviews").fetchone()
            now = datetime.now(UTC).isoformat(timespec="milliseconds")
            fields = (
                *((last or 0) + 1, now, reviewer, inchikey, smiles, kind, rating, text),
                withdraws if kind == "withdraw" else None,
            )
            self._connection.execute(_INSERT, (*fields, digest(*fields)))
            return Review(*fields)

        return self._patiently(write)

    def _check_withdrawal(self, reviewer: str, inchikey: str, withdraws: int | None) -> None:
        row = self._connection.execute(
            "SELECT reviewer, inchikey, kind FROM reviews WHERE id = ?", (withdraws,)
        ).fetchone()
        if row is None or row[:2] != (reviewer, inchikey) or row[2] == "withdraw":
            raise ValueError(
                f"review {withdraws} is not one of {reviewer} that can be taken back: "
                "each reviewer takes back the own ones"
            )
        again = self._connection.execute(
            "SELECT count(*) FROM reviews WHERE withdraws = ?", (withdraws,)
        ).fetchone()
        if again[0]:
            raise ValueError(f"review {withdraws} is taken back already")

    def _patiently(self, write: Callable[[], Review]) -> Review:
        """One transaction, tried again while that may help."""
        deadline = time.monotonic() + self.patience_s
        while True:
            try:
                review = self._once(write)
            except sqlite3.Error as error:
                code = (error.sqlite_errorcode or 0) & 0xFF
                if code not in PASSING:
                    raise JournalError(f"{self._path}: cannot be written: {error}") from error
                if time.monotonic() >= deadline:
                    raise JournalError(cannot_write(self._path, code, error)) from error
                time.sleep(min(0.2, self.patience_s / 10))
            else:
                time.sleep(_PAUSE_S)
                return review

    def _once(self, write: Callable[[], Review]) -> Review:
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            review = write()
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise
        return review


def _check_host(directory: Path) -> None:
    """That every writer of a journal shares this machine's memory, which a write-ahead log needs.

    https://www.sqlite.org/wal.html: all processes must be on one host.

    Raises:
        JournalError: one is elsewhere, or may be.
    """
    found, here = holder(directory), os.uname().nodename
    if found is not None:
        if found[1] != here:
            raise JournalError(
                f"{directory} is being written on {found[1]}, and two machines cannot write one "
                "journal: run `molq review ... --no-browser --port 8123` there, and "
                f"`ssh -L 8123:127.0.0.1:8123 {found[1]}` here"
            )
        return  # whoever else would write it is sent here
    if (kind := filesystem.kind(directory)) in filesystem.NETWORK:
        raise JournalError(
            f"{directory} is on {kind}, a network file system on which two machines might write "
            "one journal: review it on its run's machine while the run goes on, or copy the "
            "folder to a local disk"
        )


def _check(reviewer: str, kind: ReviewKind, rating: int | None, text: str) -> None:
    if not reviewer:
        raise ValueError("a review needs the name of who gives it")
    if len(reviewer) > LONGEST_NAME or not reviewer.isprintable():
        raise ValueError(f"a reviewer's name has at most {LONGEST_NAME} printable characters")
    if len(text) > LONGEST_TEXT:
        raise ValueError(f"a text has at most {LONGEST_TEXT} characters; this has {len(text)}")
    if kind == "reject" and not text:
        raise ValueError("a rejection needs a reason: say why in a few words")
    if kind == "comment" and not text:
        raise ValueError("a comment needs a text")
    if (kind == "rate") != (rating is not None) or rating not in (None, 1, 2, 3, 4, 5):
        raise ValueError("a rating is a whole number from 1 to 5")


def _storable(text: str) -> str:
    # SQLite stores UTF-8; a lone surrogate from a wrongly decoded text is not.
    return text.encode("utf-8", "replace").decode("utf-8")
