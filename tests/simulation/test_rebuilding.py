"""Hamiltonians made again from records: every recipe with an active space, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest

from simulation.errors import ConvergenceError, InputError
from simulation.interchange.rebuilding import AGREEMENT, rebuilt_sectors
from simulation.recipes import recipe
from simulation.score import Score
from simulation.settings import SimulationSettings
from simulation.workup import Workup

SETTINGS = SimulationSettings(basis="sto-3g", density_fit=False, conformers=1, solver="casci")

MOLECULES = {
    "warhead-ea": "C=CC(N)=O",
    "warhead-st": "C=CC(N)=O",
    "photo-st-gap": "C=CC=C",
    "redox": "C=CN",
    "tautomer-de": "CNC=N",
    "ch-bde": "CO",
}


def scored(name: str, smiles: str) -> Score:
    return recipe.find(name).score(Workup(smiles, SETTINGS, seed=1))


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.slow) if name == "tautomer-de" else name
        for name in MOLECULES
    ],
)
def test_the_exact_energies_are_the_recorded_ones(name: str) -> None:
    score = Score.from_json(scored(name, MOLECULES[name]).to_json())
    sectors = rebuilt_sectors(score)
    solutions = [solution for site in score.sites for solution in site.solutions]
    assert [sector.solution for sector in sectors] == solutions
    assert solutions
    for sector in sectors:
        assert abs(sector.difference) < AGREEMENT / 10
        assert sector.site == score.sites[sector.position].name


def test_both_warheads_of_a_molecule_are_told_apart() -> None:
    score = scored("warhead-st", "C=CC(=O)C=C")
    sectors = rebuilt_sectors(score)
    assert [sector.position for sector in sectors] == [0, 0, 1, 1]
    assert len({sector.site for sector in sectors}) == 2


def test_what_cannot_be_made_again_is_said() -> None:
    score = scored("warhead-ea", "C=CC(N)=O")
    with pytest.raises(InputError, match="solved no active space; FCIDUMP is for the recipes"):
        rebuilt_sectors(replace(score, sites=()))
    with pytest.raises(InputError, match="somebodys cannot be made again"):
        rebuilt_sectors(replace(score, recipe="somebodys"))
    foreign = replace(score.provenance, settings={"of another version": 1})
    with pytest.raises(InputError, match="not those of this version"):
        rebuilt_sectors(replace(score, provenance=foreign))
    elsewhere = replace(score.sites[0], atoms=(9, 8, 7, 6))
    with pytest.raises(InputError, match="is not a warhead"):
        rebuilt_sectors(replace(score, sites=(elsewhere,)))
    (first, second) = score.sites[0].solutions
    moved = replace(second, casci_energy=second.casci_energy - 1e-3)
    with pytest.raises(ConvergenceError, match=r"5e: CASCI .* is \+1\.000 mHa off"):
        rebuilt_sectors(replace(score, sites=(replace(score.sites[0], solutions=(first, moved)),)))
