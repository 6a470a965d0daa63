"""A screen on a small disk that fills: ``fulldisk.py FOLDER``, in a mount namespace of its own.

Mounts a tmpfs of a few MB on ``FOLDER/run``, fills it but for some pages, runs the screen of
the folder until the journal refuses, frees the space, resumes, and copies the run's folder to
``FOLDER/saved``. Where no namespace can be had, ``FOLDER/run`` is a plain folder and SQLite is
told that the disk is full (``PRAGMA max_page_count``), which gives the same error code.

Writes ``FOLDER/seen.json``: how the disk was filled, the line that the user saw, and the number
of results at that moment.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import disturbedrun
from disturbedrun import RUN

from screening.compute.executor import Inline
from screening.store import database
from screening.store.journal import Journal, JournalError

DISK_MB = 12
LEFT_KB = 160
PATIENCE_S = 0.2  # of the journal with a full disk; 60 s in use


def mounted(folder: Path) -> bool:
    """A small tmpfs on the folder, as far as this process may."""
    words = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "tmpfs", str(folder)]
    return subprocess.run(words, capture_output=True).returncode == 0


@contextlib.contextmanager
def impatient() -> Iterator[None]:
    make = database.Database.__init__

    def made(self, *arguments, **named):  # type: ignore[no-untyped-def]
        make(self, *arguments, **named)
        self.patience_s = PATIENCE_S

    with mock.patch.object(database.Database, "__init__", made):
        yield


def fill(run: Path, ballast: Path) -> None:
    """Take all of the disk but some pages."""
    left = shutil.disk_usage(run).free - LEFT_KB * 1024
    with ballast.open("wb") as file:
        file.write(b"\x01" * left)


def refused(folder: Path, filled: str, ballast: Path) -> str:
    """What the user is told when the disk fills in the middle of the screen."""
    results = 0

    def on_result(_: object) -> None:
        nonlocal results
        results += 1
        if results == 3:
            fill(folder / RUN, ballast)

    if filled == "tmpfs":
        try:
            disturbedrun.perform(folder, Inline(capacity=4), on_result)
        except JournalError as error:
            return str(error)
        return ""
    connect = database.connect

    def small(path: Path, **named: bool):  # type: ignore[no-untyped-def]
        connection = connect(path, **named)
        connection.execute("PRAGMA max_page_count = 60")
        return connection

    with mock.patch.object(database, "connect", small):
        try:
            disturbedrun.perform(folder, Inline(capacity=4))
        except JournalError as error:
            return str(error)
    return ""


def main() -> int:
    folder, filled = Path(sys.argv[1]), "PRAGMA max_page_count"
    run, ballast = folder / RUN, folder / RUN / "ballast"
    run.mkdir()
    if sys.argv[2:] == ["mount"] and mounted(run):
        filled = "tmpfs"
    with impatient():
        said = refused(folder, filled, ballast)
    with Journal.open(run, readonly=True) as journal:
        kept = [r.candidate.inchikey for r in journal.results()]
    ballast.unlink(missing_ok=True)
    disturbedrun.perform(folder, Inline(capacity=4))
    seen = {"filled": filled, "said": said, "kept": kept}
    (folder / "seen.json").write_text(json.dumps(seen))
    shutil.copytree(run, folder / "saved")
    return 0


if __name__ == "__main__":
    sys.exit(main())
