import pytest
from rdkit import Chem

from simulation.warheads import find


def _names(smiles: str) -> list[str]:
    return [w.name for w in find(Chem.MolFromSmiles(smiles))]


@pytest.mark.parametrize(
    ("smiles", "kind"),
    [
        ("C=CC(=O)Nc1ccccc1", "acrylamide"),
        ("C=CC(=O)N1CCCCC1", "acrylamide"),
        ("CC(=C)C(=O)NC", "methacrylamide"),
        ("C/C=C/C(=O)NC", "crotonamide"),
        ("CN(C)C/C=C/C(=O)Nc1ccccc1", "crotonamide"),
        ("CC(C)=CC(=O)NC", "3,3-disubstituted acrylamide"),
        ("O=C(/C=C/c1ccccc1)NC", "cinnamamide"),
        ("CC(C)(C)/C=C(\\C#N)C(=O)NC", "2-cyanoacrylamide"),
        ("C=C(F)C(=O)NC", "2-haloacrylamide"),
        ("CC=C(C)C(=O)NC", "alpha,beta-unsaturated amide"),
        ("C#CC(=O)NC", "propiolamide"),
        ("CC#CC(=O)NC", "2-butynamide"),
        ("CCC#CC(=O)NC", "alkynamide"),
        ("C#CC(=O)OC", "propiolate"),
        ("C#CC(C)=O", "ynone"),
        ("C=CC(C)=O", "enone"),
        ("C=CC(=O)OC", "acrylate"),
        ("CC(=C)C(=O)OC", "methacrylate"),
        ("C=C1CCOC1=O", "alpha,beta-unsaturated ester"),
        ("C=CC=O", "enal"),
        ("C=CC(=O)O", "alpha,beta-unsaturated carbonyl"),
        ("C=CC(=O)SC", "alpha,beta-unsaturated carbonyl"),
    ],
)
def test_names(smiles: str, kind: str) -> None:
    (name,) = _names(smiles)
    assert name.startswith(f"{kind} C")


def test_atoms_are_counted_from_one_in_the_canonical_smiles() -> None:
    assert _names("O=C(C=C)NC1=CC=CC=C1") == ["acrylamide C1=C2-C3=O4"]
    assert _names("CNC(=O)C#CC") == ["2-butynamide C2#C3-C4=O5"]


def test_indices_follow_the_canonical_smiles_whatever_the_input_order() -> None:
    molecule = Chem.MolFromSmiles("CN(C)C/C=C/C(=O)Nc1ccc(F)c(Cl)c1")
    expected = find(molecule)
    for seed in range(20):
        (text,) = Chem.MolToRandomSmilesVect(molecule, 1, randomSeed=seed)
        assert find(Chem.MolFromSmiles(text)) == expected
    ordered = Chem.MolFromSmiles(Chem.MolToSmiles(molecule))
    beta, alpha, carbon, oxygen = expected[0].atoms
    assert ordered.GetBondBetweenAtoms(beta, alpha).GetBondTypeAsDouble() == 2
    assert ordered.GetBondBetweenAtoms(alpha, carbon).GetBondTypeAsDouble() == 1
    assert ordered.GetAtomWithIdx(oxygen).GetSymbol() == "O"


def test_two_warheads_are_two() -> None:
    names = _names("C=CC(=O)NCCNC(=O)C=C")
    assert len(names) == 2
    assert all(name.startswith("acrylamide") for name in names)


def test_one_alkene_between_two_carbonyls_is_one_warhead_for_each() -> None:
    names = _names("O=C1C=CC(=O)N1C")
    assert len(names) == 2
    assert all(name.startswith("maleimide") for name in names)
    assert len(_names("O=C1C=CC(=O)C=C1")) == 4
    assert {n.split()[0] for n in _names("O=C1C=CC(=O)C=C1")} == {"quinone"}


@pytest.mark.parametrize(
    "smiles",
    [
        "CCO",
        "O=c1cc[nH]c(=O)[nH]1",  # uracil
        "O=c1ccc2ccccc2o1",  # coumarin
        "ClCC(=O)Nc1ccccc1",  # chloroacetamide
        "C=CCC(=O)N",  # not conjugated
        "C=C=O",  # ketene
        "NC(=O)c1ccccc1",
        "CCC#N",
        "CS(=O)(=O)c1ccccc1",
        "C#CC#N",
    ],
)
def test_others_have_none(smiles: str) -> None:
    assert find(Chem.MolFromSmiles(smiles)) == ()


@pytest.mark.parametrize(
    ("smiles", "name"),
    [
        ("C=CS(=O)(=O)C", "vinyl sulfone C1=C2-S3"),
        ("C=CS(=O)(=O)N(C)C", "vinyl sulfonamide C1=C2-S3"),
        ("C#CS(=O)(=O)C", "alkynyl sulfone C1#C2-S3"),
        ("C=CC#N", "acrylonitrile C1=C2-C3#N4"),
    ],
)
def test_sulfonyl_groups_and_nitriles(smiles: str, name: str) -> None:
    (group,) = find(Chem.MolFromSmiles(smiles))
    assert group.name == name
    assert group.pi_atoms[:2] == (0, 1)
    assert len(group.pi_atoms) == (2 if group.family == "sulfonyl" else 4)


def test_a_nitrile_beside_a_carbonyl_is_no_warhead_of_its_own() -> None:
    groups = find(Chem.MolFromSmiles("C=C(C#N)C(=O)NC"))
    assert [group.family for group in groups] == ["carbonyl"]
    assert len(find(Chem.MolFromSmiles("N#CC=CC#N"))) == 2
