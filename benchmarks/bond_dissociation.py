"""Fit and validation of ``ch-bde``: C-H bond dissociation enthalpies against experiment.

    OMP_NUM_THREADS=1 python benchmarks/bond_dissociation.py [--out bde.csv]

Experimental enthalpies at 298 K, kcal/mol, from Blanksby and Ellison, Acc. Chem.
Res. 36, 255 (2003), and Luo, Comprehensive Handbook of Chemical Bond Energies (CRC
Press 2007). Prints, for each set of descriptors, the coefficients of a linear fit,
its mean absolute error, and the error of each molecule left out in turn.
``--out`` is written molecule by molecule and read first.
"""

from __future__ import annotations

import argparse
import csv
import os
from pathlib import Path
from typing import Any

from simulation.atomicunits import HARTREE_KCAL

for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")

# name: SMILES with the carbon mapped, enthalpy
BONDS = {
    "methane": ("[CH4:1]", 104.99),
    "ethane": ("C[CH3:1]", 101.1),
    "propane, secondary": ("C[CH2:1]C", 98.6),
    "propane, primary": ("CC[CH3:1]", 101.1),
    "isobutane, tertiary": ("C[CH:1](C)C", 96.5),
    "cyclopropane": ("C1C[CH2:1]1", 106.3),
    "cyclopentane": ("C1CCC[CH2:1]1", 95.6),
    "cyclohexane": ("C1CCCC[CH2:1]1", 99.5),
    "toluene": ("[CH3:1]c1ccccc1", 89.8),
    "ethylbenzene, benzylic": ("C[CH2:1]c1ccccc1", 85.4),
    "propene, allylic": ("C=C[CH3:1]", 88.8),
    "ethene": ("C=[CH2:1]", 110.7),
    "benzene": ("c1cccc[cH:1]1", 112.9),
    "ethyne": ("C#[CH:1]", 133.3),
    "methanol": ("[CH3:1]O", 96.1),
    "ethanol, alpha": ("C[CH2:1]O", 95.9),
    "dimethyl ether": ("[CH3:1]OC", 96.1),
    "tetrahydrofuran, alpha": ("C1CC[CH2:1]O1", 92.1),
    "methylamine": ("[CH3:1]N", 93.9),
    "formaldehyde": ("[CH2:1]=O", 88.1),
    "acetaldehyde, formyl": ("C[CH:1]=O", 89.4),
    "acetone": ("[CH3:1]C(C)=O", 96.0),
    "acetonitrile": ("[CH3:1]C#N", 96.0),
    "chloromethane": ("[CH3:1]Cl", 100.1),
}
DESCRIPTORS = {
    "GFN2": ("gfn2",),
    "HF": ("hf",),
    "(2e,2o)": ("balanced",),
    "GFN2 and HF": ("gfn2", "hf"),
    "GFN2 and (2e,2o)": ("gfn2", "balanced"),
}
FIELDS = ("name", "smiles", "experiment", "gfn2", "hf", "balanced", "casci")


def compute(name: str, conformers: int, seed: int) -> dict[str, Any]:
    from rdkit import Chem

    from simulation.hydrogenabstraction import (
        bonds,
        dissociation,
        hydrogen_energy,
        radical,
    )
    from simulation.settings import SimulationSettings
    from simulation.solver import find
    from simulation.workup import Workup

    text, experiment = BONDS[name]
    mapped = Chem.MolFromSmiles(text)
    settings = SimulationSettings(conformers=conformers)
    plain = Chem.Mol(mapped)
    for atom in plain.GetAtoms():
        atom.SetAtomMapNum(0)
    work = Workup(Chem.MolToSmiles(plain), settings, seed=seed)
    (place,) = (a.GetIdx() for a in mapped.GetAtoms() if a.GetAtomMapNum())
    match = work.molecule.GetSubstructMatch(Chem.MolFromSmiles(Chem.MolToSmiles(plain)))
    order = plain.GetSubstructMatch(work.molecule)
    carbon = order.index(place) if order else match[place]
    geometry = work.geometry
    (bond,) = (b for b in bonds(geometry.molecule) if carbon in b.carbons)
    fragment = radical(geometry, bond, settings)
    beside = dissociation(work.field, geometry, fragment, bond, settings, find(settings), seed=seed)
    return {
        "name": name,
        "smiles": work.smiles,
        "experiment": experiment,
        "gfn2": (fragment.energy + hydrogen_energy() - geometry.energy) * HARTREE_KCAL,
        "hf": beside.mean_field,
        "balanced": beside.value,
        "casci": beside.casci_value,
    }


def fits(rows: list[dict[str, Any]]) -> dict[str, tuple[list[float], float, float, float, float]]:
    """Coefficients, mean error, and mean and largest error and R2 with each row left out."""
    import numpy as np

    truth = np.array([float(r["experiment"]) for r in rows])
    found = {}
    for label, names in DESCRIPTORS.items():
        columns = [np.array([float(r[n]) for r in rows]) for n in names]
        design = np.column_stack([*columns, np.ones(len(rows))])
        fit = np.linalg.lstsq(design, truth, rcond=None)[0]
        outside = np.empty(len(rows))
        for place in range(len(rows)):
            rest = np.arange(len(rows)) != place
            outside[place] = (
                design[place] @ np.linalg.lstsq(design[rest], truth[rest], rcond=None)[0]
            )
        errors = np.abs(outside - truth)
        squared = 1 - ((outside - truth) ** 2).sum() / ((truth - truth.mean()) ** 2).sum()
        found[label] = (
            [float(c) for c in fit],
            float(np.abs(design @ fit - truth).mean()),
            float(errors.mean()),
            float(errors.max()),
            float(squared),
        )
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, help="checkpoint CSV, one row a bond")
    parser.add_argument("--conformers", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--limit", type=int, help="the first of the bonds only")
    args = parser.parse_args()
    known: dict[str, dict[str, Any]] = {}
    if args.out is not None and args.out.exists():
        with args.out.open(newline="", encoding="utf-8") as file:
            known = {row["name"]: dict(row) for row in csv.DictReader(file)}
    rows = []
    for name in list(BONDS)[: args.limit]:
        row = known.get(name)
        if row is None:
            row = compute(name, args.conformers, args.seed)
            if args.out is not None:
                header = not args.out.exists()
                with args.out.open("a", newline="", encoding="utf-8") as file:
                    writer = csv.DictWriter(file, FIELDS)
                    if header:
                        writer.writeheader()
                    writer.writerow(row)
        rows.append(row)
        numbers = "  ".join(f"{float(row[f]):6.1f}" for f in FIELDS[2:])
        print(f"{name:26s}{numbers}", flush=True)
    print(f"{'fit by':20s}{'MAE':>7s}{'MAE out':>9s}{'worst':>7s}{'R2 out':>8s}  coefficients")
    for label, (fit, inside, outside, worst, squared) in fits(rows).items():
        shown = ", ".join(f"{c:.6f}" for c in fit)
        print(f"{label:20s}{inside:7.2f}{outside:9.2f}{worst:7.2f}{squared:8.3f}  {shown}")


if __name__ == "__main__":
    main()
