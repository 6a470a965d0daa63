"""Progress of long work: a bar on a terminal, plain log lines elsewhere."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from molq.cli.console import note
from molq.terminaltext import shown

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


class Tracker:
    """Tells the person who waits how far the work is, on stderr.

    Args:
        what: the work, in one or two words.
        quiet: say nothing at all.
    """

    def __init__(self, what: str, *, quiet: bool = False) -> None:
        self._what = what
        self._quiet = quiet
        self._bar: Progress | None = None
        self._task: TaskID | None = None
        self._started = time.monotonic()

    def __enter__(self) -> Tracker:
        if not self._quiet and sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import (
                BarColumn,
                MofNCompleteColumn,
                Progress,
                TextColumn,
                TimeElapsedColumn,
            )

            self._bar = Progress(
                TextColumn("{task.description}"),
                BarColumn(bar_width=28),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                console=Console(stderr=True),
                transient=True,
            )
            self._task = self._bar.add_task(self._what, total=None)
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def update(self, done: int, total: int | None, text: str) -> None:
        """One more piece is done.

        Args:
            done: pieces finished.
            total: pieces in all, ``None`` while that is not known.
            text: what was finished, in one line.
        """
        if self._quiet:
            return
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=done, total=total)
            self._bar.console.print(shown(text), markup=False, highlight=False)
            return
        of = f"/{total}" if total is not None else ""
        note(f"[{time.monotonic() - self._started:7.1f} s] {done}{of} {text}")

    def say(self, text: str) -> None:
        """A line that is no piece of work: a new round, a note."""
        if self._quiet:
            return
        if self._bar is not None:
            self._bar.console.print(shown(text), markup=False, highlight=False)
            return
        note(f"[{time.monotonic() - self._started:7.1f} s] {text}")
