"""Growing trees as arrays, many at a time.

All trees of a grove grow by one motif a step. A row is a tree; its open attachments are a
stack whose top is the focus, as in ``growth.GrowingTree``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from generative.growth import GrowingTree
from generative.policy import CANONICAL, States
from generative.vocabulary import Vocabulary

FREE = -1  # class of an attachment where any class may grow


@dataclass
class Grove:
    """Partial trees; the arrays are as wide as the largest tree needs."""

    vocabulary: Vocabulary
    motifs: np.ndarray  # shape: (trees, nodes), int64
    sizes: np.ndarray  # shape: (trees,), int64, nodes
    links: np.ndarray  # shape: (trees, nodes, 4), int64, node, its label, other, its label
    bound: np.ndarray  # shape: (trees,), int64, links
    stack: np.ndarray  # shape: (trees, open, 3), int64, node, label, class that may grow there
    depth: np.ndarray  # shape: (trees,), int64, open attachments
    mode: np.ndarray  # shape: (trees,), int64

    @staticmethod
    def of(trees: Sequence[GrowingTree], vocabulary: Vocabulary) -> Grove:
        """The same trees as arrays."""
        nodes = max((len(t.motifs) for t in trees), default=1)
        links = max((len(t.links) for t in trees), default=0)
        deep = max((len(t.stack) for t in trees), default=0)
        grove = Grove(
            vocabulary,
            np.zeros((len(trees), nodes), dtype=np.int64),
            np.array([len(t.motifs) for t in trees], dtype=np.int64),
            np.zeros((len(trees), links, 4), dtype=np.int64),
            np.array([len(t.links) for t in trees], dtype=np.int64),
            np.full((len(trees), deep, 3), FREE, dtype=np.int64),
            np.array([len(t.stack) for t in trees], dtype=np.int64),
            np.array([t.mode for t in trees], dtype=np.int64),
        )
        for row, tree in enumerate(trees):
            grove.motifs[row, : len(tree.motifs)] = tree.motifs
            if tree.links:
                grove.links[row, : len(tree.links)] = tree.links
            if tree.stack:
                grove.stack[row, : len(tree.stack), :2] = tree.stack
        return grove

    @staticmethod
    def planted(roots: np.ndarray, mode: int, draws: np.ndarray, vocabulary: Vocabulary) -> Grove:
        """Trees of one motif each.

        Args:
            roots: shape (trees,), motif numbers.
            mode: of all trees.
            draws: shape (trees, at least the attachments of any root), uniform on [0, 1).
            vocabulary: of the policy.
        """
        count = len(roots)
        grove = Grove(
            vocabulary,
            np.asarray(roots, dtype=np.int64)[:, None].copy(),
            np.ones(count, dtype=np.int64),
            np.zeros((count, 0, 4), dtype=np.int64),
            np.zeros(count, dtype=np.int64),
            np.full((count, 0, 3), FREE, dtype=np.int64),
            np.zeros(count, dtype=np.int64),
            np.full(count, mode, dtype=np.int64),
        )
        rows = np.arange(count)
        grove._push(rows, np.zeros(count, dtype=np.int64), roots, 0 * rows, draws)
        return grove

    def taken(self, rows: np.ndarray) -> Grove:
        """Independent copies of these trees, in this order."""
        return Grove(
            self.vocabulary,
            self.motifs[rows],
            self.sizes[rows],
            self.links[rows],
            self.bound[rows],
            self.stack[rows],
            self.depth[rows],
            self.mode[rows],
        )

    def shuffle(self, draws: np.ndarray) -> None:
        """Bring the open attachments of every tree into random order.

        Args:
            draws: shape (trees, at least the open attachments), uniform on [0, 1).
        """
        deep = self.stack.shape[1]
        keys = np.where(np.arange(deep) < self.depth[:, None], draws[:, :deep], 2.0)
        order = np.argsort(keys, axis=1, kind="stable")
        self.stack = np.take_along_axis(self.stack, order[:, :, None], axis=1)

    def __len__(self) -> int:
        return len(self.sizes)

    def focus(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Flat attachment in focus, and the class that may grow there. Each (rows,)"""
        node, label, kind = self.stack[rows, self.depth[rows] - 1].T
        return self.vocabulary.starts[self.motifs[rows, node]] + label - 1, kind

    def add(
        self, rows: np.ndarray, motif: np.ndarray, entered: np.ndarray, draws: np.ndarray
    ) -> None:
        """Link a motif to the focus of each of these trees.

        Args:
            rows: shape (rows,), the trees.
            motif: shape (rows,), motif numbers.
            entered: shape (rows,), the label by which each is entered.
            draws: shape (rows, at least the attachments of any motif), uniform on [0, 1).
        """
        self.motifs = _widened(self.motifs, int(self.sizes[rows].max()) + 1)
        self.links = _widened(self.links, int(self.bound[rows].max()) + 1)
        node = self.sizes[rows]
        top = self.stack[rows, self.depth[rows] - 1]
        self.depth[rows] -= 1
        self.links[rows, self.bound[rows]] = np.stack([top[:, 0], top[:, 1], node, entered], axis=1)
        self.bound[rows] += 1
        self.motifs[rows, node] = motif
        self.sizes[rows] += 1
        self._push(rows, node, motif, entered, draws)

    def _push(
        self,
        rows: np.ndarray,
        node: np.ndarray,
        motif: np.ndarray,
        entered: np.ndarray,
        draws: np.ndarray,
    ) -> None:
        """Open the attachments of new nodes: the lowest label on top, or in random order."""
        starts = self.vocabulary.starts
        count = starts[motif + 1] - starts[motif]
        most = int(count.max(initial=0))
        if not most:
            return
        labels = np.arange(1, most + 1)
        canonical = self.mode[rows, None] == CANONICAL
        keys = np.where(canonical, -labels, draws[:, :most])
        absent = (labels > count[:, None]) | (labels == entered[:, None])
        keys[absent] = 2.0
        order = np.argsort(keys, axis=1, kind="stable")
        opened = count - (entered > 0)
        row, place = np.nonzero(np.arange(most) < opened[:, None])
        tree = rows[row]
        self.stack = _widened(self.stack, int((self.depth[rows] + opened).max()), FREE)
        at = self.depth[tree] + place
        self.stack[tree, at, 0] = node[row]
        self.stack[tree, at, 1] = order[row, place] + 1
        self.stack[tree, at, 2] = FREE
        self.depth[rows] += opened

    def states(self, rows: np.ndarray) -> States:
        """The states of these trees, each focused on the top of its stack."""
        starts = self.vocabulary.starts
        sizes, bound, depth = self.sizes[rows], self.bound[rows], self.depth[rows]
        motif = self.motifs[rows][np.arange(self.motifs.shape[1]) < sizes[:, None]]
        links = self.links[rows][np.arange(self.links.shape[1]) < bound[:, None]]
        base = np.cumsum(sizes) - sizes
        shift = np.repeat(base, bound)
        first, second = links[:, 0] + shift, links[:, 2] + shift
        at_first = starts[motif[first]] + links[:, 1] - 1
        at_second = starts[motif[second]] + links[:, 3] - 1
        out, back = np.concatenate([first, second]), np.concatenate([second, first])
        node, label, _ = self.stack[rows, depth - 1].T
        heavy = self.vocabulary.heavy_atoms[motif]
        graph = np.repeat(np.arange(len(rows)), sizes)
        return States(
            motif=torch.from_numpy(motif),
            filled=torch.from_numpy(np.bincount(out, minlength=len(motif))),
            graph=torch.from_numpy(graph),
            edges=torch.from_numpy(np.stack([out, back])),
            source=torch.from_numpy(np.concatenate([at_first, at_second])),
            target=torch.from_numpy(np.concatenate([at_second, at_first])),
            focus_node=torch.from_numpy(base + node),
            focus=torch.from_numpy(starts[motif[base + node]] + label - 1),
            heavy_atoms=torch.from_numpy(np.add.reduceat(heavy, base) if len(base) else heavy),
            open_attachments=torch.from_numpy(depth),
            mode=torch.from_numpy(self.mode[rows]),
        )

    def trees(self) -> list[GrowingTree]:
        """Every tree by itself."""
        heavy = self.vocabulary.heavy_atoms
        found = []
        for row, (size, bound, depth) in enumerate(
            zip(self.sizes.tolist(), self.bound.tolist(), self.depth.tolist(), strict=True)
        ):
            motif = self.motifs[row, :size]
            found.append(
                GrowingTree(
                    motif.tolist(),
                    [(a, x, b, y) for a, x, b, y in self.links[row, :bound].tolist()],
                    [(node, label) for node, label, _ in self.stack[row, :depth].tolist()],
                    int(self.mode[row]),
                    int(heavy[motif].sum()),
                )
            )
        return found


def _widened(array: np.ndarray, width: int, fill: int = 0) -> np.ndarray:
    """The array with at least that many columns; doubled, so that it seldom happens."""
    if array.shape[1] >= width:
        return array
    wide = np.full((array.shape[0], max(width, 2 * array.shape[1]), *array.shape[2:]), fill)
    wide[:, : array.shape[1]] = array
    return wide
