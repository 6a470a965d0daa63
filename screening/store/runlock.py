"""The lock of a run's folder: held for the life of its writer, and who holds it.

The kernel drops it with the process.
"""

from __future__ import annotations

import fcntl
import os
import re
import time
from contextlib import suppress
from pathlib import Path
from typing import IO

LOCK = "journal.lock"

_HOLDER = re.compile(r"process (\d+) on (\S+)")  # what ``acquire`` writes into it


def acquire(folder: Path) -> IO[str]:
    """The writer's lock; whoever holds the file open holds it.

    Raises:
        BlockingIOError: another process holds it; its text says which.
        OSError: it cannot be made.
    """
    handle = (folder / LOCK).open("a+", encoding="utf-8")
    for pause in (0.1, 0.3, 0.6, None):
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except OSError as error:
            if pause is not None:
                time.sleep(pause)  # a program that only asks holds it for a moment
                continue
            handle.seek(0)
            holder = handle.read(200).strip() or "another process"
            handle.close()
            raise BlockingIOError(holder) from error
    handle.seek(0)
    handle.truncate()
    handle.write(f"process {os.getpid()} on {os.uname().nodename}")
    handle.flush()
    return handle


def in_use(directory: Path) -> bool:
    """Whether a writer has the run open."""
    try:
        handle = (directory / LOCK).open("rb")
    except OSError:
        return False
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
        return False


def holder(directory: Path) -> tuple[int, str] | None:
    """Process and host of the writer that has the run open, None where none has."""
    if not in_use(directory):
        return None
    with suppress(OSError):
        found = _HOLDER.fullmatch((directory / LOCK).read_text(encoding="utf-8").strip())
        if found is not None:
            return int(found[1]), found[2]
    return None
