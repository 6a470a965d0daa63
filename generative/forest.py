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

from generative import numbering
from generative.compilation import compiled
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
        flat = (np.concatenate([getattr(part, name) for part in forests]) for name in names)
        return Forest(np.concatenate([[0], np.cumsum(lengths)]), *flat, forests[0].symmetries)

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
    flat = _plant(
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
    return Forest(*flat, symmetries)


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
    flat = _traverse(
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
    return Forest(np.concatenate([[0], np.cumsum(lengths)]), *flat, forest.symmetries)


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


@compiled
def _plant(  # type: ignore[no-untyped-def]
    nodes,
    node_starts,
    links,
    link_starts,
    piece_motifs,
    piece_starts,
    piece_links,
    piece_link_starts,
    opens,
    open_starts,
    sizes,
    group_counts,
    group_starts,
    group_labels,
):
    trees = len(node_starts) - 1
    starts = np.zeros(trees + 1, np.int64)
    for t in range(trees):
        n = 0
        for i in range(node_starts[t], node_starts[t + 1]):
            n += piece_starts[nodes[i] + 1] - piece_starts[nodes[i]]
        starts[t + 1] = starts[t] + n
    total = starts[trees]
    out_motifs = np.empty(total, np.int32)
    out_parents = np.empty(total, np.int16)
    out_parent_labels = np.empty(total, np.int16)
    out_labels = np.empty(total, np.int16)
    for t in range(trees):
        n = starts[t + 1] - starts[t]
        motif = np.empty(n, np.int64)
        first = np.empty(n + 1, np.int64)  # of each motif of the corpus, its first piece
        k = 0
        for i in range(node_starts[t], node_starts[t + 1]):
            first[i - node_starts[t]] = k
            for j in range(piece_starts[nodes[i]], piece_starts[nodes[i] + 1]):
                motif[k] = piece_motifs[j]
                k += 1
        # The neighbour at each attachment: other node, its label.
        at = np.zeros(n + 1, np.int64)
        for i in range(n):
            at[i + 1] = at[i] + sizes[motif[i]]
        other = np.full((at[n], 2), -1, np.int64)
        for i in range(node_starts[t], node_starts[t + 1]):
            base = first[i - node_starts[t]]
            for j in range(piece_link_starts[nodes[i]], piece_link_starts[nodes[i] + 1]):
                a, la = base + piece_links[j, 0], piece_links[j, 1]
                b, lb = base + piece_links[j, 2], piece_links[j, 3]
                other[at[a] + la - 1, 0], other[at[a] + la - 1, 1] = b, lb
                other[at[b] + lb - 1, 0], other[at[b] + lb - 1, 1] = a, la
        for j in range(link_starts[t], link_starts[t + 1]):
            i0, i1 = links[j, 0], links[j, 2]
            o0 = open_starts[nodes[node_starts[t] + i0]] + links[j, 1] - 1
            o1 = open_starts[nodes[node_starts[t] + i1]] + links[j, 3] - 1
            a, la = first[i0] + opens[o0, 0], opens[o0, 1]
            b, lb = first[i1] + opens[o1, 0], opens[o1, 1]
            other[at[a] + la - 1, 0], other[at[a] + la - 1, 1] = b, lb
            other[at[b] + lb - 1, 0], other[at[b] + lb - 1, 1] = a, la
        rarest = motif.max()
        best = np.empty(0, np.int64)
        best_parent = np.empty(0, np.int64)
        for root in range(n):
            if motif[root] == rarest:
                code, parent = _canonical(
                    root, motif, at, other, group_counts, group_starts, group_labels
                )
                if len(best) == 0 or _less(code, best):
                    best, best_parent = code, parent
        base = starts[t]
        for s in range(n):
            out_motifs[base + s] = best[s] >> 16
            out_labels[base + s] = best[s] & 0xFFFF
            out_parents[base + s] = -1 if s == 0 else best_parent[s] >> 16
            out_parent_labels[base + s] = 0 if s == 0 else best_parent[s] & 0xFFFF
    return starts, out_motifs, out_parents, out_parent_labels, out_labels


@compiled
def _less(a, b):  # type: ignore[no-untyped-def]
    for i in range(min(len(a), len(b))):
        if a[i] != b[i]:
            return a[i] < b[i]
    return len(a) < len(b)


@compiled
def _canonical(root, motif, at, other, group_counts, group_starts, group_labels):  # type: ignore[no-untyped-def]
    """The smallest preorder sequence from a root: motif << 16 | label entered by."""
    n = len(motif)
    order = np.empty(n, np.int64)
    up = np.full(n, -1, np.int64)
    entered = np.zeros(n, np.int64)
    order[0] = root
    count = 1
    for place in range(n):
        v = order[place]
        for label in range(1, at[v + 1] - at[v] + 1):
            w = other[at[v] + label - 1, 0]
            if label != entered[v] and w >= 0:
                order[count] = w
                up[w] = v
                entered[w] = other[at[v] + label - 1, 1]
                count += 1
    code = np.empty((n, n), np.int64)  # of the part of the tree below each node
    parent = np.empty((n, n), np.int64)  # the parent's place in it << 16 | its label
    length = np.zeros(n, np.int64)
    trial = np.empty(n, np.int64)
    trial_parent = np.empty(n, np.int64)
    for place in range(n - 1, -1, -1):
        v = order[place]
        m, size = motif[v], at[v + 1] - at[v]
        lowest = 0
        if entered[v] > 0:
            lowest = entered[v]
            for g in range(group_counts[m]):
                lowest = min(lowest, group_labels[group_starts[m] + g * size + entered[v] - 1])
        found = False
        child_at = np.zeros(size + 1, np.int64)
        for g in range(max(1, group_counts[m])):
            base = group_starts[m] + g * size
            if entered[v] > 0 and group_labels[base + entered[v] - 1] != lowest:
                continue
            for label in range(1, size + 1):
                child_at[group_labels[base + label - 1]] = label
            trial[0] = m << 16 | lowest
            trial_parent[0] = 0
            k = 1
            for new in range(1, size + 1):
                old = child_at[new]
                w = other[at[v] + old - 1, 0]
                if old == entered[v] or w < 0:
                    continue
                for i in range(length[w]):
                    trial[k + i] = code[w, i]
                    trial_parent[k + i] = parent[w, i] + (k << 16)
                trial_parent[k] = new
                k += length[w]
            if not found or _less(trial[:k], code[v, :k]):
                found = True
                length[v] = k
                for i in range(k):
                    code[v, i] = trial[i]
                    parent[v, i] = trial_parent[i]
    return code[root].copy(), parent[root].copy()


@compiled
def _traverse(  # type: ignore[no-untyped-def]
    rows,
    canonical,
    draws,
    starts,
    motifs,
    parents,
    parent_labels,
    labels,
    sizes,
    group_counts,
    group_starts,
    group_labels,
    total,
):
    out_motifs = np.empty(total, np.int32)
    out_parents = np.empty(total, np.int16)
    out_parent_labels = np.empty(total, np.int16)
    out_labels = np.empty(total, np.int16)
    done = 0
    for number in range(len(rows)):
        begin = starts[rows[number]]
        n = starts[rows[number] + 1] - begin
        if canonical[number]:
            for s in range(n):
                out_motifs[done + s] = motifs[begin + s]
                out_parents[done + s] = parents[begin + s]
                out_parent_labels[done + s] = parent_labels[begin + s]
                out_labels[done + s] = labels[begin + s]
            done += n
            continue
        at = np.zeros(n + 1, np.int64)
        for s in range(n):
            at[s + 1] = at[s] + sizes[motifs[begin + s]]
        other = np.full((at[n], 2), -1, np.int64)
        for s in range(1, n):
            p, pl, own = parents[begin + s], parent_labels[begin + s], labels[begin + s]
            other[at[p] + pl - 1, 0], other[at[p] + pl - 1, 1] = s, own
            other[at[s] + own - 1, 0], other[at[s] + own - 1, 1] = p, pl
        draw = done  # one for the root, and one for each link
        root = int(draws[draw] * n)
        draw += 1
        stack = np.empty((n + 1, 4), np.int64)
        stack[0, 0], stack[0, 1], stack[0, 2], stack[0, 3] = -1, 0, root, 0
        top = 1
        step = 0
        while top > 0:
            top -= 1
            p, pl, v, entry = stack[top, 0], stack[top, 1], stack[top, 2], stack[top, 3]
            m = motifs[begin + v]
            size = at[v + 1] - at[v]
            # The first relabelling that brings the entry to its lowest equivalent.
            chosen = 0
            if entry > 0:
                for g in range(1, group_counts[m]):
                    if (
                        group_labels[group_starts[m] + g * size + entry - 1]
                        < group_labels[group_starts[m] + chosen * size + entry - 1]
                    ):
                        chosen = g
            base = group_starts[m] + chosen * size
            out_motifs[done + step] = m
            out_parents[done + step] = p
            out_parent_labels[done + step] = pl
            out_labels[done + step] = group_labels[base + entry - 1] if entry > 0 else 0
            bottom = top
            for label in range(1, size + 1):
                w = other[at[v] + label - 1, 0]
                if label == entry or w < 0:
                    continue
                stack[top, 0], stack[top, 1] = step, group_labels[base + label - 1]
                stack[top, 2], stack[top, 3] = w, other[at[v] + label - 1, 1]
                # Shuffle what this motif pushes (Fisher-Yates, inside out).
                swap = bottom + int(draws[draw] * (top - bottom + 1))
                draw += 1
                for c in range(4):
                    kept = stack[swap, c]
                    stack[swap, c] = stack[top, c]
                    stack[top, c] = kept
                top += 1
            step += 1
        done += n
    return out_motifs, out_parents, out_parent_labels, out_labels
