from __future__ import annotations

import numpy as np
import pytest
import torch

from generative import growth, motifs
from generative.growth import GrowingTree, Traversal
from generative.motifs import Link, MotifTree
from generative.policy import COARSE, States
from generative.sampling import MotifGenerator


def grown(steps: Traversal, count: int, tiny: MotifGenerator) -> GrowingTree:
    """The partial tree before a step, grown as sampling grows it."""
    words = tiny.prior.vocabulary
    tree = GrowingTree([], [], [], COARSE, 0)
    for step in range(count):
        motif = steps.motifs[step]
        tree.motifs.append(motif)
        tree.heavy_atoms += int(words.heavy_atoms[motif])
        entered = steps.labels[step]
        if step:
            link = (steps.parents[step], steps.parent_labels[step])
            tree.stack.remove(link)
            tree.links.append((*link, step, entered))
        tree.stack += [(step, k) for k in range(1, words.attachments(motif) + 1) if k != entered]
    focus = (steps.parents[count], steps.parent_labels[count])
    tree.stack.remove(focus)
    tree.stack.append(focus)
    return tree


def log_probabilities(states: States, tiny: MotifGenerator) -> torch.Tensor:
    with torch.no_grad():
        return tiny.prior.policy.main_log_probabilities(states)


def test_training_and_sampling_see_the_same_states(
    tiny: MotifGenerator, molecules: list[str]
) -> None:
    words = tiny.prior.vocabulary
    rng = np.random.default_rng(5)
    traversals = []
    for smiles in molecules[:12]:
        tree = words.refined(motifs.cut(motifs.parse(smiles)), fine=False).tree
        longer = words.extended(tree.motifs)
        if longer is words:
            traversals.append(growth.traverse(growth.encode(tree, words), words, rng))
    assert len(traversals) > 5
    chosen = [range(1, len(t.motifs)) for t in traversals]
    forced, _, owner = growth.forced(traversals, chosen, [COARSE] * len(traversals), words)
    trees = [
        grown(t, step, tiny) for t, steps in zip(traversals, chosen, strict=True) for step in steps
    ]
    packed = growth.pack(trees, words)
    assert len(owner) == len(trees)
    for name in ("motif", "filled", "graph", "heavy_atoms", "open_attachments", "focus_node"):
        assert torch.equal(getattr(forced, name), getattr(packed, name)), name
    assert torch.equal(forced.focus, packed.focus)
    assert torch.allclose(
        log_probabilities(forced, tiny), log_probabilities(packed, tiny), atol=1e-4
    )


def test_a_traversal_is_the_molecule(tiny: MotifGenerator, molecules: list[str]) -> None:
    words = tiny.prior.vocabulary
    rng = np.random.default_rng(0)
    for smiles in molecules[:60]:
        mol = motifs.parse(smiles)
        tree = motifs.decompose(mol)
        longer = words.extended(tree.motifs)
        steps = growth.traverse(growth.encode(tree, longer), longer, rng)
        links = tuple(
            Link(steps.parents[k], steps.parent_labels[k], k, steps.labels[k])
            for k in range(1, len(steps.motifs))
        )
        again = MotifTree(tuple(longer.motifs[m] for m in steps.motifs), links)
        assert motifs.canonical(motifs.assemble(again)) == motifs.canonical(mol)


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
    steps = growth.traverse(growth.encode(tree, words), words, np.random.default_rng(2))
    _, actions, _ = growth.forced([steps], [range(1, len(steps.motifs))], [COARSE], words)
    known = [m < len(tiny.prior.vocabulary.motifs) for m in steps.motifs[1:]]
    assert len(actions) == sum(known)
    assert len(actions) == (1 if steps.motifs[0] == words.index["C[*:1]"] else 2)
