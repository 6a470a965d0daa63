from __future__ import annotations

import numpy as np
import pytest
from rdkit import Chem

from generative import corpus, forest, motifs, vocabulary
from generative.corpus import Corpus
from generative.forest import Forest
from generative.motifs import Link, MotifTree
from generative.policy import CANONICAL, COARSE, FINE
from generative.vocabulary import Vocabulary


@pytest.fixture(scope="module")
def trees(molecules: list[str]) -> Corpus:
    return corpus.build(molecules, neutralise=True)


@pytest.fixture(scope="module")
def words(trees: Corpus) -> Vocabulary:
    counts = np.bincount(trees.nodes).tolist()
    return vocabulary.build(
        dict(zip(trees.motifs, counts, strict=True)), min_acyclic=3, min_unit=2, min_environment=3
    )


def molecule(steps: Forest, row: int, words: Vocabulary) -> str:
    first, end = int(steps.starts[row]), int(steps.starts[row + 1])
    links = tuple(
        Link(int(steps.parents[k]), int(steps.parent_labels[k]), k - first, int(steps.labels[k]))
        for k in range(first + 1, end)
    )
    tree = MotifTree(tuple(words.motifs[m] for m in steps.motifs[first:end]), links)
    return motifs.canonical(motifs.assemble(tree))


@pytest.mark.parametrize("mode", [COARSE, FINE, CANONICAL])
def test_an_order_of_growth_is_the_molecule(mode: int, trees: Corpus, words: Vocabulary) -> None:
    planted = forest.plant(trees, words, fine=mode == FINE)
    rows = np.arange(len(trees))[::-3]
    steps = forest.traverse(planted, rows, [mode] * len(rows), words, np.random.default_rng(0))
    assert len(steps) == len(rows)
    for number, row in enumerate(rows.tolist()):
        assert molecule(steps, number, words) == motifs.canonical(motifs.assemble(trees[row]))


@pytest.mark.parametrize("mode", [COARSE, CANONICAL])
def test_growth_is_depth_first_and_enters_by_the_lowest_equal_label(
    mode: int, trees: Corpus, words: Vocabulary
) -> None:
    planted = forest.plant(trees, words, fine=False)
    rows = range(60)
    steps = forest.traverse(planted, rows, [mode] * 60, words, np.random.default_rng(1))
    for row in rows:
        stack: list[int] = []
        last: dict[int, int] = {}
        for k in range(int(steps.starts[row]), int(steps.starts[row + 1])):
            motif = int(steps.motifs[k])
            step = k - int(steps.starts[row])
            if step:
                parent, label = int(steps.parents[k]), int(steps.parent_labels[k])
                assert stack.pop() == parent
                if mode == CANONICAL:
                    assert label > last.get(parent, 0)
                    last[parent] = label
                entered = int(steps.labels[k])
                assert vocabulary.entry(words.motifs[motif], entered) == entered
            stack += [step] * (words.attachments(motif) - (step > 0))
        assert not stack


def test_the_canonical_order_does_not_depend_on_the_order_of_the_atoms(
    trees: Corpus, words: Vocabulary
) -> None:
    rng = np.random.default_rng(2)
    chosen = [trees[row] for row in range(100)]
    shuffled = []
    for tree in chosen:
        mol = motifs.assemble(tree)
        order = rng.permutation(mol.GetNumAtoms()).tolist()
        again = motifs.decompose(Chem.RenumberAtoms(mol, order))
        # A motif's text may put a whole molecule, kept as one, in another order.
        shuffled.append(again if tree.links else tree)
    first, second = (forest.plant_trees(x, words, fine=False) for x in (chosen, shuffled))
    for name in ("starts", "motifs", "parents", "parent_labels", "labels"):
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name), err_msg=name)


def test_the_canonical_root_is_the_rarest_motif(trees: Corpus, words: Vocabulary) -> None:
    planted = forest.plant(trees, words, fine=False)
    for row in range(len(planted)):
        nodes = planted.motifs[planted.starts[row] : planted.starts[row + 1]]
        assert nodes[0] == nodes.max()


def test_random_orders_begin_everywhere(trees: Corpus, words: Vocabulary) -> None:
    planted = forest.plant(trees, words, fine=False)
    row = int(np.argmax(planted.lengths))
    n = int(planted.lengths[row])
    many = forest.traverse(
        planted, [row] * 60 * n, [COARSE] * 60 * n, words, np.random.default_rng(3)
    )
    nodes = planted.motifs[planted.starts[row] : planted.starts[row + 1]]
    for motif in np.unique(nodes).tolist():
        share = float((nodes == motif).mean())
        assert float((many.roots == motif).mean()) == pytest.approx(share, abs=0.12)


def test_a_choice_of_steps_leaves_out_the_root_and_takes_no_more_than_asked(
    trees: Corpus, words: Vocabulary
) -> None:
    planted = forest.plant(trees, words, fine=True)
    chosen = forest.some_steps(planted, 4, np.random.default_rng(4))
    assert not chosen[planted.starts[:-1]].any()
    taken = np.add.reduceat(chosen, planted.starts[:-1])
    np.testing.assert_array_equal(taken, np.minimum(planted.lengths - 1, 4))


def test_an_unknown_motif_is_an_error(words: Vocabulary) -> None:
    tree = motifs.decompose(motifs.parse("CC1CC2(C1)CC1(CC(C)C1)O2"))
    with pytest.raises(KeyError):
        forest.plant_trees([tree], words, fine=False)
