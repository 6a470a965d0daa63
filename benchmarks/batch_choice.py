"""The same batch problems by every solver: one objective value, and the gap to the proven best.

    OMP_NUM_THREADS=1 python benchmarks/batch_choice.py [--library FILE.csv] [--draws 5]

A problem is k molecules of a pool: mean quality less ``diversity`` times mean Tanimoto
similarity over the pairs (Morgan, radius 2, 2,048 bits). The quality is the docking score,
its sign turned, as a share of the pool's range. Pools are drawn from a library of scored
molecules: anywhere, or among its best twentieth and nearest analogues, as a shortlist is.

1. Solvers. Greedy, annealing, exact (branch and bound), QAOA on a simulator, and for
   comparison the k best by quality alone and, in place of QAOA's circuits, as many uniform
   samples of the same parts.
2. Backends. QAOA on simulators and noisy devices; and with a penalty instead of a mixer that
   keeps the number of ones.
3. Limits. How large a problem is proven within the limit of nodes.

The library is a CSV file with the columns smiles and score (lower is better), .gz or not;
by default ../shared/data/enamine10k_scores.csv.gz, the docking scores of 10,449 Enamine
molecules published with MolPAL (Graff et al., Chem. Sci. 12, 7866 (2021);
https://github.com/coleygroup/molpal).
"""

from __future__ import annotations

import argparse
import csv
import gzip
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from screening.batchqubo import BatchProblem, solve
from screening.batchqubo.decomposition import improved
from screening.batchqubo.exact import exact
from screening.batchqubo.quantum import BLOCK, SHOTS, WHOLE, qaoa
from screening.fingerprint import morgan, similarities
from simulation.quantum import backends, fixedweight, sampling
from simulation.quantum.qubo import QUBO, Samples, gathered

LIBRARY = Path("../shared/data/enamine10k_scores.csv.gz")
PROBLEMS = (  # molecules, k, diversity
    (16, 4, 0.5),
    (16, 8, 2.0),
    (60, 4, 0.5),
    (60, 10, 0.5),
    (60, 20, 2.0),
    (200, 4, 0.5),
    (200, 10, 2.0),
    (200, 20, 0.5),
    (200, 20, 2.0),
)
LIMIT = 20_000  # nodes, where limits are tried
NEAR = 0.05  # share of the library that a shortlist is drawn from
QUALITY, GREEDY, ANNEALING = "best by quality", "greedy", "annealing"
UNIFORM, CIRCUITS, BEST = "uniform samples", "QAOA", "exact"
SOLVERS = (QUALITY, GREEDY, ANNEALING, UNIFORM, CIRCUITS, BEST)


@dataclass
class Column:
    """One solver on several draws of a problem."""

    values: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--library", type=Path, default=LIBRARY)
    parser.add_argument("--draws", type=int, default=5)
    parser.add_argument("--parts", default="solvers,backends,limits")
    asked = parser.parse_args()
    if not asked.library.is_file():
        raise SystemExit(
            f"{asked.library} is missing: give a CSV file with smiles and score as --library"
        )
    library = read(asked.library)
    parts = asked.parts.split(",")
    print(f"{len(library)} molecules of {asked.library.name}, {asked.draws} draws of each problem")
    if "solvers" in parts:
        for title, pool in (("Pools from anywhere", anywhere), ("Shortlists", shortlist)):
            solvers(title, library, pool, asked.draws)
    if "backends" in parts:
        on_backends(library, asked.draws)
    if "limits" in parts:
        limits(library, asked.draws)


def read(path: Path) -> list[tuple[str, float]]:
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as file:
        return [(row["smiles"], float(row["score"])) for row in csv.DictReader(file)]


def anywhere(library: Sequence[tuple[str, float]], n: int, seed: int) -> list[int]:
    return np.random.default_rng(seed).choice(len(library), size=n, replace=False).tolist()


def shortlist(library: Sequence[tuple[str, float]], n: int, seed: int) -> list[int]:
    """The nearest analogues of one molecule among the best."""
    order = np.argsort([score for _, score in library], kind="stable")
    best = order[: max(n, int(NEAR * len(library)))]
    prints = [morgan(library[i][0]) for i in best]
    centre = int(np.random.default_rng(seed).integers(len(best)))
    alike = similarities(prints[centre], prints)
    return best[np.argsort(-alike, kind="stable")[:n]].tolist()


def problem(
    library: Sequence[tuple[str, float]], chosen: Sequence[int], k: int, diversity: float
) -> BatchProblem:
    prints = [morgan(library[i][0]) for i in chosen]
    alike = np.array([similarities(p, prints) for p in prints])
    return BatchProblem.scaled([-library[i][1] for i in chosen], alike, k, diversity)


def solvers(
    title: str,
    library: Sequence[tuple[str, float]],
    pool: Callable[[Sequence[tuple[str, float]], int, int], list[int]],
    draws: int,
) -> None:
    print(f"\n## {title}\n")
    print(
        "Mean value over the draws; in brackets how far below the best on average and at "
        "worst, in thousandths, and in how many draws the best was found.\n"
    )
    print(f"| n | k | diversity | similarity | {' | '.join(SOLVERS)} |")
    print("|---" * (len(SOLVERS) + 4) + "|")
    spent: dict[tuple[int, int, float], dict[str, Column]] = {}
    for n, k, diversity in PROBLEMS:
        columns = {name: Column() for name in SOLVERS}
        proven, alike = 0, []
        for draw in range(draws):
            one = problem(library, pool(library, n, draw), k, diversity)
            off = one.similarity[np.triu_indices(n, 1)]
            alike.append(float(off.mean()))
            run(columns[QUALITY], one, lambda p: np.argsort(-p.quality, kind="stable")[: p.k])
            run(columns[GREEDY], one, lambda p: solve(p).indices)
            run(
                columns[ANNEALING],
                one,
                lambda p, s=draw: solve(p, solver="annealing", seed=s).indices,
            )
            run(columns[UNIFORM], one, lambda p, s=draw: by_uniform(p, s))
            run(columns[CIRCUITS], one, lambda p, s=draw: by_circuits(p, s))
            begun = time.process_time()
            found = exact(one, seed=draw)
            columns[BEST].seconds.append(time.process_time() - begun)
            columns[BEST].values.append(one.value(found.indices))
            proven += found.proven
        best = np.array(columns[BEST].values)
        cells = []
        for name in SOLVERS:
            values = np.array(columns[name].values)
            gap = 1000 * (best - values)
            if name == BEST:
                cells.append(f"{values.mean():.4f} (proven {proven} of {draws})")
            else:
                cells.append(
                    f"{values.mean():.4f} ({gap.mean():.1f}, {gap.max():.1f}; "
                    f"{int((gap < 1e-6).sum())} of {draws})"
                )
        spent[n, k, diversity] = columns
        print(
            f"| {n} | {k} | {diversity:g} | {np.mean(alike):.2f} | {' | '.join(cells)} |",
            flush=True,
        )
    print("\nCPU seconds, mean over the draws\n")
    print(f"| n | k | diversity | {' | '.join(SOLVERS[1:])} |")
    print("|---" * (len(SOLVERS) + 2) + "|")
    for (n, k, diversity), columns in spent.items():
        cells = [f"{np.mean(columns[name].seconds):.3g}" for name in SOLVERS[1:]]
        print(f"| {n} | {k} | {diversity:g} | {' | '.join(cells)} |")


def run(column: Column, one: BatchProblem, chosen: Callable[[BatchProblem], Sequence[int]]) -> None:
    begun = time.process_time()
    batch = [int(i) for i in chosen(one)]
    column.seconds.append(time.process_time() - begun)
    column.values.append(one.value(batch))


def random_start(one: BatchProblem, seed: int) -> list[int]:
    return np.random.default_rng(seed).choice(one.n, size=one.k, replace=False).tolist()


def by_circuits(one: BatchProblem, seed: int) -> list[int]:
    """From a batch drawn at random, so that nothing of greedy is in it."""
    start = random_start(one, seed)
    return qaoa(one, backends.find("aer"), seed=seed, start=start).indices


def by_uniform(one: BatchProblem, seed: int) -> list[int]:
    """The same parts, sampled without a circuit."""
    rng = np.random.default_rng(seed)

    def sample(qubo: QUBO, weight: int) -> Samples:
        ranks = rng.random((SHOTS, qubo.variables)).argsort(axis=1)
        return gathered(qubo, (ranks < weight).astype(np.int8))

    start = random_start(one, seed)
    return improved(one, sample, start=start, seed=seed, whole=WHOLE, block=BLOCK)


def on_backends(library: Sequence[tuple[str, float]], draws: int) -> None:
    print("\n## Backends\n")
    print(
        "One circuit a problem, 1,024 samples, two layers; diversity 1. *right size*: share "
        "of the samples that are a batch; *at the best*: share that is the best batch, and in "
        "brackets what uniform samples of the right size have; mean value of the samples of "
        "the right size, and of all batches.\n"
    )
    print(
        "| n | k | circuit | backend | two-qubit gates | depth | right size | at the best | "
        "mean of samples | mean of all | CPU s |\n|---|---|---|---|---|---|---|---|---|---|---|"
    )
    for n, k, names in (
        (5, 2, ("exact", "aer", "fake:manila")),
        (7, 3, ("exact", "aer", "fake:jakarta")),
        (14, 4, ("exact", "aer")),
        (18, 6, ("aer",)),
    ):
        for name in names:
            backend = backends.find(name)
            rows = []
            for draw in range(draws):
                one = problem(library, anywhere(library, n, draw), k, 1.0)
                begun = time.process_time()
                found = fixedweight.qaoa(whole(one), k, backend, seed=draw)
                rows.append(
                    (
                        found.record.compiled.two_qubit_gates,
                        found.record.compiled.depth,
                        *shares(one, found.samples),
                        time.process_time() - begun,
                    )
                )
            line(n, k, "fixed number", name, rows)
        if n > sampling.MOST_QUBITS:
            continue
        rows = []
        for draw in range(draws):
            one = problem(library, anywhere(library, n, draw), k, 1.0)
            begun = time.process_time()
            backend = backends.find("aer")
            samples = sampling.qaoa(
                one.qubo(), backend.sampler(draw), compiler=backend.pass_manager(draw)
            )
            rows.append((0, 0, *shares(one, samples), time.process_time() - begun))
        line(n, k, "penalty", "aer", rows)


def whole(one: BatchProblem) -> QUBO:
    return QUBO(-one.linear, np.triu(-one.pairs, 1))


def shares(one: BatchProblem, samples: Samples) -> tuple[float, float, float, float, float]:
    right = samples.bits.sum(axis=1) == one.k
    counts, energies = samples.counts[right], whole(one).energy(samples.bits[right])
    words = fixedweight.words(one.n, one.k)
    every = whole(one).energy((words[:, np.newaxis] >> np.arange(one.n)) & 1)
    best = counts[energies < every.min() + 1e-9].sum() / SHOTS
    return (
        float(counts.sum() / SHOTS),
        float(best),
        1 / len(words),
        -float(counts @ energies / max(counts.sum(), 1)),
        -float(every.mean()),
    )


def line(n: int, k: int, kind: str, name: str, rows: Sequence[tuple[float, ...]]) -> None:
    gates, depth, right, best, uniform, mean, overall, seconds = np.mean(rows, axis=0)
    size = f"{gates:.0f} | {depth:.0f}" if gates else " | "
    print(
        f"| {n} | {k} | {kind} | {name} | {size} | {right:.3f} | {best:.4f} ({uniform:.4f}) | "
        f"{mean:.3f} | {overall:.3f} | {seconds:.1f} |",
        flush=True,
    )


def limits(library: Sequence[tuple[str, float]], draws: int) -> None:
    print("\n## Limits of the proof\n")
    print("Shortlists; the gap is between the best batch found and the bound.\n")
    print("| n | k | diversity | proven | nodes, most | greatest gap | CPU s, most |")
    print("|---|---|---|---|---|---|---|")
    for n, k, diversity in ((200, 50, 1.0), (500, 20, 1.0), (500, 50, 1.0), (500, 50, 5.0)):
        proven, nodes, gaps, seconds = 0, [], [], []
        for draw in range(draws):
            one = problem(library, shortlist(library, n, draw), k, diversity)
            begun = time.process_time()
            found = exact(one, seed=draw, nodes=LIMIT)
            seconds.append(time.process_time() - begun)
            proven += found.proven
            nodes.append(found.nodes)
            gaps.append(found.bound - one.value(found.indices))
        print(
            f"| {n} | {k} | {diversity:g} | {proven} of {draws} | {max(nodes)} | {max(gaps):.5f} | "
            f"{max(seconds):.1f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
