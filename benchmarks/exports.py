"""How large the leads of a run are in every format, and how long that takes.

    python benchmarks/exports.py [--leads 500] [--template SMILES]

The leads are those of ``benchmarks/report.py``: real acrylamides of drug size, with values
drawn at random after one computed score. FCIDUMP makes mean fields again, which costs what
scores cost: it is left out unless ``--integrals N`` asks for the first N leads of a run that
``--run DIR`` names.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "tests" / "browser"))

import manyleads

from molq.exporting import export
from molq.exports.forms import FORMS, OF_FOLDERS, Form, file_name
from simulation.recipes.recipe import find
from simulation.settings import SimulationSettings
from simulation.workup import Workup


def row(directory: Path, form: Form, top: int | None = None) -> str:
    """One line of the table: format, leads, megabytes (10^6 bytes), CPU seconds."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / file_name("leads", form)
        begun = time.process_time()
        count = export(directory, "leads", path, form, top=top)
        seconds = time.process_time() - begun
        return f"{form:9} {count:7,} {path.stat().st_size / 1e6:8.2f} {seconds:8.1f}"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--leads", type=int, default=500)
    parser.add_argument("--template", default="C=CC(=O)Nc1ccccc1")
    parser.add_argument("--run", type=Path, help="a finished run, for --integrals")
    parser.add_argument("--integrals", type=int, default=0)
    arguments = parser.parse_args()
    print(f"{'format':9} {'leads':>7} {'MB':>8} {'CPU s':>8}")
    score = find(manyleads.RECIPE).score(
        Workup(arguments.template, SimulationSettings(conformers=1), seed=1)
    )
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder) / "run"
        manyleads.campaign(directory, score, arguments.leads)
        for form in FORMS:
            if form not in OF_FOLDERS:
                print(row(directory, form), flush=True)
    if arguments.integrals:
        if arguments.run is None:
            parser.error("--integrals wants the folder of a run: --run DIR")
        print(row(arguments.run, "fcidump", arguments.integrals))


if __name__ == "__main__":
    main()
