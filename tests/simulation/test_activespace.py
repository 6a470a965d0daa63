from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray
from pyscf import ao2mo, gto, mcscf, scf
from pyscf.mcscf import avas
from rdkit import Chem
from scipy.spatial.transform import Rotation

from simulation import activespace, spacedoubts
from simulation.activespace import ActiveSpace, pi_axes, select, substituents
from simulation.atomicunits import HARTREE_EV
from simulation.casci import CASCISolver
from simulation.errors import ConvergenceError
from simulation.geometry import Geometry, embed, optimise
from simulation.integrals import active_hamiltonian
from simulation.meanfield import MeanField, solve
from simulation.molecule import parse
from simulation.settings import SimulationSettings
from simulation.spacedoubts import doubts
from simulation.warheads import find

QUICK = SimulationSettings(conformers=4)
OCCUPATIONS = (1.965, 1.92, 0.08, 0.035)
ALKENE = (4.2, 5.8)


@cache
def _geometry(smiles: str) -> Geometry:
    return optimise(embed(parse(smiles, max_heavy_atoms=80), QUICK, seed=1), QUICK)


@cache
def _field(smiles: str, basis: str = "6-31g*", density_fit: bool = True) -> MeanField:
    settings = SimulationSettings(basis=basis, density_fit=density_fit)
    return solve(_geometry(smiles), settings)


def _atoms(smiles: str) -> tuple[int, int, int, int]:
    return find(parse(smiles, max_heavy_atoms=80))[0].atoms


def _space(smiles: str) -> ActiveSpace:
    return select(_field(smiles), _geometry(smiles), _atoms(smiles))


def _affinity(field: MeanField, space: ActiveSpace) -> float:
    hamiltonian = active_hamiltonian(field, space.coefficients, 2)
    exact = CASCISolver()
    return (
        exact.solve(hamiltonian, 2, 2).energy - exact.solve(hamiltonian, 3, 2).energy
    ) * HARTREE_EV


def _moved(geometry: Geometry, rotation: NDArray[np.float64]) -> Geometry:
    return replace(geometry, coordinates=geometry.coordinates @ rotation.T + [3.0, -1.0, 2.0])


def _twisted(geometry: Geometry, atoms: tuple[int, ...], degrees: float) -> Geometry:
    """Turn everything on the alkene's side about the single bond."""
    _, alpha, carbon, _ = atoms
    side = {alpha}
    frontier = [alpha]
    while frontier:
        for n in geometry.molecule.GetAtomWithIdx(frontier.pop()).GetNeighbors():
            if n.GetIdx() not in side | {carbon}:
                side.add(n.GetIdx())
                frontier.append(n.GetIdx())
    places = geometry.coordinates.copy()
    axis = places[carbon] - places[alpha]
    turn = Rotation.from_rotvec(np.radians(degrees) * axis / np.linalg.norm(axis))
    moving = sorted(side)
    places[moving] = turn.apply(places[moving] - places[alpha]) + places[alpha]
    return replace(geometry, coordinates=places)


def test_acrylamide_gives_two_and_two_pi_orbitals() -> None:
    space = _space("C=CC(N)=O")
    assert space.coefficients.shape == (_field("C=CC(N)=O").molecule.nao, 4)
    overlap = _field("C=CC(N)=O").molecule.intor("int1e_ovlp")
    assert space.coefficients.T @ overlap @ space.coefficients == pytest.approx(np.eye(4), abs=1e-8)
    assert np.all(np.diff(space.energies) > 0)
    assert space.energies[1] < 0 < space.energies[2]
    assert min(space.weights) > 0.85
    assert space.planarity < 0.02
    assert space.twist < 3
    assert space.labels == ("C1 2pz", "C2 2pz", "C3 2pz", "O5 2pz")


def test_weights_are_those_of_avas_with_the_group_turned_onto_xy() -> None:
    geometry, field, atoms = _geometry("C=CC(N)=O"), _field("C=CC(N)=O"), _atoms("C=CC(N)=O")
    places = geometry.coordinates[list(atoms)]
    normal = np.linalg.svd(places - places.mean(axis=0))[2][2]
    turn, _ = Rotation.align_vectors([[0, 0, 1]], [normal])
    molecule = gto.M(
        atom=list(zip(geometry.symbols, turn.apply(geometry.coordinates).tolist(), strict=True)),
        basis="6-31g*",
        verbose=0,
    )
    reference = scf.RHF(molecule).density_fit().run()
    labels = [f"{i} {geometry.symbols[i]} 2pz" for i in atoms]
    space = select(field, geometry, atoms)
    peer = avas.AVAS(reference, labels, threshold=space.threshold, minao="minao")
    orbitals, electrons, _ = peer.kernel()
    assert (orbitals, electrons) == (4, 4)
    # the axes of single atoms differ from the common plane's by a degree or so
    assert np.sort(peer.occ_weights)[-2:] == pytest.approx(
        np.sort(space.occupied_spectrum)[-2:], abs=1e-3
    )
    assert np.sort(peer.vir_weights)[-2:] == pytest.approx(
        np.sort(space.virtual_spectrum)[-2:], abs=1e-3
    )


@pytest.mark.parametrize("seed", [0, 1])
def test_affinity_does_not_change_when_the_molecule_is_turned(seed: int) -> None:
    smiles = "C=CC(C)=O"
    rotation = Rotation.random(random_state=seed).as_matrix()
    turned = _moved(_geometry(smiles), rotation)
    field = solve(turned, SimulationSettings())
    assert _affinity(field, select(field, turned, _atoms(smiles))) == pytest.approx(
        _affinity(_field(smiles), _space(smiles)), abs=1e-6
    )


@pytest.mark.parametrize(("basis", "density_fit"), [("6-31g*", True), ("sto-3g", False)])
def test_integrals_are_those_of_pyscfs_casci(basis: str, density_fit: bool) -> None:
    smiles = "C=CC(N)=O"
    field = _field(smiles, basis, density_fit)
    space = select(field, _geometry(smiles), _atoms(smiles))
    hamiltonian = active_hamiltonian(field, space.coefficients, 2)

    reference = scf.RHF(field.molecule)
    if density_fit:
        reference = reference.density_fit()
    reference.mo_coeff = field.coefficients
    reference.mo_occ = np.where(np.arange(field.coefficients.shape[1]) < field.occupied, 2.0, 0.0)
    overlap = field.molecule.intor("int1e_ovlp")
    occupied = field.coefficients[:, : field.occupied]
    rotation, _, _ = np.linalg.svd(occupied.T @ overlap @ space.coefficients[:, :2])
    core = occupied @ rotation[:, 2:]
    orbitals = np.hstack([core, space.coefficients])
    casci = mcscf.CASCI(reference, 4, 4, ncore=core.shape[1])
    one, core_energy = casci.get_h1eff(orbitals)
    two = ao2mo.restore(1, casci.get_h2eff(space.coefficients), 4)
    assert hamiltonian.one_body == pytest.approx(one, abs=1e-8)
    assert hamiltonian.two_body == pytest.approx(two, abs=1e-8)
    assert hamiltonian.core_energy == pytest.approx(core_energy, abs=1e-8)


def test_first_determinant_of_the_space_is_the_mean_field() -> None:
    field, space = _field("C=CC(N)=O"), _space("C=CC(N)=O")
    h = active_hamiltonian(field, space.coefficients, 2)
    i = slice(0, 2)
    energy = (
        h.core_energy
        + 2 * np.trace(h.one_body[i, i])
        + 2 * np.einsum("iijj", h.two_body[i, i, i, i])
        - np.einsum("ijji", h.two_body[i, i, i, i])
    )
    assert energy == pytest.approx(field.energy, abs=1e-9)


def test_axes_follow_each_end_of_a_twisted_group() -> None:
    geometry, atoms = _geometry("C=CC(N)=O"), _atoms("C=CC(N)=O")
    for degrees in (30.0, 60.0, 90.0):
        axes = pi_axes(_twisted(geometry, atoms, degrees), atoms)
        assert np.linalg.norm(axes, axis=1) == pytest.approx(np.ones(4))
        between = np.degrees(np.arccos(np.clip(abs(axes[1] @ axes[2]), -1, 1)))
        assert between == pytest.approx(degrees, abs=3)


def test_a_twisted_group_keeps_its_pi_orbitals_and_is_flagged() -> None:
    atoms = _atoms("C=CC(N)=O")
    geometry = _twisted(_geometry("C=CC(N)=O"), atoms, 70.0)
    field = solve(geometry, SimulationSettings())
    space = select(field, geometry, atoms)
    assert min(space.weights) > 0.7
    assert space.twist > 60
    assert space.planarity > 0.1
    found = doubts(space, 4.8, OCCUPATIONS, ALKENE)
    assert any("twisted" in doubt for doubt in found)


def test_an_alkyne_takes_the_pi_system_conjugated_with_the_carbonyl() -> None:
    smiles = "CC#CC(=O)OC"
    geometry, atoms = _geometry(smiles), _atoms(smiles)
    axes = pi_axes(geometry, atoms)
    assert axes @ axes[2] == pytest.approx(np.ones(4), abs=0.01)
    bond = geometry.coordinates[atoms[1]] - geometry.coordinates[atoms[0]]
    assert abs(axes[0] @ bond) < 1e-9


def test_a_swapped_orbital_is_not_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    # the oxygen's in-plane lone pair in place of its pi function
    geometry, field, atoms = _geometry("C=CC(N)=O"), _field("C=CC(N)=O"), _atoms("C=CC(N)=O")

    def swapped(where: Geometry, group: tuple[int, int, int, int]) -> NDArray[np.float64]:
        axes = pi_axes(where, group)
        bond = where.coordinates[group[3]] - where.coordinates[group[2]]
        axes[3] = np.cross(axes[2], bond / np.linalg.norm(bond))
        return axes

    monkeypatch.setattr(activespace, "pi_axes", swapped)
    with pytest.raises(ConvergenceError, match="weights occupied"):
        select(field, geometry, atoms)


@pytest.mark.parametrize(
    ("changes", "triplet", "occupations", "part"),
    [
        ({}, 6.4, OCCUPATIONS, "triplet energy 6.40 eV"),
        ({"weights": (0.99, 0.99, 0.7, 0.9)}, 4.85, OCCUPATIONS, "only 0.70"),
        ({"virtual_spectrum": (0.99, 0.7, 0.6, 0.0)}, 4.85, OCCUPATIONS, "separated by only 0.10"),
        ({}, 4.85, (1.999, 1.92, 0.08, 0.035), "takes no part"),
    ],
)
def test_doubts(
    changes: dict[str, tuple[float, ...]],
    triplet: float,
    occupations: tuple[float, ...],
    part: str,
) -> None:
    space = replace(_space("C=CC(N)=O"), **changes)  # type: ignore[arg-type]
    assert doubts(_space("C=CC(N)=O"), 4.85, OCCUPATIONS, ALKENE) == ()
    (found,) = doubts(space, triplet, occupations, ALKENE)
    assert part in found


@pytest.mark.parametrize(
    ("weights", "triplet"), [((0.99, 0.99, 0.3, 0.9), 4.85), ((0.99, 0.99, 0.9, 0.9), 9.5)]
)
def test_a_space_that_is_certainly_wrong_is_refused(
    weights: tuple[float, ...], triplet: float
) -> None:
    space = replace(_space("C=CC(N)=O"), weights=weights)
    with pytest.raises(ConvergenceError, match=f"triplet {triplet:.2f} eV"):
        doubts(space, triplet, OCCUPATIONS, ALKENE)


def test_substituents_are_saturated_groups_only() -> None:
    geometry = _geometry("CC(=CC(=O)NC)C#N")
    atoms = _atoms("CC(=CC(=O)NC)C#N")
    found = substituents(geometry, atoms[:2])
    assert [geometry.symbols[i] for i in found] == ["C", "H", "H", "H"]
    assert substituents(_geometry("C=CC(N)=O"), (0, 1)) == ()


def test_the_frontier_orbitals_take_in_a_methyl_group_and_stay_orthonormal() -> None:
    smiles = "CC=CC(N)=O"
    field, geometry, atoms = _field(smiles), _geometry(smiles), _atoms(smiles)
    bare, mixed = (select(field, geometry, atoms, groups=groups) for groups in ((), None))
    overlap = field.molecule.intor("int1e_ovlp")
    assert mixed.coefficients.T @ overlap @ mixed.coefficients == pytest.approx(np.eye(4), abs=1e-8)
    assert bare.followed == ()
    assert min(mixed.followed) > 0.8
    assert mixed.energies[1] > bare.energies[1] + 0.01  # the hole spreads
    assert _affinity(field, mixed) > _affinity(field, bare) + 0.1
    # the orbitals that are no frontier stay what they were
    assert mixed.weights[0] == pytest.approx(bare.weights[0], abs=0.05)


def test_a_frontier_orbital_that_two_share_is_not_followed_but_flagged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    smiles = "CC=CC(N)=O"
    for module in (activespace, spacedoubts):
        monkeypatch.setattr(module, "FOLLOWED", 0.999)
    space = select(_field(smiles), _geometry(smiles), _atoms(smiles))
    bare = select(_field(smiles), _geometry(smiles), _atoms(smiles), groups=())
    assert space.energies == pytest.approx(bare.energies)
    found = doubts(space, 4.85, OCCUPATIONS, ALKENE)
    assert any("shared with a substituent" in doubt for doubt in found)


def test_axes_need_a_carbonyl_carbon() -> None:
    with pytest.raises(ValueError, match="not a carbonyl"):
        pi_axes(_geometry("C=CC(N)=O"), (0, 1, 3 + 2, 4))


def test_the_molecule_is_the_canonical_one() -> None:
    assert Chem.MolToSmiles(parse("NC(=O)C=C", max_heavy_atoms=80)) == "C=CC(N)=O"
