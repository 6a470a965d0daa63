"""The exact answer in the active space: full configuration interaction by PySCF.

Every VQE energy is judged against this one, so it must be the state the VQE
aims at: the lowest of the sector with the lowest total spin S = |n_alpha -
n_beta| / 2 that the sector allows. With as many spins up as down PySCF's
``direct_spin0`` keeps the coefficient matrix symmetric, which leaves the
triplet component (M_S = 0) of a more stable triplet out of the search.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyscf import lib
from pyscf.fci import direct_spin0, direct_spin1, spin_op

from simulation.errors import ConvergenceError, InputError
from simulation.hamiltonian import Hamiltonian
from simulation.settings import SimulationSettings
from simulation.solver import Solution

_ENERGY_TOLERANCE = 1e-12  # Hartree, change between Davidson iterations
_MAX_ITERATIONS = 200
_SPIN_TOLERANCE = 1e-3  # on <S^2>; the wrong multiplicities lie at least 2 away
_GUESS_WIDTH = 0.05  # Hartree; how sharply the start is peaked at the lowest determinants
_EXCITED_ROOTS = 4
_ROOTS = (1, 4, 16)  # states looked through for one of the wanted spin


@dataclass(frozen=True)
class CIState:
    """An eigenstate in the determinants of one particle-number sector."""

    energy: float  # Hartree, total
    coefficients: NDArray[np.float64]  # shape: (alpha strings, beta strings), PySCF's order
    n_alpha: int
    n_beta: int
    norb: int
    evaluations: int  # products of the Hamiltonian with a vector, 1 for a direct diagonalisation

    def density_matrix(self) -> NDArray[np.float64]:
        """Spin-summed one-particle density matrix.

        Returns:
            shape (norb, norb), trace n_alpha + n_beta.
        """
        matrix: NDArray[np.float64] = direct_spin1.make_rdm1(
            self.coefficients, self.norb, (self.n_alpha, self.n_beta)
        )
        return matrix

    def natural_occupations(self) -> NDArray[np.float64]:
        """Eigenvalues of the density matrix, the highest first.

        Returns:
            shape (norb,), each between 0 and 2.
        """
        occupations = np.linalg.eigvalsh(self.density_matrix())
        return np.asarray(occupations[::-1], dtype=np.float64)


def ground_state(hamiltonian: Hamiltonian, n_alpha: int, n_beta: int) -> CIState:
    """The lowest state of the sector with S = |n_alpha - n_beta| / 2.

    Raises:
        InputError: the electrons do not fit into the orbitals.
        ConvergenceError: Davidson's iteration did not converge, or no state of
            that spin is among the lowest.
    """
    hamiltonian.check_sector(n_alpha, n_beta)
    spin = abs(n_alpha - n_beta) / 2
    for roots in _ROOTS:
        for state in _lowest(hamiltonian, n_alpha, n_beta, roots):
            square = spin_op.spin_square0(state.coefficients, state.norb, (n_alpha, n_beta))[0]
            if abs(square - spin * (spin + 1)) < _SPIN_TOLERANCE:
                return state
    raise ConvergenceError(
        "solver",
        f"casci: none of the {_ROOTS[-1]} lowest states of ({n_alpha}, {n_beta}) electrons in "
        f"{hamiltonian.norb} orbitals has multiplicity {int(2 * spin) + 1}; "
        "choose another active space or spin",
    )


def excited_singlet(hamiltonian: Hamiltonian, n_alpha: int, n_beta: int) -> float:
    """Energy (Hartree, total) of the second-lowest singlet.

    Raises:
        InputError: the electrons do not fit, or they are no closed shell's.
        ConvergenceError: Davidson's iteration did not converge, or the space
            has one singlet only.
    """
    hamiltonian.check_sector(n_alpha, n_beta)
    if n_alpha != n_beta:
        raise InputError("solver", f"({n_alpha}, {n_beta}) electrons have no singlet")
    singlets = [
        state.energy
        for state in _lowest(hamiltonian, n_alpha, n_beta, _EXCITED_ROOTS)
        if spin_op.spin_square0(state.coefficients, state.norb, (n_alpha, n_beta))[0]
        < _SPIN_TOLERANCE
    ]
    if len(singlets) < 2:
        raise ConvergenceError(
            "solver", f"casci: one singlet only in {hamiltonian.norb} orbitals; take a larger space"
        )
    return singlets[1]


def _lowest(hamiltonian: Hamiltonian, n_alpha: int, n_beta: int, roots: int) -> tuple[CIState, ...]:
    """The lowest ``roots`` states, of whatever spin, in order of energy."""
    kind = direct_spin0 if n_alpha == n_beta else direct_spin1
    solver: Any = kind.FCISolver()
    solver.verbose = 0
    solver.max_cycle = _MAX_ITERATIONS
    solver.conv_tol = _ENERGY_TOLERANCE
    solver.threads = lib.num_threads()
    solver.nroots = roots
    shape = hamiltonian.sector_shape(n_alpha, n_beta)
    guess = None
    if shape[0] * shape[1] > solver.pspace_size:
        guess = _unsymmetric_guess(solver, hamiltonian, n_alpha, n_beta)
    evaluations = 0
    contract = solver.contract_2e

    def counted(*args: Any, **kwargs: Any) -> Any:
        nonlocal evaluations
        evaluations += 1
        return contract(*args, **kwargs)

    solver.contract_2e = counted
    energies, vectors = solver.kernel(
        hamiltonian.one_body,
        hamiltonian.two_body,
        hamiltonian.norb,
        (n_alpha, n_beta),
        ci0=guess,
        ecore=hamiltonian.core_energy,
    )
    if not np.all(solver.converged):
        raise ConvergenceError(
            "solver",
            f"casci: Davidson's iteration for ({n_alpha}, {n_beta}) electrons in "
            f"{hamiltonian.norb} orbitals did not converge in {_MAX_ITERATIONS} cycles",
        )
    if np.ndim(energies) == 0:
        energies, vectors = [energies], [vectors]
    return tuple(
        CIState(
            energy=float(energy),
            coefficients=np.asarray(vector, dtype=np.float64).reshape(shape),
            n_alpha=n_alpha,
            n_beta=n_beta,
            norb=hamiltonian.norb,
            evaluations=max(evaluations, 1),
        )
        for energy, vector in zip(energies, vectors, strict=True)
    )


def _unsymmetric_guess(
    solver: Any, hamiltonian: Hamiltonian, n_alpha: int, n_beta: int
) -> NDArray[np.float64]:
    """A start that overlaps with the states of every symmetry.

    Davidson's iteration never leaves the point group and spin of its start, and
    PySCF's default start, the lowest determinant, need not have those of the
    lowest state: cations and triplets of planar molecules then come out tens of
    mHartree too high.

    Returns:
        shape (alpha strings * beta strings,), normalised.
    """
    shape = hamiltonian.sector_shape(n_alpha, n_beta)
    diagonal = solver.make_hdiag(
        hamiltonian.one_body,
        hamiltonian.two_body,
        hamiltonian.norb,
        (n_alpha, n_beta),
        compress=False,
    ).reshape(shape)
    jitter = np.random.default_rng(0).uniform(0.5, 1.5, shape)
    guess = jitter / (diagonal - diagonal.min() + _GUESS_WIDTH)
    if n_alpha == n_beta:
        guess = guess + guess.T
    return np.asarray(guess.ravel() / np.linalg.norm(guess), dtype=np.float64)


def natural_occupations(hamiltonian: Hamiltonian, n_alpha: int, n_beta: int) -> NDArray[np.float64]:
    """Natural occupation numbers of the exact state in the active space.

    Returns:
        shape (norb,), the highest first, each between 0 and 2.

    Raises:
        InputError: the electrons do not fit into the orbitals.
        ConvergenceError: see ``ground_state``.
    """
    return ground_state(hamiltonian, n_alpha, n_beta).natural_occupations()


class CASCISolver:
    """Exact diagonalisation in the active space (the solver ``casci``)."""

    name = "casci"

    @classmethod
    def from_settings(cls, settings: SimulationSettings) -> CASCISolver:
        """The solver; nothing in ``settings`` changes an exact answer."""
        return cls()

    def solve(self, hamiltonian: Hamiltonian, n_alpha: int, n_beta: int) -> Solution:
        """The exact energy of the lowest state with S = |n_alpha - n_beta| / 2.

        Raises:
            InputError: the electrons do not fit into the orbitals.
            ConvergenceError: see ``ground_state``.
        """
        state = ground_state(hamiltonian, n_alpha, n_beta)
        return Solution(
            energy=state.energy,
            parameters=0,
            evaluations=state.evaluations,
            gradient_norm=0.0,
            converged=True,
        )
