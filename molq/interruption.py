"""The process that works on a run, told to stop."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

from molq.errors import MolqError
from screening.store.runlock import LOCK, holder, in_use

_POLL_S = 0.1


def interrupt(directory: Path, timeout_s: float) -> bool:
    """Interrupt the process that holds a run's lock, as Ctrl-C does, and wait for its end.

    Args:
        directory: of the run.
        timeout_s: s, to wait at most.

    Returns:
        Whether there was one.

    Raises:
        MolqError: it works on another machine, is another user's, or does not end.
    """
    if not in_use(directory):
        return False
    found = holder(directory)
    if found is None:
        if not in_use(directory):
            return True
        raise MolqError(f"{directory} is worked on by a process that does not say its number")
    pid, host = found
    if host != os.uname().nodename:
        raise MolqError(
            f"{directory} is worked on by process {pid} on {host}: run `molq stop` there, or, "
            "if it is a job of a cluster, `molq stop JOB --address http://head:8265`"
        )
    try:
        # the number is what a file says: it may be of another container, or another program
        if not _has_open(pid, directory / LOCK):
            if not in_use(directory):
                return True
            raise MolqError(
                f"{directory} is worked on, but not by process {pid} of this machine, as its lock "
                "says: stop it where it was started (a container of its own?)"
            )
        os.kill(pid, _signal(pid))
    except ProcessLookupError:
        pass  # it ended by itself
    except PermissionError as error:
        raise MolqError(
            f"{directory} is worked on by process {pid} of another user, who has to stop it"
        ) from error
    deadline = time.monotonic() + timeout_s
    while in_use(directory):
        if time.monotonic() > deadline:
            raise MolqError(
                f"process {pid} still works on {directory} after {timeout_s:g} s: wait, or end "
                f"it by `kill -9 {pid}`; what is computed is in the journal"
            )
        time.sleep(_POLL_S)
    return True


def _has_open(pid: int, path: Path) -> bool:
    """Whether a process has a file open.

    Raises:
        PermissionError: it is another user's.
    """
    wanted = path.stat()
    try:
        handles = list(Path(f"/proc/{pid}/fd").iterdir())
    except FileNotFoundError:
        return False
    for handle in handles:
        with suppress(FileNotFoundError):
            found = handle.stat()
            if (found.st_dev, found.st_ino) == (wanted.st_dev, wanted.st_ino):
                return True
    return False


def _signal(pid: int) -> signal.Signals:
    """SIGINT, or SIGTERM where the process ignores that: shells have their background do so."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except OSError:
        return signal.SIGINT
    ignored = next((line for line in status.splitlines() if line.startswith("SigIgn:")), "")
    mask = int(ignored.partition(":")[2].strip() or "0", 16)
    return signal.SIGTERM if mask & 1 << (signal.SIGINT - 1) else signal.SIGINT
