"""``molq validate retrospective``: a labelled library, bought anew by several policies."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from molq.cli import options
from molq.cli.console import Column, note, write_json, write_table

if TYPE_CHECKING:
    from molq.validation.trial import Retrospective

NAME = "retrospective"
EPILOG = "Example: molq validate retrospective library.csv --column score --out trials/first"


def command(
    library: Annotated[
        Path,
        typer.Argument(
            metavar="LIBRARY", help="CSV, SMI or SDF file, may end in .gz.", show_default=False
        ),
    ],
    column: Annotated[str, typer.Option("--column", metavar="NAME", help="Column of the values.")],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="DIR", help="Folder for page and table; an unfinished trial goes on."
        ),
    ] = None,
    minimize: Annotated[
        bool, typer.Option("--minimize/--maximize", help="Which end of the values is better.")
    ] = True,
    smiles_column: Annotated[
        str | None, typer.Option("--smiles-column", metavar="NAME", help="Found by default.")
    ] = None,
    seeds: Annotated[int, typer.Option("--seeds", min=1, help="Replays of each policy.")] = 5,
    seed: Annotated[int, typer.Option("--seed", min=0, help="The first seed.")] = 0,
    top: Annotated[int, typer.Option("--top", min=1, help="Best molecules looked for.")] = 100,
    start: Annotated[
        float, typer.Option("--start", help="Molecules by lot; below 1 a share of the library.")
    ] = 0.01,
    batch: Annotated[
        float, typer.Option("--batch", help="Molecules in a batch; below 1 a share.")
    ] = 0.01,
    batches: Annotated[int, typer.Option("--batches", min=1, help="How many batches.")] = 5,
    top_up: Annotated[
        int | None,
        typer.Option("--top-up", min=1, help="Molecules chosen at a time; the batch by default."),
    ] = None,
    policies: Annotated[
        list[str] | None,
        typer.Option("--policy", metavar="NAME", help="Only this one; may be repeated."),
    ] = None,
    settings: options.Set = None,
    json: options.Json = False,
) -> None:
    """Replay a labelled library: how soon are its best molecules found?

    The campaign's own surrogate and acquisition buy it in batches, beside the same
    surrogate's highest means, three published ways and the lot. Every policy of a seed
    begins with the same molecules. --set changes the tables surrogate and
    acquisition. With --out, curves and figures stand in `retrospective.html`, and the
    same call goes on with an interrupted trial.
    """
    from molq.cli import threads

    threads.limit(1)
    from molq import overrides
    from molq.cli.progress import Tracker
    from molq.validation.retrospective import PAGE, retrospective
    from screening.validation.retrospective import POLICIES

    with Tracker("replaying") as tracker:
        found = retrospective(
            library,
            column,
            out,
            minimize=minimize,
            smiles_column=smiles_column,
            seeds=seeds,
            first_seed=seed,
            top=top,
            start=start,
            batch=batch,
            batches=batches,
            top_up=top_up,
            policies=policies or POLICIES,
            set=overrides.parse_all(settings or ()),
            progress=lambda done, total, last: tracker.update(
                done,
                total,
                f"{last.policy}, seed {last.seed}: {last.found[-1]:.3f} "
                f"after {len(last.molecules)}",
            ),
        )
    if json:
        write_json(found.to_json())
    else:
        show(found)
        for sentence in found.findings():
            note(sentence)
    for line in found.notes():
        note(f"molq: note: {line}")
    if out is not None:
        note(f"page and table: {out / PAGE}")


def show(found: Retrospective) -> None:
    """Mean shares with their standard errors on stdout."""
    bought = found.schedule.evaluations
    size = len(found.library)
    columns = [
        Column("policy"),
        *(Column(str(n), f"{n / size:.1%}", is_number=True) for n in bought),
        Column("best", found.library.column, is_number=True),
        Column("choosing", "core s", is_number=True),
    ]
    rows = []
    for row in found.rows:
        shares = [
            f"{share:.3f}" + (f" +- {error:.3f}" if row.seeds > 1 else "")
            for share, error in zip(row.found, row.errors, strict=True)
        ]
        rows.append([row.policy, *shares, f"{row.best[-1]:.3f}", f"{row.core_seconds:.1f}"])
    seeds = len(found.seeds)
    note(
        f"share of the best {found.top} of {size} found, after so many molecules bought; "
        + (f"mean and standard error of {seeds} seeds" if seeds > 1 else "one seed")
    )
    write_table(columns, rows)
