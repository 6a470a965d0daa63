"""What a quantum fidelity kernel adds to the Gaussian process: with, without, and against RBF.

    OMP_NUM_THREADS=1 python benchmarks/quantum_kernel.py --data FOLDER [--seeds 5]

1. Ablation. The process over fingerprints and properties as it is; with the fidelity kernel
   of 8 qubits as a further summand; with an RBF kernel in its place, over the same eight
   principal components of the properties, its width tuned by the same likelihood; and each
   of the two kernels alone. Root mean square error and negative log predictive density on
   molecules that were not learned from, and the weight that the process gives the summand.
2. Backends. The kernel of a few molecules measured by circuits: how far from the computed
   one, and at which cost.

FOLDER holds four public sets, as published with GAUCHE (Griffiths et al., NeurIPS 2023;
https://github.com/leojklarner/gauche, gauche/datasets/property_prediction): FreeSolv.csv
(Mobley and Guthrie 2014), ESOL.csv (Delaney 2004), Lipophilicity.csv (MoleculeNet; ChEMBL)
and Photoswitch.csv (Thawani et al. 2020). Files that are missing are named and left out.
With --results FILE every finished fit is kept there, and not done again.
"""

from __future__ import annotations

import argparse
import csv
import json
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from rdkit import Chem, RDLogger
from scipy import stats
from scipy.linalg import cho_factor, cho_solve

from screening.intake.standardise import molecule
from screening.surrogate import Prediction, SurrogateSettings, features
from screening.surrogate.bandwidth import NOISES, likeliest
from screening.surrogate.calibration import calibration
from screening.surrogate.gaussianprocess import GaussianProcess
from screening.surrogate.quantumkernel import QUBITS, QuantumKernel
from screening.surrogate.reduceddescriptors import ReducedDescriptors
from screening.surrogate.sumkernel import squares
from screening.surrogate.summand import Summand

SETS = {  # file -> columns of SMILES and value, unit
    "FreeSolv": ("smiles", "expt", "kcal/mol"),
    "ESOL": ("smiles", "measured log solubility in mols per litre", "log10 mol/L"),
    "Lipophilicity": ("smiles", "exp", "log D"),
    "Photoswitch": ("SMILES", "E isomer pi-pi* wavelength in nm", "nm"),
}
SIZES = (50, 200)
TESTED = 400
WIDTHS = tuple(float(w) for w in np.geomspace(0.3, 15.0, 12))
BACKENDS = ("exact", "aer", "fake:manila")
WITHOUT, WITH, RADIAL = "without", "with fidelity kernel", "with RBF"
ALONE, RADIAL_ALONE = "fidelity kernel alone", "RBF alone"
VARIANTS = (WITHOUT, WITH, RADIAL, ALONE, RADIAL_ALONE)


@dataclass(frozen=True)
class RadialKernel:
    """exp(-|x - y|^2 / 2) over the components that the fidelity kernel encodes."""

    name: str = "RBF"
    width: float = 1.0
    descriptors: ReducedDescriptors | None = None

    def fitted(self, smiles: Sequence[str], labels: np.ndarray) -> RadialKernel:
        """Components and width of labelled molecules."""
        descriptors = ReducedDescriptors.of(smiles, QUBITS)
        points = descriptors(smiles)  # 200 at most: the fidelity kernel is tuned on as many
        gaps = squares(points, points)
        width = likeliest(lambda w: np.exp(-0.5 * gaps / w**2), labels, WIDTHS)
        return replace(self, width=width, descriptors=descriptors)

    def features(self, smiles: Sequence[str]) -> np.ndarray:
        """Components in units of the width, shape (molecules, QUBITS)."""
        assert self.descriptors is not None
        return self.descriptors(smiles) / self.width

    def covariance(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """k of features, shape (len(a), len(b))."""
        return np.exp(-0.5 * squares(a, b))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of the four files")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--parts", default="ablation,backends")
    parser.add_argument("--results", type=Path, help="JSON lines; finished fits are kept here")
    asked = parser.parse_args()
    RDLogger.DisableLog("rdApp.*")
    parts = asked.parts.split(",")
    sets = {}
    for name in SETS:
        path = asked.data / f"{name}.csv"
        if path.is_file():
            sets[name] = read(path, *SETS[name][:2])
        else:
            print(f"{path} is missing; --help says where it is published")
    if not sets:
        parser.exit(1, f"{asked.data}: none of the files is there\n")
    if "ablation" in parts:
        ablation(sets, asked.seeds, asked.results)
    if "backends" in parts and "FreeSolv" in sets:
        on_backends(sets["FreeSolv"])


def read(path: Path, smiles_column: str, value_column: str) -> tuple[list[str], np.ndarray]:
    """Canonical SMILES and values; the mean where a molecule has several."""
    values: dict[str, list[float]] = defaultdict(list)
    refused = 0
    with path.open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if not row[value_column]:
                continue
            try:
                canonical = Chem.MolToSmiles(molecule(row[smiles_column]))
            except ValueError:
                refused += 1
                continue
            values[canonical].append(float(row[value_column]))
    print(f"- {path.stem}: {len(values)} molecules, {refused} rows refused")
    return list(values), np.array([np.mean(v) for v in values.values()])


def ablation(
    sets: dict[str, tuple[list[str], np.ndarray]], seeds: int, results: Path | None
) -> None:
    done: dict[tuple[str, int, int, str], dict[str, float]] = {}
    if results is not None and results.is_file():
        for line in results.read_text().splitlines():
            one = json.loads(line)
            done[one["set"], one["n"], one["seed"], one["variant"]] = one
    for name, (smiles, values) in sets.items():
        for n in SIZES:
            for seed in range(seeds):
                for variant in VARIANTS:
                    key = (name, n, seed, variant)
                    if key in done:
                        continue
                    found = fit(smiles, values, n, seed, variant)
                    done[key] = {"set": name, "n": n, "seed": seed, "variant": variant, **found}
                    if results is not None:
                        with results.open("a") as file:
                            file.write(json.dumps(done[key]) + "\n")
    print(f"\n## Ablation\n\n{QUBITS} qubits, {seeds} seeds, up to {TESTED} held-out molecules")
    for n in SIZES:
        print(f"\n### {n} labels\n")
        print(
            "| set | model | RMSE | NLPD | weight | RMSE - without | seeds better | p |\n"
            "|---|---|---|---|---|---|---|---|"
        )
        for name in sets:
            plain = column(done, name, n, seeds, WITHOUT, "rmse")
            for variant in VARIANTS:
                rmse = column(done, name, n, seeds, variant, "rmse")
                nlpd = column(done, name, n, seeds, variant, "nlpd")
                weight = column(done, name, n, seeds, variant, "weight")
                cells = [f"{spread(rmse)}", f"{spread(nlpd)}"]
                cells.append("" if np.isnan(weight).any() else spread(weight))
                cells += versus(rmse - plain) if variant != WITHOUT else ["", "", ""]
                print(f"| {name}, {SETS[name][2]} | {variant} | {' | '.join(cells)} |")
    print("\n## The fidelity kernel against RBF of equal size\n")
    print("RMSE with the fidelity kernel minus RMSE with RBF in its place\n")
    print("| set | labels | as a summand | seeds better | p | alone | seeds better | p |")
    print("|---|---|---|---|---|---|---|---|")
    for name in sets:
        for n in SIZES:
            cells = []
            for one, other in ((WITH, RADIAL), (ALONE, RADIAL_ALONE)):
                gap = column(done, name, n, seeds, one, "rmse")
                gap = gap - column(done, name, n, seeds, other, "rmse")
                cells += versus(gap)
            print(f"| {name} | {n} | {' | '.join(cells)} |")
    print("\n## Bandwidths and CPU seconds\n")
    print("| labels | model | bandwidth or width, least to greatest | CPU s, fit and predict |")
    print("|---|---|---|---|")
    for n in SIZES:
        for variant in VARIANTS:
            width = np.concatenate([column(done, s, n, seeds, variant, "width") for s in sets])
            cost = np.concatenate([column(done, s, n, seeds, variant, "cpu_s") for s in sets])
            reach = "" if np.isnan(width).any() else f"{width.min():.3g} to {width.max():.3g}"
            print(f"| {n} | {variant} | {reach} | {cost.mean():.2f} |")


def fit(
    smiles: Sequence[str], values: np.ndarray, n: int, seed: int, variant: str
) -> dict[str, float]:
    order = np.random.default_rng(seed).permutation(len(smiles))
    train, test = order[:n], order[n : n + TESTED]
    learned, wanted = [smiles[i] for i in train], [smiles[i] for i in test]
    for text in (*learned, *wanted):  # fingerprints and properties are the same for all
        features.described(text)
    begun = time.process_time()
    width = weight = float("nan")
    kernel: Summand | None = None
    if variant in (WITH, ALONE):
        kernel = QuantumKernel()
    elif variant in (RADIAL, RADIAL_ALONE):
        kernel = RadialKernel()
    if variant in (ALONE, RADIAL_ALONE):
        assert kernel is not None
        prediction, width = alone(kernel, learned, values[train], wanted)
    else:
        model = GaussianProcess(SurrogateSettings())
        model.fit(learned, values[train])
        if kernel is not None:
            begun = time.process_time()
            model = GaussianProcess(SurrogateSettings(), summands=[*model.summands, kernel])
            model.fit(learned, values[train])
        prediction = model.predict(wanted)
        covariance = model.covariance
        if kernel is not None:
            signal = covariance.weights.sum() + covariance.properties + covariance.shares.sum()
            weight = float(covariance.shares[-1] / signal)
            width = width_of(covariance.summands[-1])
    seconds = time.process_time() - begun
    judged = calibration(prediction, values[test])
    return {
        "rmse": judged.rmse,
        "nlpd": judged.nlpd,
        "weight": weight,
        "width": width,
        "cpu_s": seconds,
    }


def width_of(kernel: Summand) -> float:
    return kernel.bandwidth if isinstance(kernel, QuantumKernel) else kernel.width


def alone(
    kernel: Summand, learned: Sequence[str], values: np.ndarray, wanted: Sequence[str]
) -> tuple[Prediction, float]:
    """A process over one kernel: constant, amplitude and noise are the likeliest."""
    offset, size = values.mean(), values.std()
    y = (values - offset) / size
    tuned = kernel.fitted(learned, y)
    a, b = tuned.features(learned), tuned.features(wanted)
    gram, cross = tuned.covariance(a, a), tuned.covariance(b, a)
    best, chosen = -np.inf, None
    for noise in NOISES:
        factor = cho_factor(gram + noise * np.eye(len(y)), lower=True)
        one = cho_solve(factor, np.ones(len(y)))
        centre = float(one @ y / one.sum())
        weights = cho_solve(factor, y - centre)
        amplitude = float((y - centre) @ weights / len(y))
        density = -0.5 * len(y) * np.log(amplitude) - np.log(np.diag(factor[0])).sum()
        if density > best:
            best, chosen = density, (factor, centre, weights, amplitude, noise)
    assert chosen is not None
    factor, centre, weights, amplitude, noise = chosen
    variance = 1 - np.einsum("ij,ji->i", cross, cho_solve(factor, cross.T)) + noise
    return (
        Prediction(
            offset + size * (centre + cross @ weights),
            size * np.sqrt(amplitude * np.maximum(variance, 1e-12)),
        ),
        width_of(tuned),
    )


def column(
    done: dict[tuple[str, int, int, str], dict[str, float]],
    name: str,
    n: int,
    seeds: int,
    variant: str,
    what: str,
) -> np.ndarray:
    return np.array([done[name, n, seed, variant][what] for seed in range(seeds)])


def spread(values: np.ndarray) -> str:
    return f"{values.mean():.3g} ± {values.std(ddof=1) if len(values) > 1 else 0:.2g}"


def versus(gap: np.ndarray) -> list[str]:
    chance = stats.ttest_1samp(gap, 0.0).pvalue if len(gap) > 1 and gap.std() else float("nan")
    return [f"{gap.mean():+.3g}", f"{int((gap < 0).sum())} of {len(gap)}", f"{chance:.2f}"]


def on_backends(one: tuple[list[str], np.ndarray]) -> None:
    from simulation.errors import SimulationError
    from simulation.quantum import backends
    from simulation.quantum.fidelitykernel import measured

    smiles, values = one
    molecules, qubits, shots = 8, 5, 4096
    order = np.random.default_rng(0).permutation(len(smiles))[:200]
    labels = stats.zscore(values[order])
    kernel = QuantumKernel(qubits=qubits).fitted([smiles[i] for i in order], labels)
    points = kernel.features([smiles[i] for i in order[:molecules]])
    true = kernel.covariance(points, points)
    above = np.triu_indices(molecules, 1)
    print(
        f"\n## Backends\n\n{molecules} molecules of FreeSolv, {len(above[0])} circuits of {qubits} "
        f"qubits, {shots} shots each; computed fidelities {true[above].min():.3f} to "
        f"{true[above].max():.3f}, mean {true[above].mean():.3f}\n"
    )
    print(
        "| backend | mean deviation | mean size of the deviation | expected of shots alone | "
        "two-qubit gates | depth | CPU s |\n|---|---|---|---|---|---|---|"
    )
    for name in BACKENDS:
        begun = time.process_time()
        try:
            found = measured(
                kernel.encoding, points, None, backends.find(name), shots=shots, seed=1
            )
        except SimulationError as error:
            print(f"| {name} | {error.message} |")
            continue
        seconds = time.process_time() - begun
        off = (found.values - true)[above]
        # mean size of a normal number
        sampling = np.sqrt(2 / np.pi) * np.sqrt(true * (1 - true) / shots)[above].mean()
        compiled = [record.compiled for record in found.records]
        print(
            f"| {name} | {off.mean():+.4f} | {np.abs(off).mean():.4f} | {sampling:.4f} | "
            f"{max(c.two_qubit_gates for c in compiled)} | {max(c.depth for c in compiled)} | "
            f"{seconds:.1f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
