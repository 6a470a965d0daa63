"""The circuit prepares the state of the engine."""

from __future__ import annotations

import numpy as np
import pytest
from pyscf.fci import cistring
from qiskit.quantum_info import Statevector
from qiskit_nature.second_q.circuit.library import UCCSD as QISKIT_UCCSD
from qiskit_nature.second_q.circuit.library import HartreeFock
from qiskit_nature.second_q.mappers import JordanWignerMapper

from simulation.casci import CASCISolver
from simulation.quantum import backends
from simulation.vqe.ansatz import uccsd
from simulation.vqe.circuit import CircuitVQESolver, ansatz_circuit, energy_measurement
from simulation.vqe.sector import SectorEnergy


@pytest.mark.parametrize("sector", [(1, 1), (2, 1), (1, 2), (2, 2), (3, 1), (1, 0)])
@pytest.mark.parametrize("layers", [1, 2])
def test_circuit_and_engine_prepare_the_same_state(random_hamiltonian, sector, layers):
    norb = 3
    h = random_hamiltonian(norb, 11)
    ansatz = uccsd(h, *sector, layers, share_spins=True)
    point = np.random.default_rng(4).normal(size=ansatz.parameters)
    engine = SectorEnergy(h, ansatz)
    measurement = energy_measurement(h, ansatz, point, backends.exact)
    amplitudes = Statevector(measurement.circuit).data
    alpha, beta = (cistring.make_strings(range(norb), n) for n in sector)
    index = np.array([[int(a) | int(b) << norb for b in beta] for a in alpha])
    in_sector = amplitudes[index]
    overlap = np.vdot(engine.state(point), in_sector)  # one phase for all: ordering, global
    assert abs(overlap) == pytest.approx(1.0, abs=1e-10)
    assert in_sector / overlap == pytest.approx(engine.state(point), abs=1e-10)
    measured = Statevector(measurement.circuit).expectation_value(measurement.observable).real
    assert measured + measurement.constant == pytest.approx(engine.energy(point), abs=1e-9)


def test_it_is_qiskit_natures_uccsd(random_hamiltonian):
    # The same excitations in another order: as many parameters, the same factors.
    h = random_hamiltonian(3, 2)
    ours = ansatz_circuit(uccsd(h, 1, 1, 1, share_spins=False))
    mapper = JordanWignerMapper()
    theirs = QISKIT_UCCSD(3, (1, 1), mapper, initial_state=HartreeFock(3, (1, 1), mapper))
    assert sorted(ours.excitation_list) == sorted(theirs.excitation_list)
    assert ours.num_parameters == theirs.num_parameters


def test_the_size_of_the_circuit(active_space):
    h = active_space("acrylamide", 4, 4)
    ansatz = uccsd(h, 2, 2, 1, share_spins=True)
    measurement = energy_measurement(h, ansatz, ansatz.start, backends.exact)
    assert measurement.qubits == 8
    assert 100 < measurement.two_qubit_gates < 1000
    assert measurement.depth >= measurement.two_qubit_gates / 4
    assert not measurement.circuit.parameters
    assert set(measurement.circuit.count_ops()) <= {"rz", "sx", "x", "cx"}


def test_sampling_carries_its_standard_error(active_space):
    h = active_space("H2", 2, 2)
    exact = CASCISolver().solve(h, 1, 1).energy
    sampled = CircuitVQESolver(backends.aer, layers=1, seed=3).solve(h, 1, 1)
    assert sampled.standard_error is not None
    assert 0 < sampled.standard_error < 5e-3
    assert 0 < abs(sampled.energy - exact) < 5 * sampled.standard_error
    assert sampled == CircuitVQESolver(backends.aer, layers=1, seed=3).solve(h, 1, 1)
    assert sampled != CircuitVQESolver(backends.aer, layers=1, seed=4).solve(h, 1, 1)
