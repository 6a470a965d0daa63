"""What runs took: core-seconds, memory and disk, from the journals of their folders.

    python benchmarks/sizing.py RUN_FOLDER...

For each run and recipe: final results, heavy atoms, CPU seconds and peak memory of one
calculation, failures by kind, the journal's bytes for each result, and the core-hours and disk
of 1,000 such molecules. Reads only; a run may still be going on. Prints one table.
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

import numpy as np
from rdkit import Chem

from screening.store.journal import Journal
from screening.store.records import Result

HEADER = (
    "| run | recipe | results | heavy atoms | CPU s, median | 95 % | peak MB, median | largest "
    "| failed | journal, kB a result | 1,000 molecules: core-hours | journal, MB |"
)


def rows(folder: Path) -> list[str]:
    """One row of the table for each recipe."""
    with Journal.open(folder, readonly=True) as journal:
        results = journal.results()
    pages = sum(
        (folder / name).stat().st_size
        for name in ("journal.sqlite", "journal.sqlite-wal")
        if (folder / name).exists()
    )
    share = pages / max(1, len(results))  # bytes, library rows and attempts included
    found = []
    for recipe in sorted({result.recipe for result in results}):
        own = [result for result in results if result.recipe == recipe]
        found.append(_row(folder, recipe, own, share))
    return found


def _row(folder: Path, recipe: str, results: list[Result], share: float) -> str:
    cpu = np.array([result.cpu_seconds for result in results])
    memory = np.array([result.peak_memory_mb for result in results])
    atoms = [Chem.MolFromSmiles(r.candidate.smiles).GetNumHeavyAtoms() for r in results]
    failed = Counter(result.failure.kind for result in results if result.failure is not None)
    failures = ", ".join(f"{n} {kind}" for kind, n in sorted(failed.items())) or "0"
    return (
        f"| {folder.name} | {recipe} | {len(results)} | {min(atoms)}-{max(atoms)} "
        f"| {np.median(cpu):.1f} | {np.quantile(cpu, 0.95):.1f} | {np.median(memory):.0f} "
        f"| {memory.max():.0f} | {failures} | {share / 1e3:.1f} | {cpu.mean() / 3.6:.1f} "
        f"| {share / 1e3:.1f} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("runs", nargs="+", type=Path, help="folders of runs")
    arguments = parser.parse_args()
    print(HEADER)
    print("|" + "---|" * (HEADER.count("|") - 1))
    for folder in arguments.runs:
        print("\n".join(rows(folder)))


if __name__ == "__main__":
    main()
