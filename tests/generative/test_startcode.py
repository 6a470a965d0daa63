"""Classes of motifs, and the words that say where a molecule starts."""

from __future__ import annotations

import numpy as np
import pytest

from generative.motifclasses import CORES, SUBSTITUENTS, action_classes, core, substituent
from generative.sampling import MotifGenerator
from generative.start import Start
from generative.startcode import StartCode, code_book, slots, starts_of


@pytest.mark.parametrize(
    ("motif", "label", "name"),
    [
        ("C[*:1]", 1, "alkyl"),
        ("FC(F)(F)[*:1]", 1, "alkyl"),
        ("C=C[*:1]", 1, "alkyl"),
        ("N#C[*:1]", 1, "carbonyl or cyano"),
        ("O=C(N[*:1])[*:2]", 2, "carbonyl or cyano"),
        ("O=C(N[*:1])[*:2]", 1, "amide nitrogen"),
        ("C=CC(=O)N[*:1]", 1, "amide nitrogen"),
        ("O=S(=O)(N[*:1])[*:2]", 1, "amide nitrogen"),
        ("O=S(=O)(N[*:1])[*:2]", 2, "oxygen or sulfur"),
        ("N[*:1]", 1, "amine or nitro"),
        ("O=[N+]([O-])[*:1]", 1, "amine or nitro"),
        ("O=CC(N[*:1])", 1, "amine or nitro"),
        ("O[*:1]", 1, "oxygen or sulfur"),
        ("Br[*:1]", 1, "halogen"),
        ("c1ccc([*:1])cc1", 1, "aromatic ring"),
        ("C1CN([*:1])CCO1", 1, "aliphatic ring"),
        ("c1ccc2c(c1)CCN2[*:1]", 1, "aliphatic ring"),
        ("c1cc2c(cc1[*:1])CCN2", 1, "aromatic ring"),
    ],
)
def test_what_hangs_at_an_attachment_has_a_chemists_name(motif, label, name) -> None:
    assert SUBSTITUENTS[substituent(motif, label)] == name


@pytest.mark.parametrize(
    ("motif", "name"),
    [
        ("C([*:1])[*:2]", "acyclic group"),
        ("c1ccc([*:1])cc1", "benzene"),
        ("c1csc([*:1])c1", "monocyclic heteroaromatic ring"),
        ("c1ccc2[nH]ccc2c1[*:1]", "fused aromatic ring system"),
        ("c1ccc2c(c1)CCN2[*:1]", "partly aromatic ring system"),
        ("C1CC1[*:1]", "carbocycle"),
        ("C1CN([*:2])CCN1[*:1]", "basic heterocycle"),
        ("C1CN([*:1])CCO1", "basic heterocycle"),
        ("O=C1CCCN1[*:1]", "heterocycle"),
        ("C1CCOC1[*:1]", "heterocycle"),
    ],
)
def test_a_core_has_a_chemists_name(motif, name) -> None:
    assert CORES[core(motif)] == name


@pytest.fixture(scope="module")
def book(tiny: MotifGenerator, molecules: list[str]) -> StartCode:
    vocabulary = tiny.prior.vocabulary
    starts = [start for start in starts_of(molecules, vocabulary) if start is not None]
    return code_book([(start, 1.0) for start in starts], vocabulary, 12)


def test_every_molecule_has_a_word_and_the_word_names_its_start(book, molecules) -> None:
    rng = np.random.default_rng(1)
    single = 0
    starts = [start for start in starts_of(molecules, book.vocabulary) if start is not None]
    assert len(starts) > 0.7 * len(molecules)  # the others are charged; the prior is neutral
    for start in starts:
        word = book.word(start)
        assert book.named[word]
        again = book.start(word, rng)
        assert again is not None
        assert book.word(again) == word
        assert core(book.vocabulary.motifs[again.root]) == core(book.vocabulary.motifs[start.root])
        if len(book.cores[word >> 6].roots) == 1:
            single += 1
            assert again.root == start.root
            assert again.classes[: book.slots] == start.classes[: book.slots]
            assert all(value is None for value in again.classes[book.slots :])
    assert single > 50


def test_every_word_names_a_start_that_has_it_or_none(book) -> None:
    rng = np.random.default_rng(1)
    for word in range(2**book.qubits):
        start = book.start(word, rng)
        assert (start is not None) == book.named[word]
        if start is not None:
            assert len(start.classes) == book.vocabulary.attachments(start.root)
            assert book.word(start) == word
        else:
            assert not book.named[word]
    assert 0.2 < book.named.mean() < 1


def test_a_start_agrees_with_the_molecule(tiny) -> None:
    """4-Chlorobenzanilide, whichever of its motifs is the root."""
    vocabulary = tiny.prior.vocabulary
    (start,) = starts_of(["O=C(Nc1ccc(Cl)cc1)c1ccccc1"], vocabulary)
    assert start is not None
    hanging = sorted(SUBSTITUENTS[value] for value in start.classes if value is not None)
    assert (CORES[core(vocabulary.motifs[start.root])], hanging) in [
        ("benzene", ["carbonyl or cyano"]),
        ("benzene", ["amide nitrogen", "halogen"]),
        ("acyclic group", ["aromatic ring", "aromatic ring"]),
    ]


def test_the_order_of_a_smiles_makes_no_difference(tiny) -> None:
    pair = starts_of(
        ["Cc1ccc(NC(=O)C2CCNCC2)cc1", "N1CCC(C(Nc2ccc(cc2)C)=O)CC1"], tiny.prior.vocabulary
    )
    assert pair[0] == pair[1]


def test_a_root_the_vocabulary_does_not_hold_gives_way_to_one_it_does(tiny) -> None:
    """Cubane is in no training set: the benzene ring it hangs at is the root."""
    vocabulary = tiny.prior.vocabulary
    cubyl = "C12C3C4C1C5C2C3C45"
    (start,) = starts_of([f"{cubyl}c1ccc(C)cc1"], vocabulary)
    assert start is not None
    root = vocabulary.motifs[start.root]
    hanging = sorted(SUBSTITUENTS[value] for value in start.classes if value is not None)
    assert (root, hanging) in [
        ("c1cc([*:2])ccc1[*:1]", ["aliphatic ring", "alkyl"]),
        ("C[*:1]", ["aromatic ring"]),
    ]
    assert starts_of([cubyl], vocabulary) == [None]
    assert starts_of([], vocabulary) == []


def test_the_heaviest_roots_have_a_number_of_their_own(tiny, molecules) -> None:
    vocabulary = tiny.prior.vocabulary
    starts = [s for s in starts_of(molecules, vocabulary) if s is not None]
    rarest = min(starts, key=lambda s: vocabulary.counts[s.root])
    heavy = code_book([(s, 1e3 if s == rarest else 1.0) for s in starts], vocabulary, 8)
    assert (rarest.root,) in [kind.roots for kind in heavy.cores]
    assert len(heavy.cores) <= 2**5
    for kind in heavy.cores:
        assert sum(kind.shares) == pytest.approx(1)
        assert len({core(vocabulary.motifs[root]) for root in kind.roots}) == 1
    number = next(i for i, kind in enumerate(heavy.cores) if kind.roots == (rarest.root,))
    assert heavy.describe(number << 3).startswith(vocabulary.motifs[rarest.root])
    assert "another " in " ".join(kind.name for kind in heavy.cores)


def test_a_start_of_another_set_has_no_word(book) -> None:
    used = {root for kind in book.cores for root in kind.roots}
    other = next(root for root in range(len(book.vocabulary.motifs)) if root not in used)
    assert book.word(Start(other, (None,) * book.vocabulary.attachments(other))) is None
    assert book.describe(2**12 - 1) == "no start" or book.named[2**12 - 1]


def test_actions_are_classed_by_what_they_enter(tiny) -> None:
    vocabulary = tiny.prior.vocabulary
    classes = action_classes(vocabulary)
    assert classes.shape == (len(vocabulary.actions),)
    methyl = vocabulary.action_index[vocabulary.index["C[*:1]"], 1]
    assert SUBSTITUENTS[classes[methyl]] == "alkyl"
    assert set(classes.tolist()) == set(range(len(SUBSTITUENTS)))


def test_the_fields_of_a_word() -> None:
    assert [slots(qubits) for qubits in range(8, 17)] == [1, 1, 1, 1, 2, 2, 2, 3, 3]
    for wrong in (7, 17):
        with pytest.raises(ValueError, match="use 8 to 16"):
            slots(wrong)
    with pytest.raises(ValueError, match="at least one molecule"):
        code_book([], None, 12)
