"""Motif trees in the order they grow, and as batches for the policy.

A tree grows depth first. Its open attachments lie on a stack; the top is the focus.
An action links a motif to the focus and pushes the motif's other attachments in random
order. A training molecule is therefore read from a random root in random order: any
connected part of a molecule may be what a scaffold gives.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from generative.motifs import MotifTree
from generative.policy import States
from generative.vocabulary import Vocabulary, relabelling


@dataclass
class GrowingTree:
    """A partial tree and the stack of its open attachments."""

    motifs: list[int]
    links: list[tuple[int, int, int, int]]  # node, its label, other node, its label
    stack: list[tuple[int, int]]  # open (node, label); the last is the focus
    mode: int
    heavy_atoms: int

    def copy(self) -> GrowingTree:
        """An independent copy."""
        return GrowingTree(
            self.motifs.copy(), self.links.copy(), self.stack.copy(), self.mode, self.heavy_atoms
        )


@dataclass(frozen=True)
class EncodedTree:
    """A tree by motif number, with each node's bonds."""

    motifs: tuple[int, ...]
    bonds: tuple[tuple[tuple[int, int, int], ...], ...]  # of a node: label, other, its label


@dataclass(frozen=True)
class Traversal:
    """A closed tree in one order of growth; step 0 is the root."""

    motifs: list[int]
    parents: list[int]  # step of the parent; -1 for the root
    parent_labels: list[int]
    labels: list[int]  # the attachment by which the motif is entered; 0 for the root


def encode(tree: MotifTree, vocabulary: Vocabulary) -> EncodedTree:
    """Number the motifs of a tree.

    Raises:
        KeyError: a motif is not in the vocabulary (see ``Vocabulary.extended``).
    """
    bonds: list[list[tuple[int, int, int]]] = [[] for _ in tree.motifs]
    for x in tree.links:
        bonds[x.first].append((x.first_label, x.second, x.second_label))
        bonds[x.second].append((x.second_label, x.first, x.first_label))
    index = vocabulary.index
    return EncodedTree(tuple(index[m] for m in tree.motifs), tuple(tuple(b) for b in bonds))


def traverse(tree: EncodedTree, vocabulary: Vocabulary, rng: np.random.Generator) -> Traversal:
    """Read a tree from a random root, depth first, branches in random order."""
    draws = rng.random(len(tree.motifs) + sum(len(b) for b in tree.bonds)).tolist()
    root = int(draws.pop() * len(tree.motifs))
    steps = Traversal([tree.motifs[root]], [-1], [0], [0])
    stack: list[tuple[int, int, int, int]] = []

    def push(node: int, step: int, entered: int, moved: tuple[int, ...] | None) -> None:
        branches = [
            (draws.pop(), moved[label - 1] if moved else label, other, other_label)
            for label, other, other_label in tree.bonds[node]
            if label != entered
        ]
        branches.sort()
        stack.extend((step, label, other, other_label) for _, label, other, other_label in branches)

    push(root, 0, 0, None)
    while stack:
        parent, parent_label, node, label = stack.pop()
        motif = tree.motifs[node]
        moved = relabelling(vocabulary.motifs[motif], label)
        step = len(steps.motifs)
        steps.motifs.append(motif)
        steps.parents.append(parent)
        steps.parent_labels.append(parent_label)
        steps.labels.append(moved[label - 1] if moved else label)
        push(node, step, label, moved)
    return steps


def some_steps(traversal: Traversal, most: int, rng: np.random.Generator) -> list[int]:
    """All steps of a traversal after the root, or a random choice of ``most`` of them."""
    steps = list(range(1, len(traversal.motifs)))
    if len(steps) <= most:
        return steps
    chosen: list[int] = rng.choice(steps, most, replace=False).tolist()
    return chosen


def forced(
    traversals: Sequence[Traversal],
    chosen: Sequence[Sequence[int]],
    modes: Sequence[int],
    vocabulary: Vocabulary,
) -> tuple[States, Tensor, Tensor]:
    """The states before given steps of known trees, and the action each step takes.

    Args:
        traversals: the trees.
        chosen: for each tree the steps (from 1) to predict.
        modes: for each tree COARSE or FINE.
        vocabulary: that of the policy, extended by any unknown motif of the trees.

    Returns:
        The states; shape (states,) the actions; shape (states,) the tree of each state.
        Steps whose motif no action adds are left out.
    """
    lengths = np.array([len(t.motifs) for t in traversals])
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    motif = np.array([x for t in traversals for x in t.motifs], dtype=np.int64)
    parent = np.array([x for t in traversals for x in t.parents], dtype=np.int64)
    parent_label = np.array([x for t in traversals for x in t.parent_labels], dtype=np.int64)
    label = np.array([x for t in traversals for x in t.labels], dtype=np.int64)
    size = np.diff(vocabulary.starts)[motif]
    at_child = vocabulary.starts[motif] + label - 1
    owner = np.repeat(offsets[:-1], lengths)
    at_parent = vocabulary.starts[motif[np.maximum(owner + parent, 0)]] + parent_label - 1
    heavy_before = np.cumsum(vocabulary.heavy_atoms[motif]) - vocabulary.heavy_atoms[motif]
    ends_before = np.cumsum(size) - size

    index = vocabulary.action_index
    picked = [
        (tree, step, action)
        for tree, steps in enumerate(chosen)
        for step in steps
        if (action := index.get((traversals[tree].motifs[step], traversals[tree].labels[step]), -1))
        >= 0
    ]
    tree_of = np.array([tree for tree, _, _ in picked], dtype=np.int64)
    step_of = np.array([step for _, step, _ in picked], dtype=np.int64)
    actions = np.array([action for _, _, action in picked], dtype=np.int64)

    # Flatten: state s holds the nodes 0 .. step_of[s] - 1 of its tree.
    first = np.concatenate([[0], np.cumsum(step_of)])[: len(step_of)]
    total = int(step_of.sum())
    graph = np.repeat(np.arange(len(step_of)), step_of)
    local = np.arange(total) - np.repeat(first, step_of)
    flat = local + np.repeat(offsets[tree_of], step_of)
    child = np.nonzero(local > 0)[0]
    up = first[graph[child]] + parent[flat[child]]
    filled = np.bincount(np.concatenate([child, up]), minlength=total)
    at = flat[child]
    target_step = offsets[tree_of] + step_of
    start = offsets[tree_of]
    states = States(
        motif=torch.from_numpy(motif[flat]),
        filled=torch.from_numpy(filled.astype(np.int64)),
        graph=torch.from_numpy(graph.astype(np.int64)),
        edges=torch.from_numpy(
            np.stack([np.concatenate([up, child]), np.concatenate([child, up])]).astype(np.int64)
        ),
        source=torch.from_numpy(np.concatenate([at_parent[at], at_child[at]])),
        target=torch.from_numpy(np.concatenate([at_child[at], at_parent[at]])),
        focus_node=torch.from_numpy((first + parent[target_step]).astype(np.int64)),
        focus=torch.from_numpy(at_parent[target_step]),
        heavy_atoms=torch.from_numpy(heavy_before[target_step] - heavy_before[start]),
        open_attachments=torch.from_numpy(
            ends_before[target_step] - ends_before[start] - 2 * (step_of - 1)
        ),
        mode=torch.from_numpy(np.array(modes, dtype=np.int64)[tree_of]),
    )
    return states, torch.from_numpy(actions), torch.from_numpy(tree_of)


def pack(trees: Sequence[GrowingTree], vocabulary: Vocabulary) -> States:
    """The states of growing trees, each focused on the top of its stack."""
    starts = vocabulary.starts
    sizes = np.array([len(tree.motifs) for tree in trees])
    base = np.concatenate([[0], np.cumsum(sizes)])
    motif = np.array([x for tree in trees for x in tree.motifs], dtype=np.int64)
    links = np.array([x for tree in trees for x in tree.links], dtype=np.int64).reshape(-1, 4)
    shift = np.repeat(base[:-1], [len(tree.links) for tree in trees])
    first, second = links[:, 0] + shift, links[:, 2] + shift
    at_first = starts[motif[first]] + links[:, 1] - 1
    at_second = starts[motif[second]] + links[:, 3] - 1
    focus = np.array([tree.stack[-1] for tree in trees], dtype=np.int64).reshape(-1, 2)
    focus_node = base[:-1] + focus[:, 0]
    return States(
        motif=torch.from_numpy(motif),
        filled=torch.from_numpy(
            np.bincount(np.concatenate([first, second]), minlength=len(motif)).astype(np.int64)
        ),
        graph=torch.from_numpy(np.repeat(np.arange(len(trees)), sizes)),
        edges=torch.from_numpy(
            np.stack([np.concatenate([first, second]), np.concatenate([second, first])])
        ),
        source=torch.from_numpy(np.concatenate([at_first, at_second])),
        target=torch.from_numpy(np.concatenate([at_second, at_first])),
        focus_node=torch.from_numpy(focus_node),
        focus=torch.from_numpy(starts[motif[focus_node]] + focus[:, 1] - 1),
        heavy_atoms=torch.tensor([tree.heavy_atoms for tree in trees], dtype=torch.int64),
        open_attachments=torch.tensor([len(tree.stack) for tree in trees], dtype=torch.int64),
        mode=torch.tensor([tree.mode for tree in trees], dtype=torch.int64),
    )
