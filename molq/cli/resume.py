"""``molq resume``: go on from the journal."""

from __future__ import annotations

from typing import Annotated

import typer

from molq.cli import options
from molq.cli.console import note

NAME = "resume"
EPILOG = "Example: molq resume runs/first"


def command(
    directory: options.RunFolder,
    top: Annotated[int, typer.Option("--top", min=1, help="Leads shown at the end.")] = 10,
    address: options.Join = None,
    json: options.Json = False,
) -> int:
    """Go on with a campaign or a screen that was interrupted.

    Nothing that is journalled is computed again. A screen, and a campaign with a
    barrier, ends with the leads of a run that was never interrupted. A finished run
    only writes its files anew. It need not go on where it was begun: --address names
    another cluster, or `local` for this machine.
    """
    from molq import reading
    from molq.cli import leads, threads, watching
    from molq.cli.progress import Tracker

    reading.check_run(directory)
    if reading.is_finished(directory):
        note("molq: the run is finished; its files are written anew")
    else:
        watching.announce(directory)
    threads.limit(1)
    from molq import execution
    from molq.run import Run

    with Tracker("resume") as tracker, watching.resumable(directory):
        execution.go_on(
            directory,
            address=address,
            on_event=watching.listener(tracker),
            on_notice=lambda line: note(f"molq: note: {line}"),
        )
    leads.show(Run(directory).leads(top), json=json)
    return watching.conclude(Run(directory))
