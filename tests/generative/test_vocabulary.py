from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from generative import corpus, motifs, vocabulary
from generative.motifs import Cut
from generative.vocabulary import Vocabulary, describe, entry


@pytest.fixture(scope="module")
def words(molecules: list[str]) -> Vocabulary:
    trees = corpus.build(molecules, neutralise=True)
    counts = Counter(motif for tree in trees for motif in tree.motifs)
    return vocabulary.build(counts, min_acyclic=3, min_unit=2, min_environment=3)


def test_every_training_molecule_can_be_built_from_it(
    words: Vocabulary, molecules: list[str]
) -> None:
    for smiles in molecules:
        mol = corpus.standard(smiles, neutralise=True)
        for fine in (False, True):
            tree = words.refined(motifs.cut(mol), fine=fine).tree
            assert set(tree.motifs) <= set(words.motifs)
            assert motifs.canonical(motifs.assemble(tree)) == motifs.canonical(mol)
            for x in tree.links:
                for node, label in ((x.first, x.first_label), (x.second, x.second_label)):
                    motif = tree.motifs[node]
                    assert (words.index[motif], entry(motif, label)) in words.action_index


def test_every_ring_system_is_kept_and_rare_groups_are_not(
    words: Vocabulary, molecules: list[str]
) -> None:
    count: Counter[str] = Counter()
    for smiles in molecules:
        tree = motifs.decompose(corpus.standard(smiles, neutralise=True))
        count.update(tree.motifs)
    rings = {motif for motif in count if motifs.has_ring(motif)}
    assert rings <= set(words.motifs)
    rare = {m for m, n in count.items() if n < 3 and not motifs.has_ring(m)} - words.pieces
    assert rare
    assert not rare & set(words.motifs)


def test_actions_are_sorted_and_named_once(words: Vocabulary) -> None:
    assert np.all(np.diff(words.action_counts) <= 0)
    assert np.all(np.diff(words.counts) <= 0)
    for motif, label in words.actions.tolist():
        assert entry(words.motifs[motif], label) == label


def test_closing_costs(words: Vocabulary) -> None:
    assert words.closing_cost[1] == 1  # a methyl
    for order in (1, 2, 3):
        fitting = words.action_costs[words.action_orders == order]
        assert words.closing_cost[order] == (min(fitting) if len(fitting) else 10**6)
    methyl = words.action_index[words.index["C[*:1]"], 1]
    carbonyl = words.action_index[words.index["O=C([*:1])[*:2]"], 1]
    assert words.action_costs[methyl] == 1
    assert words.action_costs[carbonyl] == 3


def test_description_of_a_motif() -> None:
    described = describe("O=C([*:1])N([*:2])C=[*:3]")
    assert described.heavy_atoms == 4
    assert described.orders == (1, 1, 2)
    assert described.environments[0] == "C+0H0|1*,1N,2O"
    numbered = describe("O=C([*:2])N([*:1])C=[*:3]")
    assert numbered.features == described.features


def test_unknown_motifs_are_described_but_cannot_be_chosen(words: Vocabulary) -> None:
    spiro = "C1C([*:1])CC12CC([*:2])C2"
    longer = words.extended([spiro, "C[*:1]"])
    assert longer.motifs == (*words.motifs, spiro)
    assert len(longer.actions) == len(words.actions)
    assert longer.attachments(longer.index[spiro]) == 2
    assert longer.dense_features().shape[0] == len(words.motifs) + 1
    assert longer.dense_features()[-1].any()
    assert np.array_equal(longer.dense_features()[:-1], words.dense_features())
    assert words.extended(["C[*:1]"]) is words


def test_a_molecule_with_unseen_groups_falls_back_to_pieces(words: Vocabulary) -> None:
    mol = motifs.parse("CCCCCCCCCC(=O)NCCCC(CCOC)CCCS(=O)(=O)c1ccccc1")
    tree = words.refined(motifs.cut(mol), fine=False).tree
    assert set(tree.motifs) <= set(words.motifs)
    assert motifs.canonical(motifs.assemble(tree)) == motifs.canonical(mol)
    assert words.refined(Cut(tree, ()), fine=False).tree == tree
