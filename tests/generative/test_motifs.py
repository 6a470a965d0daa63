from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rdkit import Chem

from generative import motifs, numbering

NAMED = {
    "osimertinib": "COc1cc(N(C)CCN(C)C)c(NC(=O)C=C)cc1Nc1nccc(-c2cn(C)c3ccccc23)n1",
    "ibrutinib": "C=CC(=O)N1CCC[C@@H](n2nc(-c3ccc(Oc4ccccc4)cc3)c3c(N)ncnc32)C1",
    "afatinib": "CN(C)C/C=C/C(=O)Nc1cc2c(Nc3ccc(F)c(Cl)c3)ncnc2cc1O[C@H]1CCOC1",
    "sotorasib": (
        "C=CC(=O)N1CCN(c2nc(=O)n(-c3c(C)ccnc3C(C)C)c3nc(-c4c(O)cccc4F)c(F)cc23)[C@@H](C)C1"
    ),
    "caffeine": "Cn1c(=O)c2c(ncn2C)n(C)c1=O",
    "zidovudine (azide)": "Cc1cn([C@H]2C[C@H](N=[N+]=[N-])[C@@H](CO)O2)c(=O)[nH]c1=O",
    "nitrofurantoin (nitro, imine)": "O=C1CN(/N=C/c2ccc([N+](=O)[O-])o2)C(=O)N1",
    "minoxidil (N-oxide)": "Nc1cc(N2CCCCC2)nc(N)[n+]1[O-]",
    "acetylcholine (quaternary)": "CC(=O)OCC[N+](C)(C)C",
    "glycine zwitterion": "[NH3+]CC(=O)[O-]",
    "cyclophosphamide (P)": "ClCCN(CCCl)P1(=O)NCCCO1",
    "esomeprazole (sulfoxide)": "COc1ccc2[nH]c([S@@](=O)Cc3ncc(C)c(OC)c3C)nc2c1",
    "griseofulvin (spiro)": "COC1=CC(=O)C[C@@H](C)[C@]12Oc1c(Cl)c(OC)cc(OC)c1C2=O",
    "morphine (bridged)": "CN1CC[C@]23[C@@H]4Oc5c2c(C[C@@H]1[C@@H]3C=C[C@@H]4O)ccc5O",
    "erythronolide (macrocycle)": (
        "CC[C@H]1OC(=O)[C@H](C)[C@@H](O)[C@H](C)[C@@H](O)[C@](C)(O)C[C@@H](C)C(=O)"
        "[C@H](C)[C@@H](O)[C@]1(C)O"
    ),
    "retinoic acid (polyene)": r"CC1=C(C(C)(C)CCC1)/C=C/C(C)=C/C=C/C(C)=C/C(=O)O",
    "indirubin (ring=ring)": r"O=C1Nc2ccccc2/C1=C1\Nc2ccccc2C1=O",
    "sulindac (ring=chain)": r"CC1=C(CC(=O)O)c2cc(F)ccc2/C1=C\c1ccc([S@](C)=O)cc1",
    "allene": "CC=C=CC1CC1",
    "cis-1,4-cyclohexanediol": "O[C@H]1CC[C@@H](O)CC1",
    "trans-1,4-cyclohexanediol": "O[C@H]1CC[C@H](O)CC1",
    "meso-tartaric acid": "O=C(O)[C@@H](O)[C@H](O)C(=O)O",
    "L-tartaric acid": "O=C(O)[C@H](O)[C@@H](O)C(=O)O",
    "deuterated toluene": "[2H]C([2H])([2H])c1ccccc1",
    "trifluoride boronate": "OB(O)c1ccccc1",
    "silane": "C[Si](C)(C)C#Cc1ccccc1",
    "iodide": "Ic1ccc(Br)cc1",
    "diazonium": "N#[N+]c1ccccc1",
    "isocyanide": "[C-]#[N+]c1ccccc1",
    "methane": "C",
    "benzene": "c1ccccc1",
    "biphenyl": "c1ccc(-c2ccccc2)cc1",
    "dimethyl acrylamide": "C=CC(=O)N(C)C",
}


def at_levels(smiles: str) -> list[motifs.MotifTree]:
    whole = motifs.cut(motifs.parse(smiles))
    units = {
        unit
        for motif in whole.tree.motifs
        if not motifs.has_ring(motif)
        for unit in motifs.split(motif, "units").tree.motifs
    }
    return [
        whole.tree,
        motifs.refine(whole, units.__contains__).tree,
        motifs.refine(whole, lambda motif: False).tree,
    ]


@pytest.mark.parametrize("smiles", NAMED.values(), ids=NAMED.keys())
def test_rebuilds_named_molecules_at_every_level(smiles: str) -> None:
    expected = motifs.canonical(motifs.parse(smiles))
    for tree in at_levels(smiles):
        assert motifs.canonical(motifs.assemble(tree)) == expected
        assert len(tree.links) == len(tree.motifs) - 1
        assert tree.open_attachments() == []


def test_rebuilds_real_molecules_at_every_level(molecules: list[str]) -> None:
    for smiles in molecules:
        expected = motifs.canonical(motifs.parse(smiles))
        for tree in at_levels(smiles):
            assert motifs.canonical(motifs.assemble(tree)) == expected


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(NAMED.values())), st.randoms(use_true_random=False))
def test_the_tree_does_not_depend_on_the_order_of_atoms(smiles: str, rng: random.Random) -> None:
    mol = motifs.parse(smiles)
    order = list(range(mol.GetNumAtoms()))
    rng.shuffle(order)
    shuffled = Chem.RenumberAtoms(mol, order)
    assert sorted(motifs.decompose(shuffled).motifs) == sorted(motifs.decompose(mol).motifs)
    assert motifs.canonical(motifs.assemble(motifs.decompose(shuffled))) == motifs.canonical(mol)


def test_cuts_where_it_says() -> None:
    tree = motifs.decompose(motifs.parse("C=CC(=O)Nc1ccc(F)cc1"))
    assert sorted(tree.motifs) == ["C=CC(=O)N[*:1]", "F[*:1]", "c1cc([*:2])ccc1[*:1]"]
    exocyclic = motifs.decompose(motifs.parse("O=C1C(=Cc2ccccc2)CCN1C"))
    assert "c1ccc([*:1])cc1" in exocyclic.motifs
    assert len(exocyclic.motifs) == 3  # C=O and C=C stay with the ring they leave


def test_enantiomers_have_the_same_motifs_but_different_trees() -> None:
    left, right = (motifs.parse(s) for s in ("C[C@H](F)c1ccccc1", "C[C@@H](F)c1ccccc1"))
    assert motifs.decompose(left) != motifs.decompose(right)
    # With two rings on the centre the motif is one, entered by one or the other side.
    a, b = (
        motifs.decompose(motifs.parse(s))
        for s in ("C[C@H](c1ccccc1)C1CC1", "C[C@@H](c1ccccc1)C1CC1")
    )
    assert sorted(a.motifs) == sorted(b.motifs)
    assert a != b


@pytest.mark.parametrize(
    ("motif", "size"),
    [
        ("c1cc([*:1])ccc1[*:2]", 2),
        ("C([*:1])([*:2])[*:3]", 6),
        ("O=C([*:1])[*:2]", 2),
        ("c1ccc([*:1])nc1", 1),
        ("C[C@H]([*:1])[*:2]", 1),
    ],
)
def test_symmetry_of_attachments(motif: str, size: int) -> None:
    canonical = motifs.cut(motifs.parse(motif)).tree.motifs[0]
    group = numbering.symmetry(canonical)
    assert len(group) == size
    identity = tuple(range(1, motifs.attachment_count(canonical) + 1))
    assert identity in group
    for p in group:
        for q in group:
            assert tuple(p[k - 1] for k in q) in group


def test_open_attachments_survive_cutting_and_assembly() -> None:
    whole = motifs.cut(motifs.parse("[*:2]c1ccc(N([*:1])C(=O)C=C)cc1"))
    fine = motifs.refine(whole, lambda motif: False)
    for cut in (whole, fine):
        assert sorted(cut.tree.open_attachments()) == sorted(cut.opens)
        assert len(cut.opens) == 2
        assert Chem.MolToSmiles(motifs.assemble(cut.tree)) == Chem.CanonSmiles(
            "*c1ccc(N(*)C(=O)C=C)cc1"
        )


def test_refuses_what_is_not_one_molecule() -> None:
    with pytest.raises(ValueError, match="not a valid SMILES"):
        motifs.parse("C1CC")
    with pytest.raises(ValueError, match="several components"):
        motifs.decompose(motifs.parse("CC.O"))
    with pytest.raises(ValueError, match="exactly one atom"):
        motifs.decompose(motifs.parse("C[*]C"))
    mismatch = motifs.MotifTree(("C[*:1]", "O=[*:1]"), (motifs.Link(0, 1, 1, 1),))
    with pytest.raises(ValueError, match="different bond order"):
        motifs.assemble(mismatch)
    with pytest.raises(ValueError, match="without motifs"):
        motifs.assemble(motifs.MotifTree((), ()))
