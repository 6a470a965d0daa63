"""Which row of a library held a molecule first, for libraries of any length."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterable

from screening.intake.libraryerror import LibraryError

_CACHE_KB = 8000  # of the table kept in memory; what is beyond lies in a temporary file


class FirstRows:
    """The first row of each molecule, in a table whose memory does not grow.

    The file behind it has no name and goes with the process, however that ends.
    """

    def __init__(self) -> None:
        # made in one thread, and perhaps read on in another one
        self._table = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        for setting in (f"cache_size = -{_CACHE_KB}", "journal_mode = OFF", "synchronous = OFF"):
            self._table.execute(f"PRAGMA {setting}")
        self._table.execute(
            "CREATE TABLE first (inchikey TEXT PRIMARY KEY, row INTEGER NOT NULL) WITHOUT ROWID"
        )
        self._table.execute("BEGIN")

    def first(self, inchikey: str, row: int) -> int:
        """The row that held this molecule first: this one, or an earlier one.

        Raises:
            LibraryError: there is no room for the temporary file.
        """
        try:
            added = self._table.execute(
                "INSERT OR IGNORE INTO first VALUES (?, ?)", (inchikey, row)
            )
            if added.rowcount:
                return row
            found = self._table.execute("SELECT row FROM first WHERE inchikey = ?", (inchikey,))
            return int(found.fetchone()[0])
        except sqlite3.Error as error:
            raise _no_room(error) from error

    def add(self, known: Iterable[tuple[str, int]]) -> None:
        """Take up molecules and the rows that held them first.

        Raises:
            LibraryError: there is no room for the temporary file.
        """
        try:
            self._table.executemany("INSERT OR IGNORE INTO first VALUES (?, ?)", known)
        except sqlite3.Error as error:
            raise _no_room(error) from error

    def close(self) -> None:
        """Forget everything."""
        self._table.close()


def _no_room(error: sqlite3.Error) -> LibraryError:
    return LibraryError(
        f"the molecules of the library cannot be noted ({error}): free some space for "
        f"temporary files in {tempfile.gettempdir()} or set TMPDIR to another folder, then "
        "go on by `molq resume`"
    )
