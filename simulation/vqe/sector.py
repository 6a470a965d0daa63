"""Energy and exact gradient of the trial state inside one particle-number sector.

The factors conserve the number of alpha and of beta electrons, so the state
never leaves the sector: it is a real CI matrix (alpha strings x beta strings)
instead of 4^norb amplitudes. The energy is one product with PySCF's contraction
and the gradient one sweep back over the factors (adjoint differentiation: Jones
and Gacon, arXiv:2009.02823), whatever the number of parameters.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pyscf import ao2mo
from pyscf.fci import cistring, direct_spin1, spin_op

from simulation.hamiltonian import Hamiltonian
from simulation.vqe import kernels
from simulation.vqe.ansatz import Ansatz
from simulation.vqe.excitationtables import tabulate


class SectorEnergy:
    """The energy of an ansatz as a function of its parameters; counts its evaluations."""

    def __init__(self, hamiltonian: Hamiltonian, ansatz: Ansatz) -> None:
        self.ansatz = ansatz
        self.evaluations = 0
        self._norb = ansatz.norb
        self._electrons = (ansatz.n_alpha, ansatz.n_beta)
        self._shape = hamiltonian.sector_shape(*self._electrons)
        self._core = hamiltonian.core_energy
        absorbed = direct_spin1.absorb_h1e(
            hamiltonian.one_body, hamiltonian.two_body, self._norb, self._electrons, 0.5
        )
        self._eri = ao2mo.restore(4, absorbed, self._norb)
        alpha = cistring.gen_linkstr_index_trilidx(range(self._norb), self._electrons[0])
        beta = (
            alpha
            if self._electrons[0] == self._electrons[1]
            else cistring.gen_linkstr_index_trilidx(range(self._norb), self._electrons[1])
        )
        self._link = (alpha, beta)
        self._tables = tabulate(ansatz.excitations, self._norb, *self._electrons)

    def state(self, parameters: NDArray[np.float64]) -> NDArray[np.float64]:
        """The normalised trial state.

        Args:
            parameters: shape (parameters,), rad.

        Returns:
            shape (alpha strings, beta strings), PySCF's order of strings.
        """
        return self._prepared(self.ansatz.angles(parameters))

    def energy(self, parameters: NDArray[np.float64]) -> float:
        """Total energy in Hartree.

        Args:
            parameters: shape (parameters,), rad.
        """
        self.evaluations += 1
        coefficients = self.state(parameters)
        return float(np.vdot(coefficients, self._applied(coefficients))) + self._core

    def energy_and_gradient(
        self, parameters: NDArray[np.float64]
    ) -> tuple[float, NDArray[np.float64]]:
        """Total energy in Hartree and its derivatives.

        Args:
            parameters: shape (parameters,), rad.

        Returns:
            the energy, and the gradient of shape (parameters,), Hartree/rad.
        """
        self.evaluations += 1
        angles = self.ansatz.angles(parameters)
        coefficients = self._prepared(angles)
        image = self._applied(coefficients)
        energy = float(np.vdot(coefficients, image)) + self._core
        gradient = np.empty(angles.size)
        t = self._tables
        kernels.adjoint_sweep(
            coefficients, image, t.kind, t.first, t.second, t.source, t.target, t.sign,
            angles, gradient,
        )  # fmt: skip
        return energy, self.ansatz.gathered(2.0 * gradient)

    def spin_contamination(self, parameters: NDArray[np.float64]) -> float:
        """How far <S^2> is above that of the lowest spin, |n_alpha - n_beta| / 2.

        Where there are as many alpha as beta electrons, the states of odd spin
        are those with an antisymmetric CI matrix; counted as triplets they give
        <S^2> at a fraction of the cost.
        """
        coefficients = self.state(parameters)
        if self._electrons[0] == self._electrons[1]:
            odd = 0.5 * (coefficients - coefficients.T)
            return 2.0 * float(np.vdot(odd, odd))
        spin = abs(self._electrons[0] - self._electrons[1]) / 2
        square = spin_op.spin_square0(coefficients, self._norb, self._electrons)[0]
        return float(square) - spin * (spin + 1)

    def _prepared(self, angles: NDArray[np.float64]) -> NDArray[np.float64]:
        coefficients = np.zeros(self._shape)
        coefficients[0, 0] = 1.0  # the first string of each spin fills from the front
        t = self._tables
        kernels.prepare(coefficients, t.kind, t.first, t.second, t.source, t.target, t.sign, angles)
        return coefficients

    def _applied(self, coefficients: NDArray[np.float64]) -> NDArray[np.float64]:
        """H C without the core energy, shape as C."""
        image: NDArray[np.float64] = direct_spin1.contract_2e(
            self._eri, coefficients, self._norb, self._electrons, self._link
        ).reshape(self._shape)
        return image
