from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rdkit import Chem
from rdkit.Chem import rdMolDescriptors

from generative import edits, motifs
from generative.edits import atoms, crossing, groups
from generative.edits.admission import admitted, written
from generative.edits.joining import joined
from generative.edits.parent import Parent
from generative.edits.pieces import Pieces

DRUGS = [
    "CC(=O)Nc1ccc(O)cc1",
    "CC(C)Cc1ccc(cc1)[C@@H](C)C(=O)O",
    "C[C@]12CC[C@H]3[C@@H](CCC4=CC(=O)CC[C@@]43C)[C@@H]1CC[C@@H]2O",
    "CN1CCC[C@H]1c1cccnc1",
    "O=C(O)/C=C/c1ccccc1",
    "C=CC(=O)Nc1cc2c(Nc3ccc(F)c(Cl)c3)ncnc2cc1OCCCN1CCOCC1",
    "Cc1ccc(-c2cc(C(F)(F)F)nn2-c2ccc(S(N)(=O)=O)cc2)cc1",
    "CC1(C)S[C@@H]2[C@H](NC(=O)Cc3ccccc3)C(=O)N2[C@H]1C(=O)O",
    "CN(C)C/C=C/C(=O)Nc1ccccc1",
    "O=[N+]([O-])c1ccc(N2CCNCC2)cc1",
    "CC(C)(C)NCC(O)c1ccc(O)c(CO)c1",
    "CCOP(=S)(OCC)Oc1cc(C)nc(C(C)C)n1",
    "C#CC1(O)CCCCC1",
    "Cn1c(=O)c2c(ncn2C)n(C)c1=O",
]
PARENTS = [Parent.of(Chem.MolFromSmiles(smiles)) for smiles in DRUGS]
drugs = st.integers(0, len(DRUGS) - 1)
seeds = st.integers(0, 2**32 - 1)


@pytest.fixture(scope="module")
def pieces(molecules: list[str]) -> Pieces:
    counts = Counter(
        motif for smiles in molecules for motif in motifs.decompose(motifs.parse(smiles)).motifs
    )
    return Pieces(list(counts), list(counts.values()))


def checked(child: str) -> Chem.Mol:
    mol = Chem.MolFromSmiles(child)
    assert mol is not None
    assert Chem.MolToSmiles(mol) == child
    assert not set(".*") & set(child)
    assert not any(atom.GetNumRadicalElectrons() for atom in mol.GetAtoms())
    return mol


@given(drugs, drugs, seeds)
@settings(max_examples=300, deadline=None)
def test_a_child_of_a_crossover_is_a_canonical_molecule_within_the_limits(
    a: int, b: int, seed: int
) -> None:
    limits = edits.Limits(min_heavy_atoms=8, max_heavy_atoms=30)
    child = edits.crossover(PARENTS[a], PARENTS[b], np.random.default_rng(seed), limits)
    assert child == edits.crossover(
        Chem.MolFromSmiles(DRUGS[a]), PARENTS[b], np.random.default_rng(seed), limits
    )
    if child is not None:
        mol = checked(child)
        assert 8 <= mol.GetNumHeavyAtoms() <= 30
        assert child not in (PARENTS[a].smiles, PARENTS[b].smiles)


@given(drugs, seeds)
@settings(max_examples=500, deadline=None)
def test_a_mutated_molecule_is_another_canonical_one(pieces: Pieces, a: int, seed: int) -> None:
    child = edits.mutate(PARENTS[a], np.random.default_rng(seed), pieces)
    assert child == edits.mutate(PARENTS[a], np.random.default_rng(seed), pieces)
    if child is not None:
        checked(child)
        assert child != PARENTS[a].smiles


@pytest.mark.parametrize("parent", PARENTS, ids=lambda p: p.smiles)
def test_what_is_cut_at_a_bond_and_joined_again_is_the_molecule(parent: Parent) -> None:
    geometries = {
        atom
        for bond in parent.mol.GetBonds()
        if bond.GetStereo() != Chem.BondStereo.STEREONONE
        for atom in (bond.GetBeginAtomIdx(), bond.GetEndAtomIdx())
    }
    for branch in parent.branches:
        (other,) = [b for b in parent.branches if (b.stem, b.root) == (branch.root, branch.stem)]
        parts = (parent.fragment(branch), parent.fragment(other))
        bond = (0, parts[0].anchors[0], 1, parts[1].anchors[0], branch.order)
        mol = admitted(joined(parts, [bond]), edits.Limits(), parent.ring_sizes, {parent.charge})
        assert mol is not None
        found = written(mol)
        assert found is not None
        if geometries & {branch.root, branch.stem}:
            # The geometry at the cut is left open.
            flat = Chem.MolFromSmiles(parent.smiles.replace("/", ""))
            assert found[0] == Chem.MolToSmiles(flat)
        else:
            assert found[0] == parent.smiles


def test_arcs_of_a_ring_close_to_the_molecule_again() -> None:
    parent = Parent.of(Chem.MolFromSmiles("Cc1ccc(C2CCNCC2)nc1"))
    for arc in parent.arcs:
        (other,) = [x for x in parent.arcs if x.ends == arc.outside and x.outside == arc.ends]
        parts = (parent.fragment(arc), parent.fragment(other))
        bonds = [(0, parts[0].anchors[i], 1, parts[1].anchors[i], arc.orders[i]) for i in (0, 1)]
        mol = admitted(joined(parts, bonds), edits.Limits(), parent.ring_sizes, {0})
        assert mol is not None
        found = written(mol)
        assert found is not None
        assert found[0] == parent.smiles


def test_crossover_at_bonds_conserves_atoms_of_both_parents() -> None:
    a = Parent.of(Chem.MolFromSmiles("CCCCCF"))
    b = Parent.of(Chem.MolFromSmiles("NCCCCCl"))
    rng = np.random.default_rng(0)
    children = {edits.crossover(a, b, rng) for _ in range(300)} - {None}
    assert {"FCCCCCl", "NCCCCCF"} <= children


def test_ring_crossover_makes_rings_of_two() -> None:
    benzene, pyrimidine = (Parent.of(Chem.MolFromSmiles(s)) for s in ("Cc1ccccc1", "Clc1ncncn1"))
    rng = np.random.default_rng(0)
    found = set()
    for _ in range(200):
        mol = crossing.at_ring(benzene, pyrimidine, rng)
        if mol is not None:
            sound = admitted(mol, edits.Limits(), frozenset(), {0})
            assert sound is not None
            found.add(Chem.MolToSmiles(sound))
    assert "Cc1ccncc1" in found or "Cc1cccnc1" in found
    assert any(rdMolDescriptors.CalcNumAromaticRings(Chem.MolFromSmiles(s)) == 1 for s in found)


@pytest.mark.parametrize(
    ("move", "before", "after"),
    [
        (atoms.append_atom, "CSC", "C[S](C)=O"),
        (atoms.append_atom, "C1CC1", "NC1CC1"),
        (atoms.insert_atom, "CC", "COC"),
        (atoms.insert_atom, "C1CCCC1", "C1CCNCC1"),
        (atoms.delete_atom, "C1CCNCC1", "C1CCNC1"),
        (atoms.delete_atom, "CCN", "CN"),
        (atoms.change_order, "CC=O", "CCO"),
        (atoms.change_order, "CCC=C", "CCC#C"),
        (atoms.change_element, "c1ccccc1", "c1ccncc1"),
        (atoms.change_element, "C1=CC=CO1", "c1cc[nH]c1"),
        (atoms.close_ring, "CCCCCN", "C1CCCNC1"),
        (atoms.open_ring, "C1CCNC1", "CCCCN"),
        (atoms.change_saturation, "c1ccccc1C", "CC1CCCCC1"),
        (atoms.change_saturation, "C1CCCCC1", "c1ccccc1"),
        (atoms.change_saturation, "C1CCCN1", "c1cc[nH]c1"),
    ],
)
def test_a_move_reaches_a_known_molecule(move: atoms.Move, before: str, after: str) -> None:
    parent = Parent.of(Chem.MolFromSmiles(before))
    rng = np.random.default_rng(3)
    found = set()
    for _ in range(600):
        mol = move(parent, rng)
        sound = None if mol is None else admitted(mol, edits.Limits(2), frozenset({3}), {0})
        if sound is not None:
            found.add(Chem.MolToSmiles(sound))
    assert Chem.CanonSmiles(after) in found


@pytest.mark.parametrize(
    ("move", "before", "after"),
    [
        (groups.append_group, "c1ccccc1", "Fc1ccccc1"),
        (groups.replace_branch, "Clc1ccccc1", "Fc1ccccc1"),
        (groups.insert_group, "Fc1ccccc1", "Fc1ccccc1-c1ccccc1"),
        (groups.remove_branch, "Clc1ccccc1", "c1ccccc1"),
        (groups.remove_middle, "FCc1ccccc1", "Fc1ccccc1"),
        (groups.replace_middle, "Fc1ccc(C)cc1", "Cc1ccccc1F"),
        (groups.replace_core, "CC1CCCCC1", "Cc1ccccc1"),
        (groups.move_branch, "Cc1ccccc1F", "Cc1cccc(F)c1"),
        (groups.swap_branches, "FCc1ccc(Cl)cc1", "ClCc1ccc(F)cc1"),
    ],
)
def test_a_move_of_groups_reaches_a_known_molecule(
    move: groups.GroupMove, before: str, after: str
) -> None:
    few = Pieces(["F[*:1]", "c1ccc([*:1])cc1", "c1ccc([*:1])c([*:2])c1", "C=[*:1]"], [3, 2, 2, 9])
    parent = Parent.of(Chem.MolFromSmiles(before))
    rng = np.random.default_rng(3)
    found = set()
    for _ in range(300):
        change = move(parent, few, rng)
        sound = None if change is None else admitted(change[0], edits.Limits(2), frozenset(), {0})
        if sound is not None:
            found.add(Chem.MolToSmiles(sound))
    assert Chem.CanonSmiles(after) in found


@pytest.mark.parametrize(
    "strained",
    [
        "C1CC=C=CC1",
        "C1CC#CCC1",
        "C1=CC1",
        "COOC",
        "CCNCl",
        "CCC[SH](=O)=O",
        "C1CCCCCCCC1",
        "CCCC[NH3+]",
    ],
)
def test_what_nobody_would_make_is_refused(strained: str) -> None:
    mol = Chem.RWMol(Chem.MolFromSmiles(strained))
    assert admitted(mol, edits.Limits(), frozenset({3}), {0}) is None


@pytest.mark.parametrize(
    "drawn", ["C1=CC=CCC=C1", "C1=CC=CC1", "CC(O)=NC", "CC=C(O)C", "CC(N)(O)CC", "CC=CC=CC"]
)
def test_what_would_not_stay_as_drawn_is_refused_where_asked(drawn: str) -> None:
    for settled in (False, True):
        mol = Chem.RWMol(Chem.MolFromSmiles(drawn))
        found = admitted(mol, edits.Limits(settled=settled), frozenset(), {0})
        assert (found is None) == settled
    for smiles in ("O=c1cc[nH]cc1", "C=CC(=O)NC", "CC(=O)C=CC", *DRUGS):
        mol = Chem.RWMol(Chem.MolFromSmiles(smiles))
        sizes = frozenset(range(3, 9))
        assert admitted(mol, edits.Limits(settled=True), sizes, {0}) is not None


def test_offspring_are_distinct_new_and_the_same_for_the_same_seed(pieces: Pieces) -> None:
    weights = np.arange(1, len(DRUGS) + 1)
    known = {"CC(=O)Nc1ccccc1"}

    def made() -> list[str]:
        found = edits.offspring(
            DRUGS,
            weights,
            200,
            np.random.default_rng(7),
            pieces=pieces,
            known=known,
            accept=lambda mol: mol.GetNumHeavyAtoms() <= 25,
        )
        assert {p.hand for p in found} == {"crossover", "mutation"}
        canonical = {Chem.CanonSmiles(smiles) for smiles in DRUGS}
        for proposal in found:
            assert set(proposal.parents) <= canonical
            assert len(proposal.parents) == (2 if proposal.hand == "crossover" else 1)
            assert checked(proposal.smiles).GetNumHeavyAtoms() <= 25
        return [p.smiles for p in found]

    first = made()
    assert len(first) == len(set(first)) == 200
    assert not set(first) & (known | {Chem.CanonSmiles(s) for s in DRUGS})
    assert made() == first


def test_offspring_says_what_is_wrong_with_its_parents() -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="a weight for each"):
        edits.offspring(["CCO"], [1.0, 2.0], 3, rng)
    with pytest.raises(ValueError, match="not be negative"):
        edits.offspring(["CCO"], [0.0], 3, rng)
    with pytest.raises(ValueError, match="not a valid SMILES"):
        edits.offspring(["C1CC"], [1.0], 3, rng)
