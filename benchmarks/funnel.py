"""What a funnel costs in hits: the share of a library's true best that passes each cut.

    molq screen configs/libraries/acrylamides.csv --out DIR --seed 1
    OMP_NUM_THREADS=1 python benchmarks/funnel.py DIR [--top 10] [--samples 20] [--json]

Of a screen without a funnel every molecule has its score, the baselines beside it, and the CPU
time of each step. So every funnel that could have been there can be drawn over it: for each
baseline that can be a stage and each share kept, how many of the ``--top`` best scores pass,
and what the steps before the cut and behind it would have cost together, against those of all
full calculations. The rows of ``predicted`` learn from ``--sample`` scores drawn at random,
repeated ``--samples`` times and averaged; what was drawn is computed, and counts as passed.
Their cost is the share of the molecules that is computed.

    OMP_NUM_THREADS=1 python benchmarks/funnel.py --stream 100000

passes a library made of pieces of real molecules through an exact property and predictions
from 75 scores, and prints the speed of the two stages that the driver computes by itself.
"""

# ruff: noqa: E402 - the environment must be right before numpy is loaded
from __future__ import annotations

import argparse
import csv
import json
import os
import resource
import sys
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")

import numpy as np
from generatedlibrary import rows as generated
from numpy.typing import NDArray
from rdkit import rdBase
from rdkit.Chem import MolFromSmiles, MolToSmiles

from screening.candidate import Candidate
from screening.intake.library import LibraryRow
from screening.store.journal import Journal
from simulation.recipes.recipe import Reach, better_end, find
from simulation.recipes.stage import stages
from simulation.score import Score

rdBase.DisableLog("rdApp.*")
LABELS = Path(__file__).parent.parent / "tests" / "screening" / "data" / "electron_affinity.csv"
SHARES = (0.5, 0.25, 0.1)
GEOMETRY = ("embedding", "geometry")
MEANFIELD = (*GEOMETRY, "meanfield")


@dataclass(frozen=True)
class Row:
    """One stage with one cut."""

    stage: str
    keep: float  # share of the molecules
    survive: float  # of the true top, 0..1
    chance: float  # what a draw at random would keep, 0..1
    cost: float  # of the funnel over that of all full calculations


def main(arguments: list[str] | None = None) -> int:
    """Print the table; 2 where the folder holds no screen with scores."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path, nargs="?", help="folder of a screen without a funnel")
    parser.add_argument("--stream", type=int, help="molecules of the second table")
    parser.add_argument("--recipe", default="warhead-ea")
    parser.add_argument("--top", type=int, default=10, help="molecules that are the true best")
    parser.add_argument("--sample", type=int, default=20, help="scores a surrogate learns from")
    parser.add_argument("--samples", type=int, default=20, help="draws that are averaged")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    if options.stream:
        return stream(options.stream)
    if options.run is None:
        parser.error("give the folder of a screen, or --stream N")
    with Journal.open(options.run, readonly=True) as journal:
        results = list(journal.iterate_results(recipes=[options.recipe]))
    scores = [r.score for r in results if r.score is not None]
    if len(scores) <= options.top:
        print(f"{options.run} has {len(scores)} scores of {options.recipe}", file=sys.stderr)
        return 2
    seconds = float(np.sum([r.cpu_seconds for r in results if r.score is not None]))
    rows = by_baselines(scores, options.recipe, options.top)
    rows += by_predictions(scores, options.recipe, options.top, options.sample, options.samples)
    if options.json:
        record = {"molecules": len(scores), "top": options.top, "core_seconds": seconds}
        print(json.dumps({**record, "rows": [asdict(row) for row in rows]}, indent=2))
        return 0
    print(f"{len(scores)} molecules, {seconds:.0f} core-seconds, the best {options.top}\n")
    print("| stage | keeps | of the best | at random | cost |\n|---|---|---|---|---|")
    for row in rows:
        print(
            f"| {row.stage} | {100 * row.keep:.0f} % | {100 * row.survive:.0f} % "
            f"| {100 * row.chance:.0f} % | {100 * row.cost:.0f} % |"
        )
    return 0


def stream(molecules: int) -> int:
    """Pass a generated library through stages of the driver; prints their speed and memory."""
    from screening.funnel import barrier, predictedstage
    from screening.funnel.funnel import FunnelStage
    from screening.funnel.libraryfunnel import exact
    from screening.surrogate import SurrogateSettings

    with LABELS.open(newline="") as file:
        known = [(row["smiles"], float(row["warhead_ea"])) for row in csv.DictReader(file)]
    labels = predictedstage.Labels(tuple(s for s, _ in known), tuple(v for _, v in known))
    print("| stage | molecules | core-seconds | molecules/s | peak memory grew by |")
    print("|---|---|---|---|---|")
    with TemporaryDirectory() as folder, _library(Path(folder), molecules) as journal:
        stages = (
            FunnelStage(stage="qed", keep=0.5, best="higher"),
            FunnelStage(stage="predicted", keep=0.1),
        )
        values = (
            exact("qed"),
            predictedstage.values(labels, stages[1], SurrogateSettings(), "higher"),
        )
        for number, (stage, value) in enumerate(zip(stages, values, strict=True)):
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            decided = barrier.sift(journal, stage, number, value, end="higher")
            grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
            rate = decided.judged / decided.core_seconds
            print(
                f"| {stage.stage} | {decided.judged} | {decided.core_seconds:.0f} | {rate:.0f} "
                f"| {grown:.0f} MB |"
            )
    return 0


def _library(folder: Path, molecules: int) -> Journal:
    journal = Journal.create(folder / "run", kind="screen", settings={}, environment={})
    numbered = enumerate(
        (smiles for _, smiles in generated(2 * molecules, 0) if MolFromSmiles(smiles)), 1
    )
    # identities do not matter here, and an InChIKey would take longer than the stages
    read = (
        LibraryRow(
            number,
            smiles,
            "",
            Candidate(f"M{number}", MolToSmiles(MolFromSmiles(smiles)), "", "library", number),
            None,
            None,
            (),
        )
        for number, smiles in islice(numbered, molecules)
    )
    while chunk := list(islice(read, 5000)):
        journal.add_library(chunk)
    return journal


def by_baselines(scores: list[Score], recipe: str, top: int) -> list[Row]:
    """A row for each baseline that can be a stage, and each share."""
    best = _best(_values(scores), top, better_end(recipe))
    rows = []
    for step in stages(find(recipe)):
        cheap = np.array([score.baselines[step.name].value for score in scores])
        before = sum(_spent(score, step.reach) for score in scores)
        for keep in SHARES:
            kept = _best(cheap, int(np.ceil(keep * len(scores))), step.better)
            behind = sum(
                _spent(scores[i], "solver") - _spent(scores[i], step.reach) for i in sorted(kept)
            )
            rows.append(
                Row(
                    f"{recipe}/{step.name}",
                    keep,
                    len(kept & best) / top,
                    keep,
                    (before + behind) / sum(_spent(score, "solver") for score in scores),
                )
            )
    return rows


def by_predictions(
    scores: list[Score], recipe: str, top: int, sample: int, samples: int
) -> list[Row]:
    """A row for each share, of surrogates of scores drawn at random."""
    from screening import surrogate

    values, end = _values(scores), better_end(recipe)
    best = _best(values, top, end)
    smiles = [score.smiles for score in scores]
    found: dict[float, list[tuple[float, float]]] = {keep: [] for keep in SHARES}
    for seed in range(samples):
        drawn = np.random.default_rng(seed).permutation(len(scores))[:sample]
        rest = np.setdiff1d(np.arange(len(scores)), drawn)
        model = surrogate.create()
        model.fit([smiles[i] for i in drawn], values[drawn])
        mean = model.predict([smiles[i] for i in rest]).mean
        for keep in SHARES:
            chosen = rest[sorted(_best(mean, int(np.ceil(keep * len(rest))), end))]
            kept = {*drawn.tolist(), *chosen.tolist()}
            found[keep].append((len(kept & best) / top, len(kept) / len(scores)))
    rows = []
    for keep, pairs in found.items():
        survive, computed = (float(x) for x in np.mean(pairs, axis=0))
        rows.append(Row(f"predicted, from {sample}", keep, survive, computed, computed))
    return rows


def _values(scores: list[Score]) -> NDArray[np.float64]:
    return np.array([score.value for score in scores])  # shape: (molecules,)


def _best(values: NDArray[np.float64], n: int, end: str) -> set[int]:
    """Places of the best ``n``."""
    order = np.argsort(-values if end == "higher" else values, kind="stable")
    return set(order[:n].tolist())


def _spent(score: Score, reach: Reach) -> float:
    """CPU seconds of a score's steps as far as a stage goes."""
    timings = score.provenance.timings
    if reach == "solver":
        return float(sum(timings.values()))
    steps = GEOMETRY if reach == "geometry" else MEANFIELD
    return float(sum(timings.get(step, 0.0) for step in steps))


if __name__ == "__main__":
    sys.exit(main())
