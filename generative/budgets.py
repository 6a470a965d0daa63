"""What a growing molecule may still take up: properties that add up over its motifs.

A molecule's heavy atoms, weight, rings and donors are the sums of its motifs'. Whatever
an open attachment will be closed by takes at least the least that any motif of its bond
order takes, with all that must hang on that. So an action is impossible where the sum
would pass an upper end, and one that closes the tree where it would stay below a lower
end; no molecule within the range is ever forbidden.

Acceptors do not quite add up (an amine is one, an amide nitrogen is not, and which it is
may depend on the neighbouring motif): only those that no neighbour can take away count,
and a lower end is left to the check of the finished molecule. So are properties that do
not add up.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from rdkit import Chem

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
    values: np.ndarray  # shape: (motifs,), float64, at least what the motif adds
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
    for name, (measure, exact) in _MEASURES.items():
        low, high = _ends(limits.ranges, name)
        if not exact:
            low = -math.inf
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
    return max((len(ring) for ring in motifs.parse(motif).GetRingInfo().AtomRings()), default=0)


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


@lru_cache(maxsize=1 << 17)
def lasting_acceptors(motif: str) -> float:
    """Hydrogen-bond acceptors that remain whatever is bound to the motif's attachments.

    Nitrogen, and oxygen or sulphur with hydrogen, are none beside a carbonyl or the like:
    those within two bonds of an attachment are left out.
    """
    mol = motifs.parse(motif)
    near = {
        neighbour.GetIdx()
        for dummy in mol.GetAtoms()
        if dummy.GetAtomicNum() == 0
        for first in dummy.GetNeighbors()
        for neighbour in (first, *first.GetNeighbors())
    }
    found = 0
    for (index,) in mol.GetSubstructMatches(_ACCEPTOR):
        atom = mol.GetAtomWithIdx(index)
        sure = atom.GetIsAromatic() or (atom.GetAtomicNum() != 7 and not atom.GetTotalNumHs())
        found += sure or index not in near
    return float(found)


# The definition of properties.value("hba"), RDKit's Lipinski.NumHAcceptors.
_ACCEPTOR = Chem.MolFromSmarts(
    "[$([O,S;H1;v2]-[!$(*=[O,N,P,S])]),$([O,S;H0;v2]),$([O,S;-]),"
    "$([N;v3;!$(N-*=!@[O,N,P,S])]),$([nH0,o,s;+0])]"
)
# Of each property: what a motif adds, and whether the sum is the molecule's very value.
_MEASURES: Mapping[str, tuple[Callable[[str], float], bool]] = {
    "molecular-weight": (_additive("molecular-weight"), True),
    "rings": (_additive("rings"), True),
    "aromatic-rings": (_additive("aromatic-rings"), True),
    "hbd": (_additive("hbd"), True),
    "hba": (lasting_acceptors, False),
}
