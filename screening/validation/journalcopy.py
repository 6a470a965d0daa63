"""A run's journal read from a copy, so that not a byte of the run's folder changes.

Reading a database with a write-ahead log in its place touches the log's index beside it,
and a run may be at work there. So the file and its log are copied and the copy is read.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from screening.store.database import FILE, JournalError
from screening.store.journal import Journal

_LOG = f"{FILE}-wal"
_LOG_HEADER_BYTES = 32  # with the salts that change when the log begins anew
_TRIES = 20
_PAUSE_S = 0.2  # s; a checkpoint of the writer is a matter of moments


@contextmanager
def copied(directory: Path) -> Iterator[Journal]:
    """The journal of a run as it stands, open for reading; the copy goes away at the end.

    Args:
        directory: the run's folder; a run may be going on in it.

    Raises:
        JournalError: no run there, a damaged file, or one that cannot be read or copied.
    """
    if not (directory / FILE).is_file():
        raise JournalError(f"{directory} is not a run's folder: it has no {FILE}")
    with tempfile.TemporaryDirectory(prefix="molq-journal-") as name:
        folder = Path(name)
        try:
            _copy(directory, folder)
        except OSError as error:
            raise JournalError(f"{directory / FILE}: cannot be copied: {error}") from error
        with Journal.open(folder, readonly=True) as journal:
            yield journal


def _copy(directory: Path, folder: Path) -> None:
    """Both files of one moment: neither a checkpoint nor a new log came in between."""
    for _ in range(_TRIES):
        before = _state(directory)
        shutil.copyfile(directory / FILE, folder / FILE)
        (folder / _LOG).unlink(missing_ok=True)
        if before[1]:
            # whole or not, what the writer adds meanwhile is only taken where it is committed
            shutil.copyfile(directory / _LOG, folder / _LOG)
        if _state(directory) == before:
            return
        time.sleep(_PAUSE_S)
    raise JournalError(
        f"{directory / FILE} changes faster than it can be copied: try again in a moment"
    )


def _state(directory: Path) -> tuple[tuple[int, int], bytes]:
    """Size and time of the file, and the beginning of its log."""
    stat = (directory / FILE).stat()
    log = directory / _LOG
    header = b""
    if log.exists():
        with log.open("rb") as handle:
            header = handle.read(_LOG_HEADER_BYTES)
    return (stat.st_size, stat.st_mtime_ns), header
