"""What a growing molecule may still take up: properties that add up over its motifs.

A molecule's heavy atoms, weight, rings and donors are the sums of its motifs'. Whatever
an open attachment will be closed by takes at least the least that any motif of its bond
order takes, with all that must hang on that. So an action is impossible where the sum
would pass an upper end, and one that closes the tree where it would stay below a lower
end; no molecule within the range is ever forbidden.

What does not add up is left to the check of the finished molecule. Acceptors are of that
kind: an amine is one, an amide nitrogen is not, and which it is the next motif decides.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from generative import motifs, properties
from generative.constraints import Constraints, PropertyRange
from generative.vocabulary import NEVER, ORDERS, Vocabulary

HEAVY_ATOMS = "heavy-atoms"
# Sums of weights are rounded; the check of the finished molecule is exact.
SLACK = 1e-3


@dataclass(frozen=True)
class Budget:
    """One additive property of the motifs and its limits for the molecule."""

    name: str
    values: np.ndarray  # shape: (motifs,), float64, what the motif adds
    closing: np.ndarray  # shape: (orders + 1,), float64, least that closes an attachment
    costs: np.ndarray  # shape: (actions,), float64, least that an action adds in the end
    low: float  # -inf where there is none
    high: float  # inf where there is none

    def least(self, vocabulary: Vocabulary) -> np.ndarray:
        """Least that a molecule with each motif as its root has. shape: (motifs,)"""
        return self.values + _open_ends(self.closing, vocabulary)


def heavy_atoms(vocabulary: Vocabulary, permitted: np.ndarray, limits: Constraints) -> Budget:
    """The budget of heavy atoms without its upper end; see :func:`budgets`."""
    low = _ends(limits.ranges, HEAVY_ATOMS)[0]
    values = vocabulary.heavy_atoms.astype(np.float64)
    return _budget(HEAVY_ATOMS, values, vocabulary, permitted, low, math.inf)


def budgets(
    vocabulary: Vocabulary, permitted: np.ndarray, limits: Constraints
) -> tuple[Budget, ...]:
    """The budgets of all ranges that a property adding up has, but that of heavy atoms.

    Args:
        vocabulary: of the policy.
        permitted: shape (actions,), bool, actions that may be taken at all.
        limits: what is asked for.
    """
    found = []
    for name, measure in _MEASURES.items():
        low, high = _ends(limits.ranges, name)
        if low == -math.inf and high == math.inf:
            continue
        values = np.array([measure(motif) for motif in vocabulary.motifs], dtype=np.float64)
        found.append(_budget(name, values, vocabulary, permitted, low - SLACK, high + SLACK))
    return tuple(found)


def largest(limits: Constraints) -> int | None:
    """Most heavy atoms that the constraints allow; None if they do not say."""
    high = _ends(limits.ranges, HEAVY_ATOMS)[1]
    ends = [limits.max_heavy_atoms, None if high == math.inf else math.floor(high)]
    return min((end for end in ends if end is not None), default=None)


def permitted(vocabulary: Vocabulary, max_ring_size: int | None) -> np.ndarray:
    """Motifs without a ring of more atoms. shape: (motifs,), bool"""
    fits = np.ones(len(vocabulary.motifs), dtype=bool)
    if max_ring_size is not None:
        # No ring has more atoms than its motif: a small one needs no look.
        for motif in np.nonzero(vocabulary.heavy_atoms > max_ring_size)[0].tolist():
            fits[motif] = largest_ring(vocabulary.motifs[motif]) <= max_ring_size
    return fits


@lru_cache(maxsize=1 << 17)
def largest_ring(motif: str) -> int:
    """Atoms of the largest ring (of the smallest set of rings) of a motif; 0 without one."""
    mol = motifs.parse(motif)  # its ring info must not outlive it
    return max((len(ring) for ring in mol.GetRingInfo().AtomRings()), default=0)


def _ends(ranges: Sequence[PropertyRange], name: str) -> tuple[float, float]:
    lows = [r.low for r in ranges if r.name == name and r.low is not None]
    highs = [r.high for r in ranges if r.name == name and r.high is not None]
    return max(lows, default=-math.inf), min(highs, default=math.inf)


def _budget(
    name: str,
    values: np.ndarray,
    vocabulary: Vocabulary,
    permitted: np.ndarray,
    low: float,
    high: float,
) -> Budget:
    closing = np.full(len(ORDERS) + 1, float(NEVER))
    while True:
        costs = _costs(values, closing, vocabulary)
        better = closing.copy()
        for order in ORDERS:
            here = costs[(vocabulary.action_orders == order) & permitted]
            # Only ever less, so that rounding cannot keep it from settling.
            better[order] = min(closing[order], here.min(initial=NEVER))
        if np.array_equal(better, closing):
            return Budget(name, values, closing, costs, low, high)
        closing = better


def _costs(values: np.ndarray, closing: np.ndarray, vocabulary: Vocabulary) -> np.ndarray:
    whole = values + _open_ends(closing, vocabulary)
    entered = closing[vocabulary.action_orders]
    return np.asarray(whole[vocabulary.actions[:, 0]] - entered)


def _open_ends(closing: np.ndarray, vocabulary: Vocabulary) -> np.ndarray:
    """Least that closes all attachments of a motif. shape: (motifs,)"""
    ends = np.zeros((len(vocabulary.motifs), len(closing)))
    owner = np.repeat(np.arange(len(vocabulary.motifs)), np.diff(vocabulary.starts))
    np.add.at(ends, (owner, vocabulary.orders), 1.0)
    return np.asarray(ends @ closing)


def _additive(name: str) -> Callable[[str], float]:
    @lru_cache(maxsize=1 << 17)
    def measured(motif: str) -> float:
        return properties.value(name, motifs.parse(motif))

    return measured


# Of a molecule each of these is the sum over its motifs.
_MEASURES: Mapping[str, Callable[[str], float]] = {
    name: _additive(name) for name in ("molecular-weight", "rings", "aromatic-rings", "hbd")
}
