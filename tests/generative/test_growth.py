from __future__ import annotations

import numpy as np
import pytest
import torch

from generative import forest, growth, motifs
from generative.forest import Forest
from generative.growth import GrowingTree
from generative.policy import CANONICAL, COARSE, States
from generative.sampling import MotifGenerator


def grown(trees: Forest, row: int, count: int, mode: int, tiny: MotifGenerator) -> GrowingTree:
    """The partial tree before a step, grown as sampling grows it."""
    words = tiny.prior.vocabulary
    tree = GrowingTree([], [], [], mode, 0)
    first = int(trees.starts[row])
    for step in range(count):
        motif, entered = int(trees.motifs[first + step]), int(trees.labels[first + step])
        tree.motifs.append(motif)
        tree.heavy_atoms += int(words.heavy_atoms[motif])
        if step:
            link = (int(trees.parents[first + step]), int(trees.parent_labels[first + step]))
            tree.stack.remove(link)
            tree.links.append((*link, step, entered))
        tree.stack += [(step, k) for k in range(words.attachments(motif), 0, -1) if k != entered]
    focus = (int(trees.parents[first + count]), int(trees.parent_labels[first + count]))
    if mode == CANONICAL:
        assert tree.stack[-1] == focus
    tree.stack.remove(focus)
    tree.stack.append(focus)
    return tree


def log_probabilities(states: States, tiny: MotifGenerator) -> torch.Tensor:
    with torch.no_grad():
        return tiny.prior.policy.main_log_probabilities(states)


@pytest.mark.parametrize("mode", [COARSE, CANONICAL])
def test_training_and_sampling_see_the_same_states(
    mode: int, tiny: MotifGenerator, molecules: list[str]
) -> None:
    words = tiny.prior.vocabulary
    trees = [motifs.decompose(motifs.parse(smiles)) for smiles in molecules[:30]]
    known = forest.plant_trees(
        (tree for tree in trees if words.extended(tree.motifs) is words), words, fine=False
    )
    assert len(known) > 5
    modes = [mode] * len(known)
    steps = forest.traverse(known, range(len(known)), modes, words, np.random.default_rng(5))
    forced, _, owner = growth.forced(steps, np.ones(len(steps.motifs), bool), modes, words)
    partial = [
        grown(steps, row, step, mode, tiny)
        for row, length in enumerate(steps.lengths.tolist())
        for step in range(1, length)
    ]
    packed = growth.pack(partial, words)
    assert len(owner) == len(partial)
    for name in ("motif", "filled", "graph", "heavy_atoms", "open_attachments", "focus_node"):
        assert torch.equal(getattr(forced, name), getattr(packed, name)), name
    assert torch.equal(forced.focus, packed.focus)
    assert torch.allclose(
        log_probabilities(forced, tiny), log_probabilities(packed, tiny), atol=1e-4
    )


def test_a_batch_does_not_change_its_members(tiny: MotifGenerator) -> None:
    words = tiny.prior.vocabulary
    rng = np.random.default_rng(1)
    roots = rng.choice([i for i in range(60) if words.attachments(i)], size=9)
    trees = [GrowingTree([int(r)], [], [(0, 1)], COARSE, int(words.heavy_atoms[r])) for r in roots]
    together = log_probabilities(growth.pack(trees, words), tiny)
    alone = torch.cat([log_probabilities(growth.pack([tree], words), tiny) for tree in trees])
    assert torch.allclose(together, alone, atol=1e-4)


def test_probabilities_of_the_fitting_actions_sum_to_one(tiny: MotifGenerator) -> None:
    words, policy = tiny.prior.vocabulary, tiny.prior.policy
    assert policy.tail > 0
    methyl = words.index["C[*:1]"]
    tree = GrowingTree([methyl], [], [(0, 1)], COARSE, 1)
    states = growth.pack([tree] * len(words.actions), words)
    with torch.no_grad():
        each = policy.log_likelihood(states, torch.arange(len(words.actions))).exp()
    assert float(each.sum()) == pytest.approx(1.0, abs=1e-4)
    assert np.all(each.numpy()[words.action_orders != 1] == 0)


def test_unknown_motifs_are_no_targets(tiny: MotifGenerator) -> None:
    tree = motifs.decompose(motifs.parse("CC1CC2(C1)CC1(CC(C)C1)O2"))
    words = tiny.prior.vocabulary.extended(tree.motifs)
    planted = forest.plant_trees([tree], words, fine=False)
    steps = forest.traverse(planted, [0], [COARSE], words, np.random.default_rng(2))
    _, actions, _ = growth.forced(steps, np.ones(len(steps.motifs), bool), [COARSE], words)
    known = [m < len(tiny.prior.vocabulary.motifs) for m in steps.motifs[1:].tolist()]
    assert len(actions) == sum(known)
    assert len(actions) == (1 if steps.motifs[0] == words.index["C[*:1]"] else 2)
