"""What `molq plan` foretells of runs, beside what they took.

Each run is planned from its own settings, once by the table that comes with molq and once
learned from the other runs given (never from itself), and every figure is looked up in the
interval of nine in ten.

    python benchmarks/plan.py DIR [DIR ...]
"""

from __future__ import annotations

import argparse
import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import molq
from molq.planning.estimate import Estimate
from molq.reading import journal_of, settings_of
from screening.store.database import FILE


@dataclass(frozen=True)
class Took:
    """What a run took."""

    core_hours: float
    wall_minutes: float
    peak_mb: float
    disk_mb: float
    gates: float  # two-qubit gates of an energy, median
    energies: int
    wall_share: float  # wall-clock seconds of a calculation for each CPU second


def took(directory: Path) -> Took:
    with journal_of(directory) as journal:
        attempts = journal.attempts()
        moment = datetime.datetime.fromisoformat
        ends = [moment(a.finished) for a in attempts if a.finished is not None]
        solved = [
            solution.circuit.two_qubit_gates
            for result in journal.iterate_results()
            if result.score is not None
            for site in result.score.sites
            for solution in site.solutions
            if solution.circuit is not None
        ]
        return Took(
            core_hours=sum(a.cpu_seconds or 0.0 for a in attempts) / 3600,
            wall_minutes=(max(ends) - moment(journal.created)).total_seconds() / 60,
            peak_mb=max(a.peak_memory_mb or 0.0 for a in attempts),
            disk_mb=(directory / FILE).stat().st_size / 1e6,
            gates=sorted(solved)[len(solved) // 2] if solved else 0.0,
            energies=len(solved),
            wall_share=sum(a.wall_seconds or 0.0 for a in attempts)
            / sum(a.cpu_seconds or 1.0 for a in attempts),
        )


def rows(directory: Path, learned: Sequence[Path], workers: int | None) -> list[list[str]]:
    with journal_of(directory) as journal:
        file = settings_of(journal)
    plan = molq.plan(file, learn_from=learned, workers=workers)
    real = took(directory)
    kinds = plan.circuits.kinds
    weight = sum(k.each for k in kinds) or 1.0
    gates = Estimate(
        min((k.two_qubit_gates.low for k in kinds), default=0.0),
        sum(k.each * k.two_qubit_gates.middle for k in kinds) / weight,
        max((k.two_qubit_gates.high for k in kinds), default=0.0),
    )
    figures = [
        ("core-hours", plan.core_seconds.times(1 / 3600), real.core_hours),
        ("wall-clock, min", plan.wall_seconds.times(1 / 60), real.wall_minutes),
        ("two-qubit gates", gates, real.gates),
        ("energies", plan.energies, float(real.energies)),
    ]
    by = "learned" if plan.learned_from else "table"
    found = [
        [
            plan.name, by, name, f"{e.middle:.3g}", f"{e.low:.3g}-{e.high:.3g}", f"{value:.3g}",
            "yes" if e.low * 0.999 <= value <= e.high * 1.001 else "no",
        ]
        for name, e, value in figures
    ]  # fmt: skip
    below = "yes" if real.peak_mb <= plan.memory.each_mb else "no"
    found.append(
        [plan.name, by, "memory, MB (upper end)", f"{plan.memory.each_mb:.0f}", "",
         f"{real.peak_mb:.0f}", below]
    )  # fmt: skip
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", type=Path, nargs="+", metavar="DIR", help="finished runs")
    parser.add_argument("--workers", type=int, default=2, help="that computed them")
    arguments = parser.parse_args()
    header = ["run", "by", "figure", "foretold", "90 % interval", "took", "inside"]
    print("| " + " | ".join(header) + " |")
    print("|---" * len(header) + "|")
    inside: dict[str, list[bool]] = {"table": [], "learned": []}
    for directory in arguments.runs:
        others = [run for run in arguments.runs if run != directory]
        for learned in ([], others) if others else ([],):
            for row in rows(directory, learned, arguments.workers):
                print("| " + " | ".join(row) + " |")
                inside[row[1]].append(row[-1] == "yes")
    print()
    for directory in arguments.runs:
        share = took(directory).wall_share
        print(f"{directory.name}: {share:.2f} s by the clock for each CPU s of a calculation")
    for by, hits in inside.items():
        if hits:
            print(f"{by}: {sum(hits)} of {len(hits)} figures inside")


if __name__ == "__main__":
    main()
