"""``molq reproduce``: some of a run's scores computed again."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from molq.cli import options
from molq.cli.console import Column, note, write_json, write_table

if TYPE_CHECKING:
    from molq.reproducing import ReproducedScore

NAME = "reproduce"
EPILOG = "Example: molq reproduce runs/first --sample 5"


def command(
    directory: options.RunFolder,
    sample: Annotated[int, typer.Option("--sample", min=1, help="Scores to compute again.")] = 5,
    seed: options.Seed = 0,
    tolerance: Annotated[
        float, typer.Option("--tolerance", min=0.0, help="Largest difference, in a score's unit.")
    ] = 1e-3,
    json: options.Json = False,
) -> int:
    """Compute sampled scores of a run again, and state how far they come out.

    Molecule, settings and seed are those of each score's record; each is computed in a
    process of its own with the run's limits. --seed chooses the sample. Versions that are not
    those of the record are named. The exit code is 1 when one fails or differs by more than
    the tolerance, its exact diagonalisation (column exact) included: a trial state that is grown
    ends anywhere within target_error_mha of it. Nothing is written.
    """
    from molq.reproducing import reproduced

    def say(score: ReproducedScore) -> None:
        note(f"{score.molecule}: {score.recipe}, {score.cpu_seconds:.1f} s")

    found = reproduced(directory, sample, seed=seed, tolerance=tolerance, on_score=say)
    if json:
        write_json(found.to_json())
    else:
        if found.scores:
            columns = [
                Column("molecule"),
                Column("recipe"),
                *(
                    Column(name, is_number=True)
                    for name in ("recorded", "now", "difference", "exact")
                ),
                Column("unit"),
                Column("seed", is_number=True),
                Column("failure", is_optional=True),
            ]
            write_table(columns, found.rows())
        for line in found.conclusion():
            sys.stdout.write(f"{line}\n")
    return 0 if found.holds and found.scores else 1
