"""Rank correlation of ``warhead-ea`` and of its baselines with glutathione half-lives.

Prints one table: Spearman's rho of the score and of every baseline against the
logarithm of the half-life, over one laboratory's measurements (half-lives from
different laboratories must not be pooled). The data file is not part of the
repository: a CSV with the columns Name, SMILES and GSH_half_life_min, the 34
N-aryl acrylamides of Cee et al., J. Med. Chem. 58, 9171 (2015).

    python benchmarks/gsh_correlation.py --data gsh_cee.csv --out gsh.csv

``--out`` is written molecule by molecule and read first, so that an interrupted
run goes on where it stopped.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from typing import Any

# Before numpy is imported: one thread for each worker.
for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")

SCORES = ("value", "hf_lumo", "gfn2_lumo", "hf_pi_star")
FIELDS = (
    *("name", "smiles", "half_life_min", "solver", "seed", "conformers", "value", "casci_value"),
    *("casci_deviation_mha", "hf_lumo", "gfn2_lumo", "hf_pi_star", "triplet_energy"),
    *("cpu_seconds", "flags", "error"),
)


def read(path: Path, largest: int | None = None) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    wanted = {"Name", "SMILES", "GSH_half_life_min"}
    if not rows or not wanted <= set(rows[0]):
        raise SystemExit(f"{path}: needs the columns {', '.join(sorted(wanted))}")
    return [
        row
        for row in rows
        if _number(row["GSH_half_life_min"]) is not None
        and (largest is None or _heavy_atoms(row["SMILES"]) <= largest)
    ]


def _heavy_atoms(smiles: str) -> int:
    from rdkit import Chem

    molecule = Chem.MolFromSmiles(smiles)
    return 0 if molecule is None else molecule.GetNumHeavyAtoms()


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:  # censored, e.g. ">8640"
        return None


def compute(row: dict[str, str], solver: str, conformers: int, seed: int) -> dict[str, Any]:
    from simulation.errors import SimulationError
    from simulation.recipes.recipe import find
    from simulation.settings import SimulationSettings
    from simulation.workup import Workup

    result: dict[str, Any] = dict.fromkeys(FIELDS, "")
    result.update(
        name=row["Name"],
        smiles=row["SMILES"],
        half_life_min=float(row["GSH_half_life_min"]),
        solver=solver,
        seed=seed,
        conformers=conformers,
    )
    settings = SimulationSettings(solver=solver, conformers=conformers)
    start = time.process_time()
    try:
        score = find("warhead-ea").score(Workup(row["SMILES"], settings, seed=seed))
    except SimulationError as error:
        result.update(error=f"{error.kind}: {error}")
    else:
        result.update(
            value=score.value,
            casci_value=score.casci_value,
            casci_deviation_mha=score.casci_deviation_mha,
            triplet_energy=score.active_space.triplet_energy,
            flags="; ".join(score.flags),
            **{name: baseline.value for name, baseline in score.baselines.items()},
        )
    result.update(cpu_seconds=round(time.process_time() - start, 2))
    return result


def finished(path: Path | None, settings: tuple[str, int, int]) -> dict[str, dict[str, Any]]:
    """Rows of an earlier run with the same settings, by SMILES."""
    if path is None or not path.exists():
        return {}
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    same = [r for r in rows if (r["solver"], int(r["seed"]), int(r["conformers"])) == settings]
    if len(same) != len(rows):
        raise SystemExit(f"{path}: holds results of other settings; give another --out")
    return {row["smiles"]: dict(row) for row in same}


def evaluate(
    rows: list[dict[str, str]], args: argparse.Namespace
) -> Iterator[tuple[dict[str, Any], bool]]:
    """Each row's result and whether it is new, as they come."""
    known = finished(args.out, (args.solver, args.seed, args.conformers))
    todo = []
    for row in rows:
        if row["SMILES"] in known:
            yield known[row["SMILES"]], False
        else:
            todo.append(row)
    arguments = (args.solver, args.conformers, args.seed)
    if args.workers == 1:
        for row in todo:
            yield compute(row, *arguments), True
        return
    with ProcessPoolExecutor(args.workers, mp_context=get_context("spawn")) as pool:
        for future in as_completed([pool.submit(compute, row, *arguments) for row in todo]):
            yield future.result(), True


def collect(rows: list[dict[str, str]], args: argparse.Namespace) -> list[dict[str, Any]]:
    results = []
    for result, new in evaluate(rows, args):
        results.append(result)
        if not new:
            continue
        note = result["error"] or f"{result['value']:.3f} eV"
        print(
            f"[{len(results)}/{len(rows)}] {result['name']}: {note} ({result['cpu_seconds']} s)",
            file=sys.stderr,
        )
        if args.out is not None:
            header = not args.out.exists()
            with args.out.open("a", newline="", encoding="utf-8") as file:
                writer = csv.DictWriter(file, FIELDS)
                if header:
                    writer.writeheader()
                writer.writerow(result)
    return results


def positions(results: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """The rows by position of the anilide's substituent, where names end in it (2o, 2m, 2p).

    The unsubstituted anilide ("1") belongs to each.
    """
    letters = {"ortho": "o", "meta": "m", "para": "p", "meta and para": "mp"}
    groups = {
        position: [
            r
            for r in results
            if r["name"] == "1" or (r["name"][:-1].isdigit() and r["name"][-1] in ends)
        ]
        for position, ends in letters.items()
    }
    return {position: rows for position, rows in groups.items() if len(rows) >= 5}


def correlations(rows: list[dict[str, Any]]) -> dict[str, float]:
    from scipy.stats import spearmanr

    life = [math.log10(float(r["half_life_min"])) for r in rows]
    return {
        name: float(spearmanr([float(r[name]) for r in rows], life).statistic) for name in SCORES
    }


def summary(results: list[dict[str, Any]], data: Path, args: argparse.Namespace) -> dict[str, Any]:
    scored = [r for r in results if not r["error"]]
    if len(scored) < 3:
        raise SystemExit(f"only {len(scored)} of {len(results)} molecules have a score")
    cpu = sorted(float(r["cpu_seconds"]) for r in scored)
    return {
        "data": data.name,
        "molecules": len(results),
        "scored": len(scored),
        "solver": args.solver,
        "conformers": args.conformers,
        "seed": args.seed,
        "spearman": correlations(scored),
        "by_position": {
            position: {"molecules": len(rows), "spearman": correlations(rows)}
            for position, rows in positions(scored).items()
        },
        "largest_casci_deviation_mha": max(abs(float(r["casci_deviation_mha"])) for r in scored),
        "triplet_energy_range_ev": [
            pick(float(r["triplet_energy"]) for r in scored) for pick in (min, max)
        ],
        "cpu_seconds": {
            "median": cpu[len(cpu) // 2],
            "largest": cpu[-1],
            "sum": round(sum(cpu), 1),
        },
        "flags": {r["name"]: r["flags"] for r in scored if r["flags"]},
        "errors": {r["name"]: r["error"] for r in results if r["error"]},
    }


def show(table: dict[str, Any]) -> None:
    labels = {
        "value": f"warhead-ea ({table['solver']})",
        "hf_lumo": "HF LUMO",
        "gfn2_lumo": "GFN2 LUMO",
        "hf_pi_star": "HF pi* of the active space",
    }
    print(f"{table['data']}: {table['scored']} of {table['molecules']} molecules scored")
    print(f"{table['left_out']} rows left out: half-life censored, or larger than asked for")
    columns = {f"all ({table['scored']})": table["spearman"]} | {
        f"{position} ({group['molecules']})": group["spearman"]
        for position, group in table["by_position"].items()
    }
    print("Spearman against log10 half-life " + "".join(f"{head:>20s}" for head in columns))
    for name, label in labels.items():
        print(f"{label:33s}" + "".join(f"{rho[name]:+20.3f}" for rho in columns.values()))
    cpu, (low, high) = table["cpu_seconds"], table["triplet_energy_range_ev"]
    print(f"largest deviation from CASCI     {table['largest_casci_deviation_mha']:.2e} mHa")
    print(f"triplet energies                 {low:.2f} to {high:.2f} eV")
    print(f"CPU a molecule                   median {cpu['median']:.1f} s, most {cpu['largest']} s")
    for kind in ("flags", "errors"):
        print(f"{kind}: {len(table[kind]) or 'none'}")
        for name, text in table[kind].items():
            print(f"  {name}: {text}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data/gsh_cee.csv"))
    parser.add_argument("--out", type=Path, help="checkpoint CSV, one row a molecule")
    parser.add_argument("--solver", default="vqe")
    parser.add_argument("--conformers", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--max-heavy-atoms", type=int, help="leave larger molecules out")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="print the table as JSON")
    args = parser.parse_args()
    if not args.data.is_file():
        print(
            f"{args.data}: no such file; give --data a CSV with Name, SMILES, GSH_half_life_min",
            file=sys.stderr,
        )
        raise SystemExit(2)
    rows = read(args.data, args.max_heavy_atoms)
    with args.data.open(newline="", encoding="utf-8") as file:
        left_out = sum(1 for _ in csv.DictReader(file)) - len(rows)
    table = summary(collect(rows, args), args.data, args) | {"left_out": left_out}
    if args.json:
        print(json.dumps(table, indent=2))
    else:
        show(table)


if __name__ == "__main__":
    main()
