"""Temporary folders that do not outlive their process for long, even by ``kill -9``."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from pathlib import Path
from typing import IO

_LOCK = "lock"
_LONGEST_ROOT = 24  # characters


class ScratchFolder:
    """A folder for this process alone, locked while it lives.

    A killed process cannot remove its folder; whoever makes or removes the next
    one of that prefix finds its lock free and removes it.

    Args:
        prefix: of the folder's name.
        short: keep the path short enough for the sockets of Ray under it, whose
            paths must stay below 108 bytes.
    """

    def __init__(self, prefix: str, *, short: bool = False) -> None:
        self._prefix = prefix
        self._root = Path(tempfile.gettempdir())
        if short and len(str(self._root)) > _LONGEST_ROOT:
            self._root = Path("/tmp")
        sweep(self._root, prefix)
        self.path = Path(tempfile.mkdtemp(prefix=prefix, dir=self._root))
        self._lock = _locked(self.path)

    def remove(self) -> None:
        """Delete the folder, and those of its prefix that nobody holds."""
        shutil.rmtree(self.path, ignore_errors=True)
        if self._lock is not None:
            self._lock.close()
        sweep(self._root, self._prefix)


def sweep(root: Path, prefix: str) -> None:
    """Remove this user's folders of that prefix that no process holds."""
    for folder in root.glob(f"{prefix}*"):
        try:
            if folder.stat().st_uid != os.getuid() or not (folder / _LOCK).exists():
                continue  # another user's, or one just being made
            lock = _locked(folder)
        except OSError:
            continue
        if lock is not None:
            shutil.rmtree(folder, ignore_errors=True)
            lock.close()


def _locked(folder: Path) -> IO[bytes] | None:
    """A lock on the folder, None when another process has it."""
    handle = (folder / _LOCK).open("ab")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        handle.close()
        return None
    return handle
