"""``molq submit``: a run as a job of a Ray cluster."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from molq.cli import options
from molq.cli.console import note, write_json
from molq.errors import CallError

if TYPE_CHECKING:
    from molq.jobserver import JobServer
    from molq.submission import Submitted

NAME = "submit"
EPILOG = "Example: molq submit campaign.toml --address http://head:8265 --out /shared/runs/first"

INTERRUPTED = 130


def command(
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE",
            help="Campaign file, screen file, or library (path or URI).",
            show_default=False,
        ),
    ],
    address: options.Address = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="DIR",
            help="Folder of the run as the cluster sees it; a run that is there is gone on with.",
        ),
    ] = None,
    settings: options.Set = None,
    recipe: options.Recipes = None,
    seed: Annotated[
        int | None, typer.Option("--seed", min=0, help="Seed instead of the file's.")
    ] = None,
    data: Annotated[
        str,
        typer.Option(
            "--data",
            metavar="path|upload",
            help="Read the library on the cluster by its path or URI, or send it with the job.",
        ),
    ] = "path",
    wait: Annotated[
        bool, typer.Option("--wait/--no-wait", help="Follow the job's log to its end.")
    ] = True,
    json: Annotated[
        bool, typer.Option("--json", help="With --no-wait: print the job as JSON.")
    ] = False,
) -> int:
    """Submit a campaign or a screen as a job of a Ray cluster, and follow it.

    The job's id is printed first. Ctrl-C leaves the job running and says how to look at
    it again. The exit code is the job's: that of `molq run` or `molq screen`, 130 for a job
    that was stopped. The same call with the same --out goes on with a run that was stopped.
    """
    from molq import overrides, submission
    from molq.jobserver import JobServer, address_of, warning_of

    if data not in ("path", "upload"):
        raise CallError(f"--data {data}: give path or upload")
    changes = overrides.parse_all(settings or ())
    asked = submission.read(file, changes, tuple(recipe or ()))
    if seed is not None:
        table = "screen" if "screen" in type(asked).model_fields else "campaign"
        changes[f"{table}.seed"] = seed
        asked = submission.read(file, changes, tuple(recipe or ()))
    if warning := warning_of(address_of(address)):
        note(f"molq: note: {warning}")
    server = JobServer(address)
    how: Literal["path", "upload"] = "upload" if data == "upload" else "path"
    source = submission.source_of(file, changes)
    job = submission.submit(asked, server, out=out, data=how, source=source)
    if json and not wait:
        write_json({"job": job.id, "run": str(job.run), "address": job.address})
        return 0
    sys.stdout.write(f"{job.id}\n")
    sys.stdout.flush()
    note(f"run folder on the cluster: {job.run}")
    _remind(job)
    return _followed(server, job) if wait else 0


def _remind(job: Submitted) -> None:
    words = f"{job.id} --address {shlex.quote(job.address)}"
    note(f"look at it: molq status {words}; molq logs {words} --follow")
    note(f"stop it:    molq stop {words}")


def _followed(server: JobServer, job: Submitted) -> int:
    from molq.cli import joblog

    try:
        return joblog.follow(server, job.id)
    except KeyboardInterrupt:
        note("molq: the job goes on without this terminal")
        _remind(job)
        return INTERRUPTED
