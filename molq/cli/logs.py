"""``molq logs``: what a run or a job has said."""

from __future__ import annotations

import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from molq.cli import options, target
from molq.cli.console import note, write_json

NAME = "logs"
EPILOG = "Example: molq logs runs/first --follow"

INTERRUPTED = 130
_POLL_S = 1.0


def command(
    of: options.Target,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on until the run or the job ends.")
    ] = False,
    address: options.Address = None,
    json: options.Json = False,
) -> int:
    """Print the log of a run from its journal, or the log of a submitted job.

    Of a job that is followed the exit code is the job's. Ctrl-C ends the looking, not the
    run.
    """
    directory = target.directory_of(of, address)
    try:
        if directory is not None:
            return _run(directory, follow=follow, json=json)
        return _job(of, address, follow=follow, json=json)
    except KeyboardInterrupt:
        note("molq: it goes on without this terminal")
        return INTERRUPTED


def _run(directory: Path, *, follow: bool, json: bool) -> int:
    from molq import reading
    from molq.runlog import RunLog
    from molq.runstatus import state_of
    from molq.terminaltext import shown

    log = RunLog()
    if json:
        with reading.journal_of(directory) as journal:
            write_json([asdict(line) for line in log.new(journal)])
        return 0
    while True:
        with reading.journal_of(directory) as journal:
            state = state_of(journal)  # before the lines: the last words are then among them
            for line in log.new(journal):
                sys.stdout.write(f"{line.time[:19]}  {line.kind:8s}  {shown(line.message)}\n")
        sys.stdout.flush()
        if not follow or state != "running":
            return 0
        time.sleep(_POLL_S)


def _job(id: str, address: str | None, *, follow: bool, json: bool) -> int:
    from molq.cli import joblog
    from molq.jobserver import JobServer
    from molq.terminaltext import shown

    server = JobServer(address)
    if follow and not json:
        return joblog.follow(server, id)
    text = server.logs(id)
    if json:
        write_json({"job": id, "log": text})
    else:
        sys.stdout.write(shown(text))
    return 0
