"""The solver ``sqd``: diagonalisation among sampled determinants.

Sample-based quantum diagonalisation (Robledo-Moreno et al., Sci. Adv. 11,
eadu9991 (2025)) with qiskit-addon-sqd. A circuit is asked only which
determinants matter, and the Hamiltonian is diagonalised among them. The circuit
is the LUCJ state with the amplitudes of coupled cluster (``simulation.lucj``).
It is simulated without noise, so every sample has the right numbers of
electrons and configuration recovery has nothing to repair.

The energy is variational. It lacks what was never drawn, and that is estimated
in second order of Epstein-Nesbet perturbation theory from the determinants left
out; drawing again tells nothing about a determinant that is always missed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyscf.fci import cistring, direct_spin1, spin_op
from qiskit.primitives import BitArray
from scipy.sparse.linalg import ArpackNoConvergence, LinearOperator, eigsh

from simulation.errors import ConvergenceError, InputError
from simulation.hamiltonian import Hamiltonian
from simulation.lucj import REPETITIONS, load_ffsim, sampled_state
from simulation.score import SampledSubspace
from simulation.settings import SimulationSettings
from simulation.solver import Descent, Solution

_SHOTS = 100_000
_DENSE = 100  # determinants; below it the matrix is written out
_SPIN_SHIFT = 0.2  # Hartree for each unit of <S^2> too many
_SMALLEST_GAP = 1e-2  # Hartree; keeps perturbation theory finite


class SQDSolver:
    """Diagonalisation among determinants sampled from a LUCJ state (the solver ``sqd``).

    The ``standard_error`` of its solutions is the estimated energy of the
    determinants that were not drawn: the true energy is lower by about as much.
    """

    name = "sqd"

    def __init__(self, shots: int = _SHOTS, repetitions: int = REPETITIONS, seed: int = 0) -> None:
        self.shots = shots
        self.repetitions = repetitions
        self.seed = seed  # of the sampling

    @classmethod
    def from_settings(cls, settings: SimulationSettings) -> SQDSolver:
        """The solver with 100,000 samples a sector, or ``max_shots`` where that is less.

        Raises:
            InputError: ffsim or qiskit-addon-sqd is not installed.
        """
        load_ffsim(cls.name)
        _load_addon()
        return cls(shots=min(_SHOTS, settings.max_shots))

    def solve(self, hamiltonian: Hamiltonian, n_alpha: int, n_beta: int) -> Solution:
        """The lowest energy among the sampled determinants.

        Raises:
            InputError: the electrons do not fit into the orbitals, or a package
                is not installed.
            ConvergenceError: the diagonalisation did not converge, or see
                ``simulation.lucj.lucj_state``.
        """
        return self.solve_sectors(hamiltonian, [(n_alpha, n_beta)], seed=self.seed)[0]

    def solve_sectors(
        self, hamiltonian: Hamiltonian, sectors: Sequence[tuple[int, int]], *, seed: int
    ) -> tuple[Solution, ...]:
        """The lowest energy of every sector, each with samples of its own.

        Raises:
            InputError: see ``solve``.
            ConvergenceError: see ``solve``.
        """
        seeds = np.random.SeedSequence(seed).spawn(len(sectors))
        return tuple(
            self._solved(hamiltonian, sector, np.random.default_rng(child))
            for sector, child in zip(sectors, seeds, strict=True)
        )

    def _solved(
        self, hamiltonian: Hamiltonian, electrons: tuple[int, int], generator: np.random.Generator
    ) -> Solution:
        ffsim, fermion = load_ffsim(self.name), _load_addon()
        state = sampled_state(hamiltonian, *electrons, self.repetitions)
        samples = ffsim.sample_state_vector(
            state.vector,
            norb=hamiltonian.norb,
            nelec=electrons,
            shots=self.shots,
            bitstring_type=ffsim.BitstringType.BIT_ARRAY,
            seed=generator,
        )
        sector = Sector(state.hamiltonian, electrons)
        energies: list[float] = []

        def diagonalised(
            strings: list[tuple[NDArray[np.int64], NDArray[np.int64]]], *_: object
        ) -> list[Any]:
            found = [sector.lowest(*each) for each in strings]
            energies.append(min(one.energy for one in found) + hamiltonian.core_energy)
            return [one.as_result(fermion) for one in found]

        result = fermion.diagonalize_fermionic_hamiltonian(
            state.hamiltonian.one_body,
            state.hamiltonian.two_body,
            BitArray.from_bool_array(np.asarray(samples, dtype=bool)),
            samples_per_batch=self.shots,
            norb=hamiltonian.norb,
            nelec=electrons,
            symmetrize_spin=electrons[0] == electrons[1],
            sci_solver=diagonalised,
            seed=generator,
        )
        chosen = result.sci_state
        found = sector.lowest(chosen.ci_strs_a, chosen.ci_strs_b)
        return Solution(
            energy=found.energy + hamiltonian.core_energy,
            parameters=state.parameters,
            evaluations=state.evaluations,
            gradient_norm=0.0,
            converged=True,
            standard_error=found.missing_energy,
            subspace=SampledSubspace(
                samples=self.shots,
                dimension=found.coefficients.size,
                determinants=int(np.prod(sector.shape)),
            ),
            descent=Descent("configuration recovery", tuple(energies)),
        )


@dataclass(frozen=True)
class SubspaceState:
    """The lowest state among the products of some alpha with some beta strings."""

    energy: float  # Hartree, without the core energy
    coefficients: NDArray[np.float64]  # shape: (alpha strings, beta strings) chosen
    alpha: NDArray[np.int64]  # shape: (alpha strings,); bit masks
    beta: NDArray[np.int64]  # shape: (beta strings,); bit masks
    occupations: tuple[NDArray[np.float64], NDArray[np.float64]]  # shape: (norb,) each
    missing_energy: float  # Hartree, >= 0; of the other determinants, second order
    norb: int

    def as_result(self, fermion: Any) -> Any:
        """In the words of qiskit-addon-sqd.

        Args:
            fermion: its module of that name.
        """
        return fermion.SCIResult(
            self.energy,
            fermion.SCIState(
                amplitudes=self.coefficients,
                ci_strs_a=self.alpha,
                ci_strs_b=self.beta,
                norb=self.norb,
                nelec=(int(self.alpha[0]).bit_count(), int(self.beta[0]).bit_count()),
            ),
            self.occupations,
        )


@dataclass(frozen=True)
class Sector:
    """A sector in which subspaces are diagonalised.

    PySCF's ``selected_ci`` starts at the lowest determinant and stays in its
    symmetry, and is wrong without electrons of one spin; here the whole
    sector's Hamiltonian is applied and cut down.
    """

    hamiltonian: Hamiltonian
    electrons: tuple[int, int]  # alpha and beta

    @property
    def shape(self) -> tuple[int, int]:
        """Numbers of alpha and of beta strings."""
        return self.hamiltonian.sector_shape(*self.electrons)

    def lowest(self, alpha: NDArray[np.int64], beta: NDArray[np.int64]) -> SubspaceState:
        """The lowest state of spin |n_alpha - n_beta| / 2 in a subspace.

        A subspace need not hold states of pure spin: with as many electrons of
        either spin odd spins are left out, else a penalty keeps them away.

        Args:
            alpha: shape (alpha strings,), bit masks, orbital 0 the lowest bit.
            beta: shape (beta strings,), the same as ``alpha`` where there are
                as many electrons of either spin.

        Raises:
            ConvergenceError: the diagonalisation did not converge.
        """
        rows, columns = (
            np.searchsorted(strings, np.sort(chosen))
            for strings, chosen in zip(self._strings, (alpha, beta), strict=True)
        )
        place = np.ix_(rows, columns)
        shape = (rows.size, columns.size)
        closed = self.electrons[0] == self.electrons[1]
        spin = abs(self.electrons[0] - self.electrons[1]) / 2

        # Below zero, where what the symmetry leaves out has its eigenvalue.
        shift = float(self._diagonal[place].max()) + 1.0

        def image(vector: NDArray[np.float64]) -> NDArray[np.float64]:
            small = vector.reshape(shape)
            whole = np.zeros(self.shape)
            whole[place] = 0.5 * (small + small.T) if closed else small
            moved = self._applied(whole) - shift * whole
            if not closed:
                square = spin_op.contract_ss(whole, self.hamiltonian.norb, self.electrons)
                moved = moved + _SPIN_SHIFT * (square - spin * (spin + 1) * whole)
            kept = moved[place]
            return np.ravel(0.5 * (kept + kept.T) if closed else kept)

        vector = self._eigenvector(image, self._diagonal[place]).reshape(shape)
        whole = np.zeros(self.shape)
        whole[place] = vector
        moved = self._applied(whole)
        energy = float(np.vdot(whole, moved))
        moved[place] = 0.0
        gaps = np.maximum(self._diagonal - energy, _SMALLEST_GAP)
        first, second = direct_spin1.make_rdm1s(whole, self.hamiltonian.norb, self.electrons)
        return SubspaceState(
            energy=energy,
            coefficients=vector,
            alpha=self._strings[0][rows],
            beta=self._strings[1][columns],
            occupations=(np.diagonal(first), np.diagonal(second)),
            missing_energy=float((moved**2 / gaps).sum()),
            norb=self.hamiltonian.norb,
        )

    @cached_property
    def _strings(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        alpha, beta = (
            np.asarray(cistring.make_strings(range(self.hamiltonian.norb), n), dtype=np.int64)
            for n in self.electrons
        )
        return alpha, beta

    @cached_property
    def _diagonal(self) -> NDArray[np.float64]:
        """Energies of the determinants, shape (alpha strings, beta strings)."""
        diagonal: NDArray[np.float64] = direct_spin1.make_hdiag(
            self.hamiltonian.one_body,
            self.hamiltonian.two_body,
            self.hamiltonian.norb,
            self.electrons,
            compress=False,
        )
        return diagonal.reshape(self.shape)

    @cached_property
    def _integrals(self) -> NDArray[np.float64]:
        integrals: NDArray[np.float64] = direct_spin1.absorb_h1e(
            self.hamiltonian.one_body,
            self.hamiltonian.two_body,
            self.hamiltonian.norb,
            self.electrons,
            0.5,
        )
        return integrals

    def _applied(self, whole: NDArray[np.float64]) -> NDArray[np.float64]:
        image: NDArray[np.float64] = direct_spin1.contract_2e(
            self._integrals, whole, self.hamiltonian.norb, self.electrons
        )
        return image.reshape(self.shape)

    def _eigenvector(self, image: Any, diagonal: NDArray[np.float64]) -> NDArray[np.float64]:
        """Of the lowest eigenvalue, normalised, shape (determinants,)."""
        size = diagonal.size
        if size <= _DENSE:
            matrix = np.column_stack([image(column) for column in np.eye(size)])
            vector: NDArray[np.float64] = np.linalg.eigh(matrix)[1][:, 0]
            return vector
        start = np.random.default_rng(0).uniform(0.5, 1.5, diagonal.shape)
        start /= diagonal - diagonal.min() + 0.05  # overlaps with every symmetry
        if self.electrons[0] == self.electrons[1]:
            start = start + start.T
        operator = LinearOperator((size, size), matvec=image, dtype=np.float64)
        try:
            vector = eigsh(operator, k=1, which="SA", v0=start.ravel(), tol=1e-10)[1][:, 0]
        except ArpackNoConvergence as error:
            raise ConvergenceError(
                "solver", f"sqd: the diagonalisation among {size} determinants did not converge"
            ) from error
        return vector


def _load_addon() -> Any:
    """The module of qiskit-addon-sqd for electrons.

    Raises:
        InputError: it is not installed.
    """
    try:
        from qiskit_addon_sqd import fermion
    except ImportError as error:
        raise InputError(
            "solver",
            f"the solver sqd needs qiskit-addon-sqd, which cannot be imported ({error}): "
            'pip install "molq[sqd]"',
        ) from error
    return fermion
