"""What orchestration costs: tasks, start-up, a thousand workers, intake and resume.

    OMP_NUM_THREADS=1 python benchmarks/orchestration.py tasks|startup|simulated|intake|resume

Each part prints one table, or with ``--json`` a record.
"""

# ruff: noqa: E402 - the environment must be right before numpy is loaded
from __future__ import annotations

import argparse
import os
import sys

for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")

import orchestration_intake
import orchestration_resume
import orchestration_simulated
import orchestration_startup
import orchestration_tasks

PARTS = {
    "tasks": orchestration_tasks,
    "startup": orchestration_startup,
    "simulated": orchestration_simulated,
    "intake": orchestration_intake,
    "resume": orchestration_resume,
}


def main() -> int:
    """Run the part that was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parts = parser.add_subparsers(dest="part", required=True)
    for name, part in PARTS.items():
        part.add_arguments(parts.add_parser(name, help=part.HELP, description=part.__doc__))
    args = parser.parse_args()
    return PARTS[args.part].main(args)


if __name__ == "__main__":
    sys.exit(main())
