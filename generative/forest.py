"""Closed motif trees in the order they grow, many at a time.

A tree grows depth first: its open attachments lie on a stack, the top is in focus, and
a motif that is added pushes its other attachments. So a tree has many orders of growth:

- *canonical*: one order, a function of the molecule alone. The root is the motif that is
  rarest in the training set, and attachments are taken in ascending order of their label;
  where the root occurs twice, or a motif's symmetry leaves a choice, the smallest
  sequence of (motif, label) counts;
- *random*: from any motif, attachments in any order. Any connected part of a molecule is
  a state of one of these, and that is what a scaffold gives.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from generative import growthorder, numbering
from generative.corpus import Corpus
from generative.motifs import Cut, MotifTree, attachment_count
from generative.policy import CANONICAL
from generative.vocabulary import Vocabulary


@dataclass(frozen=True)
class Symmetries:
    """The relabellings that leave each motif as it is (``numbering.symmetry``), as arrays."""

    counts: np.ndarray  # shape: (motifs,), int64, 0 for a motif that no tree holds
    starts: np.ndarray  # shape: (motifs,), int64, where a motif's relabellings begin
    labels: np.ndarray  # shape: (sum of counts x attachments,), int64, new label of each old one


@dataclass(frozen=True)
class Forest:
    """Closed trees, each as its motifs in one order of growth; step 0 is the root."""

    starts: np.ndarray  # shape: (trees + 1,), int64, first step of each tree
    motifs: np.ndarray  # shape: (steps,), int32
    parents: np.ndarray  # shape: (steps,), int16, the step of the parent; -1 for the root
    parent_labels: np.ndarray  # shape: (steps,), int16, attachment of the parent; 0 for the root
    labels: np.ndarray  # shape: (steps,), int16, attachment by which it is entered; 0 for the root
    symmetries: Symmetries

    @staticmethod
    def joined(forests: Sequence[Forest]) -> Forest:
        """The trees of several forests of one vocabulary, one forest after the other."""
        lengths = np.concatenate([part.lengths for part in forests])
        names = ("motifs", "parents", "parent_labels", "labels")
        flat = {name: np.concatenate([getattr(part, name) for part in forests]) for name in names}
        starts = np.concatenate([[0], np.cumsum(lengths)])
        return Forest(starts, **flat, symmetries=forests[0].symmetries)

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def lengths(self) -> np.ndarray:
        """Motifs of each tree. shape: (trees,), int64"""
        return np.diff(self.starts)

    @property
    def roots(self) -> np.ndarray:
        """Motif at the root of each tree. shape: (trees,), int32"""
        return self.motifs[self.starts[:-1]]

    @property
    def steps(self) -> np.ndarray:
        """Number of each step within its tree. shape: (steps,), int64"""
        return np.arange(len(self.motifs)) - np.repeat(self.starts[:-1], self.lengths)


def plant(trees: Corpus, vocabulary: Vocabulary, *, fine: bool) -> Forest:
    """The trees of a corpus in canonical order.

    Args:
        trees: cut coarsely.
        vocabulary: must hold every motif (see ``Vocabulary.extended``).
        fine: cut every acyclic motif into units; otherwise only the unknown ones.

    Raises:
        KeyError: a motif is not in the vocabulary.
    """
    pieces = [_refined(motif, vocabulary, fine) for motif in trees.motifs]
    index = vocabulary.index
    node_ends = np.cumsum([len(p.tree.motifs) for p in pieces])
    link_ends = np.cumsum([len(p.tree.links) for p in pieces])
    open_ends = np.cumsum([len(p.opens) for p in pieces])
    links = [
        (x.first, x.first_label, x.second, x.second_label) for p in pieces for x in p.tree.links
    ]
    symmetries = _symmetries(vocabulary, {m for p in pieces for m in p.tree.motifs})
    starts, numbers, parents, parent_labels, labels = growthorder.planted(
        trees.nodes.astype(np.int64),
        trees.node_starts,
        trees.links.astype(np.int64),
        trees.link_starts,
        np.array([index[m] for p in pieces for m in p.tree.motifs], dtype=np.int64),
        np.concatenate([[0], node_ends]).astype(np.int64),
        np.array(links, dtype=np.int64).reshape(-1, 4),
        np.concatenate([[0], link_ends]).astype(np.int64),
        np.array([x for p in pieces for x in p.opens], dtype=np.int64).reshape(-1, 2),
        np.concatenate([[0], open_ends]).astype(np.int64),
        np.diff(vocabulary.starts),
        symmetries.counts,
        symmetries.starts,
        symmetries.labels,
    )
    return Forest(starts, numbers, parents, parent_labels, labels, symmetries)


def plant_trees(trees: Iterable[MotifTree], vocabulary: Vocabulary, *, fine: bool) -> Forest:
    """The same of single trees; see :func:`plant`."""
    return plant(Corpus.of(trees), vocabulary, fine=fine)


def _refined(motif: str, vocabulary: Vocabulary, fine: bool) -> Cut:
    opens = tuple((0, label) for label in range(1, attachment_count(motif) + 1))
    return vocabulary.refined(Cut(MotifTree((motif,), ()), opens), fine=fine)


def _symmetries(vocabulary: Vocabulary, present: Iterable[str]) -> Symmetries:
    counts = np.zeros(len(vocabulary.motifs), dtype=np.int64)
    starts = np.zeros(len(vocabulary.motifs), dtype=np.int64)
    labels: list[int] = []
    for motif in sorted(present):
        number = vocabulary.index[motif]
        group = numbering.symmetry(motif)
        counts[number], starts[number] = len(group), len(labels)
        labels.extend(label for relabelled in group for label in relabelled)
    return Symmetries(counts, starts, np.array(labels, dtype=np.int64))


def traverse(
    forest: Forest,
    rows: Sequence[int] | np.ndarray,
    modes: Sequence[int] | np.ndarray,
    vocabulary: Vocabulary,
    rng: np.random.Generator,
) -> Forest:
    """Some trees of a forest, each in canonical order if its mode says so, else a random one.

    Args:
        forest: as :func:`plant` gives it.
        rows: the trees, in the order wanted.
        modes: of each of them.
        vocabulary: that of the forest.
        rng: for the random orders.
    """
    rows = np.asarray(rows, dtype=np.int64)
    lengths = forest.lengths[rows]
    total = int(lengths.sum())
    numbers, parents, parent_labels, labels = growthorder.traversed(
        rows,
        np.asarray(modes, dtype=np.int64) == CANONICAL,
        rng.random(total),
        forest.starts,
        forest.motifs,
        forest.parents,
        forest.parent_labels,
        forest.labels,
        np.diff(vocabulary.starts),
        forest.symmetries.counts,
        forest.symmetries.starts,
        forest.symmetries.labels,
        total,
    )
    starts = np.concatenate([[0], np.cumsum(lengths)])
    return Forest(starts, numbers, parents, parent_labels, labels, forest.symmetries)


def some_steps(forest: Forest, most: int, rng: np.random.Generator) -> np.ndarray:
    """Of each tree all steps after the root, or ``most`` of them at random.

    Returns:
        shape (steps,), bool.
    """
    draws = rng.random(len(forest.motifs))
    draws[forest.starts[:-1]] = 2.0  # the root comes last: it is never chosen
    tree = np.repeat(np.arange(len(forest)), forest.lengths)
    rank = np.empty(len(draws), dtype=np.int64)
    rank[np.lexsort((draws, tree))] = forest.steps
    return (rank < most) & (forest.parents >= 0)
