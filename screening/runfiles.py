"""Files beside the journal: written whole or not at all, and safe to open."""

from __future__ import annotations

import csv
import errno
import io
import math
import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from screening.store import database
from screening.store.database import JournalError

Cell = str | float | int | None

_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")  # some read full-width signs too
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


@contextmanager
def replaced(path: Path) -> Iterator[IO[str]]:
    """A text file that takes the place of ``path`` when the block ends well.

    A reader, or a run killed half-way, sees the old file or the new one.

    Raises:
        JournalError: the folder cannot be written.
    """
    with replaced_bytes(path) as raw:
        text = io.TextIOWrapper(raw, encoding="utf-8", newline="", write_through=False)
        try:
            yield text
            text.flush()
        finally:
            text.detach()


@contextmanager
def replaced_bytes(path: Path) -> Iterator[IO[bytes]]:
    """``replaced`` for a file that is no text.

    Raises:
        JournalError: the folder cannot be written, or the name is that of a journal.
    """
    refuse_journal(path)
    temporary: str | None = None
    try:
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
        temporary = None
    except OSError as error:
        raise JournalError(_unwritten(path, error)) from error
    finally:
        if temporary is not None:
            with suppress(OSError):
                os.unlink(temporary)


def refuse_journal(path: Path) -> None:
    """That a file to be written has no name that a run's truth has: nothing makes it anew.

    Raises:
        JournalError: it has.
    """
    if path.name.startswith(database.FILE):
        raise JournalError(f"{path}: a run's journal has this name; choose another for the file")


def _unwritten(path: Path, error: OSError) -> str:
    """What stands in the way of a file, and what to do about it."""
    cause = f"{path} cannot be written ({error.strerror})"
    remedy = "free some space" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "check the path"
    if not (path.parent / database.FILE).is_file():
        return f"{cause}: {remedy}"
    return f"{cause}; the journal beside it is whole: {remedy}, then `molq resume {path.parent}`"


def write_table(path: Path, header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
    """Write a CSV file, atomically, that no spreadsheet takes for a program.

    Raises:
        JournalError: the folder cannot be written.
    """
    with replaced(path) as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([cell(text) for text in header])
        for row in rows:
            writer.writerow([cell(value) for value in row])


def cell(value: Cell) -> str:
    """The text of a cell.

    Text that a spreadsheet would read as a formula (it begins with ``= + - @``, also
    behind white space) gets a quote in front, unless it is a number. Line breaks and
    other control characters become a space.
    """
    if value is None:
        return ""
    if isinstance(value, str):
        text = _CONTROL.sub(" ", value)
        risky = text.lstrip().startswith(_FORMULA) and not _NUMBER.fullmatch(text)
        return "'" + text if risky else text
    if isinstance(value, float) and not math.isfinite(value):
        return ""
    return f"{value:.10g}" if isinstance(value, float) else str(value)
