import json

import numpy as np
import pytest
from rdkit import Chem

from simulation import displacement, sn2warhead, thiolate
from simulation.errors import ConvergenceError, InputError
from simulation.recipes.sn2_warhead import RECIPE
from simulation.score import Score
from simulation.settings import SimulationSettings
from simulation.workup import Workup

QUICK = SimulationSettings(conformers=1)


def score(smiles: str) -> Score:
    return RECIPE.score(Workup(smiles, QUICK, seed=1))


def distance(xyz: str, one: int, other: int) -> float:
    lines = xyz.splitlines()[2:]
    places = np.array([[float(x) for x in lines[i].split()[1:]] for i in (one, other)])
    return float(np.linalg.norm(places[0] - places[1]))


def test_chloroacetamide() -> None:
    result = score("NC(=O)CCl")
    assert -15 < result.value < 0
    assert (result.unit, result.solver, result.casci_value) == ("kcal/mol", "none", None)
    assert result.flags == ()
    (site,) = result.sites
    assert site.name == "alpha-chloro amide C4"
    molecule, nucleophile, point = result.species
    assert [s.charge for s in result.species] == [0, -1, -1]
    difference = (point.energy - molecule.energy - nucleophile.energy) * 627.509474
    assert result.value == pytest.approx(difference, abs=1e-4)
    # the two bonds are where they were held: C-Cl, and C-S behind the 9 atoms of the molecule
    halogen, carbon = site.atoms[:2]
    assert distance(point.geometry, carbon, halogen) == pytest.approx(2.25, abs=0.02)
    assert distance(point.geometry, carbon, 9) == pytest.approx(2.50, abs=0.02)
    assert Score.from_json(json.loads(json.dumps(result.to_json()))) == result


def test_an_electron_poor_heteroanilide_before_an_alkyl_amide() -> None:
    # computed barriers of the public set: 2-aminothiazole 12.6, propylamide 15.0 kcal/mol
    assert score("O=C(CCl)Nc1nccs1").value < score("CCCNC(=O)CCl").value - 2


def test_other_halides_are_flagged() -> None:
    result = score("CNC(=O)CBr")
    assert any("alpha-bromo amide" in flag for flag in result.flags)


@pytest.mark.parametrize(
    ("smiles", "part"),
    [
        ("CCCl", "no alpha-halo carbonyl"),
        ("C=CC(=O)NC", "chloroacetamides"),
        ("ClC(Cl)C(=O)NC", "no alpha-halo carbonyl"),
        ("FCC(=O)NC", "recognises"),
    ],
)
def test_refused(smiles: str, part: str) -> None:
    with pytest.raises(InputError, match=part) as caught:
        score(smiles)
    assert caught.value.step == "recipe"


def test_a_point_that_does_not_settle_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thiolate, "relaxed", lambda *_, **__: None)
    with pytest.raises(ConvergenceError, match="none of 2 points near the transition state"):
        score("NC(=O)CCl")


@pytest.mark.parametrize(
    ("smiles", "kinds"),
    [
        ("O=C(CCl)Nc1ccccc1", ["alpha-chloro amide"]),
        ("CCOC(=O)CBr", ["alpha-bromo ester"]),
        ("CC(=O)CI", ["alpha-iodo ketone"]),
        ("ClCC(=O)N1CCN(C(=O)CCl)CC1", ["alpha-chloro amide"] * 2),
        ("ClCCC(=O)NC", []),
    ],
)
def test_warheads(smiles: str, kinds: list[str]) -> None:
    assert [w.kind for w in sn2warhead.find(Chem.MolFromSmiles(smiles))] == kinds


def test_the_halide_is_turned_across_the_carbonyl() -> None:
    work = Workup("NC(=O)CCl", QUICK, seed=1)
    (warhead,) = sn2warhead.find(work.molecule)
    for angle in (90.0, -90.0):
        places = displacement.turned(work.geometry, warhead, angle)
        halogen, carbon, carbonyl, oxygen = (places[i] for i in warhead.atoms)
        normal = np.cross(oxygen - carbonyl, carbon - carbonyl)
        bond = halogen - carbon
        cosine = normal @ bond / np.linalg.norm(normal) / np.linalg.norm(bond)
        assert abs(cosine) > 0.9


def test_a_restraint_pulls_along_the_bond() -> None:
    flat = lambda x: (0.0, np.zeros_like(x))  # noqa: E731
    places = np.array([0.0, 0, 0, 2.0, 0, 0])
    function = thiolate.restrained(flat, [thiolate.Restraint((0, 1), 1.0)])
    energy, gradient = function(places)
    step = 1e-5
    for k in range(6):
        moved = places.copy()
        moved[k] += step
        assert (function(moved)[0] - energy) / step == pytest.approx(gradient[k], abs=1e-4)
