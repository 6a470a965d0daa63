"""The circuit prepares the state of the engine, on whatever backend."""

from __future__ import annotations

import numpy as np
import pytest
from pyscf.fci import cistring
from qiskit.quantum_info import Statevector

from simulation import solver
from simulation.casci import CASCISolver
from simulation.errors import InputError
from simulation.hamiltonian import Hamiltonian
from simulation.quantum import backends
from simulation.quantum.feasibility import windows
from simulation.quantum.measurement import EnergyMeasurement
from simulation.settings import SimulationSettings
from simulation.solver import SectorsSolver
from simulation.vqe import mapping
from simulation.vqe.ansatz import uccsd
from simulation.vqe.circuit import CircuitVQESolver
from simulation.vqe.sector import SectorEnergy

ANION = [(2, 2), (3, 2)]


@pytest.mark.parametrize("sector", [(1, 1), (2, 1), (1, 2), (2, 2), (3, 1), (1, 0)])
@pytest.mark.parametrize("layers", [1, 2])
def test_circuit_and_engine_prepare_the_same_state(random_hamiltonian, sector, layers):
    norb = 3
    h = random_hamiltonian(norb, 11)
    ansatz = uccsd(h, *sector, layers, share_spins=True)
    point = np.random.default_rng(4).normal(size=ansatz.parameters)
    engine = SectorEnergy(h, ansatz)
    mapper = mapping.mapper("jordan-wigner", h, *sector)
    circuit = mapping.ansatz_circuit(
        mapping.ExcitationProduct(norb, *sector, ansatz.factors), mapper
    ).assign_parameters(ansatz.angles(point))
    operator = mapping.qubit_operator(h, *sector, mapper)
    measured = EnergyMeasurement.compiled(circuit, operator, h.core_energy, backends.exact)
    amplitudes = Statevector(measured.circuit).data
    alpha, beta = (cistring.make_strings(range(norb), n) for n in sector)
    index = np.array([[int(a) | int(b) << norb for b in beta] for a in alpha])
    in_sector = amplitudes[index]
    overlap = np.vdot(engine.state(point), in_sector)  # one phase for all: ordering, global
    assert abs(overlap) == pytest.approx(1.0, abs=1e-10)
    assert in_sector / overlap == pytest.approx(engine.state(point), abs=1e-10)
    assert measured.compiled_energy() == pytest.approx(engine.energy(point), abs=1e-9)


@pytest.mark.parametrize("name", ["jordan-wigner", "parity", "tapered"])
def test_every_mapping_gives_the_energy_of_the_engine(active_space, name):
    h = active_space("acrylamide", 4, 4)
    settings = SimulationSettings(solver="vqe-circuit", mapping=name)
    found = CircuitVQESolver.from_settings(settings)
    engine = solver.find(SimulationSettings(solver="vqe"))
    for sector in ANION:
        solution = found.solve(h, *sector)
        assert solution.energy == pytest.approx(engine.solve(h, *sector).energy, abs=1e-8)
        assert solution.standard_error is None
        assert solution.circuit is not None
        assert solution.circuit.mapping == name
        assert solution.circuit.two_qubit_gates > 50


@pytest.mark.parametrize("ansatz", ["uccsd", "adapt"])
def test_either_ansatz_runs_as_a_circuit(active_space, ansatz):
    h = active_space("LiH", 2, 3)
    exact = CASCISolver().solve(h, 1, 1).energy
    settings = SimulationSettings(solver="vqe-circuit", ansatz=ansatz)
    solution = CircuitVQESolver.from_settings(settings).solve(h, 1, 1)
    assert solution.energy == pytest.approx(exact, abs=1e-4)
    assert solution.circuit is not None
    assert solution.circuit.ansatz.startswith(ansatz)


def test_sampling_carries_its_standard_error(active_space):
    h = active_space("H2", 2, 2)
    exact = CASCISolver().solve(h, 1, 1).energy
    settings = SimulationSettings(backend="aer", precision_mha=2.0)
    sampled = CircuitVQESolver(backends.aer, settings, seed=3).solve(h, 1, 1)
    assert sampled.standard_error == pytest.approx(2e-3, rel=0.05)
    assert 0 < abs(sampled.energy - exact) < 5 * 2e-3
    assert sampled == CircuitVQESolver(backends.aer, settings, seed=3).solve(h, 1, 1)
    assert sampled != CircuitVQESolver(backends.aer, settings, seed=4).solve(h, 1, 1)


def test_the_shots_are_limited(active_space):
    settings = SimulationSettings(
        backend="aer", precision_mha=1e-3, max_shots=3000, technical_file=True
    )
    solution = solver.find(settings).solve(active_space("H2", 2, 2), 1, 1)
    assert solution.technical is not None
    assert solution.technical["shots"] <= 3000
    assert solution.standard_error is not None
    assert solution.standard_error > 5e-3


def test_a_backend_brings_its_solver_with_it():
    assert SimulationSettings().solver == "vqe"
    assert SimulationSettings(backend="aer").solver == "vqe-circuit"
    assert SimulationSettings(backend="aer", solver="casci").solver == "casci"
    again = SimulationSettings(**SimulationSettings(backend="aer").model_dump())
    assert again == SimulationSettings(backend="aer")


def test_sectors_are_sampled_independently(active_space):
    # alpha and beta exchanged: the same energy, from other random numbers
    h = active_space("H2", 2, 2)
    found = solver.find(SimulationSettings(backend="aer", max_shots=2000))
    assert isinstance(found, SectorsSolver)
    one, other = solver.solve_sectors(found, h, [(1, 0), (0, 1)], seed=9)
    assert one.energy != other.energy


def test_a_device_gets_the_mapping_with_the_fewest_gates(active_space):
    h = active_space("H2", 2, 2)
    settings = SimulationSettings(backend="fake:manila", max_shots=2000)
    circuit = solver.find(settings).solve(h, 1, 1).circuit
    assert circuit is not None
    assert (circuit.mapping, circuit.qubits, circuit.two_qubit_gates) == ("tapered", 1, 0)


def test_windows_keep_every_sector_in_the_same_orbitals(random_hamiltonian):
    h = random_hamiltonian(6, 3)
    spaces = list(windows(h, [(3, 3), (4, 3)]))
    assert [w.hamiltonian.norb for w in spaces] == [6, 4, 2]
    assert [w.frozen for w in spaces] == [0, 1, 2]
    assert [w.sector(4, 3) for w in spaces] == [(4, 3), (3, 2), (2, 1)]
    # a triplet of four electrons beside the singlet has no window of two orbitals below
    assert [w.frozen for w in windows(random_hamiltonian(4, 3), [(2, 2), (3, 1)])] == [0, 1]


def test_frozen_electrons_are_in_the_core_energy(random_hamiltonian):
    h = random_hamiltonian(5, 8)
    (_, window, *_) = windows(h, [(3, 3)])
    assert (window.hamiltonian.norb, window.frozen) == (3, 2)
    # one determinant: 1 orbital of the window doubly occupied, 2 below it frozen
    small = window.hamiltonian
    closed = 2 * small.one_body[0, 0] + small.two_body[0, 0, 0, 0] + small.core_energy
    occupied = slice(0, 3)
    two = h.two_body[occupied, occupied, occupied, occupied]
    whole = h.core_energy + 2 * np.trace(h.one_body[occupied, occupied])
    whole += 2 * np.einsum("iijj->", two) - np.einsum("ijji->", two)
    assert closed == pytest.approx(float(whole))


def broken_symmetry(h: Hamiltonian) -> Hamiltonian:
    """Without reflections, as the pi space of a molecule that is not planar."""
    rng = np.random.default_rng(0)
    turn, _ = np.linalg.qr(np.eye(h.norb) + 0.05 * rng.normal(size=(h.norb, h.norb)))
    return Hamiltonian(
        turn.T @ h.one_body @ turn,
        np.einsum("pqrs,pi,qj,rk,sl->ijkl", h.two_body, turn, turn, turn, turn, optimize=True),
        h.core_energy,
    )


def test_a_space_too_large_for_a_device_is_reduced_and_says_so(active_space):
    h = broken_symmetry(active_space("acrylamide", 4, 4))
    settings = SimulationSettings(backend="fake:manila", max_shots=20_000)
    records = solver.records(solver.find(settings), h, ANION, seed=2)
    for record, sector in zip(records, ANION, strict=True):
        reduced = record.reduced
        assert reduced is not None
        assert (reduced.orbitals, reduced.frozen) == (2, 1)
        assert reduced.electrons == sum(sector) - 2
        assert "4 orbitals need 6 qubits, fake:manila has 5; fake:casablanca" in reduced.reason
        assert record.casci_energy == pytest.approx(CASCISolver().solve(h, *sector).energy)
        assert reduced.casci_energy > record.casci_energy
        assert record.standard_error is not None
        assert abs(record.energy - reduced.casci_energy) < 0.1
    (line,) = solver.doubts(records)
    small = 27.211386 * (records[0].reduced.casci_energy - records[1].reduced.casci_energy)  # type: ignore[union-attr]
    whole = 27.211386 * (records[0].casci_energy - records[1].casci_energy)
    assert f"exact E(4e) - E(5e) is {small:.3f} eV in it and {whole:.3f} eV in the whole" in line
    errors = [record.standard_error or 0.0 for record in records]
    assert solver.difference_error(records) == pytest.approx(np.hypot(*errors))


def test_a_device_with_room_gets_the_whole_space(active_space):
    h = active_space("H2", 2, 2)
    settings = SimulationSettings(backend="fake:manila", max_shots=2000, mapping="jordan-wigner")
    (record,) = solver.records(solver.find(settings), h, [(1, 1)], seed=2)
    assert record.reduced is None
    assert record.circuit is not None
    assert record.circuit.mapping == "jordan-wigner"
    assert solver.doubts([record]) == ()


def test_a_device_that_is_too_small_for_anything_is_refused(active_space):
    settings = SimulationSettings(backend="fake:armonk", max_shots=2000)
    found = solver.find(settings)
    with pytest.raises(InputError, match=r"fake:armonk has 1; .* and no smaller space fits") as no:
        found.solve(broken_symmetry(active_space("acrylamide", 4, 4)), 2, 2)
    assert "\n" not in no.value.message


def test_exact_solvers_solve_sectors_one_by_one(active_space):
    h = active_space("acrylamide", 4, 4)
    found = solver.find(SimulationSettings(solver="casci"))
    records = solver.records(found, h, ANION, seed=0)
    assert [r.sector for r in records] == ["4e", "5e"]
    assert all(r.energy == r.casci_energy for r in records)
    assert solver.difference_error(records) is None
    assert solver.doubts(records) == ()
