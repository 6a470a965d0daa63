"""``molq stop``: a run or a job interrupted, its journal whole."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from molq.cli import options, target
from molq.cli.console import note

NAME = "stop"
EPILOG = "Example: molq stop runs/first"


def command(
    of: options.Target,
    timeout: Annotated[
        float, typer.Option("--timeout", min=1, metavar="S", help="Seconds to wait for the end.")
    ] = 180.0,
    address: options.Address = None,
) -> int:
    """Stop a run that works on this machine, or a submitted job, as Ctrl-C would.

    What is computed is in the journal, and `molq resume` (for a job: the same `molq submit`
    with the same --out) goes on. The exit code is 0 also where nothing was at work.
    """
    directory = target.directory_of(of, address)
    return _run(directory, timeout) if directory is not None else _job(of, address, timeout)


def _run(directory: Path, timeout_s: float) -> int:
    from molq import interruption
    from molq.cli.watching import resume_command

    if interruption.interrupt(directory, timeout_s):
        note(f"molq: stopped; go on with: {resume_command(directory)}")
    else:
        note(f"molq: no process is at work on {directory}")
    return 0


def _job(id: str, address: str | None, timeout_s: float) -> int:
    from molq.jobserver import JobServer

    server = JobServer(address)
    if (before := server.state(id)).is_over:
        note(f"molq: {id} has ended already: {before.state.lower()}")
        return 0
    state = server.stop(id, timeout_s)
    note(f"molq: {id}: {state.state.lower()}; submit it again with --out {state.run} to go on")
    return 0
