import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rdkit import Chem

from simulation.errors import InputError
from simulation.molecule import canonical, parse, unassigned_stereo

DRUGS = (
    "C=CC(=O)Nc1cc2c(Nc3ccc(F)c(Cl)c3)ncnc2cc1OC",
    "CN(C)C/C=C/C(=O)Nc1ccc2ncnc(Nc3cccc(Br)c3)c2c1",
    "C=CC(=O)N1CCC[C@@H](n2nc(-c3ccc(Oc4ccccc4)cc3)c3c(N)ncnc32)C1",
    "O=C(/C=C/c1ccccc1)NCC[NH+](C)C",
)


@pytest.mark.parametrize(
    ("smiles", "part"),
    [
        ("", "empty"),
        ("   ", "empty"),
        ("C1CC", "syntax"),
        ("not a molecule", "blanks"),
        ("C=CC(=O)NC acrylamide", "blanks"),
        ("CC(C)(C)(C)C", "valence"),
        ("c1cccc1", "kekulize"),
        ("C=CC(N)=O.Cl", "2 fragments"),
        ("C=CC(=O)N[CH2]", "open shell"),
        ("C=CC(=O)N*", "placeholder"),
        ("N[Pt](N)(Cl)Cl", "element Pt"),
        ("[Na+]", "element Na"),
        ("C" * 200, "limit is 80"),
    ],
)
def test_refusals_name_the_reason(smiles: str, part: str) -> None:
    with pytest.raises(InputError, match=part) as caught:
        parse(smiles, max_heavy_atoms=80)
    assert caught.value.step == "geometry"
    assert "\n" not in caught.value.message
    assert len(caught.value.message) < 250


@given(st.sampled_from(DRUGS), st.integers(0, 2**31 - 1))
@settings(max_examples=40, deadline=None)
def test_atom_order_does_not_depend_on_how_the_smiles_is_written(smiles: str, seed: int) -> None:
    molecule = Chem.MolFromSmiles(smiles)
    (other,) = Chem.MolToRandomSmilesVect(molecule, 1, randomSeed=seed)
    one, two = (parse(s, max_heavy_atoms=80) for s in (smiles, other))
    assert [a.GetSymbol() for a in one.GetAtoms()] == [a.GetSymbol() for a in two.GetAtoms()]
    assert Chem.MolToSmiles(one) == Chem.MolToSmiles(two)
    assert Chem.GetAdjacencyMatrix(one).tolist() == Chem.GetAdjacencyMatrix(two).tolist()


def test_atom_maps_and_hydrogens_leave_no_trace() -> None:
    plain = canonical(Chem.MolFromSmiles("C=CC(N)=O"))
    mapped = canonical(Chem.AddHs(Chem.MolFromSmiles("[CH2:7]=CC(N)=[O:3]")))
    assert Chem.MolToSmiles(plain) == Chem.MolToSmiles(mapped)
    assert plain.GetNumAtoms() == mapped.GetNumAtoms() == 5


def test_open_stereo_is_named() -> None:
    assert unassigned_stereo(parse("CC=CC(N)=O", max_heavy_atoms=80)) == ("C2=C3",)
    assert unassigned_stereo(parse("C/C=C/C(N)=O", max_heavy_atoms=80)) == ()
    assert len(unassigned_stereo(parse("CC(F)Cl", max_heavy_atoms=80))) == 1
