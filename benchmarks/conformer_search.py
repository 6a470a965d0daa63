"""The lowest conformer that each way of searching finds, at equal numbers of optimisations.

    OMP_NUM_THREADS=1 python benchmarks/conformer_search.py [--optimisations 4] [--seed 1]

Twenty flexible drugs (configs/libraries/flexible_drugs.csv), neutral, ALPB(water). Every
search hands on up to five starting structures for each GFN2-xTB optimisation, and the lowest by
one energy are optimised. Each result is appended to a file as it comes, and a repeated
call goes on from there. CPU seconds of one thread, the search and the optimisations.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

import numpy as np

from simulation.atomicunits import HARTREE_KCAL
from simulation.settings import SimulationSettings
from simulation.workup import Workup

LIBRARY = Path(__file__).parent.parent / "configs" / "libraries" / "flexible_drugs.csv"
SEARCHES = ("etkdg", "torsion-annealing", "torsion-qaoa")
SAME = 0.1  # kcal/mol
FIELDS = (
    "name", "search", "optimisations", "seed", "energy_kcal", "embedded", "optimised",
    "abandoned", "search_s", "optimise_s",
)  # fmt: skip

Key = tuple[str, str, int, int]
Row = dict[str, str]


def read(path: Path) -> dict[Key, Row]:
    if not path.exists():
        return {}
    with path.open(newline="") as file:
        return {
            (r["name"], r["search"], int(r["optimisations"]), int(r["seed"])): r
            for r in csv.DictReader(file)
        }


def measured(name: str, smiles: str, search: str, optimisations: int, seed: int) -> Row:
    settings = SimulationSettings.model_validate(
        {"conformers": optimisations, "conformer_search": search}
    )
    work = Workup(smiles, settings, seed=seed)
    geometry = work.geometry
    record, seconds = geometry.conformers, work.clock.timings
    values = (
        name, search, optimisations, seed, f"{geometry.energy * HARTREE_KCAL:.3f}",
        record.embedded, record.optimised, record.abandoned,
        seconds["embedding"], seconds["geometry"],
    )  # fmt: skip
    return {field: str(value) for field, value in zip(FIELDS, values, strict=True)}


def report(names: list[str], rows: dict[Key, Row], optimisations: int, seed: int) -> None:
    print(f"{'above the lowest, kcal/mol':28}" + "".join(f"{s:>20}" for s in SEARCHES))
    excesses, seconds = [], []
    for name in names:
        found = [rows.get((name, s, optimisations, seed)) for s in SEARCHES]
        complete = [row for row in found if row is not None]
        if len(complete) < len(SEARCHES):
            continue
        energies = np.array([float(row["energy_kcal"]) for row in complete])
        excesses.append(energies - energies.min())
        seconds.append([float(r["search_s"]) + float(r["optimise_s"]) for r in complete])
        print(f"{name:28}" + "".join(f"{e:20.2f}" for e in excesses[-1]))
    if not excesses:
        print("no molecule is complete")
        return
    table, cost = np.array(excesses), np.array(seconds)
    for label, values in (
        ("mean", [f"{v:.2f}" for v in table.mean(axis=0)]),
        ("largest", [f"{v:.2f}" for v in table.max(axis=0)]),
        (f"within {SAME} of the lowest", [f"{n}/{len(table)}" for n in (table < SAME).sum(axis=0)]),
        ("CPU s per molecule", [f"{v:.1f}" for v in cost.mean(axis=0)]),
    ):
        print(f"{label:28}" + "".join(f"{v:>20}" for v in values))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--optimisations", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--library", type=Path, default=LIBRARY, help="CSV with name and smiles")
    parser.add_argument("--results", type=Path, default=Path("conformer_search.csv"))
    arguments = parser.parse_args()
    with arguments.library.open(newline="") as file:
        library = {row["name"]: row["smiles"] for row in csv.DictReader(file)}
    rows = read(arguments.results)
    for name, smiles in library.items():
        for search in SEARCHES:
            key = (name, search, arguments.optimisations, arguments.seed)
            if key in rows:
                continue
            rows[key] = measured(name, smiles, *key[1:])
            fresh = not arguments.results.exists()
            with arguments.results.open("a", newline="") as file:
                writer = csv.DictWriter(file, FIELDS)
                if fresh:
                    writer.writeheader()
                writer.writerow(rows[key])
    report(list(library), rows, arguments.optimisations, arguments.seed)


if __name__ == "__main__":
    main()
