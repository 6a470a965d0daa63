"""Cost and error of the mean field by size: ours beside plain PySCF, in one run.

For every molecule of a library (those of at least ``--min-heavy-atoms`` that
``warhead-ea`` applies to, or the ones named) the same geometry goes through

- ours: screened pairs of functions, single precision above 250 functions;
- PySCF: ``scf.RHF(mol).density_fit()``, every pair, double precision, converged
  to 1e-9 Hartree as ours was before;

and through the rest of ``warhead-ea`` with CASCI. Each runs in a process of its
own, which tells its CPU seconds and its peak resident memory. Rows are written
as they come and read first, so that an interrupted run goes on where it stopped.

    OMP_NUM_THREADS=1 python benchmarks/meanfield.py --out meanfield.csv
    OMP_NUM_THREADS=1 python benchmarks/meanfield.py --out meanfield.csv --engine score futibatinib

The second command measures a whole score at default settings, all conformers included.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ENGINES = ("ours", "pyscf", "score")
FIELDS = (
    *("name", "engine", "heavy_atoms", "functions", "auxiliary", "cycles", "affinity", "energy"),
    *("cpu_integrals", "cpu_coulomb_exchange", "cpu_meanfield", "cpu_geometry", "cpu_total"),
    *("peak_mb", "method"),
)
SMALLEST = ("acrylanilide", "C=CC(=O)Nc1ccccc1")


def library(path: Path, names: list[str], smallest: int) -> dict[str, str]:
    from rdkit import Chem

    from simulation import warheads
    from simulation.molecule import parse

    with path.open(newline="", encoding="utf-8") as file:
        found = dict(
            [SMALLEST, *((r["name"].split(" ")[0], r["smiles"]) for r in csv.DictReader(file))]
        )
    if names:
        missing = [name for name in names if name not in found]
        if missing:
            raise SystemExit(f"{path} has no {', '.join(missing)}")
        return {name: found[name] for name in names}
    parsed = {name: parse(smiles, max_heavy_atoms=80) for name, smiles in found.items()}
    return {
        name: Chem.MolToSmiles(molecule)
        for name, molecule in sorted(parsed.items(), key=lambda item: item[1].GetNumHeavyAtoms())
        if molecule.GetNumHeavyAtoms() >= smallest and warheads.find(molecule)
    }


def geometry(name: str, smiles: str, folder: Path) -> Path:
    """One GFN2-xTB conformer, seed 1, computed once and kept."""
    path = folder / f"{name}.xyz"
    if not path.exists():
        from simulation.settings import SimulationSettings
        from simulation.workup import Workup

        folder.mkdir(parents=True, exist_ok=True)
        work = Workup(smiles, SimulationSettings(conformers=1), seed=1)
        path.write_text(work.geometry.to_xyz(work.smiles), encoding="utf-8")
    return path


def _read(path: Path) -> tuple[Any, Any]:
    """The molecule's workup, and its geometry as stored."""
    import numpy as np
    from rdkit import Chem

    from simulation.geometry import Geometry
    from simulation.score import ConformerRecord
    from simulation.settings import SimulationSettings
    from simulation.workup import Workup

    lines = path.read_text(encoding="utf-8").splitlines()
    work = Workup(lines[1], SimulationSettings(conformers=1, solver="casci"), seed=1)
    atoms = [line.split() for line in lines[2:]]
    stored = Geometry(
        molecule=Chem.AddHs(work.molecule),
        symbols=tuple(atom[0] for atom in atoms),
        coordinates=np.array([[float(x) for x in atom[1:]] for atom in atoms]),
        charge=work.charge,
        energy=0.0,
        lumo=0.0,
        method="stored",
        conformers=ConformerRecord(1, 1, 1, 1, 0.0, "stored"),
    )
    return work, stored


def _ours(stored: Any, row: dict[str, Any]) -> Any:
    from simulation.densityfitting import FittedRepulsion
    from simulation.meanfield import solve
    from simulation.settings import SimulationSettings

    spent = {"cpu_integrals": 0.0, "cpu_coulomb_exchange": 0.0}

    def timed(name: str, function: Any) -> Any:
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            start = time.process_time()
            built = spent["cpu_integrals"]
            result = function(*args, **kwargs)
            spent[name] += time.process_time() - start
            if name != "cpu_integrals":  # which the first Fock matrix asks for
                spent[name] -= spent["cpu_integrals"] - built
            return result

        return wrapped

    FittedRepulsion.build = timed("cpu_integrals", FittedRepulsion.build)
    FittedRepulsion.get_jk = timed("cpu_coulomb_exchange", FittedRepulsion.get_jk)
    field = solve(stored, SimulationSettings())
    row.update(spent, auxiliary=field.factors.get_naoaux())
    return field


def _pyscf(stored: Any, row: dict[str, Any]) -> Any:
    import numpy as np
    from pyscf import df, gto, lib, scf

    from simulation.meanfield import MeanField

    class Factors:
        """PySCF's three-index integrals, for the integrals of the active space."""

        def __init__(self, fitted: Any) -> None:
            self.fitted = fitted

        def pairs(self, orbitals: Any) -> Any:
            for block in self.fitted.loop():
                square = lib.unpack_tril(block)
                yield np.einsum("xpq,pi,qj->ijx", square, orbitals, orbitals, optimize=True)

    molecule = gto.M(
        atom=list(zip(stored.symbols, stored.coordinates.tolist(), strict=True)),
        basis="6-31g*",
        charge=stored.charge,
        verbose=0,
    )
    start = time.process_time()
    iteration = scf.RHF(molecule).density_fit()
    build = df.DF.build
    spent = [0.0]

    def timed(fitted: Any) -> Any:
        begun = time.process_time()
        result = build(fitted)
        spent[0] += time.process_time() - begun
        return result

    df.DF.build = timed
    cycles = []
    iteration.callback = lambda _: cycles.append(1)
    iteration.conv_tol, iteration.conv_tol_grad = 1e-9, 1e-5
    iteration.kernel()
    row["cpu_meanfield"] = time.process_time() - start
    row.update(auxiliary=iteration.with_df.get_naoaux(), cpu_integrals=spent[0])
    return MeanField(
        molecule=molecule,
        factors=Factors(iteration.with_df),  # type: ignore[arg-type]
        exact=None,
        coefficients=iteration.mo_coeff,
        orbital_energies=iteration.mo_energy,
        occupied=molecule.nelectron // 2,
        fock=iteration.get_fock(),
        energy=iteration.e_tot,
        gradient_norm=0.0,
        rung="pyscf",
        cycles=len(cycles),
        method="DF-RHF/6-31g* (PySCF)",
    )


def child(engine: str, name: str, path: Path) -> None:
    """One molecule by one engine; the row as JSON on the last line."""
    from simulation.recipes.recipe import find

    row: dict[str, Any] = dict.fromkeys(FIELDS, "")
    if engine == "score":
        from simulation.settings import SimulationSettings
        from simulation.workup import Workup

        smiles = path.read_text(encoding="utf-8").splitlines()[1]
        work = Workup(smiles, SimulationSettings(), seed=1)
        score = find("warhead-ea").score(work)
        timings = score.provenance.timings
        row["cpu_meanfield"] = timings["meanfield"]
        row["cpu_geometry"] = timings["embedding"] + timings["geometry"]
    else:
        from simulation.ensemble import Ensemble

        work, stored = _read(path)
        start = time.process_time()
        field = (_ours if engine == "ours" else _pyscf)(stored, row)
        row["cpu_meanfield"] = row["cpu_meanfield"] or time.process_time() - start
        work.__dict__.update(ensemble=Ensemble((stored,)), field=field)
        score = find("warhead-ea").score(work)
    field = work.field
    row.update(
        name=name,
        engine=engine,
        heavy_atoms=work.molecule.GetNumHeavyAtoms(),
        functions=field.molecule.nao,
        cycles=field.cycles,
        affinity=score.casci_value,
        energy=field.energy,
        cpu_total=time.process_time(),
        peak_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        method=field.method,
    )
    print(json.dumps(row))


def run(engine: str, name: str, path: Path) -> dict[str, Any] | None:
    command = [sys.executable, __file__, "--child", engine, name, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"{name}, {engine}: {done.stderr.strip().splitlines()[-1]}", file=sys.stderr)
        return None
    row: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return row


def table(rows: list[dict[str, str]], largest_small: int = 25) -> None:
    from scipy.stats import spearmanr

    by_name: dict[str, dict[str, dict[str, str]]] = {}
    for row in rows:
        by_name.setdefault(row["name"], {})[row["engine"]] = row

    def number(row: dict[str, str] | None, key: str, digits: int = 0) -> str:
        return "" if row is None or row[key] == "" else f"{float(row[key]):.{digits}f}"

    print(
        "| molecule | heavy atoms | functions | ours: CPU s | integrals | J and K | cycles | "
        "peak MB | PySCF: CPU s | cycles | peak MB | EA ours, eV | EA PySCF, eV | difference, meV |"
    )
    print("|---" * 14 + "|")
    pairs = []
    for name, found in sorted(
        by_name.items(), key=lambda item: float(next(iter(item[1].values()))["heavy_atoms"])
    ):
        ours, peer = found.get("ours"), found.get("pyscf")
        if ours is None and peer is None:
            continue
        either = ours or peer
        assert either is not None
        difference = ""
        if ours and peer:
            change = float(ours["affinity"]) - float(peer["affinity"])
            difference = f"{1000 * change:+.3f}"
            if int(either["heavy_atoms"]) >= largest_small:
                pairs.append((float(ours["affinity"]), float(peer["affinity"])))
        print(
            f"| {name} | {either['heavy_atoms']} | {either['functions']} | "
            f"{number(ours, 'cpu_meanfield', 1)} | {number(ours, 'cpu_integrals', 1)} | "
            f"{number(ours, 'cpu_coulomb_exchange', 1)} | {number(ours, 'cycles')} | "
            f"{number(ours, 'peak_mb')} | {number(peer, 'cpu_meanfield', 1)} | "
            f"{number(peer, 'cycles')} | {number(peer, 'peak_mb')} | "
            f"{number(ours, 'affinity', 4)} | {number(peer, 'affinity', 4)} | {difference} |"
        )
    if len(pairs) > 2:
        ours_values, peer_values = zip(*pairs, strict=True)
        largest = max(abs(a - b) for a, b in pairs)
        rho = spearmanr(ours_values, peer_values).statistic
        print(
            f"\n{len(pairs)} molecules of at least {largest_small} heavy atoms: Spearman "
            f"{rho:.4f}, largest difference of the affinity {1000 * largest:.3f} meV"
        )
    whole = [row for row in rows if row["engine"] == "score"]
    if whole:
        print("\n| whole score | heavy atoms | CPU s | geometry | mean field | peak MB |")
        print("|---|---|---|---|---|---|")
    for row in whole:
        print(
            f"| {row['name']} | {row['heavy_atoms']} | {number(row, 'cpu_total', 1)} | "
            f"{number(row, 'cpu_geometry', 1)} | {number(row, 'cpu_meanfield', 1)} | "
            f"{number(row, 'peak_mb')} |"
        )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("names", nargs="*", help="molecules of the library; all by default")
    parser.add_argument(
        "--library", type=Path, default=Path("configs/libraries/covalent_drugs.csv")
    )
    parser.add_argument("--out", type=Path, default=Path("meanfield.csv"))
    parser.add_argument("--geometries", type=Path, help="folder of XYZ files; beside --out")
    parser.add_argument("--engine", action="append", choices=ENGINES)
    parser.add_argument("--min-heavy-atoms", type=int, default=0)
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        engine, name, path = arguments.child
        child(engine, name, Path(path))
        return
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    folder = arguments.geometries or arguments.out.with_suffix(".geometries")
    done: list[dict[str, str]] = []
    if arguments.out.exists():
        with arguments.out.open(newline="", encoding="utf-8") as file:
            done = list(csv.DictReader(file))
    known = {(row["name"], row["engine"]) for row in done}
    chosen = library(arguments.library, arguments.names, arguments.min_heavy_atoms)
    for name, smiles in chosen.items():
        for engine in arguments.engine or ENGINES[:2]:
            if (name, engine) in known:
                continue
            row = run(engine, name, geometry(name, smiles, folder))
            if row is None:
                continue
            new = not arguments.out.exists()
            with arguments.out.open("a", newline="", encoding="utf-8") as file:
                writer = csv.DictWriter(file, FIELDS)
                if new:
                    writer.writeheader()
                writer.writerow(row)
            done.append({key: str(value) for key, value in row.items()})
            print(f"{name}: {engine} done", file=sys.stderr, flush=True)
    table(done)


if __name__ == "__main__":
    main()
