"""Qiskit Nature's ``ElectronicStructureProblem``, both ways."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

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
    from qiskit_nature.second_q.operators.tensor_ordering import IndexType, to_chemist_ordering

    integrals = problem.hamiltonian.electronic_integrals
    for other in (integrals.beta, integrals.beta_alpha):
        for key in (key for key in ("+-", "++--") if key in other):
            if np.abs(np.asarray(other[key]) - integrals.alpha[key]).max() > _SYMMETRY_TOLERANCE:
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
        one_body=np.array(integrals.alpha["+-"], dtype=np.float64),
        two_body=np.array(
            to_chemist_ordering(integrals.alpha["++--"], index_order=IndexType.PHYSICIST),
            dtype=np.float64,
        ),
        core_energy=float(sum(constants)),
    )
    hamiltonian.check_sector(n_alpha, n_beta)
    return hamiltonian, n_alpha, n_beta
