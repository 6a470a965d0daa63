"""The scaffold tree: every molecule once, ring by ring."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rdkit import Chem

from molq.report.scaffoldtree import NO_RING, Member, Scaffold, ScaffoldTree, murcko, scaffold_tree

SMILES = (
    "CC(=O)Oc1ccccc1C(=O)O",  # aspirin
    "C=CC(=O)Nc1ccccc1",
    "Cc1ccc(-c2ccccn2)cc1",
    "c1ccc2[nH]ccc2c1",
    "O=C(Nc1ccccc1)c1ccccc1",
    "CCO",
    "C=CC(=O)N1CCN(c2ccccc2)CC1",
    "C[C@H]1CCCCN1C(=O)C=C",
    "C[C@@H]1CCCCN1C(=O)C=C",
)


def _tree(smiles: tuple[str, ...] = SMILES) -> ScaffoldTree:
    members = [Member(f"K{n}", f"m{n}", text, 1 - n / 100) for n, text in enumerate(smiles)]
    return scaffold_tree(members, worth="utility")


def _nodes(tree: ScaffoldTree) -> list[Scaffold]:
    return [node for root in tree.roots for node in root.walk()]


def test_known_scaffolds() -> None:
    assert murcko("CC(=O)Oc1ccccc1C(=O)O") == "c1ccccc1"
    assert murcko("O=C(Nc1ccccc1)c1ccccc1") == "O=C(Nc1ccccc1)c1ccccc1"
    assert murcko("CCO") == NO_RING
    assert murcko("C[C@H]1CCCCN1C(=O)C=C") == murcko("C[C@@H]1CCCCN1C(=O)C=C") == "C1CCNCC1"
    with pytest.raises(ValueError, match="no valid SMILES"):
        murcko("C((")


def test_two_rings_hang_on_the_ring_that_more_molecules_share() -> None:
    (benzene,) = [node for node in _tree().roots if node.smiles == "c1ccccc1"]
    below = {child.smiles for child in benzene.children}
    assert "c1ccc(-c2ccccn2)cc1" in below  # on benzene, not on pyridine
    assert "c1ccc(N2CCNCC2)cc1" in below
    assert benzene.own == 2
    assert benzene.count == 2 + sum(child.count for child in benzene.children)


@given(st.lists(st.sampled_from(SMILES), unique=True, min_size=1))
def test_every_molecule_stands_in_one_place(smiles: list[str]) -> None:
    tree = _tree(tuple(smiles))
    nodes = _nodes(tree)
    members = [member.smiles for node in nodes for member in node.members]
    assert sorted(members) == sorted(smiles)
    assert sum(root.count for root in tree.roots) == len(smiles) == tree.molecules
    names = [node.smiles for node in nodes]
    assert len(names) == len(set(names))
    for node in nodes:
        for child in node.children:
            assert child.rings > node.rings
            larger, smaller = Chem.MolFromSmiles(child.smiles), Chem.MolFromSmiles(node.smiles)
            assert larger.HasSubstructMatch(smaller)
            assert child.best is not None
            assert node.best is not None
            assert child.best <= node.best


def test_the_best_come_first_and_a_molecule_without_a_ring_has_its_place() -> None:
    tree = _tree()
    best = [root.best for root in tree.roots]
    assert best == sorted(best, key=lambda value: -(value or 0))
    (chain,) = [root for root in tree.roots if root.smiles == NO_RING]
    assert [member.name for member in chain.members] == ["m5"]
    said = chain.to_json()
    assert (said["label"], said["drawing"]) == ("no ring", "")


def test_it_is_json_with_drawings() -> None:
    import json

    data = json.loads(json.dumps(_tree().to_json(), allow_nan=False))
    first = data["roots"][0]
    assert first["drawing"].startswith("<svg ")
    assert data["molecules"] == len(SMILES)


def test_scaffolds_beyond_the_limit_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("molq.report.scaffoldtree.MOST_SCAFFOLDS", 2)
    tree = _tree()
    kept = sum(root.count for root in tree.roots)
    assert (tree.scaffolds, kept, tree.left_out) == (7, 3, len(SMILES) - 3)
