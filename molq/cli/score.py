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
    from simulation.settings import SimulationSettings

NAME = "score"
EPILOG = "Example: molq score 'C=CC(=O)Nc1ccccc1' --recipe warhead-ea --json"


def command(
    smiles: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="SMILES...",
            help="Molecules; `-` reads one a line from standard input.",
            show_default=False,
        ),
    ] = None,
    recipe: options.Recipes = None,
    scorer: Annotated[
        list[str] | None,
        typer.Option(
            "--scorer",
            metavar="NAME",
            help="A number that is read off the structure, e.g. qed; may be repeated. "
            "Without --recipe nothing else is computed.",
        ),
    ] = None,
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
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="Any other key of the simulation table, or of a scorer: novelty.known=FILE.",
        ),
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
    reinvent: Annotated[
        bool,
        typer.Option(
            "--reinvent",
            help="Answer REINVENT 4: SMILES on standard input, one JSON document on stdout.",
        ),
    ] = False,
    objectives: Annotated[
        Path | None,
        typer.Option(
            "--objectives",
            metavar="FILE",
            help="With --reinvent: the utility that this campaign file gives a molecule.",
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option("--workers", metavar="N", min=1, help="With --reinvent: at a time; 1."),
    ] = None,
    outside: Annotated[
        float | None,
        typer.Option(
            "--outside",
            metavar="VALUE",
            help="With --reinvent: the value where a recipe does not apply; NaN by default.",
        ),
    ] = None,
    time_limit: Annotated[
        float | None,
        typer.Option(
            "--time-limit", metavar="S", min=1, help="With --reinvent: of a recipe, s; 3600."
        ),
    ] = None,
    json: options.Json = False,
) -> int:
    """Score single molecules and print them beside the classical baselines.

    Several recipes share the geometry and the mean field of a molecule. One SMILES
    and one recipe print one JSON object with --json, several print a list. The exit
    code is 0 when every molecule has every score and 1 when one has not; its reason
    is in the output.

    With --reinvent the program is a scoring component of REINVENT 4: it reads SMILES from
    standard input where none are given, computes --workers molecules at a time, each in a
    process with hard limits, and the exit code is 0 whatever the molecules come to.
    """
    from molq import overrides
    from molq.cli import quantum, threads
    from molq.scoretable import ScoreTable
    from molq.scoring import DEFAULT_RECIPE, check_simulation, simulation_settings

    chosen = {"solver": solver, "backend": backend, "basis": basis, "conformers": conformers}
    document = {"simulation": {key: value for key, value in chosen.items() if value is not None}}
    for_scorers = [text for text in settings or () if text.split(".")[0].strip() in (scorer or ())]
    told = overrides.apply({}, for_scorers)
    others = [text for text in settings or () if text not in for_scorers]
    document = overrides.apply(document, [_in_simulation(text) for text in others])
    if reinvent:
        if json or verbose or technical_file is not None:
            raise CallError("--reinvent writes its own document: leave out --json, -v and files")
        from molq.batchscoring import TIME_LIMIT_S
        from molq.cli import reinvent as answering

        is_piped = not smiles or smiles == ["-"]
        given = answering.molecules() if is_piped else smiles or []
        request = answering.Request(
            recipe or (),
            scorer or (),
            told,
            objectives,
            seed,
            workers or 1,
            outside,
            time_limit or TIME_LIMIT_S,
        )
        answering.answer(request, given, document["simulation"])
        return 0
    if any(one is not None for one in (objectives, outside, workers, time_limit)):
        raise CallError("--objectives, --outside, --workers and --time-limit go with --reinvent")
    if technical_file is not None:
        document["simulation"]["technical_file"] = True
    simulation = simulation_settings(document["simulation"])
    check_simulation(simulation)
    quantum.announce(simulation, document["simulation"])
    if technical_file is not None:
        quantum.check(technical_file, simulation)
    threads.limit(simulation.threads)
    from molq.cli import scorervalues

    scorers, recipes = scorer or [], recipe or ([] if scorer else [DEFAULT_RECIPE])
    scorervalues.check(scorers, told)
    molecules = _molecules(smiles or [])
    table = ScoreTable(())
    if recipes:
        table = _scored(molecules, recipes, simulation, seed, quiet=json)
    if technical_file is not None:
        table = quantum.kept(table, technical_file)
    beside = scorervalues.values(
        molecules, scorers, told, max_heavy_atoms=simulation.max_heavy_atoms
    )
    if json:
        records = [item.to_json() for item in (*table, *beside)]
        write_json(records[0] if len(records) == 1 and smiles != ["-"] else records)
    else:
        _print(table, recipes, verbose=verbose)
        if beside:
            scorervalues.write(beside, scorers)
        quantum.write_mitigation(table)
    return 1 if table.failed or any(one.failure is not None for one in beside) else 0


def _scored(
    molecules: list[str],
    recipes: list[str],
    simulation: SimulationSettings,
    seed: int,
    *,
    quiet: bool,
) -> ScoreTable:
    from molq.scoring import score_all

    with Tracker("scoring", quiet=quiet or len(molecules) * len(recipes) == 1) as tracker:
        return score_all(
            molecules,
            recipes,
            simulation,
            seed=seed,
            progress=lambda done, total, item: tracker.update(
                done, total, f"{item.text} {item.recipe} {item.status}"
            ),
        )


def _in_simulation(text: str) -> str:
    """A setting of the simulation table, whose name may be left out.

    Raises:
        CallError: it is the setting of a scorer that is not asked for, or in place of the
            whole table something that is none.
    """
    from molq import overrides
    from screening import scorers
    from simulation.settings import SimulationSettings

    key = text.split("=")[0].strip()
    head, dot, _ = key.partition(".")
    known = ("simulation", *SimulationSettings.model_fields)
    if dot and head not in known and scorers.is_scorer(head):
        raise CallError(f"--set {key}: the scorer {head} is not asked for; add --scorer {head}")
    if head != "simulation":
        return f"simulation.{text}"
    if "=" in text and not dot and not isinstance(overrides.parse(text)[1], dict):
        raise CallError(
            f"--set {text}: simulation is a table; name the key in it, e.g. simulation.conformers=3"
        )
    return text


def _molecules(arguments: list[str]) -> list[str]:
    if not arguments:
        raise CallError("no SMILES: give one or more, or - to read them from standard input")
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
    if is_solved:
        columns += [Column("solver"), Column("CASCI deviation", "mHa", is_number=True)]
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
