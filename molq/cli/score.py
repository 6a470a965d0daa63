"""``molq score``: single molecules, the score beside its baselines."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from molq.cli import options
from molq.cli.console import Column, note, write_json, write_table
from molq.cli.progress import Tracker
from molq.errors import CallError

if TYPE_CHECKING:
    from molq.scoretable import ScoreTable
    from simulation.score import Score

NAME = "score"
EPILOG = "Example: molq score 'C=CC(=O)Nc1ccccc1' --recipe warhead-ea --json"


def command(
    smiles: Annotated[
        list[str],
        typer.Argument(
            metavar="SMILES...", help="Molecules; `-` reads one a line from standard input."
        ),
    ],
    recipe: options.Recipes = None,
    solver: options.Solver = None,
    backend: options.Backend = None,
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
    verbose: Annotated[
        bool,
        typer.Option("--verbose", "-v", help="Also what each score rests on: terms, circuits."),
    ] = False,
    technical_file: Annotated[
        Path | None,
        typer.Option(
            "--technical-file",
            metavar="FILE",
            help="Write circuits, shots and calibration of every quantum evaluation as JSON.",
        ),
    ] = None,
    json: options.Json = False,
) -> int:
    """Score single molecules and print them beside the classical baselines.

    Several recipes share the geometry and the mean field of a molecule. One SMILES
    and one recipe print one JSON object with --json, several print a list. The exit
    code is 0 when every molecule has every score and 1 when one has not; its reason
    is in the output.
    """
    from molq import overrides
    from molq.cli import quantum, threads
    from molq.scoring import DEFAULT_RECIPE, check_simulation, score_all, simulation_settings

    chosen = {"solver": solver, "backend": backend, "basis": basis, "conformers": conformers}
    document = {"simulation": {key: value for key, value in chosen.items() if value is not None}}
    document = overrides.apply(document, [_in_simulation(text) for text in settings or ()])
    if technical_file is not None:
        document["simulation"]["technical_file"] = True
    simulation = simulation_settings(document["simulation"])
    check_simulation(simulation)
    quantum.announce(simulation, document["simulation"])
    if technical_file is not None:
        quantum.check(technical_file, simulation)
    threads.limit(simulation.threads)
    molecules, recipes = _molecules(smiles), recipe or [DEFAULT_RECIPE]
    with Tracker("scoring", quiet=json or len(molecules) * len(recipes) == 1) as tracker:
        table = score_all(
            molecules,
            recipes,
            simulation,
            seed=seed,
            progress=lambda done, total, item: tracker.update(
                done, total, f"{item.text} {item.recipe} {item.status}"
            ),
        )
    if technical_file is not None:
        table = quantum.kept(table, technical_file)
    if json:
        records = [item.to_json() for item in table]
        write_json(records[0] if len(records) == 1 and smiles != ["-"] else records)
    else:
        _print(table, recipes, verbose=verbose)
        quantum.write_mitigation(table)
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


def _print(table: ScoreTable, recipes: list[str], *, verbose: bool) -> None:
    """A table for each recipe, what its scores rest on, and what could not be scored."""
    from molq.cli import scoredetails

    for recipe in recipes:
        scores = [item.score for item in table.of(recipe) if item.score is not None]
        if scores:
            _write_scores(recipe, scores)
        for score in scores:
            if verbose or len(table) == len(recipes):
                scoredetails.write(score, verbose=verbose)
            for flag in score.flags:
                note(f"flag: {score.smiles}: {flag}")
    for item in table.failed:
        assert item.failure is not None
        reason = f"{item.failure.message} ({item.failure.kind}, {item.failure.step})"
        which = f"{item.recipe}: " if len(recipes) > 1 else ""
        note(f"failed: {item.text}: {which}{reason}")


def _write_scores(recipe: str, scores: list[Score]) -> None:
    from molq.uncertainty import spanned, stated

    baselines: dict[str, str] = {}
    for score in scores:
        for name, baseline in score.baselines.items():
            baselines.setdefault(name, baseline.unit)
    is_solved = any(score.casci_deviation_mha is not None for score in scores)
    has_interval = any(score.interval is not None for score in scores)
    unit = scores[0].unit
    columns = [Column("SMILES"), Column(recipe, unit, is_number=True)]
    columns += [Column("95 % interval", unit, is_number=True)] if has_interval else []
    columns += [Column(name, of, is_number=True) for name, of in baselines.items()]
    columns += [Column("solver"), Column("- casci", "mHa", is_number=True)] if is_solved else []
    rows = []
    for score in scores:
        row = [score.smiles, stated(score.value, score.standard_error)]
        row += [spanned(score.interval)] if has_interval else []
        row += [
            f"{score.baselines[name].value:.3f}" if name in score.baselines else "–"
            for name in baselines
        ]
        if is_solved:
            deviation = score.casci_deviation_mha
            row += [score.solver, "–" if deviation is None else f"{round(deviation, 4) + 0.0:+.4f}"]
        rows.append(row)
    write_table(columns, rows)
