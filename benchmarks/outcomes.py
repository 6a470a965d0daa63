"""How well failures and costs of calculations are foretold.

    OMP_NUM_THREADS=1 python benchmarks/outcomes.py [--calculations FILE.csv] [--seeds 20]

``--calculations`` has the columns ``smiles``, ``core_seconds`` and ``failed`` (0 or 1). Some
of its rows, drawn at random, are learnt from and the others foretold. The cost is judged by
the typical factor it is wrong by and by the sum over all, the failure by the area under the
ROC curve and by the mean log loss, beside that of the share of failures learnt from. The
second table kills what takes longer than ``--limit`` seconds, a failure no rule decides.
"""

# ruff: noqa: E402 - the environment must be right before numpy is loaded
from __future__ import annotations

import argparse
import csv
import os
import sys
from pathlib import Path

for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")

import numpy as np
from numpy.typing import NDArray

CALCULATIONS = Path(__file__).parent.parent / "tests" / "screening" / "data" / "calculations.csv"
LABELS = (5, 10, 20, 40, 80)


def judged(
    smiles: list[str],
    failed: NDArray[np.bool_],
    seconds: NDArray[np.float64],
    known: int,
    seed: int,
) -> list[float]:
    """Factor of the cost, foretold over true sum, area under ROC, log loss, that of the share."""
    from screening.surrogate.outcome import OutcomeModel

    order = np.random.default_rng(seed).permutation(len(smiles))
    train, test = order[:known], order[known:]
    model = OutcomeModel.fit([smiles[i] for i in train], failed[train], seconds[train])
    outcomes = model.predict([smiles[i] for i in test])
    lost, success = failed[test], outcomes.success
    # a cost foretold is a mean over failure and success; what came is one of the two
    scored = ~lost
    factor = np.exp(
        np.sqrt(np.mean(np.log(outcomes.core_seconds[scored] / seconds[test][scored]) ** 2))
    )
    better = success[scored][:, np.newaxis] > success[lost]
    even = success[scored][:, np.newaxis] == success[lost]
    area = (better + 0.5 * even).mean() if lost.any() and scored.any() else np.nan
    share = (failed[train].sum() + 0.5) / (known + 1)
    return [
        float(factor),
        float(outcomes.core_seconds.sum() / seconds[test].sum()),
        float(area),
        float(-np.log(np.where(lost, 1 - success, success)).mean()),
        float(-np.log(np.where(lost, share, 1 - share)).mean()),
    ]


def table(
    smiles: list[str], failed: NDArray[np.bool_], seconds: NDArray[np.float64], seeds: int
) -> str:
    lines = [
        "| learnt from | cost wrong by a factor | sum foretold / true | ROC area | log loss "
        "| log loss of the share |",
        "|---|---|---|---|---|---|",
    ]
    for known in LABELS:
        if known + 10 > len(smiles):
            continue
        runs = [judged(smiles, failed, seconds, known, seed) for seed in range(seeds)]
        factor, ratio, area, loss, share = np.nanmean(runs, axis=0)
        lines.append(
            f"| {known} | {factor:.2f} | {ratio:.2f} | {area:.3f} | {loss:.3f} | {share:.3f} |"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calculations", type=Path, default=CALCULATIONS)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--limit", type=float, default=5.0, help="s")
    call = parser.parse_args()
    if not call.calculations.is_file():
        sys.exit(f"{call.calculations} is not there; --calculations names the file")
    with call.calculations.open() as file:
        rows = list(csv.DictReader(file))
    smiles = [row["smiles"] for row in rows]
    seconds = np.array([float(row["core_seconds"]) for row in rows])
    failed = np.array([row["failed"] == "1" for row in rows])
    print(f"{len(rows)} calculations, {failed.sum()} failed\n")
    print(table(smiles, failed, seconds, call.seeds))
    scored = np.flatnonzero(~failed)
    killed = seconds[scored] > call.limit
    print(f"\n{len(scored)} that gave a score, killed at {call.limit:g} s: {killed.sum()} fail\n")
    shortened = np.minimum(seconds[scored], call.limit)
    print(table([smiles[i] for i in scored], killed, shortened, call.seeds))


if __name__ == "__main__":
    main()
