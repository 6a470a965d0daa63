"""``molq score``: single molecules, the score beside its baselines."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from molq.cli import options
from molq.cli.console import Column, note, write_json, write_table
from molq.cli.progress import Tracker
from molq.errors import CallError

if TYPE_CHECKING:
    from molq.scoretable import ScoreTable

NAME = "score"
EPILOG = "Example: molq score 'C=CC(=O)Nc1ccccc1' --recipe warhead-ea --json"


def command(
    smiles: Annotated[
        list[str],
        typer.Argument(
            metavar="SMILES...", help="Molecules; `-` reads one a line from standard input."
        ),
    ],
    recipe: options.Recipe = "warhead-ea",
    solver: Annotated[
        str | None, typer.Option("--solver", metavar="NAME", help="vqe, vqe-circuit or casci.")
    ] = None,
    backend: Annotated[
        str | None,
        typer.Option("--backend", metavar="NAME", help="Where vqe-circuit runs its circuit."),
    ] = None,
    basis: Annotated[
        str | None, typer.Option("--basis", metavar="NAME", help="Basis set of the mean field.")
    ] = None,
    conformers: Annotated[
        int | None, typer.Option("--conformers", metavar="N", help="Conformers embedded.", min=1)
    ] = None,
    seed: options.Seed = 0,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Any other key of the simulation table."),
    ] = None,
    json: options.Json = False,
) -> int:
    """Score single molecules and print them beside the classical baselines.

    One SMILES prints one JSON object with --json, several print a list. The exit
    code is 0 when every molecule was scored and 1 when one was not; its reason
    is in the output.
    """
    from molq import overrides
    from molq.cli import threads
    from molq.scoring import score_all, simulation_settings

    chosen = {"solver": solver, "backend": backend, "basis": basis, "conformers": conformers}
    document = {"simulation": {key: value for key, value in chosen.items() if value is not None}}
    document = overrides.apply(document, [_in_simulation(text) for text in settings or ()])
    simulation = simulation_settings(document["simulation"])
    threads.limit(simulation.threads)
    molecules = _molecules(smiles)
    with Tracker("scoring", quiet=json or len(molecules) == 1) as tracker:
        table = score_all(
            molecules,
            recipe,
            simulation,
            seed=seed,
            progress=lambda done, total, item: tracker.update(
                done, total, f"{item.text} {item.status}"
            ),
        )
    if json:
        records = [item.to_json() for item in table]
        write_json(records[0] if len(smiles) == 1 and smiles != ["-"] else records)
    else:
        _print(table, recipe)
    return 1 if table.failed else 0


def _in_simulation(text: str) -> str:
    return text if text.split("=")[0].strip().startswith("simulation.") else f"simulation.{text}"


def _molecules(arguments: list[str]) -> list[str]:
    if "-" not in arguments:
        return arguments
    read = [line.split()[0] for line in sys.stdin if line.strip()]
    position = arguments.index("-")
    molecules = [*arguments[:position], *read, *arguments[position + 1 :]]
    if not molecules:
        raise CallError("no SMILES on standard input: write one a line")
    return molecules


def _print(table: ScoreTable, recipe: str) -> None:
    baselines = table.baselines()
    unit = next((item.unit for item in table if item.unit), "")
    columns = [Column("SMILES"), Column(recipe, unit, is_number=True)]
    columns += [Column(name, of, is_number=True) for name, of in baselines.items()]
    columns += [Column("solver"), Column("- casci", "mHa", is_number=True)]
    rows, flags = [], []
    for item in table:
        if item.score is None:
            continue
        score = item.score
        values = [
            f"{score.baselines[name].value:.3f}" if name in score.baselines else "–"
            for name in baselines
        ]
        deviation = (
            "–" if score.casci_deviation_mha is None else f"{score.casci_deviation_mha:+.4f}"
        )
        rows.append([score.smiles, f"{score.value:.3f}", *values, score.solver, deviation])
        flags += [f"flag: {score.smiles}: {flag}" for flag in score.flags]
    if rows:
        write_table(columns, rows)
    for flag in flags:
        note(flag)
    for item in table.failed:
        assert item.failure is not None
        reason = f"{item.failure.message} ({item.failure.kind}, {item.failure.step})"
        note(f"failed: {item.text}: {reason}")
