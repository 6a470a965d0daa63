"""``molq plan``: what a campaign or a screen will take; nothing is computed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from molq.cli import options
from molq.cli.console import write_json

NAME = "plan"
EPILOG = "Example: molq plan configs/quickstart.toml --learn-from runs/first"


def command(
    target: Annotated[
        str,
        typer.Argument(
            metavar="CAMPAIGN.toml|LIBRARY",
            help="Campaign file, or a library that would be screened.",
            show_default=False,
        ),
    ],
    recipe: options.Recipes = None,
    solver: options.Solver = None,
    backend: Annotated[
        str | None,
        typer.Option(
            "--backend",
            metavar="NAME",
            help="Quantum device to price and show, as in the prices file.",
        ),
    ] = None,
    devices: Annotated[
        bool, typer.Option("--devices", help="Show circuits, shots, device time and cost.")
    ] = False,
    precision: Annotated[
        float | None,
        typer.Option(
            "--precision",
            metavar="MHA",
            help="Standard error of an energy in mHartree; 1.6 by default.",
        ),
    ] = None,
    learn_from: Annotated[
        list[Path] | None,
        typer.Option(
            "--learn-from",
            metavar="DIR",
            help="A run whose costs, cuts and hits are learned from; may be repeated.",
        ),
    ] = None,
    prices: Annotated[
        Path | None,
        typer.Option("--prices", metavar="FILE", help="Prices instead of those of molq."),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option("--workers", help="Calculations at a time; what fits here by default."),
    ] = None,
    sample: Annotated[
        int | None,
        typer.Option("--sample", metavar="N", help="Rows of the library looked at; 1000."),
    ] = None,
    hit_share: Annotated[
        float | None,
        typer.Option("--hit-share", metavar="SHARE", help="Share of the molecules wanted."),
    ] = None,
    seed: options.Seed = 0,
    settings: options.Set = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Show all that is foretold, and why.")
    ] = False,
    json: options.Json = False,
) -> None:
    """Foretell molecules, time, memory, circuits, shots and money before a run.

    Nothing is computed: the library is read, a sample of its rows is standardised and
    filtered, and costs come from measured calculations. Ranges hold 90 % of runs. What
    matters is a dozen lines; --devices, --verbose and --json have the rest.
    """
    from molq import overrides
    from molq.cli import plantables
    from molq.planning.planner import DEFAULT_SAMPLE, Request, made, run_file

    changes = overrides.parse_all(settings or ())
    if solver is not None:
        changes["simulation.solver"] = solver
    file = run_file(target, recipe or None, changes=changes)
    found = made(
        file,
        Request(
            learn_from=tuple(learn_from or ()),
            backend=backend,
            precision_mha=precision,
            prices=prices,
            workers=workers,
            sample=DEFAULT_SAMPLE if sample is None else sample,
            hit_share=hit_share,
            seed=seed,
        ),
    )
    if json:
        write_json(found.to_json())
        return
    if verbose:
        plantables.write_all(found)
    else:
        plantables.write_short(found, with_devices=devices or backend is not None)
