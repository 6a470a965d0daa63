"""``sn2-warhead`` against the computed barriers of 326 chloroacetamides.

The data file is not part of the repository: a CSV with the columns smiles,
name, Delta_G_ts (kcal/mol) and omega_ground_state (the electrophilicity index),
from the supplement of ESNUEL (MIT). ``describe`` computes a seeded random
sample row by row and goes on where it stopped; ``validate`` prints R2 and
Spearman's rho of every descriptor, and of small linear models with each
molecule left out.

    python benchmarks/chloroacetamide_barriers.py describe --out points.csv --sample 120
    python benchmarks/chloroacetamide_barriers.py validate --out points.csv
"""

# ruff: noqa: E402 - the environment must be right before numpy is loaded
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


SINGLE = ("point", "omega", "gfn2_lumo", "buried", "tertiary_amide", "n_aryl", "heavy_atoms")
SETS = (
    ("omega",),
    ("omega", "tertiary_amide", "n_aryl"),
    ("tertiary_amide", "n_aryl"),
    ("gfn2_lumo", "tertiary_amide", "n_aryl"),
    ("point",),
    ("point", "gfn2_lumo"),
    ("point", "buried"),
    ("point", "tertiary_amide", "n_aryl"),
)


def validate(args: argparse.Namespace) -> None:
    from scipy.stats import spearmanr

    if not args.out.exists():
        raise SystemExit(f"{args.out}: run `describe` first")
    with args.out.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    scored = [row for row in rows if not row["error"]]
    barrier = np.array([float(row["barrier"]) for row in scored])
    columns = {name: np.array([float(row[name]) for row in scored]) for name in SINGLE}
    # A barrier far from all others may be another mechanism or a lost transition state.
    middle = np.median(barrier)
    spread = 1.4826 * np.median(np.abs(barrier - middle))
    core = np.abs(barrier - middle) < 4 * spread
    cpu = sorted(float(row["cpu_seconds"]) for row in scored)
    print(
        f"{len(scored)} of {len(rows)} scored, barriers {barrier.min():.1f} to {barrier.max():.1f} "
        f"kcal/mol, {(~core).sum()} beyond four robust standard deviations; CPU a molecule: "
        f"median {cpu[len(cpu) // 2]} s, most {cpu[-1]} s"
    )
    print(f"{'':34s}{'R2':>8s}{'rho':>8s}{'R2, core':>10s}{'rho, core':>10s}")
    for name, values in columns.items():
        if np.ptp(values) == 0:
            continue
        numbers = []
        for part in (np.ones_like(core), core):
            x, y = values[part], barrier[part]
            numbers += [np.corrcoef(x, y)[0, 1] ** 2, spearmanr(x, y).statistic]
        print(f"{name:34s}{numbers[0]:8.2f}{numbers[1]:+8.2f}{numbers[2]:10.2f}{numbers[3]:+10.2f}")
    print("least squares, each molecule left out: 1 - PRESS/SS, rms error (all; core)")
    for names in SETS:
        found = [
            left_out(np.column_stack([columns[n][part] for n in names]), barrier[part])
            for part in (np.ones_like(core), core)
        ]
        text = "; ".join(f"{q:6.2f} {error:6.2f}" for q, error in found)
        print(f"{' + '.join(names):46s}{text}")


def left_out(values: Any, target: Any) -> tuple[float, float]:
    """Explained variance and root mean square error of molecules that the fit has not seen."""
    design = np.column_stack([np.ones(len(target)), values])
    hat = design @ np.linalg.pinv(design)
    error = (target - hat @ target) / (1 - np.diag(hat))
    total = ((target - target.mean()) ** 2).sum()
    return float(1 - (error**2).sum() / total), float(np.sqrt((error**2).mean()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("stage", choices=("describe", "validate"))
    parser.add_argument("--data", type=Path, default=Path("../shared/data/covalent_barriers.csv"))
    parser.add_argument("--out", type=Path, required=True, help="CSV of descriptors")
    parser.add_argument("--sample", type=int, default=120)
    parser.add_argument("--conformers", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    {"describe": describe, "validate": validate}[args.stage](args)


if __name__ == "__main__":
    main()
