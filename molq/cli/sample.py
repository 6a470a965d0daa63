"""``molq sample``: molecules from a prior."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from molq.cli import options
from molq.cli.console import note, write_json
from molq.errors import CallError

NAME = "sample"
EPILOG = "Example: molq sample -n 20 --scaffold 'C=CC(=O)N[*]' --max-heavy-atoms 18 --seed 7"


def command(
    n: Annotated[int, typer.Option("-n", "--number", min=1, help="Molecules wanted.")] = 10,
    scaffold: Annotated[
        str | None,
        typer.Option(
            "--scaffold", metavar="SMILES", help="Kept in every molecule; [*] marks where it grows."
        ),
    ] = None,
    seed: options.Seed = 0,
    prior: Annotated[
        str,
        typer.Option("--prior", metavar="NAME", help="Installed prior, or a .safetensors file."),
    ] = "zinc250k",
    max_heavy_atoms: Annotated[
        int | None, typer.Option("--max-heavy-atoms", min=2, help="Largest molecule.")
    ] = None,
    required: Annotated[
        list[str] | None,
        typer.Option("--required", metavar="SMARTS", help="Must match; may be repeated."),
    ] = None,
    forbidden: Annotated[
        list[str] | None,
        typer.Option("--forbidden", metavar="SMARTS", help="Must not match; may be repeated."),
    ] = None,
    json: options.Json = False,
) -> int:
    """Print molecules from a prior, one SMILES a line.

    The same seed gives the same molecules. The exit code is 1 when fewer were
    found than wanted.
    """
    from molq.cli import threads

    threads.limit(1)
    from generative.constraints import Constraints
    from generative.generator import find

    try:
        molecules = find(prior).sample(
            n,
            seed=seed,
            scaffold=scaffold,
            constraints=Constraints(
                max_heavy_atoms=max_heavy_atoms,
                required=tuple(required or ()),
                forbidden=tuple(forbidden or ()),
            ),
        )
    except ValueError as error:
        raise CallError(str(error)) from error
    if json:
        write_json({"prior": prior, "seed": seed, "scaffold": scaffold, "smiles": molecules})
    else:
        sys.stdout.write("".join(f"{smiles}\n" for smiles in molecules))
    if len(molecules) < n:
        note(f"molq: {len(molecules)} of {n} molecules found; loosen the constraints for more")
        return 1
    return 0
