"""``sn2-warhead`` against the computed barriers of 326 chloroacetamides.

The data file is not part of the repository: a CSV with the columns smiles,
name, Delta_G_ts (kcal/mol) and omega_ground_state (the electrophilicity index),
from the supplement of ESNUEL (MIT). ``describe`` computes a seeded random
sample row by row and goes on where it stopped; ``validate`` prints R2 and
Spearman's rho of every descriptor and of the small models, cross-validated;
``fit`` writes the coefficients that ship.

    python benchmarks/chloroacetamide_barriers.py describe --out points.csv --sample 120
    python benchmarks/chloroacetamide_barriers.py validate --out points.csv
    python benchmarks/chloroacetamide_barriers.py fit --out points.csv --write model.json
"""

from __future__ import annotations

import argparse
import csv
import os
import sys
import time
from pathlib import Path
from typing import Any

# Before numpy is imported: one thread.
for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")

import numpy as np

FIELDS = (
    *("name", "smiles", "barrier", "omega", "heavy_atoms", "model", "point", "point_spread"),
    *("gfn2_lumo", "buried", "tertiary_amide", "n_aryl", "n_hetero", "cpu_seconds", "error"),
)


def read(path: Path) -> list[dict[str, Any]]:
    from rdkit import Chem

    from simulation import sn2warhead

    if not path.is_file():
        print(f"{path}: no such file; give --data the table of barriers", file=sys.stderr)
        raise SystemExit(2)
    rows = []
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            molecule = Chem.RemoveHs(Chem.MolFromSmiles(row["smiles"]))
            if len(sn2warhead.find(molecule)) == 1:
                rows.append(
                    {
                        "name": row["name"],
                        "smiles": Chem.MolToSmiles(molecule),
                        "barrier": float(row["Delta_G_ts"]),
                        "omega": float(row["omega_ground_state"]),
                        "heavy_atoms": molecule.GetNumHeavyAtoms(),
                    }
                )
    order = np.random.default_rng(1).permutation(len(rows))
    return [rows[i] for i in order]


def describe_one(smiles: str, conformers: int, seed: int) -> dict[str, Any]:
    from simulation import sn2descriptors, sn2warhead
    from simulation.errors import SimulationError
    from simulation.settings import SimulationSettings
    from simulation.workup import Workup

    start = time.process_time()
    row: dict[str, Any] = {"error": ""}
    try:
        work = Workup(smiles, SimulationSettings(conformers=conformers), seed=seed)
        (warhead,) = sn2warhead.find(work.molecule)
        described = sn2descriptors.describe(work, warhead)
        row |= described.values | {
            "model": described.model.smiles,
            "point_spread": max(described.displacement.found) - min(described.displacement.found),
        }
    except SimulationError as error:
        row["error"] = f"{error.kind}: {error}"
    return row | {"cpu_seconds": round(time.process_time() - start, 2)}


def describe(args: argparse.Namespace) -> None:
    known = set()
    if args.out.exists():
        with args.out.open(newline="", encoding="utf-8") as file:
            known = {row["name"] for row in csv.DictReader(file)}
    for row in read(args.data)[: args.sample]:
        if row["name"] in known:
            continue
        result = row | describe_one(row["smiles"], args.conformers, args.seed)
        header = not args.out.exists()
        with args.out.open("a", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, FIELDS)
            if header:
                writer.writeheader()
            writer.writerow({k: result.get(k, "") for k in FIELDS})
        print(
            result["smiles"],
            result["barrier"],
            result.get("point"),
            result["error"],
            result["cpu_seconds"],
            file=sys.stderr,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("stage", choices=("describe", "validate", "fit"))
    parser.add_argument("--data", type=Path, default=Path("../shared/data/covalent_barriers.csv"))
    parser.add_argument("--out", type=Path, required=True, help="CSV of descriptors")
    parser.add_argument("--sample", type=int, default=120)
    parser.add_argument("--conformers", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--write", type=Path, help="where fit writes the model")
    args = parser.parse_args()
    {"describe": describe}[args.stage](args)


if __name__ == "__main__":
    main()
