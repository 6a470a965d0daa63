"""A program of this package in a child process: its environment, its pipe, its last words."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
from typing import IO

_LOG_LIMIT = 1 << 20  # bytes
_TAIL = 2048  # bytes


def environment(threads: int) -> dict[str, str]:
    """The variables that a child starts with.

    Args:
        threads: of its numerical libraries, which read it once, at their import.
    """
    variables = dict(os.environ)
    for name in ("OMP", "MKL", "OPENBLAS", "NUMBA"):
        variables[f"{name}_NUM_THREADS"] = str(threads)
    # A recipe may live beside the campaign and not in site-packages.
    variables["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
    return variables


def bury(child: subprocess.Popen[bytes]) -> None:
    """Wait for a child that was killed, and let go of its pipes."""
    child.wait()
    for pipe in (child.stdin, child.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()


class ErrorLog:
    """What a child and its libraries print: a file without a name, which lives as long as this.

    Attributes:
        file: the child's standard error.
    """

    def __init__(self) -> None:
        self.file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 (closed by ``close``)

    def shorten(self) -> None:
        """Forget what is there, when that has become much."""
        if os.fstat(self.file.fileno()).st_size > _LOG_LIMIT:
            # shared with the child, as is its offset: what comes next starts at 0
            os.ftruncate(self.file.fileno(), 0)
            os.lseek(self.file.fileno(), 0, os.SEEK_SET)

    def last_words(self) -> str:
        """The last line that is not blank, "" where there is none."""
        size = os.fstat(self.file.fileno()).st_size
        tail = os.pread(self.file.fileno(), _TAIL, max(0, size - _TAIL))
        lines = tail.decode("utf-8", "replace").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "")

    def close(self) -> None:
        """Let go of the file."""
        self.file.close()


def take_stdout() -> IO[str]:
    """In the child: keep the pipe for answers alone; what libraries print goes to stderr."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return answers
