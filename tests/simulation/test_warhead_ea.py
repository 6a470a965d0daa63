import json
import math
from dataclasses import replace

import pytest
from rdkit import Chem

from simulation import warheads
from simulation.casci import CASCISolver
from simulation.errors import ConvergenceError, InputError
from simulation.recipes.recipe import find
from simulation.recipes.warhead_ea import RECIPE, affinities
from simulation.recipes.warheadspace import score as assembled
from simulation.recipes.warheadspace import sites
from simulation.score import Score
from simulation.settings import SimulationSettings
from simulation.workup import Workup

QUICK = SimulationSettings(conformers=1, solver="casci")


def test_acrylanilide_by_vqe_with_the_default_settings() -> None:
    score = RECIPE.score(Workup("C=CC(=O)Nc1ccccc1", SimulationSettings(), seed=1))
    assert score.value == pytest.approx(-4.85, abs=0.05)
    assert score.unit == "eV"
    assert score.solver == "vqe"
    assert score.smiles == "C=CC(=O)Nc1ccccc1"
    assert score.inchikey == "BPCNEKWROYSOLT-UHFFFAOYSA-N"
    assert abs(score.casci_deviation_mha) < 1.0
    assert score.value == pytest.approx(
        score.casci_value + score.casci_deviation_mha / 1000 * 27.211386, abs=1e-4
    )
    assert score.flags == ()
    assert set(score.baselines) == {"hf_lumo", "gfn2_lumo", "hf_pi_star"}
    assert score.baselines["hf_lumo"].value == pytest.approx(2.76, abs=0.05)
    assert score.baselines["gfn2_lumo"].value == pytest.approx(-7.41, abs=0.05)
    assert score.baselines["hf_lumo"].value < score.baselines["hf_pi_star"].value
    space = score.active_space
    assert (space.electrons, space.orbitals, space.atoms) == (4, 4, (0, 1, 2, 3))
    assert space.triplet_energy == pytest.approx(4.85, abs=0.1)
    assert sum(space.natural_occupations) == pytest.approx(4)
    assert score.sites[0].ionisation_potential == pytest.approx(10.97, abs=0.1)
    for solution, electrons in zip(score.sites[0].solutions, ((2, 2), (3, 2)), strict=True):
        assert (solution.n_alpha, solution.n_beta) == electrons
        assert solution.converged
        assert solution.parameters > 0
        assert solution.energy >= solution.casci_energy - 1e-9  # variational
    assert score.conformers.embedded >= score.conformers.optimised >= 1
    provenance = score.provenance
    assert (provenance.charge, provenance.multiplicity, provenance.seed) == (0, 1, 1)
    assert provenance.convergence["meanfield"] == "diis"
    assert {"geometry", "meanfield", "activespace", "solver"} <= set(provenance.timings)
    assert provenance.versions["pyscf"][0].isdigit()
    assert provenance.geometry.splitlines()[0] == "20"


def test_recipe_is_found_by_name() -> None:
    assert find("warhead-ea") is RECIPE
    for smarts in RECIPE.applies_to:
        assert Chem.MolFromSmarts(smarts) is not None
    (site,) = RECIPE.sites(Chem.MolFromSmiles("O=C(C=C)Nc1ccccc1"))
    assert (site.name, site.atoms) == ("acrylamide C1=C2-C3=O4", (0, 1, 2, 3))


def test_same_seed_same_score_however_the_smiles_is_written() -> None:
    settings = SimulationSettings(conformers=2, solver="casci")
    scores = [
        RECIPE.score(Workup(s, settings, seed=5))
        for s in ("C=CC(=O)NC", "CNC(=O)C=C", "C=CC(=O)NC")
    ]
    assert scores[0].value == scores[1].value == scores[2].value
    assert scores[0].provenance.geometry == scores[1].provenance.geometry
    assert scores[0].smiles == scores[1].smiles == "C=CC(=O)NC"


def test_json_reads_back_unchanged() -> None:
    score = RECIPE.score(Workup("C=CC(N)=O", QUICK, seed=1))
    assert Score.from_json(json.loads(json.dumps(score.to_json()))) == score


def test_two_warheads_are_scored_each_and_the_leading_one_comes_first() -> None:
    # an enone takes up an electron more readily than an ester
    score = RECIPE.score(Workup("C=CC(=O)OCC(=O)C=C", QUICK, seed=1))
    assert len(score.sites) == 2
    assert score.sites[0].name.startswith("enone")
    assert score.sites[1].name.startswith("acrylate")
    assert score.sites[0].value > score.sites[1].value
    assert score.value == score.sites[0].value
    assert score.active_space == score.sites[0].active_space


def test_order_of_reactivity() -> None:
    # methyl vinyl ketone and methyl acrylate before acrylamide
    values = {
        smiles: RECIPE.score(Workup(smiles, QUICK, seed=1)).value
        for smiles in ("C=CC(C)=O", "C=CC(=O)OC", "C=CC(N)=O")
    }
    assert values["C=CC(C)=O"] > values["C=CC(=O)OC"] > values["C=CC(N)=O"]
    assert all(-7 < value < -3 for value in values.values())


def test_equivalent_carbonyls_of_a_maleimide_agree() -> None:
    score = RECIPE.score(Workup("O=C1C=CC(=O)N1", QUICK, seed=1))
    assert [site.name.split()[0] for site in score.sites] == ["maleimide", "maleimide"]
    assert score.sites[0].value == pytest.approx(score.sites[1].value, abs=0.01)


def test_an_ion_is_scored_with_its_charge_and_flagged() -> None:
    score = RECIPE.score(Workup("C=CC(=O)OCC[NH3+]", QUICK, seed=1))
    assert score.provenance.charge == 1
    assert any(flag.startswith("charge +1") for flag in score.flags)
    neutral = RECIPE.score(Workup("C=CC(=O)OCCN", QUICK, seed=1))
    assert score.value > neutral.value + 1


def test_chlorine_and_sulfur() -> None:
    score = RECIPE.score(Workup("C=CC(=O)SCCl", QUICK, seed=1))
    assert math.isfinite(score.value)
    assert score.active_space.flags == ()


@pytest.mark.parametrize(
    ("smiles", "step", "part"),
    [
        ("CCO", "recipe", "no alpha,beta-unsaturated group"),
        ("ClCC(=O)Nc1ccccc1", "recipe", "warhead-ea recognises"),
        ("", "geometry", "empty"),
        ("C=CC(=O)N[CH2]", "geometry", "open shell"),
        ("C=CC(N)=O.[Na+].[Cl-]", "geometry", "fragments"),
    ],
)
def test_refused_before_anything_is_computed(
    smiles: str, step: str, part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from simulation import geometry

    def never(*args: object, **kwargs: object) -> None:
        raise AssertionError("computed")

    monkeypatch.setattr(geometry, "embed", never)
    with pytest.raises(InputError, match=part) as caught:
        RECIPE.score(Workup(smiles, QUICK, seed=1))
    assert caught.value.step == step


def test_unknown_solver_is_refused_first() -> None:
    with pytest.raises(InputError, match="unknown solver 'magic'"):
        RECIPE.score(Workup("C=CC(N)=O", SimulationSettings(solver="magic"), seed=1))


def test_a_twisted_group_is_flagged() -> None:
    score = RECIPE.score(Workup("CC(=C)C(=O)N(C)C", QUICK, seed=1))
    assert any("twisted" in flag for flag in score.flags)
    assert score.active_space.flags


def test_a_site_without_a_space_is_named_and_the_other_one_scored(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from simulation import activespace

    select = activespace.select
    enones = {(0, 1, 2, 3)}

    def failing(field, geometry, atoms):  # type: ignore[no-untyped-def]
        if atoms in enones:
            raise ConvergenceError("activespace", "no threshold")
        return select(field, geometry, atoms)

    monkeypatch.setattr(activespace, "select", failing)
    work = Workup("C=CC(=O)OCC(=O)C=C", QUICK, seed=1)
    enones = {g.pi_atoms for g in warheads.find(work.molecule) if g.kind == "enone"}
    score = RECIPE.score(work)
    assert [site.name.split()[0] for site in score.sites] == ["acrylate"]
    assert any("not scored: enone" in flag for flag in score.flags)
    other = Workup("C=CC(C)=O", QUICK, seed=1)
    enones = {g.pi_atoms for g in warheads.find(other.molecule)}
    with pytest.raises(ConvergenceError, match="enone"):
        RECIPE.score(other)


def test_a_methyl_group_changes_the_affinity_as_it_changes_the_anion() -> None:
    # Vertical affinities (eV) by HF/6-31G* of neutral and anion apart: acrylamide -2.28,
    # crotonamide -2.39, methacrylamide -2.40, dimethylacrylamide -2.28 (N-methyl amides).
    settings = SimulationSettings(conformers=4, solver="casci")
    values = {
        smiles: affinities(Workup(smiles, settings, seed=1))[0].score
        for smiles in ("C=CC(=O)NC", "C/C=C/C(=O)NC", "CC(C)=CC(=O)NC")
    }
    first, *others = values.values()
    for site in others:
        assert abs(site.value - first.value) < 0.15
        assert site.active_space.triplet_energy - first.active_space.triplet_energy < 0.4


@pytest.mark.parametrize(
    ("smiles", "kind", "size"),
    [
        ("C=CS(C)(=O)=O", "vinyl sulfone", 2),
        ("C=CS(=O)(=O)NC", "vinyl sulfonamide", 2),
        ("C=CC#N", "acrylonitrile", 4),
        ("C#CC(=O)NC", "propiolamide", 4),
        ("C/C=C(/C#N)C(=O)NC", "2-cyanoacrylamide", 4),
    ],
)
def test_other_warheads_have_clean_spaces(smiles: str, kind: str, size: int) -> None:
    (site,) = affinities(Workup(smiles, QUICK, seed=1))
    assert site.score.name.startswith(kind)
    assert (site.warhead.space.electrons, site.warhead.hamiltonian.norb) == (size, size)
    assert site.score.active_space.flags == ()
    assert -6.5 < site.score.value < -4


def test_the_triplet_recipe_gives_the_triplet_of_the_same_space() -> None:
    work = Workup("C=CC(=O)OC", QUICK, seed=1)
    affinity, triplet = RECIPE.score(work), find("warhead-st").score(work)
    assert triplet.value == pytest.approx(affinity.active_space.triplet_energy, abs=1e-6)
    assert [(s.n_alpha, s.n_beta) for s in triplet.sites[0].solutions] == [(2, 2), (3, 1)]
    assert triplet.active_space == affinity.active_space
    assert 4.2 < triplet.value < 5.8


def test_a_doubtful_solver_is_told_with_the_sign_of_the_deviation() -> None:
    class AnionTooHigh:
        name = "anion too high"

        def solve(self, hamiltonian, n_alpha, n_beta):  # type: ignore[no-untyped-def]
            exact = CASCISolver().solve(hamiltonian, n_alpha, n_beta)
            return replace(exact, energy=exact.energy + 0.00265 * (n_alpha - n_beta))

    work = Workup("C=CC(N)=O", QUICK.model_copy(update={"basis": "sto-3g"}), seed=1)
    found, failures = sites(work, lambda s: s.anion, -1, recipe="any", solver=AnionTooHigh())
    result = assembled(work, found, failures, recipe="any", unit="eV")
    # a higher anion is a lower affinity
    assert result.casci_deviation_mha == pytest.approx(-2.65)
    assert any(flag.endswith("the solver is -2.65 mHa off CASCI") for flag in result.flags)
