from __future__ import annotations

import subprocess
import sys

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from rdkit import Chem

from generative import generator, motifs, sampling, scaffold
from generative.constraints import Constraints
from generative.sampling import MotifGenerator

ACRYLAMIDE = "C=CC(=O)N[*:1]"
SCAFFOLDS = [
    ACRYLAMIDE,
    "C=CC(=O)N([*])[*]",
    "C=CC(=O)N",
    "C=CC(=O)Nc1cc([1*])cc([2*])c1",
    "[*]C=C",
    "[*:3]c1ccc2[nH]c([*:7])nc2c1",
    "C1CC12CC2",
    "CN1CCC[C@H]1[*]",
    "[*]C1CC2(C1)CC1(CC(=O)N([1*])C1)O2",
    "C[C@H](N)C(=O)O",
    r"CC/C(=C\[*])C(=O)N",
    "[*]N=[N+]=[N-]",
    "O=C1CCCCCCCCCCCN1[*]",
]


def without_dummies(smiles: str) -> Chem.Mol:
    """The scaffold as a pattern of its own making, attachment points left out."""
    mol = Chem.RWMol(motifs.parse(smiles))
    mol.BeginBatchEdit()
    for atom in mol.GetAtoms():
        if atom.GetAtomicNum() == 0:
            mol.RemoveAtom(atom.GetIdx())
    mol.CommitBatchEdit()
    return Chem.MolFromSmarts(
        "".join(Chem.MolFragmentToSmarts(mol, list(range(mol.GetNumAtoms()))).split("H"))
        if "[nH]" in smiles
        else Chem.MolToSmarts(mol, isomericSmiles=False)
    )


def check(found: list[str]) -> list[Chem.Mol]:
    mols = [Chem.MolFromSmiles(s) for s in found]
    assert all(mol is not None for mol in mols)
    assert len(set(found)) == len(found)
    for smiles, mol in zip(found, mols, strict=True):
        assert Chem.MolToSmiles(mol) == smiles
        assert "." not in smiles
        assert "*" not in smiles
    return mols


@pytest.mark.parametrize("seed", range(12))
def test_molecules_are_valid_distinct_and_as_many_as_asked(
    shipped: MotifGenerator, seed: int
) -> None:
    assert len(check(shipped.sample(40, seed=seed))) == 40


def test_the_same_seed_gives_the_same_molecules_in_the_same_order(
    shipped: MotifGenerator, monkeypatch: pytest.MonkeyPatch
) -> None:
    for scaffold_text in (None, ACRYLAMIDE, "C=CC(=O)N"):
        first = shipped.sample(60, seed=9, scaffold=scaffold_text)
        assert shipped.sample(60, seed=9, scaffold=scaffold_text) == first
        assert shipped.sample(60, seed=10, scaffold=scaffold_text) != first
        monkeypatch.setattr(sampling, "LARGEST_BATCH", 7)
        assert shipped.sample(60, seed=9, scaffold=scaffold_text) == first
        assert shipped.sample(25, seed=9, scaffold=scaffold_text) == first[:25]
        monkeypatch.undo()


def test_sampling_leaves_the_callers_torch_alone(tiny: MotifGenerator) -> None:
    torch.manual_seed(3)
    expected = torch.rand(4)
    torch.manual_seed(3)
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        tiny.sample(5, seed=1)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(threads)
    assert torch.equal(torch.rand(4), expected)
    assert torch.is_grad_enabled()


@pytest.mark.parametrize("text", SCAFFOLDS)
@pytest.mark.parametrize("limit", [None, 18])
def test_every_molecule_keeps_the_scaffold(
    shipped: MotifGenerator, text: str, limit: int | None
) -> None:
    found = shipped.sample(
        25, seed=4, scaffold=text, constraints=Constraints(max_heavy_atoms=limit)
    )
    kept = motifs.parse(text)
    atoms = sum(atom.GetAtomicNum() > 1 for atom in kept.GetAtoms())
    points = text.count("*")
    pattern = without_dummies(text)
    assert len(found) == 25
    for mol in check(found):
        assert mol.HasSubstructMatch(pattern)
        assert mol.GetNumHeavyAtoms() >= atoms + max(1, points)
        assert limit is None or mol.GetNumHeavyAtoms() <= limit


def test_marked_points_grow_and_nothing_else(shipped: MotifGenerator) -> None:
    secondary = Chem.MolFromSmarts("[CH2]=[CH]C(=O)[NH][!#1]")
    tertiary = Chem.MolFromSmarts("[CH2]=[CH]C(=O)N([!#1])[!#1;!$(C(=O)[CH]=[CH2])]")
    for mol in check(shipped.sample(50, seed=2, scaffold=ACRYLAMIDE)):
        assert mol.HasSubstructMatch(secondary)
    for mol in check(shipped.sample(50, seed=2, scaffold="C=CC(=O)N([*])[*]")):
        assert mol.HasSubstructMatch(tertiary)


def test_numbering_of_attachment_points_does_not_matter(shipped: MotifGenerator) -> None:
    forms = ("C=CC(=O)N[*]", "C=CC(=O)N[*:1]", "C=CC(=O)N[5*]", "*NC(=O)C=C")
    results = [set(shipped.sample(30, seed=6, scaffold=form)) for form in forms]
    assert results[0] == results[1] == results[2]
    assert len(results[3]) == 30


def test_stereochemistry_of_the_scaffold_is_kept(shipped: MotifGenerator) -> None:
    for text in ("C[C@H](N[*])c1ccccc1", "C[C@@H](N[*])c1ccccc1"):
        pattern = motifs.parse(text.replace("[*]", ""))
        for mol in check(shipped.sample(20, seed=1, scaffold=text)):
            assert mol.HasSubstructMatch(pattern, useChirality=True)


@settings(max_examples=25, deadline=None)
@given(limit=st.integers(2, 30), seed=st.integers(0, 2**32))
def test_the_limit_of_heavy_atoms_holds(tiny: MotifGenerator, limit: int, seed: int) -> None:
    found = tiny.sample(10, seed=seed, constraints=Constraints(max_heavy_atoms=limit))
    assert found
    assert all(mol.GetNumHeavyAtoms() <= limit for mol in check(found))


def test_the_limit_steers_instead_of_rejecting(shipped: MotifGenerator) -> None:
    with torch.no_grad():
        call = sampling.Growth(shipped.prior, 0, ACRYLAMIDE, Constraints(max_heavy_atoms=12))
        trees = call.grow(range(100))
    assert all(call.finish(tree) is not None for tree in trees)
    assert all(tree.heavy_atoms <= 12 for tree in trees)


def test_patterns_are_met(shipped: MotifGenerator) -> None:
    limits = Constraints(required=("c1ccccc1", "[#7]"), forbidden=("[F,Cl,Br,I]", "C#N"))
    for mol in check(shipped.sample(30, seed=3, constraints=limits)):
        assert all(mol.HasSubstructMatch(Chem.MolFromSmarts(s)) for s in limits.required)
        assert not any(mol.HasSubstructMatch(Chem.MolFromSmarts(s)) for s in limits.forbidden)


def test_ends_when_there_is_nothing_more(tiny: MotifGenerator) -> None:
    few = tiny.sample(500, seed=1, constraints=Constraints(max_heavy_atoms=3))
    assert 3 < len(few) < 500
    assert tiny.sample(3, seed=1, constraints=Constraints(required=("[U]",))) == []
    assert tiny.sample(0, seed=1) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("C1CC", "not a valid SMILES"),
        ("", "not a valid SMILES"),
        ("CC.O[*]", "several components"),
        ("C[*]C", "exactly one atom"),
        ("[*]", "no atom to keep"),
        ("[*][*]", "no atom to keep"),
        ("FC(F)(F)F", "no free position"),
        ("[*]->[Fe]C", "single, double or triple"),
    ],
)
def test_a_bad_scaffold_is_one_clear_line(tiny: MotifGenerator, text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        tiny.sample(1, seed=0, scaffold=text)
    assert "\n" not in str(caught.value)


def test_bad_limits_are_one_clear_line(tiny: MotifGenerator) -> None:
    with pytest.raises(ValueError, match="not a valid SMARTS: 'C1C'"):
        tiny.sample(1, seed=0, constraints=Constraints(required=("C1C",)))
    with pytest.raises(ValueError, match="needs at least 7 heavy atoms"):
        tiny.sample(1, seed=0, scaffold="c1ccccc1[*]", constraints=Constraints(max_heavy_atoms=6))
    with pytest.raises(ValueError, match="must not be negative"):
        tiny.sample(-1, seed=0)


def test_an_attachment_that_no_motif_closes_is_named(tiny: MotifGenerator) -> None:
    with pytest.raises(ValueError, match="cannot close"):
        tiny.sample(1, seed=0, scaffold="[*]=CC")


def test_free_positions_are_chosen_by_the_seed() -> None:
    first = scaffold.read("Cc1ccncc1", 1)
    assert scaffold.read("Cc1ccncc1", 1).forms == first.forms
    assert scaffold.read("Cc1ccncc1", 2).forms != first.forms
    assert 3 < len(first.forms) <= scaffold.VARIANTS
    assert {len(form.opens) for form in first.forms} == {1, 2, 3}


def test_found_by_name_and_by_path(
    tiny: MotifGenerator, tiny_settings: object, shipped: MotifGenerator
) -> None:
    path = tiny_settings.output  # type: ignore[attr-defined]
    by_path = generator.find(str(path))
    assert by_path.sample(5, seed=1) == tiny.sample(5, seed=1)
    assert "zinc250k" in generator.names()
    assert generator.find("zinc250k").sample(5, seed=1) == shipped.sample(5, seed=1)
    with pytest.raises(ValueError, match=r"unknown generator 'zink250k'; installed: .*zinc250k"):
        generator.find("zink250k")
    with pytest.raises(ValueError, match="no such file"):
        generator.find("none.safetensors")


def test_names_and_settings_do_not_import_torch() -> None:
    code = (
        "import sys, generative.generator, generative.settings, generative.weights; "
        "sys.exit('torch' in sys.modules or 'rdkit' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
