import pytest
from rdkit import Chem

from simulation import hydrogenabstraction
from simulation.casci import CASCISolver
from simulation.errors import ConvergenceError, InputError
from simulation.hydrogenabstraction import bonds, dissociation, radical
from simulation.recipes.ch_bde import RECIPE
from simulation.recipes.recipe import find
from simulation.score import Score
from simulation.settings import SimulationSettings
from simulation.workup import Workup

QUICK = SimulationSettings(conformers=1, solver="casci", basis="6-31g")


def test_equivalent_hydrogens_are_one_site() -> None:
    sites = RECIPE.sites(Chem.MolFromSmiles("CCO"))
    assert [site.name for site in sites] == ["C1 (3 H)", "C2 (2 H)"]
    assert [s.atoms for s in RECIPE.sites(Chem.MolFromSmiles("CC"))] == [(0, 1)]
    (ring,) = RECIPE.sites(Chem.MolFromSmiles("c1ccccc1"))
    assert ring.atoms == (0, 1, 2, 3, 4, 5)
    assert RECIPE.sites(Chem.MolFromSmiles("ClC(Cl)(Cl)Cl")) == ()


def test_the_weakest_bond_of_ethanol_is_alpha_to_oxygen() -> None:
    # experiment (Blanksby and Ellison 2003): 95.9 at the alpha carbon, 101 at the methyl group
    score = find("ch-bde").score(Workup("CCO", SimulationSettings(conformers=1), seed=1))
    assert [site.name for site in score.sites] == ["C2 (2 H)", "C1 (3 H)"]
    assert score.value == pytest.approx(95.9, abs=4)
    assert score.sites[1].value == pytest.approx(101, abs=6)
    assert score.unit == "kcal/mol"
    assert abs(score.casci_deviation_mha) < 0.5
    assert score.casci_value == pytest.approx(score.value, abs=0.5)
    assert sum(c.contribution for c in score.contributions) == pytest.approx(score.value)
    assert {c.kind for c in score.contributions} == {"quantum", "classical"}
    # the pair of electrons is correlated in the bond alone: the bond gets stronger
    assert score.baselines["balanced_2e2o"].value > score.baselines["hf"].value + 4
    (radical_record,) = score.species
    assert (radical_record.multiplicity, radical_record.charge) == (2, 0)
    assert score.active_space.electrons == score.active_space.orbitals == 2
    assert min(score.active_space.weights) > 0.8
    assert Score.from_json(score.to_json()) == score


def test_both_sides_of_the_bond_dissociate_to_the_same_limit() -> None:
    # CASSCF(2,2) of H2 is exact in a minimal basis: at 0.74 Angstrom D is E(FCI) - 2 E(H)
    work = Workup("C", QUICK, seed=1)
    (bond,) = bonds(work.geometry.molecule)
    fragment = radical(work.geometry, bond, QUICK)
    assert fragment.multiplicity == 2
    assert fragment.symbols == ("C", "H", "H", "H")
    found = dissociation(work.field, work.geometry, fragment, bond, QUICK, CASCISolver(), seed=1)
    assert found.value == pytest.approx(found.casci_value, abs=1e-9)
    assert found.value > found.mean_field
    assert sum(found.occupations) == pytest.approx(2)
    assert found.triplet > 8  # eV: sigma to sigma*, repulsive


def test_a_molecule_without_hydrogen_on_carbon_is_refused() -> None:
    with pytest.raises(InputError, match="no C-H bond"):
        RECIPE.score(Workup("FC(F)(F)F", QUICK, seed=1))


def test_a_radical_that_fails_is_named_and_the_others_ranked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    genuine = hydrogenabstraction.radical

    def failing(geometry, bond, settings, **named):  # type: ignore[no-untyped-def]
        if bond.carbon == 1:
            raise ConvergenceError("geometry", "rebonded")
        return genuine(geometry, bond, settings, **named)

    monkeypatch.setattr(hydrogenabstraction, "radical", failing)
    score = RECIPE.score(Workup("CO", QUICK, seed=1))
    assert len(score.sites) == 1
    score = RECIPE.score(Workup("CCF", QUICK, seed=1))
    assert [site.name for site in score.sites] == ["C1 (3 H)"]
    assert any("not scored: C2 (2 H): rebonded" in flag for flag in score.flags)
