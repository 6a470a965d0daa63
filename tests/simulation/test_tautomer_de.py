import pytest
from rdkit import Chem

from simulation.errors import InputError
from simulation.recipes.recipe import find
from simulation.recipes.tautomer_de import RECIPE
from simulation.settings import SimulationSettings
from simulation.tautomers import others
from simulation.workup import Workup

QUICK = SimulationSettings(conformers=1, solver="casci", basis="sto-3g")


def _canonical(smiles: str) -> str:
    return Chem.MolToSmiles(Chem.MolFromSmiles(smiles))


@pytest.mark.parametrize(
    ("smiles", "other"),
    [("O=c1cccc[nH]1", "Oc1ccccn1"), ("CC(C)=O", "C=C(C)O"), ("Cc1c[nH]cn1", "Cc1cnc[nH]1")],
)
def test_the_other_tautomer_is_found_from_either_side(smiles: str, other: str) -> None:
    assert _canonical(other) in others(Chem.MolFromSmiles(_canonical(smiles)))
    assert _canonical(smiles) in others(Chem.MolFromSmiles(_canonical(other)))
    assert _canonical(smiles) not in others(Chem.MolFromSmiles(_canonical(smiles)))


def test_the_difference_changes_its_sign_with_the_side() -> None:
    one, other = (find("tautomer-de").score(Workup(s, QUICK, seed=1)) for s in ("NC=O", "N=CO"))
    assert one.sites[0].name == f"against {_canonical('N=CO')}"
    assert one.value == pytest.approx(-other.value, abs=0.2)
    assert one.active_space is not None
    electrons = {s.n_alpha + s.n_beta for s in one.sites[0].solutions}
    assert electrons == {4}  # N, C and O: both sides four electrons in three orbitals
    assert {s.multiplicity for s in one.species} == {1}


def test_pi_systems_that_do_not_correspond_are_refused_and_told() -> None:
    # ketone: two electrons in C=O; enol: four in C=C-O
    score = RECIPE.score(Workup("CC=O", QUICK, seed=1))
    assert score.solver == "none"
    assert score.active_space is None
    assert score.casci_value is None
    (flag,) = (f for f in score.flags if "Hartree-Fock alone" in f)
    assert "unbalanced difference" in flag
    assert "2 electrons in 2 orbitals" in flag
    assert "4 electrons in 3 orbitals" in flag
    assert score.value == score.baselines["hf"].value


def test_a_molecule_without_tautomers_is_refused() -> None:
    assert RECIPE.sites(Chem.MolFromSmiles("CCC")) == ()
    with pytest.raises(InputError, match="no other tautomer"):
        RECIPE.score(Workup("CCC", QUICK, seed=1))
