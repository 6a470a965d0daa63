"""``molq report``: one self-contained HTML file."""

from __future__ import annotations

from molq.cli import options
from molq.cli.console import note

NAME = "report"
EPILOG = "Example: molq report runs/first --output first.html"


def command(directory: options.RunFolder, output: options.Output = None) -> None:
    """Write the report of a run, also while it goes on.

    It is `report.html` in the run's folder unless --output says another. The
    file opens offline anywhere.
    """
    from molq.run import Run

    note(f"wrote {Run.open(directory).report(output)}")
