"""The solver ``vqe-circuit``: the state of ``vqe`` as a circuit on a backend.

The parameters are optimised by the sector engine, which on these sizes is
exact and ten thousand times cheaper than sampling gradients; what the backend
does is prepare the optimised state and measure its energy. Nothing goes to it
but a circuit compiled for it and an observable.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from qiskit import QuantumCircuit
from qiskit.quantum_info import SparsePauliOp
from qiskit_nature.second_q.circuit.library import UCC, HartreeFock
from qiskit_nature.second_q.mappers import JordanWignerMapper

from simulation.hamiltonian import Hamiltonian
from simulation.interchange import electronic_structure_problem
from simulation.quantum import backends
from simulation.quantum.backends import Backend
from simulation.settings import SimulationSettings
from simulation.solver import Solution
from simulation.vqe.ansatz import UCCSD, Excitation
from simulation.vqe.engine import optimised


@dataclass(frozen=True)
class EnergyMeasurement:
    """What is sent to an estimator: a compiled circuit and an observable on its qubits."""

    circuit: QuantumCircuit  # no free parameters
    observable: SparsePauliOp  # Hartree, nuclear repulsion and core left out
    constant: float  # Hartree, to be added

    @property
    def qubits(self) -> int:
        """Number of qubits."""
        return int(self.circuit.num_qubits)

    @property
    def two_qubit_gates(self) -> int:
        """Number of gates on two qubits."""
        return int(self.circuit.num_nonlocal_gates())

    @property
    def depth(self) -> int:
        """Number of layers of gates that cannot run at the same time."""
        return int(self.circuit.depth())


def ansatz_circuit(ansatz: UCCSD) -> QuantumCircuit:
    """Qiskit Nature's UCC circuit of the ansatz, Jordan-Wigner mapped.

    Its parameters in order take ``ansatz.angles(...)``.
    """
    mapper = JordanWignerMapper()
    electrons = (ansatz.n_alpha, ansatz.n_beta)
    reference = HartreeFock(ansatz.norb, electrons, mapper)
    if not ansatz.excitations:
        return reference

    def excitations(num_spatial_orbitals: int, num_particles: tuple[int, int]) -> list[Excitation]:
        return list(ansatz.excitations)

    return UCC(
        ansatz.norb,
        electrons,
        excitations,
        mapper,
        reps=ansatz.layers,
        initial_state=reference,
    )


def energy_measurement(
    hamiltonian: Hamiltonian,
    ansatz: UCCSD,
    parameters: NDArray[np.float64],
    backend: Backend,
) -> EnergyMeasurement:
    """The circuit of the trial state and its energy operator, compiled for a backend.

    Args:
        hamiltonian: orbitals in the order of the ansatz.
        parameters: shape (parameters,), rad.
    """
    circuit = ansatz_circuit(ansatz)
    bound = circuit.assign_parameters(ansatz.angles(parameters))
    # Without expanding the evolutions first, simulators exponentiate dense matrices.
    compiled = backend.pass_manager().run(bound.decompose(reps=2))
    problem = electronic_structure_problem(hamiltonian, ansatz.n_alpha, ansatz.n_beta)
    operator = JordanWignerMapper().map(problem.hamiltonian.second_q_op())
    return EnergyMeasurement(
        circuit=compiled,
        observable=operator.apply_layout(compiled.layout),
        constant=hamiltonian.core_energy,
    )


class CircuitVQESolver:
    """The optimised trial state of ``vqe`` measured on a backend."""

    name = "vqe-circuit"

    def __init__(self, backend: Backend, layers: int = 2, seed: int = 0) -> None:
        self.backend = backend
        self.layers = layers
        self.seed = seed  # of the backend's sampling

    @classmethod
    def from_settings(cls, settings: SimulationSettings) -> CircuitVQESolver:
        """The solver with the layers and the backend that ``settings`` names.

        Raises:
            InputError: no installed package provides the backend.
        """
        return cls(backends.find(settings.backend), layers=settings.layers)

    def solve(self, hamiltonian: Hamiltonian, n_alpha: int, n_beta: int) -> Solution:
        """The energy of the trial state as the backend measures it.

        Raises:
            InputError: the electrons do not fit into the orbitals.
            ConvergenceError: see ``simulation.vqe.engine.optimised``.
        """
        state = optimised(hamiltonian, n_alpha, n_beta, self.layers)
        measurement = energy_measurement(
            state.hamiltonian, state.ansatz, state.parameters, self.backend
        )
        estimator = self.backend.estimator(self.seed)
        result = estimator.run([(measurement.circuit, measurement.observable)]).result()[0].data
        return Solution(
            energy=float(result.evs) + measurement.constant,
            parameters=state.ansatz.parameters,
            evaluations=state.evaluations + 1,
            gradient_norm=state.gradient_norm,
            converged=True,
            standard_error=None if self.backend.exact else float(result.stds),
        )
