"""The Gaussian process at scale: labels up to 10,000, pools up to a million.

    python benchmarks/surrogate_scale.py labels [--data FILE] [--labels 1000,3000,10000]
    python benchmarks/surrogate_scale.py pool [--pool 1000000] [--labels 1000] [--store FILE]
        [--distinct N]
    python benchmarks/surrogate_scale.py properties [--labels 1000]
    python benchmarks/surrogate_scale.py fidelities [--data FILE]

``labels``: docking scores are learnt and those of the last 449 molecules predicted. Printed
are the CPU time of the fit, of it the learning of the hyper-parameters, the memory that fit
and prediction added to a process that has the features already, error and density of the
prediction, and its speed on one core, features made and features kept. ``exact`` does the
same with no inducing molecules.

``pool``: a library of amides, each an acid and an amine put together, is predicted in one
call; printed are the speed and the peak memory. With ``--store`` the features go to a file
and the pool is predicted a second time from there. ``--distinct`` is how many of the rows
differ, each standing there several times: what is measured of a store that is filled already
does not depend on it.

``properties``: three properties predicted one by one and together.

``fidelities``: electron affinities of warheads (75 acrylamides, eV) of which few are known,
with the energy of the LUMO in GFN2-xTB as the cheap value, known of those alone or of all.

``--data`` is ``enamine10k_scores.csv.gz`` (docking scores, kcal/mol; examples of the public
repository coleygroup/molpal), for ``fidelities`` the file of affinities that the tests use.
Each case runs in a process of its own; CPU seconds of one thread.
"""

# ruff: noqa: E402 - the environment must be right before numpy is loaded
from __future__ import annotations

import argparse
import csv
import gzip
import os
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")

import numpy as np
from numpy.typing import NDArray

SHARED = Path(__file__).parents[1].parent / "shared" / "data"
DOCKING = SHARED / "enamine10k_scores.csv.gz"
AFFINITIES = Path(__file__).parents[1] / "tests/screening/data/electron_affinity.csv"
TESTED = 449  # what the published file has beyond 10,000

ACIDS = (
    "C1CC1{}", "C1CCC1{}", "C1CCCC1{}", "C1CCCCC1{}", "C1CCOCC1{}", "CC(C){}", "CC(C)(C){}",
    "FC(F)C{}", "COC{}", "CCOC{}", "CSC{}", "N#CC{}", "C=CC{}", "CC#CC{}",
)  # fmt: skip
RINGS = ("c1ccc({})cc1", "c1cc({})ccc1", "c1c({})cccc1", "c1cc({})ncc1", "c1cnc({})cc1",
         "c1cc({})sc1", "c1cc({})oc1", "c1cn({})cc1")  # fmt: skip
GROUPS = (
    "C", "CC", "C(C)C", "OC", "OCC", "F", "Cl", "Br", "C(F)(F)F", "OC(F)F", "C#N", "N(C)C", "SC",
    "S(=O)(=O)C", "C(=O)C", "C(=O)N", "C(=O)OC", "NC(C)=O", "CO", "COC", "CN(C)C", "C2CC2",
    "N2CCOCC2", "N2CCCC2", "c2ccccc2", "Oc2ccccc2", "c2ccncc2",
)  # fmt: skip
LINKS = ("", "C", "CC", "OC", "C(C)")
AMINES = ("N{}", "N(C){}", "NC{}", "NCC{}", "N(CC){}", "NCC(=O)N{}")


def acids_and_amines() -> tuple[list[str], list[str]]:
    """Halves of amides, to be written one behind the other."""
    rings = [ring.format(group) for ring in RINGS for group in GROUPS]
    acids = [acid.format("C(=O)") for acid in ACIDS]
    acids += [f"O=C({link}{ring})" for link in LINKS for ring in rings]
    # ring numbers of the amine are others than those of the acid
    shifted = [ring.replace("1", "3").replace("2", "4") for ring in rings]
    amines = [amine.format(ring) for amine in AMINES for ring in shifted]
    return acids, amines


def amides(n: int, seed: int = 0) -> list[str]:
    """``n`` distinct valid SMILES.

    Raises:
        ValueError: there are not so many.
    """
    acids, amines = acids_and_amines()
    if n > len(acids) * len(amines):
        raise ValueError(f"there are {len(acids) * len(amines)} amides, not {n}")
    places = np.random.default_rng(seed).choice(len(acids) * len(amines), size=n, replace=False)
    return [acids[i // len(amines)] + amines[i % len(amines)] for i in places.tolist()]


def read(path: Path, value: str) -> tuple[list[str], NDArray[np.float64]]:
    """Molecules and one column of a file.

    Raises:
        SystemExit: it is missing.
    """
    if not path.is_file():
        raise SystemExit(f"{path} is missing; give its place with --data (see --help)")
    text = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    rows = list(csv.DictReader(text.decode().splitlines()))
    return [row["smiles"] for row in rows], np.array([float(row[value]) for row in rows])


def peak() -> float:
    """Most memory that this process has held, MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def warm() -> None:
    """Compile, so that it is not measured."""
    from screening.surrogate.gaussianprocess import GaussianProcess

    model = GaussianProcess()
    model.fit(["CCO", "CCN", "CCC"], [0.0, 1.0, 2.0])
    model.predict(["CCCC"])


def nlpd(mean: NDArray[np.float64], std: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    """Negative log predictive density, nats."""
    return float((0.5 * ((y - mean) / std) ** 2 + np.log(std)).mean() + 0.5 * np.log(2 * np.pi))


def labels(path: Path, n: int, exact: bool) -> str:
    """One row of the table of labels."""
    from screening.surrogate import SurrogateSettings, hyperparameters, sumkernel
    from screening.surrogate.gaussianprocess import GaussianProcess

    smiles, values = read(path, "score")
    order = np.random.default_rng(0).permutation(len(smiles))
    known, rest = order[:n], order[max(n, len(order) - TESTED) :]
    if not len(rest):
        raise SystemExit(
            f"{path} has {len(order):,} molecules: none is left to be predicted beside {n:,} "
            "labels; learn fewer with --labels"
        )
    warm()
    learning = 0.0
    learn = hyperparameters.learn

    def timed(*args, **kwargs):  # type: ignore[no-untyped-def]
        nonlocal learning
        begun = time.process_time()
        found = learn(*args, **kwargs)
        learning += time.process_time() - begun
        return found

    hyperparameters.learn = timed
    sumkernel.molecules_of([smiles[i] for i in known])
    before = peak()
    settings = SurrogateSettings(exact_labels=n) if exact else SurrogateSettings()
    model = GaussianProcess(settings)
    begun = time.process_time()
    model.fit([smiles[i] for i in known], values[known])
    fit = time.process_time() - begun
    wanted = [smiles[i] for i in rest]
    begun = time.process_time()
    model.predict(wanted)
    made = len(wanted) / (time.process_time() - begun)
    begun = time.process_time()
    found = model.predict(wanted)
    kept = len(wanted) / (time.process_time() - begun)
    gaps = found.mean - values[rest]
    way = "exact" if n <= settings.exact_labels else f"{settings.inducing:,} inducing"
    return (
        f"| {n:,} | {way} | {fit:.1f} | {learning:.1f} | {peak() - before:.0f} | {made:.0f} | "
        f"{kept:.0f} | {np.sqrt((gaps**2).mean()):.3f} | "
        f"{nlpd(found.mean, found.std, values[rest]):.3f} | "
        f"{(np.abs(gaps) < 1.96 * found.std).mean():.3f} |"
    )


def pool(n: int, known: int, distinct: int, store: Path | None) -> str:
    """Rows of the table of pools."""
    from screening.surrogate.featurestore import FeatureStore
    from screening.surrogate.gaussianprocess import GaussianProcess

    smiles = amides(distinct + known)
    warm()
    kept = FeatureStore(store) if store else None
    model = GaussianProcess(store=kept)
    taught = smiles[:known]
    # a value that has nothing to do with what is measured: the number of carbons and oxygens
    values = [s.upper().count("C") + 0.5 * s.upper().count("O") for s in taught]
    model.fit(taught, np.array(values, dtype=float))
    again = np.random.default_rng(1).permutation(n) % distinct
    wanted = [smiles[known + i] for i in again.tolist()]
    rows = []
    for _ in range(2 if kept is not None else 1):
        before, held = peak(), len(kept) if kept is not None else 0
        begun = time.process_time()
        found = model.predict(wanted)
        spent = time.process_time() - begun
        assert np.isfinite(found.mean + found.std).all()
        how, size = "made", "-"
        if kept is not None and store is not None:
            new = len(kept) - held
            how = f"{new:,} made, file written" if new else "from the file"
            size = f"{store.stat().st_size / 1e9:.2f}"
        rows.append(
            f"| {n:,} | {distinct:,} | {known:,} | {how} | {spent:.0f} | {n / spent:.0f} | "
            f"{before:.0f} | {peak():.0f} | {size} |"
        )
        if how == "from the file":
            break
    return "\n".join(rows)


def properties(path: Path, known: int) -> str:
    """Rows of the table of properties."""
    from rdkit import Chem
    from rdkit.Chem import Crippen, rdMolDescriptors

    from screening.surrogate.gaussianprocess import GaussianProcess
    from screening.surrogate.several import predictions

    smiles, scores = read(path, "score")
    order = np.random.default_rng(0).permutation(len(smiles))
    taught = [smiles[i] for i in order[:known]]
    wanted = [smiles[i] for i in order[known : known + 2000]]
    mols = [Chem.MolFromSmiles(s) for s in taught]
    values = {
        "docking score": scores[order[:known]],
        "logP": np.array([Crippen.MolLogP(m) for m in mols]),
        "TPSA": np.array([rdMolDescriptors.CalcTPSA(m) for m in mols]),
    }
    warm()
    models = {}
    for name, y in values.items():
        models[name] = GaussianProcess()
        models[name].fit(taught, y)
    predictions(models, wanted)  # features made
    begun = time.process_time()
    apart = {name: model.predict(wanted) for name, model in models.items()}
    alone = time.process_time() - begun
    begun = time.process_time()
    found = predictions(models, wanted)
    together = time.process_time() - begun
    for name, prediction in apart.items():
        assert np.allclose(prediction.mean, found[name].mean)
    n = len(wanted)
    return f"| {known:,} | {1e3 * alone / n:.2f} | {1e3 * together / n:.2f} |"


def lumo(smiles: str) -> float:
    """Energy of the GFN2-xTB LUMO at one MMFF geometry, eV."""
    from rdkit import Chem
    from rdkit.Chem import AllChem
    from tblite.interface import Calculator

    from simulation.atomicunits import BOHR, HARTREE_EV

    mol = Chem.AddHs(Chem.MolFromSmiles(smiles))
    AllChem.EmbedMolecule(mol, randomSeed=7)
    AllChem.MMFFOptimizeMolecule(mol)
    numbers = np.array([atom.GetAtomicNum() for atom in mol.GetAtoms()])
    calculator = Calculator(
        "GFN2-xTB",
        numbers,
        mol.GetConformer().GetPositions() / BOHR,
        charge=float(Chem.GetFormalCharge(mol)),
    )
    calculator.set("verbosity", 0)
    found = calculator.singlepoint()
    energies, occupations = found.get("orbital-energies"), found.get("orbital-occupations")
    return float(energies[occupations < 0.5].min() * HARTREE_EV)


def fidelities(path: Path, sizes: Sequence[int], seeds: int) -> str:
    """Rows of the table of fidelities."""
    from screening.surrogate.gaussianprocess import GaussianProcess

    smiles, dear = read(path, "warhead_ea")
    cheap = np.array([lumo(s) for s in smiles])
    rows = [f"correlation of the two: {np.corrcoef(cheap, dear)[0, 1]:.2f}"]
    for known in sizes:
        figures: dict[str, list[tuple[float, float, float]]] = {}
        for seed in range(seeds):
            order = np.random.default_rng(seed).permutation(len(smiles))
            taught, rest = order[:known], order[known:]
            values = np.full(len(smiles), np.nan)
            values[taught] = dear[taught]
            alone = np.where(np.isnan(values), np.nan, cheap)
            for name, given in (
                ("none", None),
                ("of the labelled molecules", {"GFN2 LUMO": alone}),
                ("of all molecules", {"GFN2 LUMO": cheap}),
            ):
                model = GaussianProcess()
                model.fit(smiles, values, fidelities=given)
                found = model.predict([smiles[i] for i in rest])
                error = float(np.sqrt(((found.mean - dear[rest]) ** 2).mean()))
                density = nlpd(found.mean, found.std, dear[rest])
                figures.setdefault(name, []).append((error, density, bool(model.fidelities)))
        for name, found_figures in figures.items():
            error, density, used = np.mean(np.array(found_figures), axis=0)
            share = f"{used * seeds:.0f} of {seeds}"
            rows.append(f"| {known} | {name} | {error:.3f} | {density:.3f} | {share} |")
    return "\n".join(rows)


HEADS = {
    "labels": "| labels | way | fit, CPU s | of it learning | memory, MB | molecules/s, features "
    "made | features kept | RMSE, kcal/mol | NLPD, nats | coverage of 95 % |",
    "pool": "| rows | distinct | labels | features | CPU s | molecules/s | memory before, MB "
    "| peak, MB | file, GB |",
    "properties": "| labels | one by one, ms a molecule | together |",
    "fidelities": "| labels | cheap values known | RMSE, eV | NLPD, nats | fits that use them |",
}


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=[*HEADS, "exact"])
    parser.add_argument("--data", type=Path)
    parser.add_argument("--labels")
    parser.add_argument("--pool", type=int, default=1_000_000)
    parser.add_argument("--distinct", type=int)
    parser.add_argument("--store", type=Path)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--case", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    what = arguments.what
    usual = {"labels": "1000,3000,10000", "exact": "10000", "fidelities": "15,30"}
    sizes = [int(n) for n in (arguments.labels or usual.get(what, "1000")).split(",")]
    if arguments.case:
        docking, affinities = arguments.data or DOCKING, arguments.data or AFFINITIES
        size = sizes[0]
        if what in ("labels", "exact"):
            print(labels(docking, size, what == "exact"))
        elif what == "pool":
            distinct = arguments.distinct or arguments.pool
            print(pool(arguments.pool, size, distinct, arguments.store))
        elif what == "properties":
            print(properties(docking, size))
        else:
            print(fidelities(affinities, sizes, arguments.seeds))
        return
    head = HEADS["labels" if what == "exact" else what]
    print(head)
    print("|---" * (head.count("|") - 1) + "|", flush=True)
    given = [
        text
        for name in ("data", "pool", "distinct", "store", "seeds")
        if (value := getattr(arguments, name)) is not None
        for text in (f"--{name}", str(value))
    ]
    cases = [",".join(map(str, sizes))] if what == "fidelities" else list(map(str, sizes))
    for case in cases:
        command = [sys.executable, __file__, what, "--case", "--labels", case, *given]
        subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
