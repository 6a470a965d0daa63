"""The motifs a prior knows, the actions they allow, and how both are described to it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache

import numpy as np
from rdkit import Chem
from rdkit.Chem import rdFingerprintGenerator

from generative import motifs, numbering
from generative.motifs import Cut, MotifTree

FINGERPRINT_BITS = 256
DESCRIPTORS = 6
FEATURES = FINGERPRINT_BITS + DESCRIPTORS
UNKNOWN_ENVIRONMENT = 0
NEVER = 10**6  # heavy atoms no molecule has
ORDERS = tuple(sorted(motifs.BOND_ORDERS.values()))

_FINGERPRINT = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=FINGERPRINT_BITS)


@dataclass(frozen=True)
class Description:
    """What the network is told of a motif's structure, known or not."""

    heavy_atoms: int
    orders: tuple[int, ...]  # bond order of each attachment
    environments: tuple[str, ...]  # atom and first neighbours at each attachment
    features: tuple[tuple[int, int], ...]  # (index, count), sparse


@lru_cache(maxsize=65536)
def describe(motif: str) -> Description:
    """Describe a motif: hashed Morgan counts (radius 2), sizes, and its attachment atoms."""
    mol = motifs.parse(motif)
    ends: dict[int, tuple[int, str]] = {}
    for atom in mol.GetAtoms():
        if atom.GetAtomicNum() == 0:
            bond = atom.GetBonds()[0]
            ends[atom.GetAtomMapNum()] = (
                motifs.BOND_ORDERS[bond.GetBondType()],
                _environment(bond.GetOtherAtom(atom)),
            )
            atom.SetAtomMapNum(0)
    labels = sorted(ends)
    atoms = [atom for atom in mol.GetAtoms() if atom.GetAtomicNum()]
    counts = _FINGERPRINT.GetCountFingerprint(mol).GetNonzeroElements()
    sizes = (
        len(atoms),
        len(labels),
        mol.GetRingInfo().NumRings(),
        sum(atom.GetIsAromatic() for atom in atoms),
        sum(atom.GetFormalCharge() > 0 for atom in atoms),
        sum(atom.GetFormalCharge() < 0 for atom in atoms),
    )
    features = [(index, min(count, 255)) for index, count in sorted(counts.items())]
    features += [(FINGERPRINT_BITS + i, min(n, 255)) for i, n in enumerate(sizes) if n]
    return Description(
        sum(atom.GetAtomicNum() > 1 for atom in atoms),
        tuple(ends[k][0] for k in labels),
        tuple(ends[k][1] for k in labels),
        tuple(features),
    )


def _environment(atom: Chem.Atom) -> str:
    neighbours = sorted(
        f"{motifs.BOND_ORDERS.get(bond.GetBondType(), 'a')}{bond.GetOtherAtom(atom).GetSymbol()}"
        for bond in atom.GetBonds()
    )
    return (
        f"{atom.GetSymbol()}{atom.GetFormalCharge():+d}H{atom.GetTotalNumHs()}"
        f"{'r' if atom.IsInRing() else ''}|{','.join(neighbours)}"
    )


@dataclass(frozen=True)
class Vocabulary:
    """Motifs sorted by how often they occur, and the actions: (motif, its attachment).

    An action adds a motif to the open attachment in focus, entering it by one of its
    attachments. Attachments that the motif's symmetry exchanges are one action, named
    by the lowest label.
    """

    motifs: tuple[str, ...]
    counts: np.ndarray  # shape: (motifs,), int64, nodes of that motif in the training trees
    roots: np.ndarray  # shape: (motifs,), int64, of these in coarse trees: a random root
    heavy_atoms: np.ndarray  # shape: (motifs,), int64
    starts: np.ndarray  # shape: (motifs + 1,), int64, first attachment of each motif
    orders: np.ndarray  # shape: (attachments,), int64, bond order
    environment: np.ndarray  # shape: (attachments,), int64, index into environments
    environments: tuple[str, ...]  # the first, "", is any unknown one
    feature_starts: np.ndarray  # shape: (motifs + 1,), int64
    feature_index: np.ndarray  # shape: (features set,), int64, below FEATURES
    feature_count: np.ndarray  # shape: (features set,), int64
    actions: np.ndarray  # shape: (actions, 2), int64, motif and label, most frequent first
    action_counts: np.ndarray  # shape: (actions,), int64
    # shape: (motifs,), int64, roots of canonical trees, where sampling begins; all 0 in a
    # prior that was not taught them
    canonical_roots: np.ndarray
    pieces: frozenset[str] = field(default_factory=frozenset)  # units and atoms it may cut to

    @cached_property
    def index(self) -> Mapping[str, int]:
        """Motif -> its place."""
        return {motif: i for i, motif in enumerate(self.motifs)}

    @cached_property
    def action_index(self) -> Mapping[tuple[int, int], int]:
        """(motif, lowest equivalent label) -> the action."""
        return {(int(m), int(k)): i for i, (m, k) in enumerate(self.actions)}

    @cached_property
    def canonical(self) -> bool:
        """Whether the prior was taught canonical growth."""
        return bool(self.canonical_roots.any())

    @cached_property
    def action_at(self) -> np.ndarray:
        """The action that enters a motif by an attachment. shape: (attachments,), int64

        -1 where the label is not the lowest of its equals, or the motif has no action.
        """
        actions = np.full(len(self.orders), -1, dtype=np.int64)
        actions[self.starts[self.actions[:, 0]] + self.actions[:, 1] - 1] = np.arange(
            len(self.actions)
        )
        return actions

    @cached_property
    def action_orders(self) -> np.ndarray:
        """Bond order that each action needs at the focus. shape: (actions,)"""
        return self.orders[self.starts[self.actions[:, 0]] + self.actions[:, 1] - 1]

    @cached_property
    def closing_cost(self) -> np.ndarray:
        """Fewest heavy atoms that close an open attachment, by bond order.

        shape: (4,), int64; NEVER for an order that no motif closes.
        """
        cost = np.full(len(ORDERS) + 1, NEVER, dtype=np.int64)
        while True:
            needed = self._action_costs(cost)
            better = cost.copy()
            for order in ORDERS:
                here = needed[self.action_orders == order]
                better[order] = min(NEVER, here.min()) if len(here) else NEVER
            if np.array_equal(better, cost):
                return cost
            cost = better

    @cached_property
    def action_costs(self) -> np.ndarray:
        """Heavy atoms an action takes at least: its motif and what closes it. (actions,)"""
        return self._action_costs(self.closing_cost)

    def _action_costs(self, closing: np.ndarray) -> np.ndarray:
        summed = np.concatenate([[0], np.cumsum(closing[self.orders])])
        per_motif = self.heavy_atoms + summed[self.starts[1:]] - summed[self.starts[:-1]]
        entered = closing[self.action_orders]
        return per_motif[self.actions[:, 0]] - entered

    def attachments(self, motif: int) -> int:
        """Number of attachments of a motif."""
        return int(self.starts[motif + 1] - self.starts[motif])

    def dense_features(self) -> np.ndarray:
        """log(1 + count) of every structural feature. shape: (motifs, FEATURES), float32"""
        dense = np.zeros((len(self.motifs), FEATURES), dtype=np.float32)
        rows = np.repeat(np.arange(len(self.motifs)), np.diff(self.feature_starts))
        dense[rows, self.feature_index] = np.log1p(self.feature_count)
        return dense

    def refined(self, whole: Cut, *, fine: bool) -> Cut:
        """Cut acyclic motifs that are unknown, or all of them, into known pieces."""
        keep = self.pieces.__contains__ if fine else self.index.__contains__
        return motifs.refine(whole, keep)

    def extended(self, unknown: Iterable[str]) -> Vocabulary:
        """With further motifs at the end, described by structure alone; no new actions."""
        added = sorted({motif for motif in unknown if motif not in self.index})
        if not added:
            return self
        tables = _tables(added, {name: i for i, name in enumerate(self.environments)})
        none = np.zeros(len(added), dtype=np.int64)
        return replace(
            self,
            motifs=self.motifs + tuple(added),
            counts=np.concatenate([self.counts, none]),
            roots=np.concatenate([self.roots, none]),
            canonical_roots=np.concatenate([self.canonical_roots, none]),
            heavy_atoms=np.concatenate([self.heavy_atoms, tables["heavy_atoms"]]),
            starts=_appended(self.starts, tables["starts"]),
            orders=np.concatenate([self.orders, tables["orders"]]),
            environment=np.concatenate([self.environment, tables["environment"]]),
            feature_starts=_appended(self.feature_starts, tables["feature_starts"]),
            feature_index=np.concatenate([self.feature_index, tables["feature_index"]]),
            feature_count=np.concatenate([self.feature_count, tables["feature_count"]]),
        )

    def expanded(self, unknown: Mapping[str, int]) -> Vocabulary:
        """With further motifs and the actions that place them, all of them at the end.

        Args:
            unknown: motif -> how often each of its actions is counted; those that are known
                already are left as they are.
        """
        words = self.extended(unknown)
        added = [
            (place, label)
            for place in range(len(self.motifs), len(words.motifs))
            for label in range(1, words.attachments(place) + 1)
            if entry(words.motifs[place], label) == label
        ]
        if not added:
            return words
        counts = [max(1, unknown[words.motifs[place]]) for place, _ in added]
        return replace(
            words,
            actions=np.concatenate([words.actions, np.array(added, dtype=np.int64)]),
            action_counts=np.concatenate([words.action_counts, np.array(counts, dtype=np.int64)]),
        )


def _appended(starts: np.ndarray, more: np.ndarray) -> np.ndarray:
    return np.concatenate([starts, more[1:] + starts[-1]])


def _tables(names: Sequence[str], environments: Mapping[str, int]) -> dict[str, np.ndarray]:
    described = [describe(name) for name in names]
    ends = [len(d.orders) for d in described]
    features = [len(d.features) for d in described]
    flat = [x for d in described for x in d.features]

    def array(values: Iterable[int]) -> np.ndarray:
        return np.array(list(values), dtype=np.int64)

    return {
        "heavy_atoms": array(d.heavy_atoms for d in described),
        "starts": np.concatenate([[0], np.cumsum(array(ends))]).astype(np.int64),
        "orders": array(x for d in described for x in d.orders),
        "environment": array(
            environments.get(x, UNKNOWN_ENVIRONMENT) for d in described for x in d.environments
        ),
        "feature_starts": np.concatenate([[0], np.cumsum(array(features))]).astype(np.int64),
        "feature_index": array(index for index, _ in flat),
        "feature_count": array(count for _, count in flat),
    }


@lru_cache(maxsize=65536)
def relabelling(motif: str, label: int) -> tuple[int, ...] | None:
    """The symmetry that brings an attachment to its lowest equivalent; None: it is there."""
    best = min(numbering.symmetry(motif), key=lambda p: (p[label - 1], p))
    return None if best[label - 1] == label else best


def entry(motif: str, label: int) -> int:
    """The lowest label that the motif's symmetry exchanges with this one."""
    moved = relabelling(motif, label)
    return label if moved is None else moved[label - 1]


def build(
    coarse: Mapping[str, int], *, min_acyclic: int, min_unit: int, min_environment: int
) -> Vocabulary:
    """The vocabulary of a training set.

    Every ring motif is in it, however rare. An acyclic motif rarer than ``min_acyclic``
    is built from units, and a unit rarer than ``min_unit`` from atoms; all atoms are in it.

    Args:
        coarse: how often each motif occurs in the coarse trees.
        min_acyclic: least number of occurrences of an acyclic motif.
        min_unit: the same of a unit.
        min_environment: least occurrences of an attachment's surroundings to be told apart.
    """
    acyclic = {motif: n for motif, n in coarse.items() if not motifs.has_ring(motif)}
    units: Counter[str] = Counter()
    for motif, n in acyclic.items():
        for unit in motifs.split(motif, "units").tree.motifs:
            units[unit] += n
    pieces = {unit for unit, n in units.items() if n >= min_unit}
    for unit in set(units) - pieces:
        pieces.update(motifs.split(unit, "atoms").tree.motifs)
    frequent = {motif for motif, n in acyclic.items() if n >= min_acyclic} | pieces

    nodes: Counter[str] = Counter()
    roots: Counter[str] = Counter()
    for motif, n in coarse.items():
        opens = tuple((0, label) for label in range(1, motifs.attachment_count(motif) + 1))
        alone = Cut(MotifTree((motif,), ()), opens)
        for piece in motifs.refine(alone, frequent.__contains__).tree.motifs:
            roots[piece] += n
            nodes[piece] += n
        for piece in motifs.refine(alone, pieces.__contains__).tree.motifs:
            nodes[piece] += n
    # In a closed tree every attachment is linked, so that counting motifs is enough.
    actions: Counter[tuple[str, int]] = Counter()
    for motif, n in nodes.items():
        for label in range(1, motifs.attachment_count(motif) + 1):
            actions[motif, entry(motif, label)] += n

    names = tuple(sorted(nodes, key=lambda motif: (-nodes[motif], motif)))
    index = {name: i for i, name in enumerate(names)}
    surroundings: Counter[str] = Counter()
    for name in names:
        for text in describe(name).environments:
            surroundings[text] += nodes[name]
    environments = ("", *sorted(x for x, n in surroundings.items() if n >= min_environment))
    tables = _tables(names, {x: i for i, x in enumerate(environments)})
    ordered = sorted(actions, key=lambda a: (-actions[a], a))
    return Vocabulary(
        motifs=names,
        counts=np.array([nodes[name] for name in names], dtype=np.int64),
        roots=np.array([roots[name] for name in names], dtype=np.int64),
        environments=environments,
        actions=np.array([(index[m], k) for m, k in ordered], dtype=np.int64).reshape(-1, 2),
        action_counts=np.array([actions[a] for a in ordered], dtype=np.int64),
        canonical_roots=np.zeros(len(names), dtype=np.int64),
        pieces=frozenset(pieces),
        **tables,
    )
