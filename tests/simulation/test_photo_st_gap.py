import numpy as np
import pytest
from rdkit import Chem

from simulation import pisystem
from simulation.casci import CASCISolver, excited_singlet
from simulation.errors import ConvergenceError, InputError
from simulation.recipes import chromophore
from simulation.recipes.photo_st_gap import RECIPE
from simulation.recipes.recipe import find
from simulation.settings import SimulationSettings
from simulation.workup import Workup

QUICK = SimulationSettings(conformers=1, solver="casci", basis="6-31g")


@pytest.mark.parametrize(
    ("smiles", "lone_pairs", "electrons", "orbitals"),
    [
        ("c1ccccc1", False, 6, 6),
        ("C=CC=C", False, 4, 4),
        ("Oc1ccccc1", False, 6, 6),
        ("Oc1ccccc1", True, 8, 7),
        ("c1cc[nH]c1", False, 6, 5),
        ("O=c1cccc[nH]1", True, 8, 7),
        ("Oc1ccccn1", True, 8, 7),
        ("CC(=O)c1ccccc1", False, 8, 8),
        ("c1ccncc1", False, 6, 6),
        ("O=[N+]([O-])c1ccccc1", True, 10, 9),
    ],
)
def test_electrons_and_orbitals_of_pi_systems(
    smiles: str, lone_pairs: bool, electrons: int, orbitals: int
) -> None:
    found = pisystem.find(Chem.MolFromSmiles(smiles), lone_pairs=lone_pairs)[0]
    assert (found.electrons, found.orbitals) == (electrons, orbitals)


def test_the_largest_system_comes_first() -> None:
    systems = pisystem.find(Chem.MolFromSmiles("C=CCCc1ccccc1"), lone_pairs=False)
    assert [s.orbitals for s in systems] == [6, 2]
    assert pisystem.find(Chem.MolFromSmiles("CCO")) == ()


def test_benzene_in_its_six_pi_orbitals() -> None:
    score = find("photo-st-gap").score(Workup("c1ccccc1", QUICK, seed=1))
    assert (score.active_space.electrons, score.active_space.orbitals) == (6, 6)
    assert min(score.active_space.weights) > 0.95
    # vertical, experiment 3.9 eV; a valence space without dynamic correlation lies above
    assert 3.7 < score.value < 5.0
    assert score.value < score.baselines["casci_s1"].value < score.baselines["hf_gap"].value
    assert score.flags == ()


def test_longer_polyenes_have_lower_triplets() -> None:
    values = [RECIPE.score(Workup(s, QUICK, seed=1)).value for s in ("C=C", "C=CC=C", "C=CC=CC=C")]
    assert values[0] > values[1] > values[2]


def test_larger_systems_are_cut_to_the_orbitals_next_to_the_gap(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(chromophore, "LARGEST", 4)
    score = RECIPE.score(Workup("C=CC=CC=C", QUICK, seed=1))
    assert (score.active_space.electrons, score.active_space.orbitals) == (4, 4)
    assert any("the 4 next to the gap" in flag for flag in score.flags)


def test_a_carbonyl_is_warned_of() -> None:
    score = RECIPE.score(Workup("C=CC=O", QUICK, seed=1))
    assert any("n-pi*" in flag for flag in score.flags)


def test_no_pi_system_is_refused() -> None:
    assert RECIPE.sites(Chem.MolFromSmiles("CCO")) == ()
    with pytest.raises(InputError, match="no conjugated pi system"):
        RECIPE.score(Workup("CCO", QUICK, seed=1))


def test_the_excited_singlet_lies_above_the_ground_state(active_space) -> None:  # type: ignore[no-untyped-def]
    h = active_space("acrylamide", 4, 4)
    ground = CASCISolver().solve(h, 2, 2).energy
    assert excited_singlet(h, 2, 2) > ground + 0.1
    with pytest.raises(InputError, match="no singlet"):
        excited_singlet(h, 3, 2)


def test_axes_of_a_planar_system_are_parallel() -> None:
    geometry = Workup("C=CC=C", QUICK, seed=1).geometry
    axes = pisystem.alternating_axes(geometry, (0, 1, 2, 3))
    assert np.abs(axes @ axes[0]) == pytest.approx(np.ones(4), abs=0.05)
    with pytest.raises(ValueError, match="not one connected"):
        pisystem.alternating_axes(geometry, (0, 3))


def test_a_straight_system_takes_a_direction_across_it() -> None:
    geometry = Workup("CC#CC", QUICK, seed=1).geometry
    axes = pisystem.alternating_axes(geometry, (1, 2))
    bond = geometry.coordinates[2] - geometry.coordinates[1]
    assert axes @ bond == pytest.approx(np.zeros(2), abs=0.02)
    assert np.linalg.norm(axes, axis=1) == pytest.approx(np.ones(2))


def test_an_excited_singlet_that_is_not_found_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*args: object) -> float:
        raise ConvergenceError("solver", "not converged")

    monkeypatch.setattr("simulation.casci.excited_singlet", failing)
    score = RECIPE.score(Workup("C=C", QUICK, seed=1))
    assert "casci_s1" not in score.baselines
    assert any("no first excited singlet: not converged" in flag for flag in score.flags)
