"""How large a report is and how long it takes: leads, megabytes, seconds.

    python benchmarks/report.py [--sizes 1 50 500 1000 5000] [--template SMILES]

Each row is a finished campaign of so many scored molecules whose report shows at most 500.
The molecules are real acrylamides of drug size, their values, orbitals and traces are drawn
at random after one computed score (``tests/browser/manyleads.py``): a report of computed ones
takes the same room. Explanations are those of the surrogate on these values.
"""

from __future__ import annotations

import argparse
import re
import resource
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "tests" / "browser"))

import manyleads

from simulation.recipes.recipe import find
from simulation.score import Score
from simulation.settings import SimulationSettings
from simulation.workup import Workup

LIMIT = 5.0  # MB, of 500 leads
_PACKED = re.compile(r'<script type="application/octet-stream" ([^>]*)>([^<]*)</script>')


@dataclass(frozen=True)
class Row:
    """One report."""

    scored: int
    shown: int
    megabytes: float  # of the file; 1 MB = 10^6 bytes
    libraries: float  # MB, of that
    leads: float  # MB, of that: the packed payload
    cpu_seconds: float
    peak_memory: float  # MB, resident, of the whole process


def template(smiles: str) -> Score:
    """One computed score with orbitals and a trace."""
    settings = SimulationSettings(conformers=1)
    return find(manyleads.RECIPE).score(Workup(smiles, settings, seed=1))


def measured(score: Score, count: int) -> Row:
    """The report of a campaign of so many scores."""
    from molq.run import Run

    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder) / "run"
        manyleads.campaign(directory, score, count)
        begun = time.process_time()
        path = Run.open(directory).report()
        seconds = time.process_time() - begun
        text = path.read_text(encoding="utf-8")
    packed = {about: len(data) / 1e6 for about, data in _PACKED.findall(text)}
    leads = packed.pop('id="payload"')
    shown = text.count('<td class="num rank">')
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    size = len(text.encode()) / 1e6
    return Row(count, shown, size, sum(packed.values()), leads, seconds, peak)


def main() -> None:
    """Print the table; exit 1 where 500 leads pass the limit."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[1, 50, 500, 1000, 5000])
    parser.add_argument("--template", default="C=CC(=O)Nc1ccccc1", help="whose score is copied")
    arguments = parser.parse_args()
    score = template(arguments.template)
    print("scored  shown     MB  libraries  leads  CPU s  peak MB")
    rows = []
    for count in arguments.sizes:
        row = measured(score, count)
        rows.append(row)
        print(
            f"{row.scored:6d} {row.shown:6d} {row.megabytes:6.2f} {row.libraries:10.2f} "
            f"{row.leads:6.2f} {row.cpu_seconds:6.1f} {row.peak_memory:8.0f}",
            flush=True,
        )
    if any(row.shown >= 500 and row.megabytes > LIMIT for row in rows):
        sys.exit(f"a report of 500 leads is larger than {LIMIT:g} MB")


if __name__ == "__main__":
    main()
