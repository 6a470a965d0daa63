"""One SQLite file in a run's folder: one writer, patient writes, readers at any time.

Write-ahead logging with a full sync at each commit: what was committed survives
``kill -9`` and a power cut, and readers never wait. A second writer is refused
(``runlock``).
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import IO, Any

from screening.store import runlock, schema
from screening.store.checksum import digest
from screening.store.runlock import LOCK

FILE = "journal.sqlite"
RESERVE = "journal.reserve"

_RESERVE_BYTES = 4 << 20
_CACHE_KIB = 16 << 10  # of the writer, for the indices of a large library
_LOG_BYTES = 64 << 20  # of the write-ahead log; one that a long reader let grow shrinks to this
PASSING = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR}

Statement = tuple[str, Sequence[Any]]


class JournalError(Exception):
    """The journal cannot be opened, read or written; one line for the user."""


class Database:
    """The open file. Use ``create`` or ``open``.

    Args:
        directory: the run's folder.
        connection: open, with the schema checked.
        lock: held by the writer; None for a reader.
    """

    def __init__(
        self, directory: Path, connection: sqlite3.Connection, lock: IO[str] | None
    ) -> None:
        self.directory = directory
        self.path = directory / FILE
        self.patience_s = 60.0  # s; a write that may yet succeed is tried for so long
        self.connection = connection
        (self.version,) = connection.execute("PRAGMA user_version").fetchone()
        self._lock = lock
        self._buffer: list[Statement] | None = None
        if lock is not None:
            with suppress(OSError):
                _make_reserve(directory / RESERVE)

    @classmethod
    def create(cls, directory: Path, meta: Mapping[str, str]) -> Database:
        """Make the file with its tables and first facts, all or nothing.

        Raises:
            JournalError: the folder holds a run, is in use or cannot be written.
        """
        path = directory / FILE
        try:
            directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise JournalError(f"{directory}: cannot make the folder: {error.strerror}") from error
        lock = _acquire(directory)
        try:
            if path.exists() and _has_tables(path):
                raise JournalError(
                    f"{directory} already holds a run: go on with it by "
                    f"`molq resume {directory}`, or choose another folder"
                )
            with sqlite_errors(path):
                connection = connect(path)
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute("BEGIN IMMEDIATE")
                for table in schema.TABLES:
                    connection.execute(table)
                connection.executemany(
                    "INSERT INTO meta (key, value, checksum) VALUES (?1, ?2, digest(?1, ?2))",
                    meta.items(),
                )
                connection.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
                connection.execute(f"PRAGMA user_version = {schema.VERSION}")
                connection.execute("COMMIT")
        except BaseException:
            lock.close()
            raise
        return cls(directory, connection, lock)

    @classmethod
    def open(cls, directory: Path, *, readonly: bool) -> Database:
        """Open the file of a run; a reader may do so while the run goes on.

        Raises:
            JournalError: no run there, another writer at work, a newer schema, or
                a damaged file.
        """
        path = directory / FILE
        if not path.is_file() or not _has_tables(path):
            raise JournalError(
                f"{directory} is not a run's folder: it has no {FILE} with a run in it"
            )
        lock = None if readonly else _acquire(directory)
        try:
            with sqlite_errors(path):
                connection = connect(path, readonly=readonly)
                version = check_schema(path, connection)
                if not readonly:
                    _migrate(connection, version)
        except BaseException:
            if lock is not None:
                lock.close()
            raise
        return cls(directory, connection, lock)

    def close(self) -> None:
        """Let go of the file and of the writer's lock."""
        self.connection.close()
        if self._lock is not None:
            with suppress(OSError):
                (self.directory / RESERVE).unlink(missing_ok=True)
            self._lock.close()
            self._lock = None

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Writes inside are committed together at the end, or not at all.

        They are not visible to reads before that.
        """
        if self._buffer is not None:
            yield
            return
        self._buffer = []
        try:
            yield
            statements = self._buffer
        finally:
            self._buffer = None
        self._commit(statements)

    def rows(self, sql: str, *parameters: Any) -> Iterator[tuple[Any, ...]]:
        """The rows of a query, one by one."""
        with sqlite_errors(self.path):
            yield from self.connection.execute(sql, parameters)

    def row(self, sql: str, *parameters: Any) -> tuple[Any, ...] | None:
        """The first row of a query, None when it has none."""
        with sqlite_errors(self.path):
            found: tuple[Any, ...] | None = self.connection.execute(sql, parameters).fetchone()
        return found

    def count(self, sql: str, *parameters: Any) -> int:
        """The one number a query gives, 0 for NULL."""
        found = self.row(sql, *parameters)
        return int(found[0] or 0) if found else 0

    def write(self, sql: str, *parameters: Any) -> None:
        """Apply one statement, at once or with its transaction.

        Raises:
            JournalError: it cannot be written, also after patience.
        """
        if self._lock is None:
            raise JournalError(f"{self.path} is open for reading only")
        if self._buffer is None:
            self._commit([(sql, parameters)])
        else:
            self._buffer.append((sql, parameters))

    def _commit(self, statements: Sequence[Statement]) -> None:
        """Apply the statements in one transaction, trying again while it may help."""
        deadline = time.monotonic() + self.patience_s
        last_chance = False
        while True:
            try:
                self._apply(statements)
            except sqlite3.Error as error:
                code = (error.sqlite_errorcode or 0) & 0xFF
                if code not in PASSING:
                    raise JournalError(f"{self.path}: cannot be written: {error}") from error
                if time.monotonic() < deadline:
                    time.sleep(min(1.0, self.patience_s / 10))
                    continue
                if code == sqlite3.SQLITE_FULL and not last_chance and self._release_reserve():
                    last_chance = True
                    continue
                raise JournalError(cannot_write(self.path, code, error)) from error
            if last_chance:
                raise JournalError(
                    f"{self.path}: the disk is full; everything computed so far is saved: "
                    f"free some space, then `molq resume {self.directory}`"
                )
            return

    def _apply(self, statements: Sequence[Statement]) -> None:
        try:
            self.connection.execute("BEGIN IMMEDIATE")
            for sql, group in groupby(statements, key=itemgetter(0)):
                self.connection.executemany(sql, (parameters for _, parameters in group))
            self.connection.execute("COMMIT")
        except BaseException:
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")
            raise

    def _release_reserve(self) -> bool:
        try:
            (self.directory / RESERVE).unlink()
        except OSError:
            return False
        return True


def cannot_write(path: Path, code: int, error: sqlite3.Error) -> str:
    """Why a write failed for good, with the remedy, on one line."""
    if code == sqlite3.SQLITE_FULL:
        reason = "the disk is full: free some space"
    elif code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        reason = "another program holds the file locked: close it"
    else:
        reason = f"the disk cannot be written ({error}): check it"
    return f"{path}: {reason}, then `molq resume {path.parent}`"


def _acquire(folder: Path) -> IO[str]:
    """The writer's lock on a run's folder.

    Raises:
        JournalError: another process holds it, it cannot be made, or it is a link.
    """
    refuse_links(folder)
    try:
        return runlock.acquire(folder)
    except BlockingIOError as error:
        raise JournalError(
            f"{folder} is in use by {error}: wait for it to end, or stop it first"
        ) from error
    except OSError as error:
        raise JournalError(f"{folder}: cannot be written: {error.strerror}") from error


def refuse_links(folder: Path) -> None:
    """That what a writer opens is the folder's own: a link would have it write elsewhere.

    Raises:
        JournalError: names the link.
    """
    for name in (LOCK, RESERVE, FILE, f"{FILE}-wal", f"{FILE}-shm"):
        path = folder / name
        if path.is_symlink():
            raise JournalError(
                f"{path} is a link, and a run writes into its own folder only: put the file "
                "itself there"
            )


def connect(path: Path, *, readonly: bool = False) -> sqlite3.Connection:
    """The file of a run, opened as every reader and writer of it does; no lock is taken."""
    uri = path.resolve().as_uri()
    if readonly:
        uri += "?mode=ro"
        if not os.access(path.parent, os.W_OK) and not _is_logged(path):
            # A reader of a write-ahead log makes files beside it; here it cannot,
            # and need not: nothing is being written.
            uri += "&immutable=1"
    db = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=10.0)
    if not readonly:
        db.create_function("digest", -1, digest, deterministic=True)
        db.execute("PRAGMA synchronous = FULL")
        db.execute("PRAGMA foreign_keys = ON")
        db.execute(f"PRAGMA journal_size_limit = {_LOG_BYTES}")
        db.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
    return db


def _is_logged(path: Path) -> bool:
    """Whether a log that SQLite can read lies beside a journal in a folder of others.

    Raises:
        JournalError: the log holds something, and its index is missing and cannot be made.
    """
    log, index = path.with_name(f"{FILE}-wal"), path.with_name(f"{FILE}-shm")
    if not log.exists() or index.exists():
        return log.exists()
    if log.stat().st_size == 0:
        return False
    raise JournalError(
        f"{path}: a part of it is still in {log.name}, which can only be read where the folder "
        "can be written: copy the folder to such a place and read it there"
    )


def _has_tables(path: Path) -> bool:
    """Whether the file holds a run; a file left by a killed ``create`` does not."""
    if path.stat().st_size == 0:
        return False
    with sqlite_errors(path):
        db = connect(path, readonly=True)
        try:
            (count,) = db.execute("SELECT count(*) FROM sqlite_master").fetchone()
        finally:
            db.close()
    return bool(count)


def _migrate(db: sqlite3.Connection, version: int) -> None:
    """Bring a journal of an earlier version to this one, all or nothing."""
    if version == schema.VERSION:
        return
    db.execute("BEGIN IMMEDIATE")
    try:
        for earlier in range(version, schema.VERSION):
            for statement in schema.MIGRATIONS[earlier]:
                db.execute(statement)
        db.execute(f"PRAGMA user_version = {schema.VERSION}")
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


def check_schema(path: Path, db: sqlite3.Connection) -> int:
    """The version of a journal that can be read.

    Raises:
        JournalError: it is none, or of a version that cannot.
    """
    (application,) = db.execute("PRAGMA application_id").fetchone()
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if application != schema.APPLICATION_ID:
        raise JournalError(f"{path} is a database of another program, not a run's journal")
    if version != schema.VERSION and version not in schema.MIGRATIONS:
        raise JournalError(
            f"{path} was written by another version of molq (schema {version}, this one reads "
            f"{schema.VERSION}): open it with that version, or update molq"
        )
    return int(version)


@contextmanager
def sqlite_errors(path: Path) -> Iterator[None]:
    """Turn what SQLite raises about the file into one line for the user."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise JournalError(f"{path}: cannot be read: {error}") from error
    except sqlite3.DatabaseError as error:
        raise JournalError(f"{path} is damaged or not a journal: {error}") from error


def _make_reserve(path: Path) -> None:
    """Set aside space that is given up for the last results when the disk fills."""
    if not path.exists():
        with path.open("wb") as handle:
            os.posix_fallocate(handle.fileno(), 0, _RESERVE_BYTES)
