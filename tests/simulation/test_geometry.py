import numpy as np
import pytest
from rdkit import Chem
from rdkit.Chem import rdDistGeom

from simulation import conformers, geometry
from simulation.atomicunits import BOHR
from simulation.errors import ConvergenceError, InputError, ResourceError, StochasticError
from simulation.geometry import embed, optimise
from simulation.modelhessian import lindh
from simulation.molecule import parse
from simulation.settings import SimulationSettings
from simulation.xtb import GFN2, relax

QUICK = SimulationSettings(conformers=3)


def _embedded(smiles: str, conformers: int = 3, seed: int = 1) -> Chem.Mol:
    settings = SimulationSettings(conformers=conformers)
    return embed(parse(smiles, max_heavy_atoms=80), settings, seed=seed)


def _numbers(molecule: Chem.Mol) -> np.ndarray:
    return np.array([a.GetAtomicNum() for a in molecule.GetAtoms()])


def _bonds(molecule: Chem.Mol) -> list[tuple[int, int]]:
    return [(b.GetBeginAtomIdx(), b.GetEndAtomIdx()) for b in molecule.GetBonds()]


def test_same_seed_same_conformers_and_another_seed_others() -> None:
    places = [
        _embedded("C=CC(=O)NCCO", seed=seed).GetConformer(0).GetPositions() for seed in (7, 7, 8)
    ]
    assert np.array_equal(places[0], places[1])
    assert not np.allclose(places[0], places[2], atol=1e-2)


@pytest.mark.parametrize("seed", [0, 1, 2**31 - 1, 2**40])
def test_every_seed_gives_conformers_that_differ(seed: int) -> None:
    embedded = embed(parse("CCCCO", max_heavy_atoms=9), SimulationSettings(conformers=3), seed=seed)
    first, second, third = [c.GetPositions() for c in embedded.GetConformers()][:3]
    for one, other in ((first, second), (first, third), (second, third)):
        assert np.abs(one - other).max() > 1e-3


def test_boron_which_mmff_does_not_know_is_embedded_and_optimised() -> None:
    result = optimise(_embedded("C=CC(=O)OB(C)C", conformers=1), QUICK)
    assert result.symbols.count("B") == 1
    assert result.conformers.optimised >= 1


def test_an_impossible_ring_is_a_random_failure() -> None:
    # a bridge with one end inside the ring: distance geometry finds nothing
    molecule = parse("C1C[C@@H]2C[C@@H]1C2", max_heavy_atoms=80)
    with pytest.raises(StochasticError, match="seed 3"):
        embed(molecule, SimulationSettings(conformers=1), seed=3)


def test_the_time_limit_of_the_embedding_is_a_resource_failure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # a clock that runs a minute between two looks stands for an embedding that does not end
    minutes = iter(range(0, 6000, 60))
    monkeypatch.setattr(conformers, "monotonic", lambda: float(next(minutes)))
    with pytest.raises(ResourceError, match="embed_timeout_s"):
        embed(parse("C=CC(N)=O", max_heavy_atoms=80), QUICK, seed=1)


def test_a_transferred_proton_and_a_broken_bond_are_seen() -> None:
    molecule = _embedded("C=CC(=O)O", conformers=1)
    places = molecule.GetConformer(0).GetPositions()
    assert conformers.keeps_bonds(molecule, places)
    oxygens = [a.GetIdx() for a in molecule.GetAtoms() if a.GetSymbol() == "O"]
    (hydroxyl,) = (o for o in oxygens if molecule.GetAtomWithIdx(o).GetTotalNumHs(True))
    (carbonyl,) = set(oxygens) - {hydroxyl}
    (proton,) = (
        n.GetIdx() for n in molecule.GetAtomWithIdx(hydroxyl).GetNeighbors() if n.GetSymbol() == "H"
    )
    moved = places.copy()
    away = places[carbonyl] - places.mean(axis=0)
    moved[proton] = places[carbonyl] + 0.97 * away / np.linalg.norm(away)
    assert not conformers.keeps_bonds(molecule, moved)


def test_bonds_of_an_edited_molecule_are_read_anew() -> None:
    # the adjacency matrix of before stays with an edited molecule
    pair = Chem.AddHs(Chem.MolFromSmiles("[CH3].[CH3]"))
    carbons = [a.GetIdx() for a in pair.GetAtoms() if a.GetAtomicNum() == 6]
    embedded = Chem.AddHs(Chem.MolFromSmiles("CC"))
    rdDistGeom.EmbedMolecule(embedded, randomSeed=1)
    hydrogens = iter(a.GetIdx() for a in embedded.GetAtoms() if a.GetAtomicNum() == 1)
    order = [carbons.index(i) if i in carbons else next(hydrogens) for i in range(8)]
    places = embedded.GetConformer().GetPositions()[order]
    edited = Chem.RWMol(pair)
    Chem.GetAdjacencyMatrix(edited)
    edited.AddBond(*carbons, Chem.BondType.SINGLE)
    assert not conformers.keeps_bonds(pair, places)
    assert conformers.keeps_bonds(edited, places)


def test_cages_and_hydrogen_bonds_are_not_taken_for_bonds() -> None:
    # C1...C3 of bicyclo[1.1.1]pentane are 1.9 Angstrom apart; malonic acid has an H...O contact
    for smiles in ("C=CC(=O)NC12CC(C1)C2", "OC(=O)CC(=O)O"):
        result = optimise(_embedded(smiles, conformers=2), QUICK)
        assert conformers.keeps_bonds(result.molecule, result.coordinates)


def test_duplicates_go_by_shape_and_energy() -> None:
    molecule = _embedded("C=CC(=O)NCCO", conformers=2)
    one, two = [c.GetPositions() for c in molecule.GetConformers()][:2]
    turn, _ = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))
    turn *= np.sign(np.linalg.det(turn))
    places = np.array([one, one @ turn + 5.0, two, one])
    # the second is the first turned; the last has the first one's shape and another energy
    assert conformers.distinct(molecule, np.array([0.0, 0.01, 0.02, 3.0]), places) == [0, 2, 3]


def test_model_hessian_knows_no_direction_in_space() -> None:
    # bends of nearly straight angles feel a turn a little; of straight ones they do not
    for smiles, turning in (("C/C=C/C(=O)NC", 1e-9), ("C#CC(=O)NC", 1e-2)):
        molecule = _embedded(smiles, conformers=1)
        places = molecule.GetConformer(0).GetPositions() / BOHR
        hessian = lindh(_numbers(molecule), places, _bonds(molecule))
        assert np.linalg.eigvalsh(hessian).min() > -1e-9
        for axis in np.eye(3):
            assert np.abs(hessian @ np.tile(axis, len(places))).max() < 1e-9
            assert np.abs(hessian @ np.cross(axis, places).ravel()).max() < turning


def test_gfn2_gradient_is_the_derivative_of_the_energy() -> None:
    molecule = _embedded("C=CC(N)=O", conformers=1)
    places = molecule.GetConformer(0).GetPositions() / BOHR
    calculator = GFN2(_numbers(molecule), places, charge=0, solvent="water")
    direction = np.random.default_rng(1).normal(size=places.size)
    _, gradient = calculator(places.ravel())
    up, down = (calculator(places.ravel() + s * 1e-3 * direction)[0] for s in (1, -1))
    assert (up - down) / 2e-3 == pytest.approx(float(gradient @ direction), abs=2e-5)


def test_relaxation_finds_the_minimum_of_a_valley_and_admits_when_it_does_not() -> None:
    stiff = np.diag([3.0, 1.0, 0.5, 0.02, 0.01, 0.3])
    bottom = np.array([0.1, -0.2, 0.4, 1.5, -1.0, 0.0])

    def valley(x: np.ndarray) -> tuple[float, np.ndarray]:
        away = x - bottom
        return float(away @ stiff @ away / 2), stiff @ away

    end = relax(valley, np.zeros((2, 3)), np.eye(6) * 0.3, energy_tolerance=1e-10)
    assert end.converged
    assert end.positions.ravel() == pytest.approx(bottom, abs=2e-3)
    early = relax(valley, np.zeros((2, 3)), np.eye(6) * 0.3, max_evaluations=3)
    assert not early.converged


def test_optimised_conformers_are_counted_and_the_lowest_is_kept() -> None:
    molecule = _embedded("C=CC(=O)NCCO", conformers=4)
    result = optimise(molecule, SimulationSettings(conformers=4))
    record = result.conformers
    assert (record.requested, record.embedded) == (4, 20)
    assert record.optimised + record.abandoned == 4
    assert 1 <= record.distinct <= record.optimised
    assert record.spread >= 0
    assert record.method == "ETKDGv3 / GFN2-xTB ALPB(water)"
    single = optimise(_embedded("C=CC(=O)NCCO", conformers=1), SimulationSettings(conformers=1))
    assert result.energy <= single.energy + 1e-6
    # stationary: a fresh calculation at the geometry kept has no force left
    calculator = GFN2(_numbers(molecule), result.coordinates / BOHR, charge=0, solvent="water")
    energy, gradient = calculator(result.coordinates.ravel() / BOHR)
    assert energy == pytest.approx(result.energy, abs=1e-6)
    assert np.abs(gradient).max() < 1e-3
    assert result.to_xyz("x").splitlines()[0] == str(len(result.symbols))


def test_what_is_clearly_high_is_given_up_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    # without patience everything but what ends below the best so far is given up
    def impatient(*args: object, ceiling: float = np.inf, **kwargs: object) -> object:
        return relax(*args, ceiling=ceiling - 1.0, patience=1)  # type: ignore[arg-type]

    monkeypatch.setattr(geometry, "relax", impatient)
    result = optimise(_embedded("C=CC(=O)NCCO", conformers=3), QUICK)
    assert (result.conformers.optimised, result.conformers.abandoned) == (1, 2)
    assert result.flags == ()


def test_more_starts_than_are_optimised_are_screened_by_one_energy() -> None:
    # of many starts the lowest is found with one optimisation
    many = _embedded("OCCO", conformers=5)
    lowest = optimise(many, SimulationSettings(conformers=5)).energy
    screened = optimise(many, SimulationSettings(conformers=1))
    assert screened.conformers.optimised == 1
    assert (screened.energy - lowest) * geometry.HARTREE_KCAL < 0.5


def test_charge_comes_from_the_formal_charges() -> None:
    result = optimise(_embedded("C=CC(=O)NCC[NH3+]", conformers=1), QUICK)
    assert result.charge == 1


def test_unknown_solvent_is_bad_input() -> None:
    with pytest.raises(InputError, match="moonshine"):
        optimise(_embedded("C=CC(N)=O", conformers=1), SimulationSettings(solvent="moonshine"))


def test_no_conformer_left_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    def impatient(*args: object, **kwargs: object) -> object:
        return relax(*args, max_evaluations=2)  # type: ignore[arg-type]

    monkeypatch.setattr(geometry, "relax", impatient)
    with pytest.raises(ConvergenceError, match="1 GFN2-xTB optimisations did not converge"):
        optimise(_embedded("C=CC(N)=O", conformers=1), SimulationSettings(conformers=1))


def test_open_stereo_is_flagged() -> None:
    result = optimise(_embedded("CC=CC(N)=O", conformers=1), QUICK)
    assert any("stereo not given at C2=C3" in flag for flag in result.flags)
