from __future__ import annotations

import itertools
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rdkit import Chem

from generative import assembly, motifs
from generative.motifs import Link, MotifTree

# Stereocentres whose neighbours come in another order as text, and geometries at a link.
NAMED = [
    "C=CC(=O)N1CCC[C@@H](n2nc(-c3ccc(Oc4ccccc4)cc3)c3c(N)ncnc32)C1",
    "CN(C)C/C=C/C(=O)Nc1cc2c(Nc3ccc(F)c(Cl)c3)ncnc2cc1O[C@H]1CCOC1",
    "CN1CC[C@]23[C@@H]4Oc5c2c(C[C@@H]1[C@@H]3C=C[C@@H]4O)ccc5O",
    "COc1ccc2[nH]c([S@@](=O)Cc3ncc(C)c(OC)c3C)nc2c1",
    "O[C@H]1CC[C@@H](O)CC1",
    "O[C@H]1CC[C@H](O)CC1",
    "C[C@@](F)(c1ccccc1)[C@H](Cl)c1ccncc1",
    r"O=C(/C=C/c1ccccc1)N/N=C/c1ccncc1",
    r"C(=C\c1ccccc1)/c1ccncc1",
    r"C(=C/c1ccccc1)/c1ccncc1",
    "c1ccc(-c2ccccc2)cc1",
    "N#Cc1ccc(C#Cc2ccccc2)cc1",
    "O=[N+]([O-])c1ccc([N+](C)(C)C)cc1",
    "C1CC12CC2",
    "C12C3C4C1C5C2C3C45",
    "ClC1=C2CCC=C2CC1",
    "[2H]C([2H])([2H])c1ccccc1",
]


def by_editing(tree: MotifTree) -> str:
    return motifs.canonical(motifs.assemble(tree))


def shuffled(tree: MotifTree, rng: random.Random) -> MotifTree:
    """The same tree, its motifs, its links and the two ends of every link in another order."""
    order = list(range(len(tree.motifs)))
    rng.shuffle(order)
    place = {old: new for new, old in enumerate(order)}
    links = []
    for x in tree.links:
        ends = [(place[x.first], x.first_label), (place[x.second], x.second_label)]
        rng.shuffle(ends)
        links.append(Link(*ends[0], *ends[1]))
    rng.shuffle(links)
    return MotifTree(tuple(tree.motifs[old] for old in order), tuple(links))


@pytest.mark.parametrize("smiles", NAMED)
@pytest.mark.parametrize("keep_units", [True, False])
def test_text_gives_the_molecule_in_any_order(smiles: str, keep_units: bool) -> None:
    whole = motifs.cut(motifs.parse(smiles))
    trees = [whole.tree, motifs.refine(whole, lambda motif: keep_units).tree]
    expected = motifs.canonical(motifs.parse(smiles))
    for tree, seed in itertools.product(trees, range(5)):
        assert assembly.smiles(shuffled(tree, random.Random(seed))) == expected


def test_text_equals_editing_on_real_molecules(molecules: list[str]) -> None:
    for smiles in molecules:
        tree = motifs.decompose(motifs.parse(smiles))
        assert assembly.smiles(tree) == by_editing(tree)


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_text_equals_editing_where_motifs_are_exchanged(
    molecules: list[str], data: st.DataObject
) -> None:
    # Motifs of other molecules in the place of a tree's own: what sampling makes.
    chosen = data.draw(st.lists(st.sampled_from(molecules), min_size=4, max_size=8))
    trees = [motifs.decompose(motifs.parse(smiles)) for smiles in chosen]
    others = [motif for tree in trees for motif in tree.motifs]
    rng = random.Random(data.draw(st.integers(0, 2**32)))
    tree = trees[0]
    exchanged = []
    for motif in tree.motifs:
        wanted = motifs.attachment_count(motif)
        same = [
            other
            for other in others
            if motifs.attachment_count(other) == wanted
            and all(b.GetBondTypeAsDouble() == 1 for b in dummy_bonds(other))
        ]
        exchanged.append(rng.choice(same) if same else motif)
    mixed = MotifTree(tuple(exchanged), tree.links)
    try:
        expected = by_editing(mixed)
    except ValueError:
        with pytest.raises(ValueError, match="bond order"):
            assembly.smiles(mixed)
        return
    assert assembly.smiles(mixed) == expected


def dummy_bonds(motif: str) -> list[Chem.Bond]:
    return [a.GetBonds()[0] for a in motifs.parse(motif).GetAtoms() if a.GetAtomicNum() == 0]


def test_every_motif_of_these_can_be_said_as_text(molecules: list[str]) -> None:
    names = {m for s in molecules for m in motifs.decompose(motifs.parse(s)).motifs}
    assert all(assembly.pieces(name) is not None for name in names)


def test_two_geometries_are_left_to_editing() -> None:
    tree = motifs.decompose(motifs.parse(r"C/C=C/c1ccc(/C=C/C)cc1"))
    links = [(x.first, x.first_label, x.second, x.second_label) for x in tree.links]
    assert assembly.joined(tree.motifs, links) is None
    assert assembly.smiles(tree) == by_editing(tree)


@pytest.mark.parametrize(
    ("motif", "text"),
    [
        ("[*:1]c1ccccc1", "c-%101ccccc1"),
        ("C(=O)([*:1])[*:2]", "C-%10-%11(=O)"),
        ("[*:1]=C1CC1", "C=%101CC1"),
        ("[*:1][C@H](F)[*:2]", "[C@H]-%10-%11(F)"),
    ],
)
def test_ring_closures_stand_where_dummies_stood(motif: str, text: str) -> None:
    found = assembly.pieces(motif)
    assert found is not None
    assert found.written(range(10, 10 + len(found.orders))) == text


def test_an_open_or_a_wrong_link_is_refused() -> None:
    with pytest.raises(ValueError, match="is open"):
        assembly.molecule(MotifTree(("C[*:1]",), ()))
    with pytest.raises(ValueError, match="different bond order"):
        assembly.molecule(MotifTree(("C[*:1]", "[*:1]=C1CC1"), (Link(0, 1, 1, 1),)))
