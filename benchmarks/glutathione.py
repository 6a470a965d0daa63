"""Fit and validation of ``michael-reactivity`` on two laboratories' glutathione half-lives.

Three stages. ``describe`` computes the descriptors of every molecule and writes
them row by row, so that an interrupted run goes on where it stopped. ``validate``
compares the candidate sets of descriptors, each left-out series predicted by a
model that has not seen it. ``fit`` writes the coefficients that ship.

    python benchmarks/glutathione.py describe --descriptors descriptors.csv
    python benchmarks/glutathione.py validate --descriptors descriptors.csv
    python benchmarks/glutathione.py fit --descriptors descriptors.csv --write simulation/models

The data are not part of the repository: CSVs with the columns Name, SMILES and
GSH_half_life_min, Cee et al., J. Med. Chem. 58, 9171 (2015), and Lonsdale et
al., J. Chem. Inf. Model. 57, 3124 (2017). A half-life written ">8640" is a
bound: the fit uses its expected value given the bound and the model. Each
laboratory has an offset of its own.
"""

# ruff: noqa: E402 - the environment must be right before numpy is loaded
from __future__ import annotations

import argparse
import csv
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

# Before numpy is imported: one thread.
for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")

import numpy as np
from censoredridge import Data, choose, columns, fit, left_out, squared_error, trained
from numpy.typing import NDArray

from simulation.reactivitymodel import BASELINE, GLUTATHIONE, LinearModel, Term

LABORATORIES = ("lonsdale", "cee")  # the first is the scale of the model
PARTS = ("adduct", "affinity", "whole")
DRUG_SIZE = 20  # heavy atoms
FIELDS = {
    "adduct": (
        *("kind", "model", "model_atoms", "gfn2_lumo_model", "adduct", "adduct_spread"),
        *("adduct_ph", "gfn2_lumo_ph", "buried", "beta", "alpha", "n_aryl", "tertiary_amide"),
        "allylic_amine",
    ),
    "affinity": ("ea", "ea_casci", "hf_lumo_model", "hf_pi_star", "triplet", "ea_flags"),
    "whole": ("gfn2_lumo",),
}


def read(args: argparse.Namespace) -> list[dict[str, Any]]:
    """Both laboratories' rows: name, SMILES, log10 half-life, whether it is a lower bound."""
    rows = []
    for laboratory in LABORATORIES:
        path: Path = getattr(args, laboratory)
        if not path.is_file():
            print(f"{path}: no such file; give --{laboratory} a CSV", file=sys.stderr)
            raise SystemExit(2)
        with path.open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                text = row["GSH_half_life_min"].strip()
                rows.append(
                    {
                        "laboratory": laboratory,
                        "name": row["Name"],
                        "smiles": row["SMILES"],
                        "log_half_life": float(np.log10(float(text.lstrip(">")))),
                        "censored": text.startswith(">"),
                    }
                )
    return rows


# --- describe -------------------------------------------------------------------


def describe_one(smiles: str, part: str, conformers: int, seed: int, solver: str) -> dict[str, Any]:
    """The descriptors of one part for the acceptor with the most stable adduct."""
    from simulation import michaelacceptor
    from simulation.errors import SimulationError
    from simulation.settings import SimulationSettings
    from simulation.workup import Workup

    start = time.process_time()
    row: dict[str, Any] = {"error": ""}
    try:
        work = Workup(smiles, SimulationSettings(conformers=conformers, solver=solver), seed=seed)
        if part == "whole":
            row["gfn2_lumo"] = work.geometry.lumo
        else:
            found = [describe_site(work, a, part) for a in michaelacceptor.find(work.molecule)]
            row |= found[0] if len(found) == 1 else min(found, key=lambda r: r.get("adduct", 0))
    except SimulationError as error:
        row["error"] = f"{error.kind}: {error}"
    return row | {"cpu_seconds": round(time.process_time() - start, 2)}


def describe_site(work: Any, acceptor: Any, part: str) -> dict[str, Any]:
    from simulation import reactivitydescriptors as descriptors
    from simulation.recipes import recipe

    model, inside = descriptors.model_compound(work, acceptor)
    if part == "affinity":
        if acceptor.kind.startswith("vinyl"):
            return {}
        score = recipe.find("warhead-ea").score(model)
        return {
            "ea": score.value,
            "ea_casci": score.casci_value,
            "hf_lumo_model": score.baselines["hf_lumo"].value,
            "hf_pi_star": score.baselines["hf_pi_star"].value,
            "triplet": score.active_space.triplet_energy if score.active_space else "",
            "ea_flags": "; ".join(score.flags),
        }
    added = descriptors.addition(model, inside)
    charged = model.protonated()
    added_charged = added if charged is model else descriptors.addition(charged, inside)
    marks = descriptors.substitution(work.molecule, acceptor)
    lumo = lambda w: w.ensemble.average([g.lumo for g in w.ensemble.geometries])  # noqa: E731
    return {
        "kind": acceptor.kind,
        "model": model.smiles,
        "model_atoms": model.molecule.GetNumHeavyAtoms(),
        "gfn2_lumo_model": lumo(model),
        "gfn2_lumo_ph": lumo(charged),
        "adduct": added.energy,
        "adduct_spread": added.spread,
        "adduct_ph": added_charged.energy,
        "buried": descriptors.buried_at_sulfur(model, inside),
        "beta": marks.beta,
        "alpha": marks.alpha,
        "n_aryl": int(marks.n_aryl),
        "tertiary_amide": int(marks.tertiary_amide),
        "allylic_amine": int(marks.allylic_amine),
    }


def finished(path: Path) -> set[str]:
    """The molecules that an earlier run, or another process, has described."""
    if not path.exists():
        return set()
    with path.open(newline="", encoding="utf-8") as file:
        return {row["smiles"] for row in csv.DictReader(file)}


def describe(args: argparse.Namespace) -> None:
    from rdkit import Chem

    path = args.descriptors.with_suffix(f".{args.part}.csv")
    fields = ("smiles", "heavy_atoms", *FIELDS[args.part], "cpu_seconds", "error")
    known = finished(path)
    molecules = {
        Chem.CanonSmiles(row["smiles"])
        for row in read(args)
        if row["laboratory"] in args.laboratories
    }
    size = {s: Chem.MolFromSmiles(s).GetNumHeavyAtoms() for s in molecules}
    todo = sorted(molecules - known, key=lambda s: (size[s], s), reverse=args.largest_first)
    for smiles in todo:
        if smiles in finished(path):  # by another process meanwhile
            continue
        row = describe_one(smiles, args.part, args.conformers, args.seed, args.solver)
        header = not path.exists()
        with path.open("a", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, fields)
            if header:
                writer.writeheader()
            writer.writerow(row | {"smiles": smiles, "heavy_atoms": size[smiles]})
        print(smiles, row, file=sys.stderr)


# --- validate and fit -------------------------------------------------------------

# The first pattern that matches puts a molecule into its series.
SERIES = (
    ("aminocrotonamide", "[CX3;H1]([CX4][NX3])=[CX3]C(=O)N"),
    ("alkylated alkene", "[$([CX3]([CX4])=[CX3]C(=O)N),$([CH2]=[CX3]([CX4])C(=O)N)]"),
    ("heteroanilide", "C=CC(=O)[NX3;H1]c[n,o,s]"),
    ("heteroanilide", "C=CC(=O)[NX3;H1]c1aaaa1"),
    ("ortho anilide", "C=CC(=O)[NX3;H1]c1c([!#1])cccc1"),
    ("meta anilide", "C=CC(=O)[NX3;H1]c1cc([!#1])ccc1"),
    ("para anilide", "C=CC(=O)[NX3]c1ccccc1"),  # and the unsubstituted ones
    ("piperazine amide", "C=CC(=O)N1CCNCC1"),
    ("pyrrolidine amide", "C=CC(=O)N1CCCC1"),
    ("piperidine amide", "C=CC(=O)[NX3;R]"),
    ("N-alkyl amide", "C=CC(=O)N"),
)
# Fixed before any model was shipped; the first is the classical ridge to beat.
CLASSICAL = ("gfn2_lumo", "beta", "alpha", "n_aryl", "allylic_amine")
CANDIDATES = {
    "classical ridge (GFN2 LUMO, beta, alpha, N-aryl, amine)": CLASSICAL,
    "... + adduct energy": (*CLASSICAL, "adduct"),
    "adduct energy, neutral form": ("adduct_neutral",),
    "adduct energy, form at pH 7.4": ("adduct",),
    "adduct + beta, alpha": ("adduct", "beta", "alpha"),
    "adduct + N-aryl": ("adduct", "n_aryl"),
    "adduct + secondary alkyl": ("adduct", "secondary_alkyl"),
    "adduct + N-aryl, tertiary": ("adduct", "n_aryl", "tertiary_amide"),
    "adduct + alpha, secondary alkyl": ("adduct", "alpha", "secondary_alkyl"),
    "adduct + amine": ("adduct", "allylic_amine"),
    "adduct + beta, alpha, N-aryl, amine": ("adduct", *CLASSICAL[1:]),
    "adduct + buried volume": ("adduct", "buried"),
}
SHIPPED: tuple[str, ...] = ("adduct", "beta", "alpha")
QUANTUM = "ea"
UNITS = {"adduct": "kcal/mol", "gfn2_lumo": "eV", "ea": "eV"}
TITLES = {
    "adduct": "thiolate adduct energy at pH 7.4",
    "gfn2_lumo": "GFN2-xTB LUMO",
    "beta": "substituents at the beta carbon",
    "alpha": "substituents at the alpha carbon",
    "n_aryl": "N-aryl amide",
    "allylic_amine": "allylic amine",
    "ea": "electron affinity",
}


def series(smiles: str) -> str:
    from rdkit import Chem

    molecule = Chem.MolFromSmiles(smiles)
    return next(
        name for name, smarts in SERIES if molecule.HasSubstructMatch(Chem.MolFromSmarts(smarts))
    )


def assemble(args: argparse.Namespace, parts: Sequence[str]) -> list[dict[str, Any]]:
    """The molecules with every descriptor of the parts."""
    from rdkit import Chem

    tables = []
    for part in parts:
        path = args.descriptors.with_suffix(f".{part}.csv")
        if not path.exists():
            raise SystemExit(f"{path}: run `describe --part {part}` first")
        with path.open(newline="", encoding="utf-8") as file:
            tables.append({row["smiles"]: row for row in csv.DictReader(file)})
    rows, missing = [], []
    for row in read(args):
        smiles = Chem.CanonSmiles(row["smiles"])
        found = [table.get(smiles) for table in tables]
        if any(f is None or f["error"] for f in found):
            missing.append(f"{row['laboratory']} {row['name']}")
            continue
        merged = {k: v for f in found if f for k, v in f.items()} | row
        marks = merged["n_aryl"] == "0" and merged["tertiary_amide"] == "0"
        merged |= {
            "series": series(smiles),
            "heavy_atoms": int(merged["heavy_atoms"]),
            "adduct_neutral": merged["adduct"],
            "adduct": merged["adduct_ph"],
            "gfn2_lumo": merged["gfn2_lumo_ph"],
            "secondary_alkyl": float(marks),
        }
        rows.append(merged)
    if missing:
        print(f"left out, no descriptors: {', '.join(missing)}")
    return rows


def table(rows: list[dict[str, Any]], names: Sequence[str]) -> Data:
    return Data(
        values=columns(rows, names),
        target=np.array([row["log_half_life"] for row in rows]),
        censored=np.array([row["censored"] for row in rows]),
        offset=np.array([float(row["laboratory"] != LABORATORIES[0]) for row in rows]),
        series=np.array([row["series"] for row in rows]),
    )


def quality(rows: list[dict[str, Any]], names: Sequence[str]) -> dict[str, float]:
    """Rank correlation and error of molecules of series that the fit has not seen."""
    from scipy.stats import spearmanr

    data = table(rows, names)
    predicted = left_out(data, None)
    shift = trained(data, None).laboratory * data.offset
    size = np.array([row["heavy_atoms"] for row in rows])
    known = ~data.censored
    large = size >= DRUG_SIZE

    def rho(mask: NDArray[np.bool_], guess: NDArray[np.float64] = predicted) -> float:
        if mask.sum() < 4:
            return float("nan")
        return float(spearmanr((guess - shift)[mask], (data.target - shift)[mask]).statistic)

    onward = predicted.copy()
    if large.any():
        onward[large] = trained(data.rows(~large), None).predict(data.rows(large))
    first = data.offset == 0
    return {
        "all": rho(known),
        "Lonsdale": rho(known & first),
        "Cee": rho(known & ~first),
        "drugs": rho(known & large),
        "small->drugs": rho(known & large, onward),
        "rmse": float(np.sqrt(squared_error(data, predicted))),
        "drug rmse": float(np.sqrt(squared_error(data.rows(large), predicted[large]))),
    }


def show(rows: list[dict[str, Any]], candidates: dict[str, tuple[str, ...]]) -> None:
    for title, names in candidates.items():
        numbers = quality(rows, names)
        print(f"{title:58s}" + "".join(f"{numbers[k]:>13.2f}" for k in numbers))


def validate(args: argparse.Namespace) -> None:
    rows = assemble(args, ("adduct",))
    counts = {name: sum(r["series"] == name for r in rows) for name, _ in dict(SERIES).items()}
    large = sum(r["heavy_atoms"] >= DRUG_SIZE for r in rows)
    print(f"{len(rows)} measurements, {large} of {DRUG_SIZE} heavy atoms and more; series {counts}")
    heads = ("all", "Lonsdale", "Cee", "drugs", "small->drugs", "rmse", "drug rmse")
    print(
        f"{'each series predicted by a fit without it':58s}" + "".join(f"{h:>13s}" for h in heads)
    )
    show(rows, CANDIDATES)
    if args.descriptors.with_suffix(".affinity.csv").exists():
        both = [r for r in assemble(args, ("adduct", "affinity")) if r["ea"]]
        large = sum(r["heavy_atoms"] >= DRUG_SIZE for r in both)
        print(f"what the electron affinity adds, on {len(both)} measurements ({large} drug-size)")
        for title, names in (("classical ridge", CLASSICAL), ("shipped terms", SHIPPED)):
            show(both, {title: names, f"{title} + electron affinity": (*names, QUANTUM)})
        show(both, {"electron affinity alone": (QUANTUM,), "HF pi*": ("hf_pi_star",)})
    data = table(rows, SHIPPED)
    predicted = left_out(data, None)
    print("by series, shipped terms: root mean square error, mean error, log units")
    for name in np.unique(data.series):
        part = data.series == name
        error = (predicted - data.target)[part & ~data.censored]
        if len(error):
            print(
                f"  {name:20s}{len(error):4d}{np.sqrt((error**2).mean()):8.2f}{error.mean():8.2f}"
            )
    model = model_of(args, rows, SHIPPED)
    inside = coverage(rows, SHIPPED)
    print(
        f"95 % interval: half width {2 * model.residual:.2f}; holds {inside:.0%} of series left out"
    )
    for term in model.terms:
        share = f"{term.coefficient:+.3f} for {term.scale:.3g} {term.unit}"
        print(f"  {term.name:18s}{term.kind:10s}{share}")


def coverage(rows: list[dict[str, Any]], names: Sequence[str]) -> float:
    """How many molecules of a left-out series lie within an interval made without it."""
    from scipy.stats import t

    data = table(rows, names)
    hits = []
    for name in np.unique(data.series):
        test = data.series == name
        train = data.rows(~test)
        penalty = choose(train)
        fitted = fit(train, penalty)
        residual = np.sqrt(squared_error(train, left_out(train, penalty)))
        row = data.rows(test)
        scaled = np.column_stack([np.ones(test.sum()), (row.values - fitted.mean) / fitted.scale])
        spread = residual * np.sqrt(1 + ((scaled @ fitted.covariance) * scaled).sum(axis=1))
        half = t.ppf(0.975, len(train.target) - len(names) - 2) * spread
        error = fitted.predict(row) - row.target
        hits += list((np.abs(error) <= half) | (row.censored & (error > 0)))
    return float(np.mean(hits))


def model_of(
    args: argparse.Namespace, rows: list[dict[str, Any]], names: Sequence[str]
) -> LinearModel:
    data = table(rows, names)
    penalty = choose(data)
    fitted = fit(data, penalty)
    residual = float(np.sqrt(squared_error(data, left_out(data, penalty))))
    return LinearModel(
        unit="log10(min)",
        intercept=fitted.intercept,
        terms=tuple(
            Term(
                name=name,
                unit=UNITS.get(name, ""),
                kind="quantum" if name == QUANTUM else "classical",
                mean=float(fitted.mean[i]),
                scale=float(fitted.scale[i]),
                coefficient=float(fitted.coefficients[i]),
                low=float(data.values[:, i].min()),
                high=float(data.values[:, i].max()),
                title=TITLES.get(name, name),
            )
            for i, name in enumerate(names)
        ),
        covariance=residual**2 * fitted.covariance,
        residual=residual,
        freedom=float(len(rows) - len(names) - 2),
        # one molecule of a kind is no experience of it
        kinds=tuple(sorted(k for k, n in Counter(r["kind"] for r in rows).items() if n > 1)),
        largest=max(row["heavy_atoms"] for row in rows),
        provenance={
            "data": [getattr(args, name).name for name in LABORATORIES],
            "measurements": len(rows),
            "censored": int(data.censored.sum()),
            "scale": LABORATORIES[0],
            "laboratory_offset": {LABORATORIES[1]: round(fitted.laboratory, 3)},
            "penalty": penalty,
            "date": date.today().isoformat(),
            "command": "python benchmarks/glutathione.py fit",
        },
    )


def write_fits(args: argparse.Namespace) -> None:
    rows = assemble(args, ("adduct",))
    args.write.mkdir(parents=True, exist_ok=True)
    for name, names in ((GLUTATHIONE, SHIPPED), (BASELINE, CLASSICAL)):
        model = model_of(args, rows, names)
        (args.write / name).write_text(json.dumps(model.to_json(), indent=1) + "\n")
        print(f"{args.write / name}: {len(rows)} measurements, residual {model.residual:.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("stage", choices=("describe", "validate", "fit"))
    parser.add_argument("--cee", type=Path, default=Path("../shared/data/gsh_cee.csv"))
    parser.add_argument("--lonsdale", type=Path, default=Path("../shared/data/gsh_lonsdale.csv"))
    parser.add_argument("--descriptors", type=Path, required=True, help="CSV, one for each part")
    parser.add_argument("--part", choices=PARTS, default="adduct", help="what describe computes")
    parser.add_argument("--solver", default="vqe", help="of the part affinity")
    parser.add_argument("--laboratories", nargs="+", default=LABORATORIES, choices=LABORATORIES)
    parser.add_argument("--largest-first", action="store_true", help="for a second process")
    parser.add_argument("--conformers", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--write", type=Path, default=Path("simulation/models"), help="folder")
    args = parser.parse_args()
    {"describe": describe, "validate": validate, "fit": write_fits}[args.stage](args)


if __name__ == "__main__":
    main()
