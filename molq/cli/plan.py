"""``molq plan``: what a campaign or a screen will take; nothing is computed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from molq.cli import options
from molq.cli.console import Column, note, write_json, write_table
from molq.planning.figures import count, duration, number, span

if TYPE_CHECKING:
    from molq.planning.plan import Plan
    from molq.planning.population import Population

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
            help="Quantum device to price, as in the prices file; all of them by default.",
        ),
    ] = None,
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
    json: options.Json = False,
) -> None:
    """Foretell molecules, time, memory, circuits, shots and money before a run.

    Nothing is computed: the library is read, a sample of its rows is standardised and
    filtered, and costs come from measured calculations. Ranges hold 90 % of runs.
    """
    from molq import overrides
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
    show(found)


def show(plan: Plan) -> None:
    """The plan as tables on stdout, its warnings on stderr."""
    write_table([Column(""), Column("")], _facts(plan))
    write_table(
        [
            Column("stage"),
            Column("cut"),
            Column("molecules", is_number=True),
            Column("go on", is_number=True),
            Column("core-hours", is_number=True),
            Column("known from", is_optional=True),
        ],
        [
            [
                stage.stage,
                stage.cut,
                count(stage.molecules),
                count(stage.passing),
                span(stage.core_seconds.times(1 / 3600)),
                stage.basis,
            ]
            for stage in plan.stages
        ],
    )
    if plan.circuits.kinds:
        write_table(
            [
                Column("energy"),
                Column("a molecule", is_number=True),
                Column("qubits", is_number=True),
                Column("two-qubit gates", is_number=True),
                Column("depth", is_number=True),
                Column("settings", is_number=True, is_optional=True),
                Column("shots", f"{plan.precision_mha:g} mHa", is_number=True),
                Column("CASCI", "s", is_number=True),
                Column("known from", is_optional=True),
            ],
            [
                [
                    f"{kind.recipe} ({kind.electrons}e, {kind.orbitals}o) "
                    f"{kind.n_alpha}a {kind.n_beta}b",
                    number(kind.each),
                    str(kind.qubits),
                    span(kind.two_qubit_gates),
                    span(kind.depth),
                    str(kind.settings),
                    span(kind.shots),
                    number(kind.casci_seconds),
                    kind.basis,
                ]
                for kind in plan.circuits.kinds
            ],
        )
    if plan.devices:
        write_table(
            [
                Column("device"),
                Column("energies", is_number=True),
                Column("shots", is_number=True),
                Column("device time", "h", is_number=True),
                Column("cost", plan.currency, is_number=True),
                Column("a molecule", plan.currency, is_number=True),
                Column("CASCI instead", plan.currency, is_number=True),
                Column("price of", is_optional=True),
            ],
            [
                [
                    device.backend,
                    count(device.energies),
                    span(device.shots),
                    "not said" if device.seconds is None else span(device.seconds.times(1 / 3600)),
                    span(device.money),
                    number(device.money_each),
                    number(device.casci_money),
                    device.date,
                ]
                for device in plan.devices
            ],
        )
    for line in plan.warnings:
        note(f"warning: {line}")
    for line in plan.notes:
        note(f"note: {line}")
    note(f"costs rest on {plan.basis}")


def _facts(plan: Plan) -> list[list[str]]:
    facts = [[plan.kind, plan.name], ["computes", _computes(plan)]]
    if plan.library.rows:
        facts += [["library", _population(plan.library)]]
        facts += [["  refused", f"{n} by {why}"] for why, n in plan.library.refused]
    if plan.proposals.looked_at:
        share = 100 * plan.proposals.taken / plan.proposals.looked_at
        facts += [
            [
                "generator",
                f"{share:.0f} % of {plan.proposals.looked_at} drawn pass the filters",
            ]
        ]
    rounds = f" in {plan.rounds} rounds" if plan.rounds else ""
    memory = plan.memory
    facts += [
        ["computed", f"{count(plan.evaluated)} molecules{rounds}"],
        ["core-hours", f"{span(plan.core_seconds.times(1 / 3600))} "
         f"({span(plan.core_seconds_each)} s a molecule), "
         f"{span(plan.core_money)} {plan.currency}"],
        ["wall-clock", f"{duration(plan.wall_seconds)} on {memory.workers} workers"],
        ["memory", f"about {memory.each_mb:,.0f} MB for the largest molecule, a process that "
         f"computes many may take more; {memory.total_mb / 1024:.1f} GB on all workers"],
        ["disk", f"{span(plan.disk_bytes.times(1e-6))} MB"],
    ]  # fmt: skip
    if plan.hits is not None:
        facts += [
            ["leads", f"{count(plan.hits.leads)} wanted ({span(plan.hits.share.times(100))} %: "
             f"{plan.hits.source})"],
            ["one lead", f"{duration(plan.hits.core_seconds_each)} of a core, "
             f"{span(plan.hits.money_each)} {plan.currency}"],
        ]  # fmt: skip
    return facts


def _computes(plan: Plan) -> str:
    what = ", ".join(plan.recipes) or "exact properties"
    where = "" if plan.backend == "exact" else f" on {plan.backend}"
    return f"{what} by {plan.solver}{where}"


def _population(library: Population) -> str:
    text = f"{library.rows:,} rows, "
    text += f"about {library.expected:,}" if library.is_sampled else f"{library.taken:,}"
    text += " taken"
    if library.duplicates:
        text += f", {library.duplicates:,} repeat others"
    return text
