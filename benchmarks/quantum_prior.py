"""The Born machine beside a Boltzmann machine and plain counts, as priors over molecules' starts.

    OMP_NUM_THREADS=1 python benchmarks/quantum_prior.py [--data ../shared/data] [--seeds 5]

All models have the same training data, the same code of 12 bits and the same number of
samples; the Boltzmann machine has as many parameters as the Born machine.

1. Density. Starts of the best tenth of docked molecules, learned from 200 of them: the
   likelihood of the others, the total variation from all, and what 4,096 samples are.
2. Use. A prior is taught by 32 leads; what it then proposes is scored by a ridge regression
   on the whole library (docking scores; electrophilicity of covalent warheads).
3. Cost. The circuit on backends: depth, gates, and how far noise takes the samples; CPU
   seconds of a campaign's round.

Needs ``enamine10k_scores.csv.gz`` (smiles, score) and ``covalent_barriers.csv`` (smiles,
omega_ground_state) in the folder of ``--data``. Prints markdown tables.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rdkit import Chem, RDLogger
from rdkit.Chem import rdFingerprintGenerator
from scipy import stats

from generative import generator, properties
from generative.bornmachine import BornLearner, BornMachine
from generative.codemodel import CodeModel, Learner, divergence, total_variation
from generative.empirical import EmpiricalLearner
from generative.sampling import MotifGenerator
from generative.startcode import code_book, starts_of
from generative.startprior import (
    LAYERS,
    QUBITS,
    SHOTS,
    OwnMolecules,
    StartPrior,
    code_fields,
    learner,
)
from screening.filters import alerts

TRAINED, LIBRARY = 200, 4000
SMOOTHING, FLOOR = 0.3, 0.01
LEADS, SAMPLES, KL = 32, 150, 0.5
BACKENDS = ("exact", "aer", "fake:guadalupe")


@dataclass(frozen=True)
class Uniform:
    """Every word that names a start, equally: what knows the code and nothing else."""

    named: np.ndarray  # shape: (words,), bool
    name: str = "uniform"
    parameters: int = 0

    def probabilities(self) -> np.ndarray:
        """Of every word. shape: (words,)"""
        return self.named / self.named.sum()

    def sample(self, n: int, *, seed: int) -> np.ndarray:
        """Words. shape: (n,)"""
        return np.random.default_rng(seed).choice(np.nonzero(self.named)[0], size=n)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--base", default="zinc250k")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--parts", default="density,use,cost,round")
    arguments = parser.parse_args()
    RDLogger.DisableLog("rdApp.*")
    base = generator.find(arguments.base)
    if not isinstance(base, MotifGenerator):
        parser.error(f"{arguments.base} is not a motif-tree prior")
    for file in ("enamine10k_scores.csv.gz", "covalent_barriers.csv"):
        if not (arguments.data / file).is_file():
            parser.error(f"{arguments.data / file} is missing: give its folder by --data")
    docked = read(arguments.data / "enamine10k_scores.csv.gz", "score", -1.0)
    seeds = range(arguments.seeds)
    begun = time.process_time()
    learned: tuple[BornMachine, np.ndarray] | None = None
    if "density" in arguments.parts or "cost" in arguments.parts:
        learned = density(base, docked, seeds)
    if "use" in arguments.parts:
        barriers = read(arguments.data / "covalent_barriers.csv", "omega_ground_state", 1.0)
        own = OwnMolecules(base)
        use("docking score, its sign turned", base, own, docked, seeds)
        use("electrophilicity", base, own, barriers, seeds)
    if "cost" in arguments.parts and learned is not None:
        cost(*learned)
    if "round" in arguments.parts:
        one_round(base, docked)
    print(f"\n{time.process_time() - begun:.0f} s of CPU")


def read(path: Path, column: str, sign: float) -> list[tuple[str, float]]:
    """Molecules and values of which larger is better, the best first."""
    opener = gzip.open if path.suffix == ".gz" else open
    rows: dict[str, float] = {}
    with opener(path, "rt", newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            mol = Chem.MolFromSmiles(row["smiles"])
            if mol is not None and row[column]:
                rows[Chem.MolToSmiles(mol)] = sign * float(row[column])
    return sorted(rows.items(), key=lambda pair: (-pair[1], pair[0]))


def learners() -> dict[str, Learner]:
    return {
        "Born machine": learner("qcbm", qubits=QUBITS, layers=LAYERS),
        "Born machine, MMD loss": BornLearner(LAYERS, loss="mmd"),
        "Boltzmann machine": learner("rbm", qubits=QUBITS, layers=LAYERS),
        "empirical": EmpiricalLearner(code_fields(QUBITS)),
        f"empirical, {SMOOTHING:g} smoothed": EmpiricalLearner(code_fields(QUBITS), SMOOTHING),
    }


def density(
    base: MotifGenerator, docked: Sequence[tuple[str, float]], seeds: range
) -> tuple[BornMachine, np.ndarray]:
    """Learn the starts of the best tenth from 200 of them.

    Returns:
        The Born machine of the first seed; whether a word names a start, shape (words,), bool.
    """
    vocabulary = base.prior.vocabulary
    best = [smiles for smiles, _ in docked[: len(docked) // 10]]
    rest = [docked[i][0] for i in np.random.default_rng(0).choice(len(docked), LIBRARY)]
    starts = [start for start in starts_of([*best, *rest], vocabulary) if start is not None]
    code = code_book([(start, 1.0) for start in starts], vocabulary, QUBITS)
    found = [code.word(start) for start in starts_of(best, vocabulary) if start is not None]
    words = np.array(found, dtype=np.int64)
    everything = frequencies(words)
    print(f"\n### Density: starts of {len(words)} docked molecules, {TRAINED} learned\n")
    print(
        f"{len(set(words.tolist()))} different words; {code.named.mean():.0%} of all words name a "
        f"start. {len(seeds)} seeds.\n"
    )
    columns: dict[str, list[list[float]]] = {}
    first: BornMachine | None = None
    for seed in seeds:
        order = np.random.default_rng(seed).permutation(len(words))
        train, test = words[order[:TRAINED]], words[order[TRAINED:]]
        target = frequencies(train)
        models: dict[str, CodeModel] = {}
        seconds: dict[str, float] = {}
        for name, fits in learners().items():
            begun = time.process_time()
            models[name] = fits.fit(target, seed=seed)
            seconds[name] = time.process_time() - begun
        models["uniform"], seconds["uniform"] = Uniform(code.named), 0.0
        for name, model in models.items():
            if first is None and isinstance(model, BornMachine):
                first = model
            ideal = model.probabilities()
            floored = (1 - FLOOR) * ideal + FLOOR / len(ideal)
            drawn = model.sample(SHOTS, seed=seed)
            named = drawn[code.named[drawn]]
            new = named[~np.isin(named, train)]
            columns.setdefault(name, []).append(
                [
                    model.parameters,
                    divergence(target, ideal)[0],
                    float(-np.log(floored[test]).mean()),
                    total_variation(ideal, everything),
                    len(named) / SHOTS,
                    len(new) / SHOTS,
                    float(np.isin(new, test).mean()) if len(new) else float("nan"),
                    len(set(new[np.isin(new, test)].tolist())) / len(set(test) - set(train)),
                    seconds[name],
                ]
            )
    heads = [
        *("parameters", "KL from the 200, nats", "held-out NLL, nats", "TV from all"),
        *("name a start", "new", "new that are true", "unseen found", "CPU s"),
    ]
    digits = (0, 2, 2, 3, 3, 3, 3, 3, 2)
    table(heads, columns, digits)
    paired("held-out NLL", columns, 2, "Born machine")
    paired("TV from all", columns, 3, "Born machine")
    assert first is not None
    return first, code.named


def frequencies(words: np.ndarray) -> np.ndarray:
    return np.bincount(words, minlength=2**QUBITS) / len(words)


def use(
    title: str,
    base: MotifGenerator,
    own: OwnMolecules,
    library: Sequence[tuple[str, float]],
    seeds: range,
) -> None:
    """Teach by leads from a random part of a library, and score what is proposed."""
    smiles = [s for s, _ in library]
    values = np.array([value for _, value in library])
    score, quality = ridge(smiles, values)
    bound = float(np.quantile(values, 0.9))
    columns: dict[str, list[list[float]]] = {}
    for seed in seeds:
        rng = np.random.default_rng(seed)
        seen = np.sort(rng.choice(len(library), size=min(500, len(library) // 2), replace=False))
        leads = [smiles[i] for i in seen[:LEADS]]  # the library is sorted
        weights = [1.0 - rank / LEADS for rank in range(LEADS)]
        taught = base.finetuned(leads, weights, seed=seed, kl=KL)
        generators: dict[str, MotifGenerator] = {"the network's own roots": taught}
        for name, fits in learners().items():
            if "MMD" not in name:
                generators[name] = StartPrior(
                    taught,
                    fits,
                    own=own,
                    leads=(leads, weights),
                    own_share=KL / (1 + KL),
                    seed=seed,
                )
        for name, one in generators.items():
            sampled = one.sampled(SAMPLES, seed=seed)
            made = [s for s in sampled.molecules if s not in set(leads)]
            predicted = score(made)
            clean = [not alerts(s) for s in made]
            sa = [properties.value("sa-score", Chem.MolFromSmiles(s)) for s in made]
            nameless = one.coded.nameless / SHOTS if isinstance(one, StartPrior) else 0.0
            columns.setdefault(name, []).append(
                [
                    float(predicted.mean()),
                    float((predicted > bound).mean()),
                    float(np.mean(clean)),
                    float(np.mean(sa)),
                    len(made) / sampled.attempts,
                    nameless,
                ]
            )
    print(
        f"\n### Use: {title}\n\n{LEADS} leads of {min(500, len(library) // 2)} molecules, "
        f"{SAMPLES} proposals, {len(seeds)} seeds. Ridge regression on {len(library)} molecules, "
        f"Spearman {quality:.2f} on held-out ones; the best tenth of the library is above "
        f"{bound:.2f}, its mean is {values.mean():.2f}.\n"
    )
    heads = [
        *("mean score", "share in the best tenth", "free of alerts", "SA score"),
        *("new molecules an attempt", "name no start"),
    ]
    table(heads, columns, (3, 3, 3, 2, 3, 3))
    paired("mean score", columns, 0, "Born machine")
    paired("share in the best tenth", columns, 1, "Born machine")


def ridge(
    smiles: Sequence[str], values: np.ndarray
) -> tuple[Callable[[Sequence[str]], np.ndarray], float]:
    """A regression on count fingerprints within the library's range, and its held-out rank."""
    counting = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=1024)

    def features(molecules: Sequence[str]) -> np.ndarray:
        rows = [counting.GetCountFingerprintAsNumPy(Chem.MolFromSmiles(s)) for s in molecules]
        return np.log1p(np.array(rows, dtype=np.float64).reshape(-1, 1024))

    def fitted(rows: np.ndarray, wanted: np.ndarray) -> np.ndarray:
        gram = rows.T @ rows + 10.0 * np.eye(rows.shape[1])
        return np.asarray(np.linalg.solve(gram, rows.T @ (wanted - wanted.mean())))

    whole = features(smiles)
    order = np.random.default_rng(0).permutation(len(smiles))
    test, train = order[: len(order) // 5], order[len(order) // 5 :]
    centre = whole.mean(axis=0)
    tried = (whole[test] - centre) @ fitted(whole[train] - centre, values[train])
    quality = float(stats.spearmanr(tried, values[test]).statistic)
    weights = fitted(whole - centre, values)

    def score(molecules: Sequence[str]) -> np.ndarray:
        found = (features(molecules) - centre) @ weights + values.mean()
        return np.clip(found, values.min(), values.max())

    return score, quality


def cost(machine: BornMachine, named: np.ndarray) -> None:
    """What the circuit takes on backends, and how far noise takes its samples."""
    from simulation.errors import SimulationError
    from simulation.quantum import backends, bitstrings, hardwareefficient

    ideal = machine.probabilities()
    made = hardwareefficient.circuit(*machine.ansatz.split(machine.angles))
    print(
        f"\n### Cost: {machine.ansatz.qubits} qubits, {machine.ansatz.layers} layers, "
        f"{machine.parameters} angles, {SHOTS} shots\n"
    )
    print("| backend | two-qubit gates | depth | TV from the ideal | name a start | CPU s |")
    print("|---|---|---|---|---|---|")
    print(f"| the ideal circuit | | | 0 | {ideal[named].sum():.3f} | |")
    for name in BACKENDS:
        begun = time.process_time()
        try:
            measured = bitstrings.measure(
                made, backends.find(name), shots=SHOTS, seed=1, form="", queue_limit_s=0
            )
        except SimulationError as error:
            print(f"| {name} | {error.message} | | | | |")
            continue
        seconds = time.process_time() - begun
        off = total_variation(frequencies(measured.words), ideal)
        found = measured.record.compiled
        cells = (
            str(found.two_qubit_gates),
            str(found.depth),
            f"{off:.3f}",
            f"{named[measured.words].mean():.3f}",
            f"{seconds:.1f}",
        )
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


def one_round(base: MotifGenerator, docked: Sequence[tuple[str, float]]) -> None:
    """CPU seconds of a campaign's round, and of what a process does once."""
    own = OwnMolecules(base)
    spent: dict[str, float] = {}

    def timed(what: str, work: Callable[[], object]) -> None:
        begun = time.process_time()
        work()
        spent[what] = time.process_time() - begun

    leads, weights = [smiles for smiles, _ in docked[:LEADS]], [1.0] * LEADS
    timed("own molecules, once", lambda: own.lesson)
    prior = StartPrior(base, learner("qcbm"), own=own)
    timed("classes of the actions, once", lambda: prior.coded.action_class)
    timed("teaching the network", lambda: base.finetuned(leads, weights, seed=1))
    taught = StartPrior(
        base, learner("qcbm"), own=own, leads=(leads, weights), own_share=KL / (1 + KL), seed=1
    )
    timed("teaching the starts, and sampling", lambda: taught.coded.measured)
    alone = sum(len(kind.roots) == 1 for kind in taught.coded.code.cores)
    print(f"\n### A round\n\n{alone} cores with a number of their own\n")
    print("| | CPU s |\n|---|---|")
    for what, seconds in spent.items():
        print(f"| {what} | {seconds:.1f} |")


def table(
    heads: Sequence[str], columns: dict[str, list[list[float]]], digits: Sequence[int]
) -> None:
    """One line a model: mean and standard deviation over the seeds."""
    print(f"| | {' | '.join(heads)} |")
    print("|---" * (len(heads) + 1) + "|")
    for name, rows in columns.items():
        values = np.array(rows)
        spread = values.std(axis=0, ddof=1) if len(rows) > 1 else np.zeros(values.shape[1])
        cells = [
            f"{mean:.{d}f} ± {off:.{d}f}" if off else f"{mean:.{d}f}"
            for mean, off, d in zip(values.mean(axis=0), spread, digits, strict=True)
        ]
        print(f"| {name} | {' | '.join(cells)} |")


def paired(head: str, columns: dict[str, list[list[float]]], place: int, one: str) -> None:
    """The differences of one model from each other, seed by seed."""
    own = np.array(columns[one])[:, place]
    print(f"\n{head}, {one} minus:")
    for name, rows in columns.items():
        if name != one:
            off = own - np.array(rows)[:, place]
            chance = float(stats.ttest_1samp(off, 0.0).pvalue) if off.std() else float("nan")
            print(
                f"- {name}: {off.mean():+.3f} ± {off.std(ddof=1):.3f} "
                f"({int((off > 0).sum())} of {len(off)} seeds above; t-test p {chance:.3f})"
            )


if __name__ == "__main__":
    main()
