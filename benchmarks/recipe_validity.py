"""``photo-st-gap``, ``redox`` and ``tautomer-de`` and their baselines against experiment.

    OMP_NUM_THREADS=1 python benchmarks/recipe_validity.py photo-st-gap [--out triplets.csv]
    OMP_NUM_THREADS=1 python benchmarks/recipe_validity.py redox [--out redox.csv]
    OMP_NUM_THREADS=1 python benchmarks/recipe_validity.py tautomer-de [--out tautomers.csv]

Prints Spearman's rho, the mean absolute error as it is and after a linear fit.
``--out`` is written molecule by molecule and read first.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
from pathlib import Path
from typing import Any

for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")

KCAL_EV = 1 / 23.060548

# Triplet energies, kcal/mol: Murov, Carmichael and Hug, Handbook of Photochemistry,
# 2nd edition (Dekker 1993). They are 0-0 energies; the recipe's are vertical.
TRIPLETS = {
    "butadiene": ("C=CC=C", 59.7),
    "benzene": ("c1ccccc1", 84.3),
    "styrene": ("C=Cc1ccccc1", 61.7),
    "phenol": ("Oc1ccccc1", 81.7),
    "benzaldehyde": ("O=Cc1ccccc1", 71.9),
    "acetophenone": ("CC(=O)c1ccccc1", 74.0),
    "naphthalene": ("c1ccc2ccccc2c1", 60.5),
    "indole": ("c1ccc2[nH]ccc2c1", 71.0),
    "quinoline": ("c1ccc2ncccc2c1", 62.0),
    "biphenyl": ("c1ccc(-c2ccccc2)cc1", 65.5),
    "phenanthrene": ("c1ccc2c(c1)ccc1ccccc12", 61.9),
    "benzophenone": ("O=C(c1ccccc1)c1ccccc1", 69.1),
    "trans-stilbene": ("C(=C/c1ccccc1)\\c1ccccc1", 49.3),
    "anthracene": ("c1ccc2cc3ccccc3cc2c1", 42.5),
}
# Ionisation energies in the gas phase, eV: Lias, in NIST Chemistry WebBook, SRD 69.
IONISATIONS = {
    "benzene": ("c1ccccc1", 9.24),
    "toluene": ("Cc1ccccc1", 8.83),
    "naphthalene": ("c1ccc2ccccc2c1", 8.14),
    "anthracene": ("c1ccc2cc3ccccc3cc2c1", 7.44),
    "phenol": ("Oc1ccccc1", 8.49),
    "anisole": ("COc1ccccc1", 8.20),
    "hydroquinone": ("Oc1ccc(O)cc1", 7.94),
    "aniline": ("Nc1ccccc1", 7.72),
    "N,N-dimethylaniline": ("CN(C)c1ccccc1", 7.12),
    "p-phenylenediamine": ("Nc1ccc(N)cc1", 6.87),
    "benzonitrile": ("N#Cc1ccccc1", 9.73),
    "nitrobenzene": ("O=[N+]([O-])c1ccccc1", 9.94),
    "indole": ("c1ccc2[nH]ccc2c1", 7.76),
    "pyrrole": ("c1cc[nH]c1", 8.21),
    "furan": ("c1ccoc1", 8.88),
    "styrene": ("C=Cc1ccccc1", 8.46),
}
# log10 of the constant given form / other form in water at 25 C: Elguero, Marzin, Katritzky
# and Linda, The Tautomerism of Heterocycles (Academic Press 1976), for the heterocycles;
# Keeffe and Kresge, in The Chemistry of Enols (Wiley 1990), for ketones; Capponi et al.,
# Chem. Eur. J. 5, 1970 (1999), for phenol.
TAUTOMERS = {
    "2-pyridone": ("O=c1cccc[nH]1", 2.96),
    "4-pyridone": ("O=c1cc[nH]cc1", 3.28),
    "2-quinolone": ("O=c1ccc2ccccc2[nH]1", 3.48),
    "pyridine-2-thione": ("S=c1cccc[nH]1", 4.69),
    "pyridine-4-thione": ("S=c1cc[nH]cc1", 4.54),
    "2-aminopyridine": ("Nc1ccccn1", 5.3),
    "acetylacetone": ("CC(=O)CC(C)=O", 0.6),
    "acetaldehyde": ("CC=O", 6.23),
    "acetone": ("CC(C)=O", 8.33),
    "phenol": ("Oc1ccccc1", 12.73),
}
LOG_KCAL = -1.3643  # kcal/mol a decade at 25 C; the stable form has the lower energy

DATA: dict[str, tuple[dict[str, tuple[str, float]], float]] = {
    "photo-st-gap": (TRIPLETS, KCAL_EV),
    "redox": (IONISATIONS, 1.0),
    "tautomer-de": (TAUTOMERS, LOG_KCAL),
}


def compute(recipe: str, name: str, conformers: int, seed: int) -> dict[str, Any]:
    import time

    from simulation.errors import SimulationError
    from simulation.recipes.recipe import find
    from simulation.settings import SimulationSettings
    from simulation.workup import Workup

    data, factor = DATA[recipe]
    smiles, measured = data[name]
    settings = SimulationSettings(solver="casci", conformers=conformers)
    start = time.process_time()
    row: dict[str, Any] = {"name": name, "smiles": smiles, "experiment": measured * factor}
    try:
        score = find(recipe).score(Workup(smiles, settings, seed=seed))
    except SimulationError as error:
        return row | {"values": "", "flags": "", "error": f"{error.kind}: {error}", "cpu": ""}
    values = {recipe: score.value} | {k: b.value for k, b in score.baselines.items()}
    return row | {
        "values": json.dumps(values),
        "flags": "; ".join(score.flags),
        "error": "",
        "cpu": round(time.process_time() - start, 1),
    }


def show(rows: list[dict[str, Any]]) -> None:
    import numpy as np
    from scipy.stats import spearmanr

    scored = [r for r in rows if not r["error"]]
    truth = np.array([float(r["experiment"]) for r in scored])
    print(f"{len(scored)} of {len(rows)} scored")
    print(f"{'':22s}{'Spearman':>9s}{'MAE':>8s}{'MAE fit':>9s}")
    for name in json.loads(scored[0]["values"]):
        column = np.array([json.loads(r["values"])[name] for r in scored])
        fitted = np.polyval(np.polyfit(column, truth, 1), column)
        print(
            f"{name:22s}{spearmanr(column, truth).statistic:+9.3f}"
            f"{np.abs(column - truth).mean():8.2f}{np.abs(fitted - truth).mean():9.2f}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("recipe", choices=sorted(DATA))
    parser.add_argument("--out", type=Path, help="checkpoint CSV, one row a molecule")
    parser.add_argument("--conformers", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--limit", type=int, help="the first of the molecules only")
    args = parser.parse_args()
    known: dict[str, dict[str, Any]] = {}
    if args.out is not None and args.out.exists():
        with args.out.open(newline="", encoding="utf-8") as file:
            known = {row["name"]: dict(row) for row in csv.DictReader(file)}
    rows = []
    for name in list(DATA[args.recipe][0])[: args.limit]:
        row = known.get(name)
        if row is None:
            row = compute(args.recipe, name, args.conformers, args.seed)
            if args.out is not None:
                header = not args.out.exists()
                with args.out.open("a", newline="", encoding="utf-8") as file:
                    writer = csv.DictWriter(file, list(row))
                    if header:
                        writer.writeheader()
                    writer.writerow(row)
        rows.append(row)
        shown = row["error"] or ", ".join(
            f"{k} {v:.2f}" for k, v in json.loads(row["values"]).items()
        )
        print(f"{name:22s}{float(row['experiment']):8.2f}  {shown}", flush=True)
    show(rows)


if __name__ == "__main__":
    main()
