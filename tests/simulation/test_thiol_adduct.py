import json
import math

import numpy as np
import pytest
from rdkit import Chem

from simulation import michaelacceptor, modelcompound, thioladdition, thiolate
from simulation.errors import ConvergenceError, InputError
from simulation.molecule import parse
from simulation.recipes.thiol_adduct import RECIPE, ThiolAdduct
from simulation.score import Score
from simulation.settings import SimulationSettings
from simulation.stericaccess import buried_volume
from simulation.workup import Workup

QUICK = SimulationSettings(conformers=2)


def score(smiles: str, settings: SimulationSettings = QUICK) -> Score:
    return RECIPE.score(Workup(smiles, settings, seed=1))


def test_acrylamide() -> None:
    result = score("C=CC(N)=O")
    assert result.value == pytest.approx(-9.8, abs=0.3)  # GFN2-xTB/ALPB(water)
    assert (result.unit, result.solver, result.casci_value) == ("kcal/mol", "none", None)
    assert result.active_space is None
    acceptor, nucleophile, adduct = result.species
    assert [s.charge for s in result.species] == [0, -1, -1]
    assert (acceptor.smiles, nucleophile.smiles) == ("C=CC(N)=O", "C[S-]")
    assert adduct.smiles == "CSC[CH-]C(N)=O"
    difference = (adduct.energy - acceptor.energy - nucleophile.energy) * 627.509474
    assert result.value == pytest.approx(difference, abs=1e-4)
    assert adduct.geometry.splitlines()[0] == "15"
    assert result.provenance.convergence["adducts_kept"] > 0
    assert Score.from_json(json.loads(json.dumps(result.to_json()))) == result


def test_order_of_reactivity() -> None:
    # cyanoacrylamides before acrylamides before crotonamides before butynamides
    values = [
        score(s).value for s in ("CNC(=O)C(C#N)=C", "C=CC(=O)NC", "C/C=C/C(=O)NC", "CC#CC(=O)NC")
    ]
    assert values == sorted(values)
    assert all(math.isfinite(v) and -40 < v < 5 for v in values)


def test_a_vinyl_sulfone_has_an_adduct() -> None:
    result = score("C=CS(C)(=O)=O")
    assert result.sites[0].name == "vinyl sulfone C1=C2"
    assert result.value < score("C=CC(=O)NC").value


def test_the_remote_part_changes_nothing_once_it_is_cut_away() -> None:
    near = score("C=CC(=O)NCCC")
    far = score("C=CC(=O)NCCCCCCCCCc1ccccc1")
    assert far.species[0].smiles == near.species[0].smiles == "C=CC(=O)NCCC"
    assert far.value == pytest.approx(near.value, abs=1.0)


@pytest.mark.parametrize(
    ("smiles", "part"),
    [("CCO", "no Michael acceptor"), ("O=c1cc[nH]cc1", "recognises"), ("C=Cc1ccccc1", "C=O")],
)
def test_refused(smiles: str, part: str) -> None:
    with pytest.raises(InputError, match=part) as caught:
        score(smiles)
    assert caught.value.step == "recipe"


def test_adducts_that_fall_apart_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thiolate, "keeps_bonds", lambda *_: False)
    with pytest.raises(ConvergenceError, match="none of 4 adducts"):
        score("C=CC(N)=O")


@pytest.mark.slow
def test_a_density_functional_agrees_in_sign_and_size() -> None:
    result = ThiolAdduct(functional="r2scan").score(Workup("C=CC(C)=O", QUICK, seed=1))
    assert -40 < result.value < 5
    assert result.baselines["gfn2_adduct"].value == pytest.approx(score("C=CC(C)=O").value)


def test_unknown_functional() -> None:
    with pytest.raises(InputError, match="knows no functional 'magic'"):
        ThiolAdduct(functional="magic").score(Workup("C=CC=O", QUICK, seed=1))


@pytest.mark.parametrize(
    ("smiles", "kinds"),
    [
        ("C=CC(=O)Nc1ccccc1", ["acrylamide"]),
        ("O=C1C=CC(=O)N1C", ["maleimide", "maleimide"]),
        ("C=CS(=O)(=O)c1ccccc1", ["vinyl sulfone"]),
        ("CC#CC(=O)N1CCCC1", ["alkynamide"]),
        ("CC(C)(C)C=C(C#N)C(=O)N1CCCC1", ["2-cyanoacrylamide"]),
        ("C=C[N+](=O)[O-]", ["nitroalkene"]),
        ("C=CC#N", ["acrylonitrile"]),
        ("C=CP(=O)(OC)OC", ["Michael acceptor"]),
        ("O=c1ccn(C)cc1", []),
        ("ClCC(=O)NC", []),
    ],
)
def test_acceptors(smiles: str, kinds: list[str]) -> None:
    found = michaelacceptor.find(Chem.MolFromSmiles(smiles))
    assert [a.kind for a in found] == kinds
    assert [s.atoms for s in RECIPE.sites(Chem.MolFromSmiles(smiles))] == [a.atoms for a in found]


@pytest.mark.parametrize(
    ("smiles", "model"),
    [
        ("C=CC(=O)Nc1ccccc1", "C=CC(=O)Nc1ccccc1"),
        (
            "C=CC(=O)N1CCC[C@H](C1)n1nc(-c2ccc(Oc3ccccc3)cc2)c2c(N)ncnc12",  # ibrutinib
            "C=CC(=O)N1CCC[C@@H](n2ncc3c(N)ncnc32)C1",
        ),
        ("C=CC(=O)NCCCCCCCCc1ccccc1", "C=CC(=O)NCCC"),
    ],
)
def test_model_compounds(smiles: str, model: str) -> None:
    molecule = parse(smiles, max_heavy_atoms=80)
    (acceptor,) = michaelacceptor.find(molecule)
    made, site = modelcompound.truncate(molecule, acceptor.atoms)
    assert Chem.MolToSmiles(made) == Chem.CanonSmiles(model)
    (inside,) = michaelacceptor.find(made)
    assert inside.atoms == site


def test_both_faces_of_acrylamide_are_equivalent() -> None:
    work = Workup("C=CC(N)=O", QUICK, seed=1)
    (acceptor,) = michaelacceptor.find(work.molecule)
    up, down = thioladdition.attacks(work.geometry, acceptor)
    places = work.geometry.coordinates
    plane = places[[0, 1, 2]] - places[0]
    normal = np.cross(plane[1], plane[2])
    assert np.sign(up @ normal) == -np.sign(down @ normal)
    numbers = np.array([a.GetAtomicNum() for a in work.geometry.molecule.GetAtoms()])
    one, other = (buried_volume(numbers, places, places[0] + 2 * d) for d in (up, down))
    assert one == pytest.approx(other, abs=0.02)


def test_buried_volume_of_one_carbon() -> None:
    # a sphere of 1.17 * 1.70 Angstrom in one of 3.5
    volume = buried_volume(np.array([6]), np.zeros((1, 3)), np.zeros(3))
    assert volume == pytest.approx((1.17 * 1.70 / 3.5) ** 3, abs=0.01)
    assert buried_volume(np.array([1]), np.zeros((1, 3)), np.zeros(3)) == 0
