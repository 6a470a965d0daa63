"""Which scored molecules are learned from again, and how strongly: the best, by their rank."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from generative.diversity import Buckets, spread
from generative.proposal import Scored

# The weight of rank r (from 0) among n molecules is 1 / (PRESSURE n + r): Tripp, Daxberger
# and Hernandez-Lobato, NeurIPS 2020.
PRESSURE = 0.1


@dataclass(frozen=True)
class Replay:
    """The best molecules of a run so far, best first."""

    smiles: tuple[str, ...]
    weights: tuple[float, ...]  # sum to one


def rank_weights(n: int) -> np.ndarray:
    """Weights of ``n`` molecules from the best to the worst; they sum to one. shape: (n,)"""
    weights = 1 / (PRESSURE * n + np.arange(n))
    return np.asarray(weights / weights.sum())


def replay(scored: Sequence[Scored], size: int, per_scaffold: int) -> Replay:
    """The best of all scored molecules, whenever they were scored.

    A lowest value of zero or less, as of a molecule that failed, teaches nothing. Equal
    values stand in the order they were scored.

    Args:
        scored: all of a run.
        size: molecules wanted.
        per_scaffold: of one Murcko scaffold, while there are others.
    """
    values: dict[str, float] = {}
    for molecule in scored:
        if np.isfinite(molecule.value):
            values.setdefault(molecule.smiles, molecule.value)
    if not values:
        return Replay((), ())
    lowest = min(values.values())
    if lowest <= 0:
        values = {smiles: value for smiles, value in values.items() if value > lowest}
    ranked = sorted(values, key=lambda smiles: -values[smiles])
    chosen = sorted(spread(ranked, size, Buckets(per_scaffold)), key=lambda smiles: -values[smiles])
    return Replay(tuple(chosen), tuple(rank_weights(len(chosen)).tolist()))
