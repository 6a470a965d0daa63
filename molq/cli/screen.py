"""``molq screen``: a library scored molecule by molecule."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from molq.cli import options
from molq.cli.console import note

NAME = "screen"
EPILOG = "Example: molq screen library.csv --out runs/screen --recipe warhead-ea --top 20"


def command(
    library: Annotated[
        str,
        typer.Argument(
            metavar="LIBRARY",
            help="CSV, SMI or SDF file, may end in .gz; a path or a URI.",
            show_default=False,
        ),
    ],
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Folder of the run; it must not exist yet.")
    ],
    recipe: options.Recipes = None,
    solver: options.Solver = None,
    backend: options.Backend = None,
    top: Annotated[int, typer.Option("--top", min=1, help="Leads shown at the end.")] = 10,
    workers: Annotated[
        int | None,
        typer.Option("--workers", min=1, help="Calculations at a time; as many as fit by default."),
    ] = None,
    seed: options.Seed = 0,
    address: options.Join = None,
    settings: options.Set = None,
    json: options.Json = False,
) -> int:
    """Score every molecule of a library; every row gets a score or a reason.

    `results.csv` holds the rows in the library's order. Several recipes share the
    geometry and the mean field of a molecule. Leads are ranked by the value of the
    first, from the end that it calls better (`molq recipes NAME`), or by objectives:
    --set 'objective=[{name="warhead-ea", transform="window", low=-4.95, high=-4.75}]'.
    Energies sampled on a noisy backend are listed, and ranked only with
    --set ranking.sampled=true. Cheap stages come first with
    --set 'funnel=[{stage="warhead-ea/gfn2_lumo", keep=0.1}]', and scores of earlier runs
    are taken over with --set compute.cache=DIR. The tables of --set are screen, library,
    filters, objective, funnel, simulation, surrogate, ranking, compute and report.
    """
    from molq import execution, overrides
    from molq.cli import leads, threads, watching
    from molq.cli.progress import Tracker
    from molq.libraryscreen import screen_file
    from molq.run import Run
    from molq.scoring import DEFAULT_RECIPE, sampled_by

    chosen = {"simulation.solver": solver, "simulation.backend": backend}
    chosen["compute.address"] = address
    changes = {key: name for key, name in chosen.items() if name is not None}
    changes.update(overrides.parse_all(settings or ()))
    file = screen_file(
        library, recipe or [DEFAULT_RECIPE], workers=workers, seed=seed, changes=changes
    )
    threads.limit(1)
    execution.check_free(out)
    execution.check(file)
    if not file.ranking.sampled and (sampler := sampled_by(file.simulation)):
        note(
            f"molq: note: {sampler} samples its energies; they are listed, not ranked "
            "(--set ranking.sampled=true ranks them)"
        )
    watching.announce(out)
    with Tracker(file.name) as tracker, watching.resumable(out):
        execution.begin(file, out, on_event=watching.listener(tracker))
    leads.show(Run(out).leads(top), json=json)
    note(f"every row: {out / 'results.csv'}")
    return watching.conclude(Run(out))
