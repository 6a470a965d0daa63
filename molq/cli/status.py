"""``molq status``: where a run stands."""

from __future__ import annotations

from molq.cli import options
from molq.cli.console import Column, write_json, write_table

NAME = "status"
EPILOG = "Example: molq status runs/first --json"


def command(directory: options.RunFolder, json: options.Json = False) -> None:
    """Show where a run stands, also while it goes on."""
    from molq.run import Run

    status = Run.open(directory).status()
    if json:
        write_json(status.to_json())
        return
    write_table([Column(""), Column("")], [[name, text] for name, text in status.lines()])
