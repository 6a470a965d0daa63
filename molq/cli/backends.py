"""``molq backends``: where circuits can run, with qubits, cost and credentials."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from molq.cli import options
from molq.cli.console import Column, note, write_json, write_table

if TYPE_CHECKING:
    from simulation.quantum.backends import Listing

NAME = "backends"
EPILOG = "Example: molq backends --json"


def command(
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the JSON schema of the technical file and end.")
    ] = False,
    json: options.Json = False,
) -> None:
    """List where circuits can run: qubits, cost, and whether credentials are there.

    The credentials themselves are never shown, and no network is asked.
    """
    if schema:
        from simulation.quantum import technicalfile

        write_json(technicalfile.schema())
        return
    from simulation.quantum import backends

    found = backends.listing()
    if json:
        write_json([asdict(item) for item in found])
        return
    write_table(
        [
            Column("backend"),
            Column("qubits", is_number=True),
            Column("is"),
            Column("cost"),
            Column("credentials"),
        ],
        [[item.name, _qubits(item), item.summary, item.cost, _credentials(item)] for item in found],
    )
    for item in found:
        if item.devices:
            family = item.name.partition(":")[0]
            rows = [[str(size), ", ".join(names)] for size, names in _by_size(item.devices)]
            write_table([Column("qubits", is_number=True), Column(f"devices of {family}")], rows)
    for item in found:
        if item.problem:
            note(f"{item.name} cannot be used: {item.problem}")


def _qubits(item: Listing) -> str:
    if item.devices:
        return f"{min(item.devices.values())}-{max(item.devices.values())}"
    if ":" in item.name:
        return "its own"
    return "memory" if item.qubits is None else str(item.qubits)


def _credentials(item: Listing) -> str:
    if item.problem:
        return "not installed" if "not installed" in item.problem else "unusable"
    return {None: "none needed", True: "found", False: "missing"}[item.credentials]


def _by_size(devices: dict[str, int]) -> list[tuple[int, list[str]]]:
    sizes = sorted(set(devices.values()))
    return [(size, sorted(n for n, own in devices.items() if own == size)) for size in sizes]
