"""Options that several verbs share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from molq.cli.completion import installed

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
Seed = Annotated[int, typer.Option("--seed", help="Seed of everything random.", min=0)]
Recipes = Annotated[
    list[str] | None,
    typer.Option(
        "--recipe",
        metavar="NAME",
        autocompletion=installed("recipes"),
        help="What to compute, warhead-ea by default; may be repeated. See `molq recipes`.",
    ),
]
Solver = Annotated[
    str | None,
    typer.Option(
        "--solver",
        metavar="NAME",
        autocompletion=installed("solvers"),
        help="vqe, vqe-circuit, casci, lucj or sqd; vqe by default.",
    ),
]
Backend = Annotated[
    str | None,
    typer.Option(
        "--backend",
        metavar="NAME",
        autocompletion=installed("backends"),
        help="Where vqe-circuit runs its circuit; see docs/backends.md.",
    ),
]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Change one setting; may be repeated.",
    ),
]
RunFolder = Annotated[
    Path,
    typer.Argument(metavar="DIR", help="Folder of a campaign or a screen.", show_default=False),
]
Out = Annotated[
    Path | None,
    typer.Option("--out", metavar="DIR", help="Folder of the run; it must not exist yet."),
]
Output = Annotated[
    Path | None, typer.Option("--output", metavar="FILE", help="Write to this file.")
]
Address = Annotated[
    str | None,
    typer.Option(
        "--address",
        metavar="URL",
        help="The cluster's dashboard, e.g. http://head:8265; RAY_API_SERVER_ADDRESS by default.",
    ),
]
Join = Annotated[
    str | None,
    typer.Option(
        "--address",
        metavar="HOST:PORT",
        help="Ray cluster to join, e.g. head:6379; RAY_ADDRESS, or Ray started here, by default.",
    ),
]
Target = Annotated[
    str,
    typer.Argument(
        metavar="DIR|JOB", help="Folder of a run, or id of a submitted job.", show_default=False
    ),
]
