"""Every fault of ``tests/faults`` once more, at full length, as the table of docs/reliability.md.

    OMP_NUM_THREADS=1 python benchmarks/reliability.py [--only SCENARIO ...] [--write FILE.md]

Runs the same functions that the tests assert on: a real Ray, real child processes, a real
journal, calculations that misbehave as planned. ``--records`` keeps each record as soon as it
stands, so that single scenarios can be run again and a stopped one goes on; what is not run anew
is taken from there. ``--write`` puts the table between the markers of a Markdown file. The exit
status is 1 when a molecule was lost, computed twice or ranked otherwise, or failed by a fault
that should cost it nothing.
"""

# ruff: noqa: E402 - the environment must be right before numpy is loaded
from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import asdict
from datetime import date
from functools import cache, partial
from pathlib import Path
from typing import Any

for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "faults"))

import calculationfaults
import clusterfaults
import driverfaults
from faultrecord import FaultRecord, table

RECORDS = ROOT / "benchmarks" / "results" / "reliability.json"
BEGIN, END = "<!-- table of faults: begin -->", "<!-- table of faults: end -->"
KILLS, WORKER_KILLS, WORKER_MOLECULES = 30, 12, 40

Scenario = Callable[[Path], FaultRecord]

# Molecules that must fail, because their fault is their own and never ends.
FAILING = {"hung": 1, "out_of_memory": 1, "unconverged": 1, "poisonous": 1}

# Faults that must have cost a calculation, else they did not happen.
COSTLY = {"machine_without_memory", "killed_workers", "hung_worker", "node_lost"}


def scenarios(folder: Path) -> Iterator[tuple[str, Scenario]]:
    """Every scenario by name, in the order of the table.

    The Ray or the cluster that some share is started when it is first needed, and ended when
    the next kind of scenario is asked for.

    Args:
        folder: for files of what is started.
    """
    yield "killed_drivers", lambda where: driverfaults.killed_drivers(where, times=KILLS)
    for driver in driverfaults.SCENARIOS[1:]:
        yield driver.__name__, driver
    yield "own_raylet_killed", clusterfaults.own_raylet_killed
    with ExitStack() as stack:
        ray = cache(lambda: stack.enter_context(calculationfaults.faulty_ray(folder)))
        for calculation in calculationfaults.SCENARIOS:
            long = {}
            if calculation is calculationfaults.killed_workers:
                long = {"times": WORKER_KILLS, "molecules": WORKER_MOLECULES}
            scenario = partial(_shared, calculation, ray, long)
            yield calculation.__name__, scenario
    with ExitStack() as stack:
        cluster = cache(lambda: stack.enter_context(clusterfaults.faulty_cluster(folder)))
        for node in clusterfaults.SCENARIOS:
            yield node.__name__, partial(_shared, node, cluster, {})


def _shared(
    scenario: Callable[..., FaultRecord],
    shared: Callable[[], Any],
    long: dict[str, int],
    where: Path,
) -> FaultRecord:
    return scenario(shared(), where, **long)


def is_right(name: str, record: FaultRecord) -> bool:
    """Whether the fault happened, and cost nothing but the molecules whose own it is."""
    if name in COSTLY and not record.again:
        return False
    return record.is_sound and sum(record.failed.values()) == FAILING.get(name, 0)


def kept(path: Path) -> dict[str, FaultRecord]:
    """Records of earlier calls by scenario."""
    if not path.exists():
        return {}
    return {name: FaultRecord(**record) for name, record in json.loads(path.read_text()).items()}


def write(path: Path, text: str) -> None:
    """Put the text between the markers of a file."""
    page = path.read_text()
    before, found, rest = page.partition(BEGIN)
    _, ended, after = rest.partition(END)
    if not found or not ended:
        raise SystemExit(f"{path} has no markers {BEGIN} and {END} to write between")
    path.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--only", nargs="*", help="scenarios by name; without: all")
    parser.add_argument("--records", type=Path, default=RECORDS)
    parser.add_argument("--write", type=Path, help="a Markdown file with the markers")
    arguments = parser.parse_args()
    records = kept(arguments.records)
    names = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for name, scenario in scenarios(folder):
            names.append(name)
            if arguments.only is not None and name not in arguments.only:
                continue
            records[name] = scenario(folder / name)
            verdict = "as it should" if is_right(name, records[name]) else "NOT AS IT SHOULD"
            print(f"{name}: {verdict}, {records[name].seconds:.0f} s", file=sys.stderr, flush=True)
            arguments.records.parent.mkdir(exist_ok=True)
            order = [*names, *(each for each in records if each not in names)]
            lines = {each: asdict(records[each]) for each in order if each in records}
            arguments.records.write_text(json.dumps(lines, indent=1, ensure_ascii=False) + "\n")
    unknown = set(arguments.only or ()) - set(names)
    if unknown:
        parser.error(f"no scenario {', '.join(sorted(unknown))}; there are {', '.join(names)}")
    shown = {name: records[name] for name in names if name in records}
    text = table(list(shown.values()))
    text += (
        f"\n\nWritten {date.today().isoformat()} on {os.cpu_count()} cores, Python "
        f"{platform.python_version()}, by `python benchmarks/reliability.py --write "
        "docs/reliability.md`."
    )
    print(text)
    if arguments.write is not None:
        write(arguments.write, text)
    return 0 if all(is_right(name, record) for name, record in shown.items()) else 1


if __name__ == "__main__":
    sys.exit(main())
