"""Error and calibration of every kind of surrogate, as it is and made conformal.

    OMP_NUM_THREADS=1 python benchmarks/surrogates.py [--data FOLDER] [--out figures.csv]
        [--kinds gp,random-forest,d-mpnn] [--labels 100,400] [--seeds 3]

Labels are drawn at random, and so are 1,000 other molecules (what is left, if fewer) that
are predicted. The conformal factor comes from five-fold cross-validation among the labels.
``--data`` holds ``enamine10k_scores.csv.gz`` (docking scores, kcal/mol; examples of the
public repository coleygroup/molpal) and ``covalent_barriers.csv`` (computed barriers,
kcal/mol; the public repository jensengroup/ESNUEL). ``--out`` is written run by run and
read first.
"""

# ruff: noqa: E402 - the environment must be right before numpy is loaded
from __future__ import annotations

import argparse
import csv
import gzip
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from screening.surrogate import Surrogate

SETS = {
    "enamine10k": ("enamine10k_scores.csv.gz", "score"),
    "covalent barriers": ("covalent_barriers.csv", "Delta_G_ts"),
}
TESTED = 1000


@dataclass(frozen=True)
class Figures:
    """One kind on one draw of labels."""

    library: str
    labels: int
    kind: str
    seed: int
    rmse: float  # kcal/mol
    spearman: float
    nlpd: float  # nats
    coverage: float  # of the 95 % interval
    nlpd_conformal: float  # nats
    coverage_conformal: float
    factor: float  # conformal
    error_vs_std: float  # rank correlation
    cpu_seconds: float  # s, of one fit


def measured(
    library: str,
    smiles: list[str],
    values: NDArray[np.float64],
    labels: int,
    kind: str,
    seed: int,
) -> Figures:
    """Fit, predict, judge; then the same with a conformal factor."""
    from screening.surrogate import SurrogateSettings, calibration, create
    from screening.surrogate.conformal import Conformal, held_out

    def new() -> Surrogate:
        return create(SurrogateSettings.model_validate({"kind": kind}))

    order = np.random.default_rng(seed).permutation(len(smiles))
    known, wanted = order[:labels], order[labels : labels + TESTED]
    shown = [smiles[i] for i in known]
    model = new()
    begun = time.process_time()
    model.fit(shown, values[known])
    seconds = time.process_time() - begun
    prediction = model.predict([smiles[i] for i in wanted])
    left = held_out(new, shown, values[known], seed=seed)
    conformal = Conformal.of(left.mean, left.std, values[known])
    raw = calibration(prediction, values[wanted])
    honest = calibration(conformal.corrected(prediction), values[wanted])
    return Figures(
        library,
        labels,
        kind,
        seed,
        raw.rmse,
        raw.spearman,
        raw.nlpd,
        raw.coverage_95,
        honest.nlpd,
        honest.coverage_95,
        conformal.factor,
        raw.error_vs_std,
        seconds,
    )


def read(path: Path, column: str) -> tuple[list[str], NDArray[np.float64]]:
    """Canonical SMILES and values; rows without a value are left out."""
    from rdkit import Chem

    if not path.is_file():
        sys.exit(f"{path} is not there; --data names the folder that holds it")
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as file:
        rows = [row for row in csv.DictReader(file) if row[column]]
    return (
        [Chem.CanonSmiles(row["smiles"]) for row in rows],
        np.array([float(row[column]) for row in rows]),
    )


def kept(path: Path | None) -> Iterator[Figures]:
    if path is None or not path.is_file():
        return
    with path.open() as file:
        for row in csv.DictReader(file):
            yield Figures(
                row["library"],
                int(row["labels"]),
                row["kind"],
                int(row["seed"]),
                *(float(row[field.name]) for field in fields(Figures)[4:]),
            )


def append(path: Path | None, figures: Figures) -> None:
    if path is None:
        return
    fresh = not path.is_file()
    with path.open("a", newline="") as file:
        writer = csv.DictWriter(file, [field.name for field in fields(Figures)])
        if fresh:
            writer.writeheader()
        writer.writerow(asdict(figures))


def table(found: list[Figures]) -> str:
    lines = [
        "| set | labels | surrogate | RMSE | Spearman | NLPD | NLPD conformal | coverage 95 % "
        "| conformal | factor | error/std rank | fit, CPU s |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    groups: dict[tuple[str, int, str], list[Figures]] = {}
    for one in found:
        groups.setdefault((one.library, one.labels, one.kind), []).append(one)
    for (library, labels, kind), runs in groups.items():

        def mean(name: str, runs: list[Figures] = runs) -> float:
            return float(np.mean([getattr(run, name) for run in runs]))

        lines.append(
            f"| {library} | {labels} | {kind} | {mean('rmse'):.3f} | {mean('spearman'):.2f} "
            f"| {mean('nlpd'):.2f} | {mean('nlpd_conformal'):.2f} | {mean('coverage'):.3f} "
            f"| {mean('coverage_conformal'):.3f} | {mean('factor'):.2f} "
            f"| {mean('error_vs_std'):.2f} | {mean('cpu_seconds'):.1f} |"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--out", type=Path)
    parser.add_argument("--kinds", default="gp,random-forest,d-mpnn")
    parser.add_argument("--labels", default="100,400")
    parser.add_argument("--seeds", type=int, default=3)
    call = parser.parse_args()
    done = {(f.library, f.labels, f.kind, f.seed): f for f in kept(call.out)}
    found = []
    for library, (name, column) in SETS.items():
        smiles, values = read(call.data / name, column)
        for labels in (int(text) for text in call.labels.split(",")):
            if labels + 10 > len(smiles):
                print(f"{library}: {len(smiles)} molecules are too few for {labels} labels\n")
                continue
            for kind in call.kinds.split(","):
                for seed in range(call.seeds):
                    figures = done.get((library, labels, kind, seed))
                    if figures is None:
                        figures = measured(library, smiles, values, labels, kind, seed)
                        append(call.out, figures)
                    found.append(figures)
    print(table(found))


if __name__ == "__main__":
    main()
