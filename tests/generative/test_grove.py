from __future__ import annotations

import dataclasses

import numpy as np
import torch

from generative import growth, scaffold
from generative.grove import Grove
from generative.growth import GrowingTree
from generative.policy import CANONICAL, COARSE
from generative.sampling import MotifGenerator
from generative.streams import Streams

SCAFFOLDS = ["C=CC(=O)N([*])[*]", "C=CC(=O)N[*]", "[*]c1ccc2[nH]c([*])nc2c1"]


def seedlings(generator: MotifGenerator) -> tuple[list[GrowingTree], Grove]:
    words = generator.prior.vocabulary
    forms = [scaffold.read(text, 0).forms[0] for text in SCAFFOLDS]
    unknown = {m for form in forms for m in words.refined(form, fine=False).tree.motifs}
    unknown |= {m for form in forms for m in words.refined(form, fine=True).tree.motifs}
    words = words.extended(unknown)
    trees = [scaffold.seedling(form, words) for form in forms]
    return trees, Grove.of(trees, words)


def test_trees_survive_as_arrays(tiny: MotifGenerator) -> None:
    trees, grove = seedlings(tiny)
    assert grove.trees() == trees
    assert grove.taken(np.array([2, 0, 0])).trees() == [trees[2], trees[0], trees[0]]


def test_states_are_those_of_single_trees(tiny: MotifGenerator) -> None:
    trees, grove = seedlings(tiny)
    expected = growth.pack([trees[2], trees[1]], grove.vocabulary)
    found = grove.states(np.array([2, 1]))
    for field in dataclasses.fields(expected):
        left, right = getattr(expected, field.name), getattr(found, field.name)
        assert torch.equal(left, right), field.name
        assert left.dtype == right.dtype, field.name


def test_grown_trees_have_the_states_of_single_trees(tiny: MotifGenerator) -> None:
    words = tiny.prior.vocabulary
    rng = np.random.default_rng(3)
    branched = np.nonzero(np.diff(words.starts) >= 2)[0][:40]
    grove = Grove.planted(branched, COARSE, rng.random((len(branched), 12)), words)
    entering = [
        (motif, label)
        for motif, label in words.actions.tolist()
        if words.orders[words.starts[motif] + label - 1] == 1
    ]
    for _ in range(4):
        rows = np.nonzero(grove.depth)[0]
        chosen = np.array([entering[i] for i in rng.integers(len(entering), size=len(rows))])
        grove.add(rows, chosen[:, 0], chosen[:, 1], rng.random((len(rows), 12)))
        for tree in grove.trees():
            used = {(a, x) for a, x, _, _ in tree.links} | {(b, y) for _, _, b, y in tree.links}
            every = {
                (node, label)
                for node, motif in enumerate(tree.motifs)
                for label in range(1, words.attachments(motif) + 1)
            }
            assert set(tree.stack) == every - used
            assert len(tree.stack) == len(every - used)
            assert tree.heavy_atoms == words.heavy_atoms[tree.motifs].sum()
    rows = np.nonzero(grove.depth)[0]
    assert len(rows) > 10
    expected = growth.pack([grove.trees()[row] for row in rows], words)
    found = grove.states(rows)
    for field in dataclasses.fields(expected):
        assert torch.equal(getattr(expected, field.name), getattr(found, field.name)), field.name


def test_canonical_growth_puts_the_lowest_label_on_top(tiny: MotifGenerator) -> None:
    words = tiny.prior.vocabulary
    root = int(np.argmax(np.diff(words.starts)))
    count = words.attachments(root)
    grove = Grove.planted(np.array([root]), CANONICAL, np.zeros((1, count)), words)
    assert grove.trees()[0].stack == [(0, label) for label in range(count, 0, -1)]


def test_open_attachments_are_shuffled_evenly(tiny: MotifGenerator) -> None:
    words = tiny.prior.vocabulary
    root = int(np.nonzero(np.diff(words.starts) == 3)[0][0])
    draws = np.random.default_rng(0).random((6000, 3))
    grove = Grove.planted(np.full(6000, root), COARSE, draws, words)
    orders = {tuple(label for _, label in tree.stack) for tree in grove.trees()}
    assert len(orders) == 6
    first = np.bincount([tree.stack[-1][1] for tree in grove.trees()], minlength=4)[1:]
    assert abs(first - 2000).max() < 200
    grove.shuffle(np.random.default_rng(1).random((6000, 8)))
    again = np.bincount([tree.stack[-1][1] for tree in grove.trees()], minlength=4)[1:]
    assert abs(again - 2000).max() < 200


def test_an_attempt_has_its_own_random_numbers() -> None:
    streams = Streams(7)
    together = streams.draws(2, np.arange(100), 6)
    assert np.array_equal(streams.draws(2, np.array([40, 17, 99]), 6), together[[40, 17, 99]])
    assert len(np.unique(together)) == together.size
    assert not np.isin(streams.draws(3, np.arange(100), 6), together).any()
    assert not np.isin(Streams(8).draws(2, np.arange(100), 6), together).any()
    assert streams.draws(2, np.array([], dtype=np.int64), 6).shape == (0, 6)
    assert abs(streams.draws(1, np.arange(4000), 8).mean() - 0.5) < 0.01
