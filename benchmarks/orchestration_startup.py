"""From the start of the process to the first calculation and to the first result."""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import orchestrationrecipe as timed

HELP = "time from the start of the process to the first calculation and the first result"

_HERE = Path(__file__).parent
_FINISHED = "ORCHESTRATION_FINISHED"  # a file that the driver writes the first result's time to


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Of this part of the benchmark."""
    parser.add_argument("--repeat", type=int, default=3, help="the median is given")
    parser.add_argument("--json", action="store_true", help="a record instead of a table")


def main(args: argparse.Namespace) -> int:
    """Print the table, or the record."""
    runs = [measured() for _ in range(args.repeat)]
    record = {key: round(statistics.median(run[key] for run in runs), 2) for key in runs[0]}
    if args.json:
        print(json.dumps(record))
        return 0
    print("| from process start to | s |")
    print("|---|---|")
    for key, seconds in record.items():
        print(f"| {key} | {seconds:.2f} |")
    return 0


def measured() -> dict[str, float]:
    """One start of each kind, in seconds."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environment = {
            **os.environ,
            timed.SECONDS: "0.05",
            timed.BEGUN: str(folder / "begun"),
            _FINISHED: str(folder / "finished"),
            "PYTHONPATH": os.pathsep.join([str(_HERE), os.environ.get("PYTHONPATH", "")]),
        }
        begun = time.time()
        subprocess.run(
            [sys.executable, str(_HERE / "orchestration_startup.py"), name],
            env=environment,
            check=True,
        )
        (folder / "library.smi").write_text("C=CC(N)=O acrylamide\n")
        found = {
            "first task begun (a recipe that waits)": float((folder / "begun").read_text()) - begun,
            "its result journalled": float((folder / "finished").read_text()) - begun,
        }
        begun = time.time()
        screen = ["screen", str(folder / "library.smi"), "--out", str(folder / "screen")]
        subprocess.run(
            [sys.executable, "-m", "molq", *screen],
            env=environment,
            check=True,
            capture_output=True,
        )
        found["end of `molq screen` of acrylamide, warhead-ea"] = time.time() - begun
        return found


def drive(folder: Path) -> None:
    """One task of the timed recipe, through Ray and a journal."""
    from screening.compute.dispatch import Calculation, Task, evaluate_all
    from screening.compute.scheduler import Scheduler
    from screening.settings import ComputeSettings
    from screening.store.journal import Journal
    from screening.store.records import Result

    def tell(result: Result) -> None:
        Path(os.environ[_FINISHED]).write_text(repr(time.time()))

    with (
        Scheduler(ComputeSettings(memory_limit_mb=1000)) as scheduler,
        Journal.create(folder / "run", kind="screen", settings={}, environment={}) as journal,
    ):
        evaluate_all(
            (Task(molecule, (timed.NAME,)) for molecule in timed.candidates(1)),
            journal=journal,
            executor=scheduler,
            calculation=Calculation(1, sources={timed.NAME: timed.SOURCE}),
            on_result=tell,
        )


if __name__ == "__main__":
    drive(Path(sys.argv[1]))
