"""What a recipe says it will solve, against what it then solves."""

import pytest
from rdkit import Chem

from simulation.recipes import recipe as register
from simulation.recipes.energies import Energy, foreseen
from simulation.settings import SimulationSettings
from simulation.workup import Workup

CHEAP = SimulationSettings(conformers=1, basis="sto-3g", density_fit=False, solver="casci")


@pytest.mark.parametrize(
    ("name", "smiles"),
    [
        ("warhead-ea", "C=CC(=O)C=C"),  # two warheads
        ("warhead-ea", "C=CS(C)(=O)=O"),  # two functions
        ("warhead-st", "C=CC#N"),
        ("photo-st-gap", "C=CC=C"),
        ("redox", "C=CO"),
        ("tautomer-de", "CC(N)=O"),
        ("ch-bde", "CC"),
    ],
)
def test_the_energies_are_those_that_a_calculation_solves(name: str, smiles: str) -> None:
    recipe = register.find(name)
    score = recipe.score(Workup(smiles, CHEAP, seed=1))
    solved = sorted((s.n_alpha, s.n_beta) for site in score.sites for s in site.solutions)
    energies = foreseen(recipe, Chem.MolFromSmiles(smiles))
    assert energies is not None
    assert sorted((e.n_alpha, e.n_beta) for e in energies) == solved
    assert score.active_space is not None
    assert {e.orbitals for e in energies} == {score.active_space.orbitals}


def test_a_large_system_is_cut_to_the_window_that_is_correlated() -> None:
    naphthalene = Chem.MolFromSmiles("c1ccc2ccccc2c1")
    assert foreseen(register.find("photo-st-gap"), naphthalene) == (
        Energy(8, 4, 4),
        Energy(8, 5, 3),
    )


@pytest.mark.parametrize(
    "name", ["thiol-adduct", "sn2-warhead", "michael-reactivity", "warhead-ea/gfn2_lumo"]
)
def test_what_solves_no_space_has_no_energy(name: str) -> None:
    assert foreseen(register.find(name), Chem.MolFromSmiles("C=CC(=O)NC")) == ()


def test_a_recipe_of_another_package_may_say_it_or_not() -> None:
    class Silent:
        name = "silent"

    class Telling(Silent):
        def energies(self, molecule: Chem.Mol) -> tuple[Energy, ...]:
            return (Energy(3, 2, 1),) * molecule.GetNumAtoms()

    ethane = Chem.MolFromSmiles("CC")
    assert foreseen(Silent(), ethane) is None
    assert foreseen(Telling(), ethane) == (Energy(3, 2, 1),) * 2
    assert Energy(3, 2, 1).electrons == 3
