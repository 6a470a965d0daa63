"""The three solvers against each other and against reference energies."""

from __future__ import annotations

import numpy as np
import pytest

from simulation import solver
from simulation.casci import CASCISolver
from simulation.errors import ConvergenceError, InputError
from simulation.hamiltonian import Hamiltonian
from simulation.quantum import backends
from simulation.settings import SimulationSettings
from simulation.vqe.circuit import CircuitVQESolver
from simulation.vqe.engine import VQESolver, optimised


@pytest.mark.parametrize(
    ("name", "electrons", "orbitals", "sector"),
    [
        ("H2", 2, 2, (1, 1)),
        ("LiH", 2, 3, (1, 1)),
        ("LiH", 2, 5, (1, 1)),
        pytest.param("LiH", 4, 6, (2, 2), marks=pytest.mark.slow),
        ("acrylamide", 4, 4, (2, 2)),
        ("acrylamide", 4, 4, (3, 2)),
        ("acrylamide", 4, 4, (2, 1)),
        ("acrylamide", 4, 4, (3, 1)),
    ],
)
def test_the_three_solvers_agree(active_space, name, electrons, orbitals, sector):
    h = active_space(name, electrons, orbitals)
    energies = {
        name: solver.find(SimulationSettings(solver=name, ansatz="uccsd", layers=2))
        .solve(h, *sector)
        .energy
        for name in ("casci", "vqe", "vqe-circuit")
    }
    assert energies["vqe"] == pytest.approx(energies["casci"], abs=1e-8)
    assert energies["vqe-circuit"] == pytest.approx(energies["casci"], abs=1e-8)
    assert energies["vqe-circuit"] == pytest.approx(energies["vqe"], abs=1e-10)


@pytest.mark.parametrize(
    ("name", "electrons", "orbitals", "spin", "basis", "sector", "within"),
    [
        ("H2", 2, 4, 0, "6-31g", (1, 1), 1e-8),
        ("OH", 9, 6, 1, "sto-3g", (5, 4), 1e-6),
        ("N2", 10, 8, 0, "sto-6g", (5, 5), 2e-3),
        ("acrylamide", 6, 6, 0, "sto-3g", (3, 3), 6e-4),
        ("acrylamide", 6, 6, 0, "sto-3g", (3, 2), 6e-4),
        ("acrylamide", 8, 8, 0, "sto-3g", (4, 4), 8e-4),
        ("acrylamide", 8, 8, 0, "sto-3g", (4, 3), 8e-4),
        ("acrylamide", 8, 8, 0, "sto-3g", (5, 4), 6e-4),
    ],
)
def test_one_layer_is_variational_and_close(
    active_space, name, electrons, orbitals, spin, basis, sector, within
):
    h = active_space(name, electrons, orbitals, basis=basis, spin=spin)
    solution = VQESolver(layers=1).solve(h, *sector)
    deviation = solution.energy - CASCISolver().solve(h, *sector).energy
    assert -1e-9 <= deviation <= within
    assert solution.converged
    assert solution.gradient_norm <= 1e-6
    assert solution.parameters > 0
    assert solution.evaluations > 1
    assert solution.standard_error is None


def test_a_second_layer_lowers_the_energy(active_space):
    h = active_space("acrylamide", 6, 6)
    one, two = (VQESolver(layers=layers).solve(h, 3, 3) for layers in (1, 2))
    exact = CASCISolver().solve(h, 3, 3).energy
    assert exact - 1e-9 <= two.energy < one.energy - 5e-4


def test_the_hole_is_found_where_it_is_most_stable(active_space):
    # The cation's lowest state has another symmetry than the determinant that
    # fills the orbitals from the front; its energy is 45 mHartree lower.
    h = active_space("acrylamide", 4, 4)
    state = optimised(h, 2, 1, 1)
    assert state.energy == pytest.approx(CASCISolver().solve(h, 2, 1).energy, abs=1e-5)
    assert not (state.hamiltonian.one_body == h.one_body).all()


@pytest.mark.parametrize("solver_class", [VQESolver, CASCISolver])
@pytest.mark.parametrize("sector", [(1, 2), (2, 3)])
def test_exchanging_the_spins_changes_nothing(active_space, solver_class, sector):
    h = active_space("acrylamide", 4, 4)
    mirrored = (sector[1], sector[0])
    layers = {"layers": 2} if solver_class is VQESolver else {}
    assert solver_class(**layers).solve(h, *sector).energy == pytest.approx(
        solver_class(**layers).solve(h, *mirrored).energy, abs=1e-8
    )


@pytest.mark.parametrize("sector", [(1, 0), (0, 1), (2, 0), (2, 1), (2, 2)])
def test_sectors_without_excitations(active_space, sector):
    h = active_space("H2", 2, 2)
    exact = CASCISolver().solve(h, *sector).energy
    for layers in (1, 2):
        assert VQESolver(layers).solve(h, *sector).energy == pytest.approx(exact, abs=1e-10)
    circuit = CircuitVQESolver(backends.exact).solve(h, *sector)
    assert circuit.energy == pytest.approx(exact, abs=1e-10)


def test_the_same_call_gives_the_same_bits(active_space):
    h = active_space("acrylamide", 4, 4)
    for ansatz in ("uccsd", "adapt"):
        assert VQESolver(ansatz=ansatz).solve(h, 2, 2) == VQESolver(ansatz=ansatz).solve(h, 2, 2)


def test_the_singlet_below_which_a_triplet_lies_is_found(active_space):
    oxygen = active_space("O2", 8, 6, spin=2)
    singlet = VQESolver(2).solve(oxygen, 4, 4).energy
    # to the default target_error_mha
    assert singlet == pytest.approx(CASCISolver().solve(oxygen, 4, 4).energy, abs=1e-4)
    assert singlet > VQESolver(2).solve(oxygen, 5, 3).energy + 0.02


def test_a_triplet_is_not_returned_as_the_singlet(active_space, monkeypatch):
    monkeypatch.setattr("simulation.vqe.sector.SectorEngine.spin_contamination", lambda *_: 2.0)
    with pytest.raises(ConvergenceError, match="higher multiplicity"):
        VQESolver().solve(active_space("H2", 2, 2), 1, 1)
    with pytest.raises(ConvergenceError, match=r"<S\^2> too large by 2\.00"):
        VQESolver(ansatz="auto").solve(active_space("H2", 2, 2), 1, 1)


@pytest.mark.parametrize("name", ["vqe", "vqe-circuit"])
def test_impossible_sectors_are_refused(active_space, name):
    with pytest.raises(InputError, match="do not fit"):
        solver.find(SimulationSettings(solver=name)).solve(active_space("H2", 2, 2), 3, 1)


def test_senseless_integrals_are_refused():
    with pytest.raises(InputError, match="do not belong together"):
        Hamiltonian(np.eye(2), np.zeros((3, 3, 3, 3)), 0.0)
    with pytest.raises(InputError, match="not finite"):
        Hamiltonian(np.eye(2), np.full((2, 2, 2, 2), np.nan), 0.0)


def test_unknown_solvers_are_refused():
    with pytest.raises(InputError, match=r"dmrg.*installed: .*\bvqe\b"):
        solver.find(SimulationSettings(solver="dmrg"))
