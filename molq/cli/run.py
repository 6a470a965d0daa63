"""``molq run``: the closed loop from a campaign file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from molq.cli import options
from molq.cli.console import write_json
from molq.errors import CallError

NAME = "run"
EPILOG = "Example: molq run configs/quickstart.toml --out runs/first --set campaign.rounds=2"


def command(
    campaign: Annotated[
        Path | None,
        typer.Argument(metavar="CAMPAIGN.toml", help="Campaign file.", show_default=False),
    ] = None,
    out: options.Out = None,
    settings: options.Set = None,
    seed: Annotated[
        int | None, typer.Option("--seed", min=0, help="Seed instead of the file's.")
    ] = None,
    address: options.Join = None,
    top: Annotated[int, typer.Option("--top", min=1, help="Leads shown at the end.")] = 10,
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the JSON schema of campaign files, and end.")
    ] = False,
    json: options.Json = False,
) -> int:
    """Run a campaign: propose, choose, score, learn, round after round.

    The run's folder is `runs/NAME` unless --out says another. The command that
    goes on with an interrupted run is printed first. The exit code is 1 when the
    run ends without a lead.
    """
    from molq.campaignfile import CampaignFile

    if schema:
        write_json(CampaignFile.json_schema())
        return 0
    if campaign is None:
        raise CallError("molq run needs a campaign file, e.g. molq run configs/quickstart.toml")
    from molq import overrides

    changes = overrides.parse_all(settings or ())
    if seed is not None:
        changes["campaign.seed"] = seed
    if address is not None:
        changes["compute.address"] = address
    file = CampaignFile.from_toml(campaign, changes)

    from molq.campaign import default_directory
    from molq.cli import leads, threads, watching
    from molq.cli.progress import Tracker

    directory = out if out is not None else default_directory(file.name)
    # the driver only chooses and learns; the calculations' threads are their workers'
    threads.limit(1)
    from molq import execution, inputs
    from molq.run import Run

    execution.check_free(directory)
    execution.check(file)
    source = inputs.Source.read(campaign, changes)
    watching.announce(directory)
    with Tracker(file.name) as tracker, watching.resumable(directory):
        execution.begin(file, directory, source=source, on_event=watching.listener(tracker))
    table = Run(directory).leads(top)
    leads.show(table, json=json)
    ended = watching.conclude(Run(directory))
    return ended if table.leads else 1
