"""Qiskit Nature's ``ElectronicStructureProblem``, both ways."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from simulation.errors import InputError
from simulation.hamiltonian import Hamiltonian

if TYPE_CHECKING:
    from qiskit_nature.second_q.problems import ElectronicStructureProblem

_SYMMETRY_TOLERANCE = 1e-8  # Hartree


def electronic_structure_problem(
    hamiltonian: Hamiltonian, n_alpha: int, n_beta: int
) -> ElectronicStructureProblem:
    """Qiskit Nature's problem, with the core energy as its nuclear repulsion.

    Raises:
        InputError: the electrons do not fit into the orbitals.
    """
    from qiskit_nature.second_q.hamiltonians import ElectronicEnergy
    from qiskit_nature.second_q.operators.tensor_ordering import IndexType, to_physicist_ordering
    from qiskit_nature.second_q.problems import ElectronicStructureProblem

    hamiltonian.check_sector(n_alpha, n_beta)
    # Left to guess the order of the indices, it refuses integrals with a little rounding.
    energy = ElectronicEnergy.from_raw_integrals(
        hamiltonian.one_body,
        to_physicist_ordering(hamiltonian.two_body, index_order=IndexType.CHEMIST),
        auto_index_order=False,
    )
    energy.nuclear_repulsion_energy = hamiltonian.core_energy
    problem = ElectronicStructureProblem(energy)
    problem.num_spatial_orbitals = hamiltonian.norb
    problem.num_particles = (n_alpha, n_beta)
    return problem


def from_problem(problem: ElectronicStructureProblem) -> tuple[Hamiltonian, int, int]:
    """The Hamiltonian of a problem of Qiskit Nature in spin-restricted orbitals.

    Every constant of the problem (nuclear repulsion, frozen core, active space)
    goes into the core energy.

    Returns:
        the Hamiltonian, n_alpha and n_beta.

    Raises:
        InputError: the orbitals of the two spins differ, or the problem does
            not say how many electrons it has.
    """
    integrals = problem.hamiltonian.electronic_integrals
    one_body = np.array(integrals.alpha["+-"], dtype=np.float64)
    two_body = _chemists(integrals.alpha["++--"])
    for other in (integrals.beta, integrals.beta_alpha):
        differences = [0.0]
        if "+-" in other:
            differences.append(np.abs(np.asarray(other["+-"]) - one_body).max())
        if "++--" in other:
            differences.append(np.abs(_chemists(other["++--"]) - two_body).max())
        if max(differences) > _SYMMETRY_TOLERANCE:
            raise InputError(
                "interchange",
                "the problem has other orbitals for alpha than for beta electrons; "
                "use a restricted mean field",
            )
    if problem.num_particles is None:
        raise InputError(
            "interchange", "the problem names no electrons; set its num_particles first"
        )
    n_alpha, n_beta = problem.num_particles
    constants = problem.hamiltonian.constants.values()
    hamiltonian = Hamiltonian(
        one_body=one_body,
        two_body=two_body,
        core_energy=float(sum(constants)),
    )
    hamiltonian.check_sector(n_alpha, n_beta)
    return hamiltonian, n_alpha, n_beta


def _chemists(integrals: Any) -> NDArray[np.float64]:
    """Two-electron integrals of Qiskit Nature as (pq|rs).

    It keeps plain tensors in physicists' order and folded ones in chemists'.
    """
    from qiskit_nature.second_q.operators.symmetric_two_body import (
        SymmetricTwoBodyIntegrals,
        unfold,
    )
    from qiskit_nature.second_q.operators.tensor_ordering import IndexType, to_chemist_ordering

    if isinstance(integrals, SymmetricTwoBodyIntegrals):
        return np.array(unfold(integrals), dtype=np.float64)
    ordered = to_chemist_ordering(np.asarray(integrals), index_order=IndexType.PHYSICIST)
    return np.array(ordered, dtype=np.float64)
