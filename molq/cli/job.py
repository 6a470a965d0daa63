"""``molq job``: the driver of a submitted job, on the cluster."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from molq.cli.console import note

if TYPE_CHECKING:
    from screening.progress import Event, Listener

NAME = "job"
EPILOG = "It is started by the cluster, in the working directory that `molq submit` made."

_EVERY_S = 10.0


def command() -> int:
    """Begin the run of a submitted job, or go on with it.

    What it writes is the job's log, which the cluster keeps and shows: counts, and no
    molecule.
    """
    from molq.cli import threads, watching

    threads.limit(1)
    from molq import jobrun, submission
    from molq.campaignfile import CampaignFile
    from molq.run import Run

    here = Path.cwd()
    file, order = submission.unpacked(here)
    file = jobrun.settled(file, order, passing=here)
    # Ray deletes the working directory when the driver leaves the cluster, not when it ends
    os.chdir(here.anchor)
    with watching.resumable(order.run):
        jobrun.carry(
            file,
            order,
            on_event=_listener(),
            on_notice=lambda line: note(f"molq: note: {line}"),
        )
    sys.stdout.write(f"run folder: {order.run}\n")
    status, table = Run(order.run).status(), Run(order.run).leads()
    sys.stdout.write(f"{status.scored} scored, {status.failed} failed, {len(table.leads)} leads\n")
    ended = watching.conclude(Run(order.run))
    if ended == 0 and isinstance(file, CampaignFile) and not table.leads:
        return 1
    return ended


def _listener() -> Listener:
    """Writes counts: the first and the last of what is done, and one line in ten seconds."""
    from screening.progress import (
        LibraryRead,
        MoleculeDone,
        ReviewWanted,
        RoundFinished,
        RoundStarted,
        Stopped,
    )

    begun = time.monotonic()
    last = begun - _EVERY_S
    failed = 0

    def say(text: str) -> None:
        note(f"[{time.monotonic() - begun:7.1f} s] {text}")

    def tell(event: Event) -> None:
        nonlocal last, failed
        if isinstance(event, LibraryRead):
            say(
                f"library: {event.rows} rows, {event.candidates} molecules, "
                f"{event.dropped} dropped, {event.duplicates} duplicates"
            )
        elif isinstance(event, RoundStarted):
            say(f"round {event.round} of {event.rounds}: {event.selected} chosen from {event.pool}")
        elif isinstance(event, MoleculeDone):
            failed += event.result.failure is not None
            if event.done == event.total or time.monotonic() - last >= _EVERY_S:
                last = time.monotonic()
                of = f"/{event.total}" if event.total is not None else ""
                say(f"{event.done}{of} done, {failed} of this session failed")
        elif isinstance(event, RoundFinished):
            say(f"round {event.round} of {event.rounds} finished")
        elif isinstance(event, ReviewWanted):
            say(event.line)
        elif isinstance(event, Stopped):
            say(f"stopped after round {event.round}: {event.decision['reason']}")

    return tell
