"""A recipe and its baselines against computed barriers of acrylamides.

Prints the coefficient of determination of a linear fit of the barrier by each
descriptor. The data file is not part of the repository: a CSV with the columns
smiles, Delta_G_ts (kcal/mol) and omega_ground_state (electrophilicity), the
acrylamides among the covalent inhibitors of the ESNUEL project (MIT licence).

    OMP_NUM_THREADS=1 python benchmarks/barriers.py --data covalent_barriers.csv --out barriers.csv
    OMP_NUM_THREADS=1 python benchmarks/barriers.py --recipe thiol-adduct --out adducts.csv

Molecules come in a seeded random order, so that the first ``--limit`` of them are
a fair sample. ``--out`` is written molecule by molecule and read first: an
interrupted run, or one with a larger limit, goes on where it stopped.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import random
import sys
import time
from pathlib import Path
from typing import Any

for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")

DESCRIPTORS = {
    "value": "the recipe",
    "hf_pi_star": "HF pi* of the active space",
    "hf_lumo": "HF LUMO",
    "gfn2_lumo": "GFN2 LUMO",
    "electrophilicity": "electrophilicity (of the data)",
}
FIELDS = (
    *(
        "recipe",
        "smiles",
        "barrier",
        "electrophilicity",
        "conformers",
        "seed",
        "value",
        "hf_pi_star",
    ),
    *("hf_lumo", "gfn2_lumo", "triplet_energy", "cpu_seconds", "flags", "error"),
)


def read(path: Path, kind: str, seed: int) -> list[dict[str, str]]:
    """The rows whose only warhead is of one kind, in a seeded random order."""
    from rdkit import Chem

    from simulation.warheads import find

    rows = []
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            molecule = Chem.MolFromSmiles(row["smiles"])
            found = find(molecule) if molecule is not None else ()
            if [group.kind for group in found] == [kind]:
                plain = Chem.MolToSmiles(Chem.RemoveHs(molecule))
                rows.append({**row, "smiles": plain})
    random.Random(seed).shuffle(rows)
    return rows


def compute(row: dict[str, str], recipe: str, conformers: int, seed: int) -> dict[str, Any]:
    from simulation.errors import SimulationError
    from simulation.recipes.recipe import find
    from simulation.settings import SimulationSettings
    from simulation.workup import Workup

    result: dict[str, Any] = dict.fromkeys(FIELDS, "")
    result.update(
        recipe=recipe,
        smiles=row["smiles"],
        barrier=float(row["Delta_G_ts"]),
        electrophilicity=float(row["omega_ground_state"]),
        conformers=conformers,
        seed=seed,
    )
    settings = SimulationSettings(solver="casci", conformers=conformers)
    start = time.process_time()
    try:
        score = find(recipe).score(Workup(row["smiles"], settings, seed=seed))
    except SimulationError as error:
        result.update(error=f"{error.kind}: {error}")
    else:
        result.update(
            value=score.value,
            triplet_energy=score.active_space.triplet_energy if score.active_space else "",
            flags="; ".join(score.flags),
            **{n: b.value for n, b in score.baselines.items() if n in DESCRIPTORS},
        )
    result.update(cpu_seconds=round(time.process_time() - start, 2))
    return result


def finished(
    path: Path | None, recipe: str, conformers: int, seed: int
) -> dict[str, dict[str, Any]]:
    if path is None or not path.exists():
        return {}
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    settings = (recipe, conformers, seed)
    if any((r["recipe"], int(r["conformers"]), int(r["seed"])) != settings for r in rows):
        raise SystemExit(f"{path}: holds results of other settings; give another --out")
    return {row["smiles"]: dict(row) for row in rows}


def determination(rows: list[dict[str, Any]], names: tuple[str, ...]) -> float:
    """R2 of the least-squares fit of the barrier by the descriptors and a constant."""
    import numpy as np

    barrier = np.array([float(r["barrier"]) for r in rows])
    columns = [np.array([float(r[name]) for r in rows]) for name in names]
    design = np.column_stack([*columns, np.ones(len(rows))])
    fitted = design @ np.linalg.lstsq(design, barrier, rcond=None)[0]
    return float(1 - ((barrier - fitted) ** 2).sum() / ((barrier - barrier.mean()) ** 2).sum())


def summary(results: list[dict[str, Any]]) -> dict[str, Any]:
    from scipy.stats import spearmanr

    scored = [r for r in results if not r["error"]]
    if len(scored) < 5:
        raise SystemExit(f"only {len(scored)} of {len(results)} molecules have a score")
    barrier = [float(r["barrier"]) for r in scored]
    unflagged = [r for r in scored if not r["flags"]]
    given = [n for n in DESCRIPTORS if all(r[n] not in ("", None) for r in scored)]
    table = {
        "molecules": len(results),
        "scored": len(scored),
        "unflagged": len(unflagged),
        "r2": {name: determination(scored, (name,)) for name in given},
        "spearman": {
            name: float(spearmanr([float(r[name]) for r in scored], barrier).statistic)
            for name in given
        },
        "r2_with_gfn2_lumo": determination(scored, ("value", "gfn2_lumo")),
        "cpu_seconds": sum(float(r["cpu_seconds"]) for r in scored),
    }
    if len(unflagged) >= 5:
        table["r2_unflagged"] = {n: determination(unflagged, (n,)) for n in given}
    return table


def show(table: dict[str, Any]) -> None:
    print(f"{table['scored']} of {table['molecules']} molecules scored, {table['unflagged']} clean")
    print(f"{'barrier, kcal/mol, by':34s}{'R2':>8s}{'Spearman':>10s}{'R2 clean':>10s}")
    for name in table["r2"]:
        label = DESCRIPTORS[name]
        clean = table.get("r2_unflagged", {}).get(name, float("nan"))
        print(f"{label:34s}{table['r2'][name]:8.3f}{table['spearman'][name]:+10.3f}{clean:10.3f}")
    print(f"{'the recipe and GFN2 LUMO':34s}{table['r2_with_gfn2_lumo']:8.3f}")
    print(f"CPU {table['cpu_seconds'] / table['scored']:.1f} s a molecule")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data/covalent_barriers.csv"))
    parser.add_argument("--out", type=Path, help="checkpoint CSV, one row a molecule")
    parser.add_argument("--recipe", default="warhead-ea")
    parser.add_argument("--kind", default="acrylamide")
    parser.add_argument("--limit", type=int, help="molecules at most, of the random order")
    parser.add_argument("--conformers", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="print the table as JSON")
    args = parser.parse_args()
    if not args.data.is_file():
        print(f"{args.data}: no such file; give --data the barriers' CSV", file=sys.stderr)
        raise SystemExit(2)
    rows = read(args.data, args.kind, args.seed)[: args.limit]
    known = finished(args.out, args.recipe, args.conformers, args.seed)
    results = []
    for row in rows:
        result = known.get(row["smiles"])
        if result is None:
            result = compute(row, args.recipe, args.conformers, args.seed)
            if args.out is not None:
                header = not args.out.exists()
                with args.out.open("a", newline="", encoding="utf-8") as file:
                    writer = csv.DictWriter(file, FIELDS)
                    if header:
                        writer.writeheader()
                    writer.writerow(result)
        results.append(result)
    table = summary(results)
    if args.json:
        print(json.dumps(table, indent=2))
    else:
        show(table)


if __name__ == "__main__":
    main()
