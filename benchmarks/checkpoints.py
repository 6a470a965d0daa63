"""What checkpoints save: a drug-size molecule killed half-way and tried again.

    OMP_NUM_THREADS=1 python benchmarks/checkpoints.py [--smiles SMILES] [--json FILE]

Computes one molecule undisturbed, then kills its process (SIGKILL) after a share of the
CPU time that this took and tries again with the checkpoints of the killed attempt.
Without them a retry takes what the undisturbed calculation takes. Prints CPU seconds
of both attempts, what the retry says it resumed, and how far its value is from the
undisturbed one.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")

OSIMERTINIB = "C=CC(=O)Nc1cc(Nc2nccc(-c3cn(C)c4ccccc34)n2)c(OC)cc1N(C)CCN(C)C"
TIME_LIMIT_S = 36000.0
MEMORY_MB = 6000


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--smiles", default=OSIMERTINIB)
    parser.add_argument("--recipe", default="warhead-ea")
    parser.add_argument("--conformers", type=int, default=10)
    parser.add_argument("--shares", type=float, nargs="+", default=[0.25, 0.5, 0.75, 0.95])
    parser.add_argument("--json", type=Path, help="write the record here")
    arguments = parser.parse_args()
    rows = list(measured(arguments))
    header = ("killed after", "CPU s until then", "CPU s of the retry", "saved", "value differs by")
    print("  ".join(f"{name:>18s}" for name in header) + "  resumed")
    for row in rows:
        share = "-" if row["share"] is None else f"{row['share']:.0%}"
        saved = "-" if row["saved"] is None else f"{row['saved']:.0%}"
        cells = (share, f"{row['killed_cpu_s']:.1f}", f"{row['cpu_s']:.1f}", saved)
        text = "  ".join(f"{cell:>18s}" for cell in (*cells, f"{row['difference']:.1e}"))
        print(f"{text}  {'; '.join(row['resumed'])}")
    if arguments.json:
        record = {"smiles": arguments.smiles, "recipe": arguments.recipe, "rows": rows}
        arguments.json.write_text(json.dumps(record, indent=1) + "\n")
    return 0


def measured(arguments: argparse.Namespace) -> Any:
    """Rows of the table, the undisturbed calculation first."""
    whole, cpu = attempt(arguments, None, None)
    yield _row(None, 0.0, cpu, None, 0.0, [])
    for share in arguments.shares:
        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder) / "molecule"
            killed, spent = attempt(arguments, share * cpu, place)
            if killed is not None:
                sys.exit(f"ended within {share:.0%} of the time of the undisturbed calculation")
            again, retry = attempt(arguments, None, place)
        resumed = again["provenance"]["convergence"].get("checkpoint", [])
        difference = abs(again["value"] - whole["value"])
        yield _row(share, spent, retry, 1 - retry / cpu, difference, resumed)


def _row(
    share: float | None,
    killed: float,
    cpu: float,
    saved: float | None,
    difference: float,
    resumed: list[str],
) -> dict[str, Any]:
    row = {
        "share": share,
        "killed_cpu_s": killed,
        "cpu_s": cpu,
        "saved": saved,
        "difference": difference,
        "resumed": resumed,
    }
    print(json.dumps(row), file=sys.stderr, flush=True)
    return row


def attempt(
    arguments: argparse.Namespace, kill_after_s: float | None, checkpoint: Path | None
) -> tuple[Any, float]:
    """The score as JSON types, None where the process was killed, and its CPU seconds."""
    from screening.compute.evaluation import Job
    from screening.compute.isolation import Isolation
    from simulation.settings import SimulationSettings

    job = Job(
        id=1,
        inchikey="",
        smiles=arguments.smiles,
        recipes=(arguments.recipe,),
        settings=SimulationSettings(conformers=arguments.conformers).model_dump(mode="json"),
        seed=1,
        time_limit_s=TIME_LIMIT_S,
        memory_limit_mb=MEMORY_MB,
        checkpoint=None if checkpoint is None else str(checkpoint),
    )
    with Isolation() as child:
        if kill_after_s is not None:
            threading.Thread(target=_kill, args=(child, kill_after_s), daemon=True).start()
        (answer,) = child.run(job)
    outcome = json.loads(answer.outcome)
    if "failure" in outcome and (kill_after_s is None or "killed" not in str(outcome)):
        sys.exit(f"failed: {outcome['failure']}")
    return outcome.get("score"), answer.usage.cpu_seconds


def _kill(child: Any, after_s: float) -> None:
    """SIGKILL to the calculation's process at so many seconds of CPU time."""
    import psutil

    while child.pid is None:
        time.sleep(0.05)
    process = psutil.Process(child.pid)
    while sum(process.cpu_times()[:4]) < after_s:
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main())
