import pytest
from pyscf import gto
from rdkit import Chem

from simulation.basisset import assign, check_basis
from simulation.errors import InputError


def test_a_basis_that_covers_the_molecule_is_taken_as_it_is() -> None:
    basis = assign(["C", "O", "H", "H"], "6-31g*")
    assert basis.name == "6-31g*"
    assert basis.functions == {"C": "6-31g*", "H": "6-31g*", "O": "6-31g*"}
    assert basis.core_potentials == {}
    assert basis.flags == ()


def test_an_element_without_functions_gets_those_of_another_basis_and_a_flag() -> None:
    basis = assign(["C", "I", "H"], "6-31g*")
    assert basis.functions == {"C": "6-31g*", "H": "6-31g*", "I": "def2-svp"}
    assert basis.name == "6-31g* with def2-svp on I"
    assert basis.core_potentials["I"][0] == 28  # electrons in the potential
    (flag,) = basis.flags
    assert "6-31g* has no functions for I" in flag
    assert 'simulation.basis = "def2-svp"' in flag


def test_core_potentials_come_with_the_basis_that_was_made_for_them() -> None:
    assert set(assign(["H", "I", "Br"], "def2-svp").core_potentials) == {"I"}
    assert assign(["H", "I"], "sto-3g").core_potentials == {}  # all electrons


@pytest.mark.parametrize("symbol", ["B", "F", "Na", "Si", "P", "S", "Cl", "Se", "Br", "I", "Te"])
def test_every_main_group_element_of_drugs_is_covered(symbol: str) -> None:
    basis = assign([symbol], "6-31g*")
    assert gto.basis.load(basis.functions[symbol], symbol)


def test_what_no_basis_covers_is_refused_by_name() -> None:
    francium = Chem.MolFromSmiles("[Fr+]", sanitize=False)
    with pytest.raises(InputError, match=r"neither the basis 6-31g\* nor def2-svp .* for Fr") as e:
        check_basis(francium, "6-31g*")
    assert e.value.step == "meanfield"
    with pytest.raises(InputError, match="unknown basis 'my-basis'"):
        check_basis(Chem.MolFromSmiles("C=CC(=O)NCI"), "my-basis")
    check_basis(Chem.MolFromSmiles("C=CC(=O)NCI"), "6-31g*")
