"""Energy and exact gradient of the trial state inside one particle-number sector.

The factors conserve the number of alpha and of beta electrons and the symmetry
of the reference, so the state never leaves them: it is a real vector over those
determinants instead of 4^norb amplitudes. The energy is one product with the
Hamiltonian and the gradient one sweep back over the factors (adjoint
differentiation: Jones and Gacon, arXiv:2009.02823), whatever their number.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from pyscf.fci import direct_spin1, spin_op

from simulation.hamiltonian import Hamiltonian
from simulation.vqe import kernels
from simulation.vqe.ansatz import Ansatz, Excitation
from simulation.vqe.contraction import Contraction
from simulation.vqe.determinants import Determinants
from simulation.vqe.excitationtables import tabulate

_SMALLEST_DENOMINATOR = 0.1  # Hartree; keeps second order finite for near-degenerate determinants


@dataclass(frozen=True)
class Outlook:
    """Where a state could go, and how far it may be from the lowest one."""

    energy: float  # Hartree, total
    gradient: NDArray[np.float64]  # shape: (excitations,); of one more factor, Hartree/rad
    curvature: NDArray[np.float64]  # shape: (excitations,); estimate, Hartree/rad^2
    second_order: float  # Hartree; Epstein-Nesbet estimate of the energy above the lowest


class SectorEngine:
    """States that are products of factors taken from one list of excitations.

    A factor is the number of its excitation in the list. The excitations keep
    the symmetry of the reference, as those of ``ansatz`` do.
    """

    def __init__(
        self,
        hamiltonian: Hamiltonian,
        n_alpha: int,
        n_beta: int,
        excitations: tuple[Excitation, ...],
    ) -> None:
        self.evaluations = 0  # energies, with or without their gradient
        self.core = hamiltonian.core_energy
        self._hamiltonian = hamiltonian
        d = self.determinants = Determinants.of(hamiltonian, n_alpha, n_beta)
        self.contraction = Contraction(hamiltonian, d)
        t = tabulate(excitations, d)
        self._layout = (d.row, d.alpha.group, d.partner, d.beta.starts)
        self._tables = (t.kind, t.first, t.second, t.bounds, t.source, t.target, t.sign)
        self._excitations = len(excitations)

    def state(self, factors: NDArray[np.int64], angles: NDArray[np.float64]) -> NDArray[np.float64]:
        """The normalised state.

        Args:
            factors: shape (factors,), the first acts first.
            angles: shape (factors,), rad.

        Returns:
            shape (determinants,).
        """
        coefficients = np.zeros(self.determinants.size)
        coefficients[self.determinants.reference] = 1.0
        kernels.prepare(coefficients, self._layout, self._tables, factors, angles)
        return coefficients

    def energy(self, factors: NDArray[np.int64], angles: NDArray[np.float64]) -> float:
        """Total energy in Hartree; arguments as of ``state``."""
        self.evaluations += 1
        coefficients = self.state(factors, angles)
        return float(np.vdot(coefficients, self.contraction.applied(coefficients))) + self.core

    def energy_and_gradient(
        self, factors: NDArray[np.int64], angles: NDArray[np.float64]
    ) -> tuple[float, NDArray[np.float64]]:
        """Total energy in Hartree and its derivative for every angle.

        Args:
            factors: shape (factors,), the first acts first.
            angles: shape (factors,), rad.

        Returns:
            the energy, and the gradient of shape (factors,), Hartree/rad.
        """
        self.evaluations += 1
        coefficients = self.state(factors, angles)
        image = self.contraction.applied(coefficients)
        energy = float(np.vdot(coefficients, image)) + self.core
        gradient = np.empty(angles.size)
        kernels.adjoint_sweep(
            coefficients, image, self._layout, self._tables, factors, angles, gradient
        )
        gradient *= 2.0
        return energy, gradient

    def outlook(self, factors: NDArray[np.int64], angles: NDArray[np.float64]) -> Outlook:
        """What one more factor of each excitation would do to a state.

        The gradients <psi|[H, G]|psi> = 2 <H psi|G psi> of the whole list cost
        one product with the Hamiltonian.

        Args:
            factors: of the state, as of ``state``.
            angles: shape (factors,), rad.
        """
        self.evaluations += 1
        coefficients = self.state(factors, angles)
        image = self.contraction.applied(coefficients)
        energy = float(np.vdot(coefficients, image))
        diagonal = self._diagonal
        gradient = np.empty(self._excitations)
        curvature = np.empty(self._excitations)
        kernels.slopes(
            coefficients, image, diagonal, self._layout, self._tables, gradient, curvature
        )
        residual = image - energy * coefficients
        above = np.maximum(diagonal - energy, _SMALLEST_DENOMINATOR)
        return Outlook(
            energy=energy + self.core,
            gradient=2.0 * gradient,
            curvature=2.0 * curvature,
            second_order=float(np.sum(residual**2 / above)),
        )

    @cached_property
    def _diagonal(self) -> NDArray[np.float64]:
        """<D|H|D> of every determinant, without the core energy, Hartree."""
        d, h = self.determinants, self._hamiltonian
        whole = direct_spin1.make_hdiag(
            h.one_body, h.two_body, d.norb, (d.n_alpha, d.n_beta), compress=False
        )
        return d.vector(whole.reshape(d.shape))

    def spin_contamination(self, coefficients: NDArray[np.float64]) -> float:
        """How far <S^2> is above that of the lowest spin, |n_alpha - n_beta| / 2.

        Where there are as many alpha as beta electrons, the states of odd spin
        are those with an antisymmetric CI matrix; counted as triplets they give
        <S^2> at a fraction of the cost.

        Args:
            coefficients: shape (determinants,), a normalised state.
        """
        d = self.determinants
        matrix = d.matrix(coefficients)
        if d.n_alpha == d.n_beta:
            odd = 0.5 * (matrix - matrix.T)
            return 2.0 * float(np.vdot(odd, odd))
        spin = abs(d.n_alpha - d.n_beta) / 2
        square = spin_op.spin_square0(matrix, d.norb, (d.n_alpha, d.n_beta))[0]
        return float(square) - spin * (spin + 1)


class SectorEnergy:
    """The energy of an ansatz as a function of its parameters; counts its evaluations."""

    def __init__(self, hamiltonian: Hamiltonian, ansatz: Ansatz) -> None:
        self.ansatz = ansatz
        self.engine = SectorEngine(hamiltonian, ansatz.n_alpha, ansatz.n_beta, ansatz.excitations)
        self._factors = np.tile(np.arange(len(ansatz.excitations)), ansatz.layers)

    @property
    def evaluations(self) -> int:
        """Energies computed so far, with or without their gradient."""
        return self.engine.evaluations

    def state(self, parameters: NDArray[np.float64]) -> NDArray[np.float64]:
        """The normalised trial state.

        Args:
            parameters: shape (parameters,), rad.

        Returns:
            shape (alpha strings, beta strings), PySCF's order of strings.
        """
        return self.engine.determinants.matrix(self._vector(parameters))

    def energy(self, parameters: NDArray[np.float64]) -> float:
        """Total energy in Hartree.

        Args:
            parameters: shape (parameters,), rad.
        """
        return self.engine.energy(self._factors, self.ansatz.angles(parameters))

    def energy_and_gradient(
        self, parameters: NDArray[np.float64]
    ) -> tuple[float, NDArray[np.float64]]:
        """Total energy in Hartree and its derivatives.

        Args:
            parameters: shape (parameters,), rad.

        Returns:
            the energy, and the gradient of shape (parameters,), Hartree/rad.
        """
        energy, gradient = self.engine.energy_and_gradient(
            self._factors, self.ansatz.angles(parameters)
        )
        return energy, self.ansatz.gathered(gradient)

    def spin_contamination(self, parameters: NDArray[np.float64]) -> float:
        """<S^2> above that of the lowest spin, see ``SectorEngine``.

        Args:
            parameters: shape (parameters,), rad.
        """
        return self.engine.spin_contamination(self._vector(parameters))

    def _vector(self, parameters: NDArray[np.float64]) -> NDArray[np.float64]:
        return self.engine.state(self._factors, self.ansatz.angles(parameters))
