"""``molq compare``: a campaign classical only, quantum only and hybrid."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from molq.cli import options
from molq.cli.console import Column, note, write_json, write_table

if TYPE_CHECKING:
    from molq.comparison.comparison import Comparison

NAME = "compare"
EPILOG = "Example: molq compare configs/quickstart.toml --out runs/three --set campaign.rounds=2"


def command(
    campaign: Annotated[
        Path, typer.Argument(metavar="CAMPAIGN.toml", help="Campaign file.", show_default=False)
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="DIR", help="Folder of the comparison; an unfinished one goes on."
        ),
    ] = None,
    settings: options.Set = None,
    seed: Annotated[
        int | None, typer.Option("--seed", min=0, help="First seed instead of the file's.")
    ] = None,
    seeds: Annotated[int, typer.Option("--seeds", min=1, help="Runs of each arm.")] = 1,
    prices: Annotated[
        Path | None,
        typer.Option("--prices", metavar="FILE", help="Prices instead of those of molq."),
    ] = None,
    json: options.Json = False,
) -> int:
    """Run a campaign three ways on one budget: classical, quantum and hybrid.

    Quality, evaluations, core and device seconds, cost and time to the first hit
    stand side by side in a table, and with curves in `comparison.html`. The same
    call goes on with an interrupted comparison. The exit code is 1 where an arm
    did not come to its end.
    """
    from molq import overrides
    from molq.campaignfile import CampaignFile

    changes = overrides.parse_all(settings or ())
    if seed is not None:
        changes["campaign.seed"] = seed
    file = CampaignFile.from_toml(campaign, changes)

    from molq.cli import threads, watching
    from molq.cli.progress import Tracker

    # the driver only chooses and learns; the calculations' threads are their workers'
    threads.limit(1)
    from molq.campaign import default_directory
    from molq.comparison.compare import PAGE, compare
    from molq.comparison.findings import sentences

    directory = out if out is not None else default_directory(f"{file.name}-compare")
    reminder = iter(["If it is interrupted, go on with the same call."])
    with Tracker(file.name) as tracker:

        def begun(arm: str) -> None:
            for line in reminder:  # once, and not before a call that is refused
                tracker.say(line)
            tracker.say(arm)

        found = compare(
            file,
            directory,
            seeds=seeds,
            price_file=prices,
            on_arm=begun,
            on_event=watching.listener(tracker),
        )
    if json:
        write_json(found.to_json())
    else:
        show(found)
        for sentence in sentences(found):
            note(sentence)
    for line in found.notes:
        note(f"molq: note: {line}")
    note(f"page and table: {directory / PAGE}")
    return 0 if found.is_finished else 1


def show(found: Comparison) -> None:
    """The arms side by side on stdout."""
    from molq.comparison.table import columns

    shown = columns(found.prices.currency)
    write_table(
        [Column("arm"), *(Column(c.header, c.unit, is_number=True) for c in shown),
         Column("rests on", is_optional=True)],
        [[row.arm, *(c.cell(row) for c in shown), row.rests_on] for row in found.rows],
    )  # fmt: skip
