"""``molq doctor``: whether molq can work here."""

from __future__ import annotations

import os
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from molq.cli import options
from molq.cli.console import note, write_json

if TYPE_CHECKING:
    from collections.abc import Iterable

    from molq.doctor.finding import Finding

NAME = "doctor"
EPILOG = "Example: molq doctor --quick"

_MARKS = {"ok": ("ok", "green"), "warn": ("warn", "yellow"), "fail": ("FAIL", "bold red")}


def command(
    online: Annotated[
        bool, typer.Option("--online", help="Connect to IBM Quantum and to a named cluster too.")
    ] = False,
    quick: Annotated[
        bool, typer.Option("--quick", help="Start neither Ray nor a calculation.")
    ] = False,
    no_ray: Annotated[bool, typer.Option("--no-ray", help="Do not start Ray.")] = False,
    json: options.Json = False,
) -> int:
    """Check the installation, the machine, Ray and whether there are credentials.

    Every line says what was found and, where something is wrong, the remedy; it is printed
    as soon as it is known, what Ray says last. Credentials are never shown, and no network is
    asked without --online. The exit code is 1 where something does not work.
    """
    from molq.cli import threads

    told = dict(os.environ)  # by the user, before molq adds its own
    threads.limit(1)
    from molq.doctor.examination import findings

    looked = findings(
        online=online,
        quick=quick,
        without_ray=no_ray,
        environment=told,
        on_wait=None if json else note,
    )
    found = list(looked) if json else _shown(looked)
    failed = [one for one in found if one.state == "fail"]
    warned = [one for one in found if one.state == "warn"]
    if json:
        write_json({"ok": not failed, "findings": [asdict(one) for one in found]})
    else:
        note(
            f"{len(found)} checks: {len(failed)} failed, "
            f"{len(warned)} warning{'' if len(warned) == 1 else 's'}"
            + ("" if failed or warned else "; molq can work here")
        )
    return 1 if failed else 0


def _shown(findings: Iterable[Finding]) -> list[Finding]:
    """Each finding on stdout as soon as it is known: some take seconds."""
    from rich.console import Console
    from rich.text import Text

    from molq.cli.console import PIPE_WIDTH
    from molq.terminaltext import shown
    from simulation.redaction import redacted

    console = Console(width=None if sys.stdout.isatty() else PIPE_WIDTH, highlight=False)
    area, kept = "", []
    for one in findings:
        if one.area != area:
            area = one.area
            console.print(Text(area, style="bold"))
        mark, style = _MARKS[one.state]
        line = Text(f"  {mark:<5}", style=style)
        line.append(shown(redacted(f"{one.name}: {one.said}")), style="none")
        console.print(line)
        if one.remedy:
            console.print(Text(shown(redacted(f"        -> {one.remedy}"))))
        kept.append(one)
    return kept
