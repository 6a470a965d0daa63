"""The solver ``lucj``: the local unitary cluster Jastrow state, simulated by ffsim.

    |psi> = U_f prod_k U_k exp(i J_k) U_k^+ |reference>

with orbital rotations U and diagonal Coulomb operators J that only couple
orbitals which neighbour each other on a square lattice of qubits (Motta et al.,
Chem. Sci. 14, 11213 (2023)). It needs far fewer gates than UCCSD. The
amplitudes of coupled cluster in the active space give the start, and the linear
method (Motta et al., arXiv:1412.0490) the minimum. The simulation is exact, so
the energy is variational.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyscf import ao2mo, cc, gto, scf
from scipy.optimize import OptimizeResult

from simulation.errors import ConvergenceError, InputError
from simulation.hamiltonian import Hamiltonian
from simulation.settings import SimulationSettings
from simulation.solver import Descent, Solution
from simulation.vqe.engine import optimised

REPETITIONS = 2
_NOISE = 0.05  # rad; the start from amplitudes is often a saddle: its symmetry has to be broken
_ENERGY_TOLERANCE = 1e-8  # Hartree relative to max(|E|, 1)
_MAX_ITERATIONS = 200
# Where no step length lowers the energy its search ends at a regularisation so large
# that every later step is a short one along the gradient. It does not come back by
# itself, so the search begins anew after as many iterations.
_ITERATIONS_PER_SEARCH = 10
_COUPLED_CLUSTER_CYCLES = 100
_LARGEST_AMPLITUDE = 1.0  # beyond it coupled cluster has diverged and says nothing
_SPIN_TOLERANCE = 0.1  # on <S^2>; another multiplicity is 2 or more away


@dataclass(frozen=True)
class LUCJState:
    """An optimised LUCJ state and how it was reached."""

    hamiltonian: Hamiltonian  # its orbitals in the order the reference fills them
    n_alpha: int
    n_beta: int
    vector: NDArray[np.complex128]  # shape: (alpha strings * beta strings,), PySCF's order
    energy: float  # Hartree, total
    parameters: int
    evaluations: int  # states prepared
    gradient_norm: float  # Hartree/rad, max norm
    energies: tuple[float, ...] = ()  # Hartree, of the start and after every iteration


def lucj_state(
    hamiltonian: Hamiltonian, n_alpha: int, n_beta: int, repetitions: int, seed: int
) -> LUCJState:
    """Optimise the LUCJ state of a sector.

    The reference determinant is the one on which the one-layer UCCSD of the
    sector engine has its lowest energy: neither ansatz leaves the reflection
    symmetry of its reference.

    Args:
        hamiltonian: of the active space.
        n_alpha: electrons of the sector.
        n_beta: electrons of the sector.
        repetitions: of rotation and Coulomb operator.
        seed: of the perturbation of the start.

    Raises:
        InputError: the electrons do not fit into the orbitals, or ffsim is not
            installed.
        ConvergenceError: the optimisation did not converge, or in a state of
            another multiplicity.
    """
    problem = _Problem.of(hamiltonian, (n_alpha, n_beta), repetitions)
    noise = np.random.default_rng(seed).normal(scale=_NOISE, size=problem.start.size)
    state = problem.minimised(problem.start + noise)
    spin = abs(n_alpha - n_beta) / 2
    square = problem.ffsim.spin_square(state.vector, norb=hamiltonian.norb, nelec=(n_alpha, n_beta))
    excess = float(square) - spin * (spin + 1)
    if excess > _SPIN_TOLERANCE:
        raise ConvergenceError(
            "solver",
            f"lucj: {n_alpha} alpha and {n_beta} beta electrons ended in a state of higher "
            f"multiplicity (<S^2> too large by {excess:.2f}); use the solver casci",
        )
    return state


def sampled_state(
    hamiltonian: Hamiltonian, n_alpha: int, n_beta: int, repetitions: int
) -> LUCJState:
    """The LUCJ state with the amplitudes of coupled cluster as they are.

    Good enough to draw determinants from, and free of an optimisation. Where
    there are no such amplitudes, a spin having no electrons or no holes or
    coupled cluster having diverged, the state is optimised.

    Args:
        hamiltonian: of the active space.
        n_alpha: electrons of the sector.
        n_beta: electrons of the sector.
        repetitions: of rotation and Coulomb operator.

    Raises:
        InputError: see ``lucj_state``.
        ConvergenceError: see ``lucj_state``.
    """
    problem = _Problem.of(hamiltonian, (n_alpha, n_beta), repetitions)
    if not problem.start.any():
        return lucj_state(hamiltonian, n_alpha, n_beta, repetitions, seed=0)
    return problem.state(problem.start, 1, 0.0)


@dataclass(frozen=True)
class _Problem:
    """What ffsim needs to prepare a state of given parameters and to measure its energy."""

    ffsim: ModuleType
    hamiltonian: Hamiltonian  # its orbitals in the order the reference fills them
    electrons: tuple[int, int]  # alpha and beta
    operator: Any  # SciPy's LinearOperator, Hartree
    reference: NDArray[np.complex128]  # shape: (determinants,)
    start: NDArray[np.float64]  # shape: (parameters,), rad
    ansatz: Callable[[NDArray[np.float64]], Any]

    @staticmethod
    def of(hamiltonian: Hamiltonian, electrons: tuple[int, int], repetitions: int) -> _Problem:
        ffsim = load_ffsim("lucj")
        hamiltonian.check_sector(*electrons)
        filled = optimised(hamiltonian, *electrons, 1).hamiltonian
        start, ansatz = _ansatz(ffsim, filled, electrons, repetitions)
        return _Problem(
            ffsim=ffsim,
            hamiltonian=filled,
            electrons=electrons,
            operator=ffsim.linear_operator(
                ffsim.MolecularHamiltonian(
                    filled.one_body, filled.two_body, constant=filled.core_energy
                ),
                norb=filled.norb,
                nelec=electrons,
            ),
            reference=ffsim.hartree_fock_state(filled.norb, electrons),
            start=start,
            ansatz=ansatz,
        )

    def prepared(self, parameters: NDArray[np.float64]) -> NDArray[np.complex128]:
        vector: NDArray[np.complex128] = self.ffsim.apply_unitary(
            self.reference,
            self.ansatz(parameters),
            norb=self.hamiltonian.norb,
            nelec=self.electrons,
        )
        return vector

    def minimised(self, start: NDArray[np.float64]) -> LUCJState:
        """The minimum that the linear method finds from ``start`` (shape: (parameters,), rad).

        Raises:
            ConvergenceError: it found none in ``_MAX_ITERATIONS``.
        """
        parameters, prepared, done = start, 0, 0
        energies = [self.energy(self.prepared(start))]

        def note(intermediate_result: OptimizeResult) -> None:
            energies.append(float(intermediate_result.fun))

        while done < _MAX_ITERATIONS:
            most = min(_ITERATIONS_PER_SEARCH, _MAX_ITERATIONS - done)
            result = self.ffsim.optimize.minimize_linear_method(
                self.prepared,
                self.operator,
                parameters,
                maxiter=most,
                ftol=_ENERGY_TOLERANCE,
                callback=note,
            )
            parameters, prepared, done = result.x, prepared + int(result.nfev), done + most
            if result.success:
                gradient_norm = float(np.abs(result.jac).max(initial=0.0))
                return self.state(parameters, prepared, gradient_norm, tuple(energies))
        raise ConvergenceError(
            "solver",
            f"lucj: the linear method did not converge in {_MAX_ITERATIONS} iterations; "
            "try another seed or the solver vqe",
        )

    def energy(self, vector: NDArray[np.complex128]) -> float:
        return float(np.vdot(vector, self.operator @ vector).real)

    def state(
        self,
        parameters: NDArray[np.float64],
        evaluations: int,
        gradient_norm: float,
        energies: tuple[float, ...] = (),
    ) -> LUCJState:
        vector = self.prepared(parameters)
        return LUCJState(
            hamiltonian=self.hamiltonian,
            n_alpha=self.electrons[0],
            n_beta=self.electrons[1],
            vector=vector,
            energy=self.energy(vector),
            parameters=int(parameters.size),
            evaluations=evaluations,
            gradient_norm=gradient_norm,
            energies=energies,
        )


def load_ffsim(solver: str) -> ModuleType:
    """The optional package ffsim.

    Args:
        solver: that needs it.

    Raises:
        InputError: it is not installed.
    """
    try:
        import ffsim
        import ffsim.optimize
    except ImportError as error:
        raise InputError(
            "solver",
            f"the solver {solver} needs ffsim, which cannot be imported ({error}): "
            'pip install "molq[sqd]"',
        ) from error
    return ffsim


def _ansatz(
    ffsim: ModuleType, hamiltonian: Hamiltonian, electrons: tuple[int, int], repetitions: int
) -> tuple[NDArray[np.float64], Callable[[NDArray[np.float64]], Any]]:
    """Parameters from coupled cluster, and the operator of given parameters."""
    norb = hamiltonian.norb
    neighbours = [(p, p + 1) for p in range(norb - 1)]  # of the same spin
    pairs = [(p, p) for p in range(norb)]  # of opposite spin
    closed = electrons[0] == electrons[1]
    kind = ffsim.UCJOpSpinBalanced if closed else ffsim.UCJOpSpinUnbalanced
    allowed = (neighbours, pairs) if closed else (neighbours, pairs, neighbours)

    def operator(parameters: NDArray[np.float64]) -> Any:
        return kind.from_parameters(
            parameters,
            norb=norb,
            n_reps=repetitions,
            interaction_pairs=allowed,
            with_final_orbital_rotation=True,
        )

    size = kind.n_params(
        norb, repetitions, interaction_pairs=allowed, with_final_orbital_rotation=True
    )
    amplitudes = _coupled_cluster(hamiltonian, electrons)
    if amplitudes is None:
        return np.zeros(size), operator
    t1, t2 = amplitudes
    start = kind.from_t_amplitudes(t2, t1=t1, n_reps=repetitions, interaction_pairs=allowed)
    return np.asarray(start.to_parameters(interaction_pairs=allowed)), operator


def _coupled_cluster(hamiltonian: Hamiltonian, electrons: tuple[int, int]) -> Any:
    """CCSD amplitudes (t1, t2) in the active space, PySCF's order; None where there are none.

    They are a start and no result: an iteration that has not converged is as
    good, one that has diverged is not taken.
    """
    norb = hamiltonian.norb
    if any(n in (0, norb) for n in electrons):
        return None
    molecule = gto.M(verbose=0)
    molecule.nelec = electrons
    molecule.incore_anyway = True
    closed = electrons[0] == electrons[1]
    field: Any = (scf.RHF if closed else scf.UHF)(molecule)
    field.get_hcore = lambda *args: hamiltonian.one_body
    field.get_ovlp = lambda *args: np.eye(norb)
    field.energy_nuc = lambda *args: hamiltonian.core_energy
    field._eri = ao2mo.restore(8, hamiltonian.two_body, norb)
    filled = [(np.arange(norb) < n).astype(float) for n in electrons]
    field.mo_coeff = np.eye(norb) if closed else np.array([np.eye(norb)] * 2)
    field.mo_occ = filled[0] + filled[1] if closed else np.array(filled)
    fock = field.get_fock(dm=field.make_rdm1(field.mo_coeff, field.mo_occ))
    field.mo_energy = np.diagonal(fock, axis1=-2, axis2=-1)
    field.converged = True
    solver = (cc.CCSD if closed else cc.UCCSD)(field)
    solver.verbose = 0
    solver.max_cycle = _COUPLED_CLUSTER_CYCLES
    solver.kernel()
    t1, t2 = solver.t1, solver.t2
    largest = max(np.abs(x).max(initial=0.0) for x in ((t2,) if closed else t2))
    return (t1, t2) if largest < _LARGEST_AMPLITUDE else None


class LUCJSolver:
    """The exactly simulated LUCJ state (the solver ``lucj``)."""

    name = "lucj"

    def __init__(self, repetitions: int = REPETITIONS, seed: int = 0) -> None:
        self.repetitions = repetitions
        self.seed = seed  # of the start

    @classmethod
    def from_settings(cls, settings: SimulationSettings) -> LUCJSolver:
        """The solver; ``settings`` has nothing that concerns it.

        Raises:
            InputError: ffsim is not installed.
        """
        load_ffsim(cls.name)
        return cls()

    def solve(self, hamiltonian: Hamiltonian, n_alpha: int, n_beta: int) -> Solution:
        """The lowest energy of the trial state.

        Raises:
            InputError: the electrons do not fit into the orbitals.
            ConvergenceError: see ``lucj_state``.
        """
        state = lucj_state(hamiltonian, n_alpha, n_beta, self.repetitions, self.seed)
        return Solution(
            energy=state.energy,
            parameters=state.parameters,
            evaluations=state.evaluations,
            gradient_norm=state.gradient_norm,
            converged=True,
            descent=Descent("linear-method iteration", state.energies),
        )
