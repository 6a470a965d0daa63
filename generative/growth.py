"""Partial motif trees as batches for the policy: those of known molecules, and growing ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from generative.forest import Forest
from generative.policy import States
from generative.vocabulary import Vocabulary


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


def forced(
    trees: Forest,
    chosen: np.ndarray,
    modes: Sequence[int] | np.ndarray,
    vocabulary: Vocabulary,
) -> tuple[States, Tensor, Tensor]:
    """The states before given steps of known trees, and the action each step takes.

    Args:
        trees: in the order they grow (``forest.traverse``).
        chosen: shape (steps,), bool, the steps to predict; roots are left out.
        modes: for each tree COARSE, FINE or CANONICAL.
        vocabulary: that of the policy, extended by any unknown motif of the trees.

    Returns:
        The states; shape (states,) the actions; shape (states,) the tree of each state.
        Steps whose motif no action adds are left out.
    """
    offsets = trees.starts[:-1]
    motif = trees.motifs.astype(np.int64)
    parent = trees.parents.astype(np.int64)
    size = np.diff(vocabulary.starts)[motif]
    at_child = vocabulary.starts[motif] + trees.labels - 1
    owner = np.repeat(offsets, trees.lengths)
    at_parent = vocabulary.starts[motif[np.maximum(owner + parent, 0)]] + trees.parent_labels - 1
    heavy = vocabulary.heavy_atoms[motif]
    heavy_before = np.cumsum(heavy) - heavy
    ends_before = np.cumsum(size) - size

    action = np.full(len(motif), -1, dtype=np.int64)
    grown = parent >= 0
    action[grown] = vocabulary.action_at[at_child[grown]]
    target_step = np.nonzero(chosen & (action >= 0))[0]
    tree_of = np.repeat(np.arange(len(trees)), trees.lengths)[target_step]
    start = offsets[tree_of]
    step_of = target_step - start

    # Flatten: state s holds the nodes 0 .. step_of[s] - 1 of its tree.
    first = np.cumsum(step_of) - step_of
    total = int(step_of.sum())
    graph = np.repeat(np.arange(len(step_of)), step_of)
    local = np.arange(total) - first[graph]
    flat = local + start[graph]
    child = np.nonzero(local > 0)[0]
    at = flat[child]
    up = first[graph[child]] + parent[at]
    filled = np.bincount(np.concatenate([child, up]), minlength=total)
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
        mode=torch.from_numpy(np.asarray(modes, dtype=np.int64)[tree_of]),
    )
    return states, torch.from_numpy(action[target_step]), torch.from_numpy(tree_of)


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
