"""Fermions to qubits: Jordan-Wigner, parity with two qubits fewer, tapered.

All three come from Qiskit Nature and describe the same state in the same
sector, with different numbers of qubits and gates:

- ``jordan-wigner``: a qubit for each spin orbital.
- ``parity``: the two qubits that hold the parities of the alpha electrons and
  of all electrons are constants of the sector and left out (Bravyi, Gambetta,
  Mezzacapo, Temme, arXiv:1701.08213, section 3).
- ``tapered``: a qubit less for every Z2 symmetry, the reflections of the
  orbitals and the parities of the electrons, in the eigenspace of the
  reference determinant (section 4 there). A symmetry that the trial state
  breaks on purpose is kept.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, Protocol, cast, get_args

import numpy as np
from qiskit import QuantumCircuit
from qiskit.quantum_info import SparsePauliOp
from qiskit.quantum_info.analysis.z2_symmetries import Z2Symmetries
from qiskit_nature.second_q.circuit.library import UCC, HartreeFock
from qiskit_nature.second_q.circuit.library.initial_states.hartree_fock import (
    hartree_fock_bitstring_mapped,
)
from qiskit_nature.second_q.mappers import (
    JordanWignerMapper,
    ParityMapper,
    QubitMapper,
    TaperedQubitMapper,
)
from qiskit_nature.second_q.operators import FermionicOp

from simulation.errors import InputError
from simulation.hamiltonian import Hamiltonian
from simulation.interchange import electronic_structure_problem
from simulation.vqe.ansatz import Excitation
from simulation.vqe.parity import ParitySymmetry

MappingName = Literal["jordan-wigner", "parity", "tapered"]

NAMES: tuple[str, ...] = get_args(MappingName)


class ProductState(Protocol):
    """A product of exponentials of excitations on the determinant filled from the front.

    ``simulation.vqe.ansatz.UCCSD`` is one, ``ExcitationProduct`` the plainest.
    """

    @property
    def norb(self) -> int:
        """Number of spatial orbitals."""
        ...

    @property
    def n_alpha(self) -> int:
        """Number of alpha electrons."""
        ...

    @property
    def n_beta(self) -> int:
        """Number of beta electrons."""
        ...

    @property
    def layers(self) -> int:
        """Repetitions of the excitations, each with angles of its own."""
        ...

    @property
    def excitations(self) -> tuple[Excitation, ...]:
        """Of one layer, the first is applied first."""
        ...


@dataclass(frozen=True)
class ExcitationProduct:
    """Excitations in the order of application; one may occur several times."""

    norb: int
    n_alpha: int
    n_beta: int
    excitations: tuple[Excitation, ...]  # the first is applied first
    layers: int = 1


def mapper(
    name: str,
    hamiltonian: Hamiltonian,
    n_alpha: int,
    n_beta: int,
    excitations: Iterable[Excitation] = (),
) -> QubitMapper:
    """Qiskit Nature's mapper for a sector of a Hamiltonian.

    Args:
        name: ``jordan-wigner``, ``parity`` or ``tapered``; ``auto`` is the first.
        hamiltonian: orbitals in the order in which the reference fills them.
        excitations: of the trial state. ``tapered`` removes only symmetries
            that they keep; without them it takes those of the Hamiltonian.

    Raises:
        InputError: there is no such mapping, the electrons do not fit into the
            orbitals, or no qubit would be left.
    """
    hamiltonian.check_sector(n_alpha, n_beta)
    electrons = (n_alpha, n_beta)
    if name in ("jordan-wigner", "auto"):
        return JordanWignerMapper()
    if name not in NAMES:
        raise InputError("solver", f"unknown mapping {name!r}; there are: {', '.join(NAMES)}")
    if hamiltonian.norb == 1:
        raise InputError(
            "solver", f"mapping {name} leaves no qubit of one orbital; use jordan-wigner"
        )
    if name == "parity":
        return ParityMapper(electrons)
    # Tapered from the parity mapping the circuits have 5 to 33 % more gates on two qubits.
    whole = JordanWignerMapper()
    return TaperedQubitMapper(whole, _symmetries(hamiltonian, electrons, excitations, whole))


def qubit_operator(
    hamiltonian: Hamiltonian, n_alpha: int, n_beta: int, mapping: QubitMapper
) -> SparsePauliOp:
    """The Hamiltonian of a sector on qubits, without the core energy.

    Args:
        mapping: made by ``mapper`` for the same Hamiltonian and sector.

    Returns:
        coefficients in Hartree.

    Raises:
        InputError: the electrons do not fit into the orbitals.
    """
    problem = electronic_structure_problem(hamiltonian, n_alpha, n_beta)
    fermions = problem.hamiltonian.second_q_op()
    if not isinstance(mapping, TaperedQubitMapper) or mapping.z2symmetries.is_empty():
        return cast(SparsePauliOp, mapping.map(fermions))
    whole = cast(SparsePauliOp, mapping.mapper.map(fermions))
    # Rounding of the integrals breaks the symmetries by 1e-10 Hartree or so. In a state that
    # has them these terms have no expectation value, and one of them stops Qiskit Nature.
    kept = np.ones(whole.size, dtype=bool)
    for symmetry in mapping.z2symmetries.symmetries:
        kept &= whole.paulis.commutes(symmetry)
    return cast(SparsePauliOp, mapping.z2symmetries.taper(whole[kept]))


def ansatz_circuit(state: ProductState, mapping: QubitMapper) -> QuantumCircuit:
    """Qiskit Nature's UCC circuit of a product of excitations.

    Its parameters in order are the angles of the factors (rad), layer by layer,
    with the sign of ``UCC``; a state without excitations has none.

    Args:
        state: trial state or product of excitations.
        mapping: made by ``mapper`` for the Hamiltonian and sector of the state.

    Raises:
        InputError: an excitation leaves the symmetry that the mapping has
            removed.
    """
    electrons = (state.n_alpha, state.n_beta)
    reference = HartreeFock(state.norb, electrons, mapping)
    if not state.excitations:
        return reference

    def listed(num_spatial_orbitals: int, num_particles: tuple[int, int]) -> list[Excitation]:
        return list(state.excitations)

    circuit = UCC(
        state.norb, electrons, listed, mapping, reps=state.layers, initial_state=reference
    )
    mapped = circuit.excitation_list or []  # what a tapered mapping cannot express is left out
    if len(mapped) != len(state.excitations):
        refused = set(state.excitations) - set(mapped)
        raise InputError(
            "solver",
            f"the excitation {min(refused)} leaves a symmetry that the mapping removed; "
            "give the state's excitations to simulation.vqe.mapping.mapper",
        )
    return circuit


def _symmetries(
    hamiltonian: Hamiltonian,
    electrons: tuple[int, int],
    excitations: Iterable[Excitation],
    whole: QubitMapper,
) -> Z2Symmetries:
    """Z2 symmetries common to the Hamiltonian and the excitations, in the reference's sector."""
    problem = electronic_structure_problem(_symmetric(hamiltonian), *electrons)
    operator = cast(SparsePauliOp, whole.map(problem.hamiltonian.second_q_op()))
    unique = sorted(set(excitations))
    generators = cast(
        list[SparsePauliOp], whole.map([_generator(e, hamiltonian.norb) for e in unique])
    )
    paulis = operator.paulis
    for generator in generators:
        paulis = paulis + generator.paulis
    # Only which Pauli strings occur matters here; summed up, some could cancel.
    found = Z2Symmetries.find_z2_symmetries(SparsePauliOp(paulis.unique()))
    diagonal = [k for k, symmetry in enumerate(found.symmetries) if not symmetry.x.any()]
    determinant = hartree_fock_bitstring_mapped(hamiltonian.norb, electrons, whole)
    return Z2Symmetries(
        symmetries=[found.symmetries[k] for k in diagonal],
        sq_paulis=[found.sq_paulis[k] for k in diagonal],
        sq_list=[found.sq_list[k] for k in diagonal],
        tapering_values=[
            -1 if np.logical_and(found.symmetries[k].z, determinant).sum() % 2 else 1
            for k in diagonal
        ],
    )


def _symmetric(hamiltonian: Hamiltonian) -> Hamiltonian:
    """The Hamiltonian without the integrals that its reflection symmetries forbid."""
    symmetry = ParitySymmetry.of(hamiltonian)
    norb = hamiltonian.norb

    def allowed(rank: int) -> np.ndarray:
        indices = np.indices((norb,) * rank).reshape(rank, -1).T
        return symmetry.allows(indices).reshape((norb,) * rank)

    return Hamiltonian(
        one_body=np.where(allowed(2), hamiltonian.one_body, 0.0),
        two_body=np.where(allowed(4), hamiltonian.two_body, 0.0),
        core_energy=hamiltonian.core_energy,
    )


def _generator(excitation: Excitation, norb: int) -> FermionicOp:
    emptied, filled = excitation
    label = " ".join([*(f"+_{i}" for i in emptied), *(f"-_{a}" for a in filled)])
    operator = FermionicOp({label: 1.0}, num_spin_orbitals=2 * norb)
    return operator - operator.adjoint()
