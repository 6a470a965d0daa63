"""The electronic Hamiltonian of an active space."""

from __future__ import annotations

from dataclasses import dataclass
from math import comb

import numpy as np
from numpy.typing import NDArray

from simulation.errors import InputError


@dataclass(frozen=True)
class Hamiltonian:
    """One- and two-electron integrals of an active space, with the core folded in.

    H = e_core + sum_pq h_pq E_pq + 1/2 sum_pqrs (pq|rs) (E_pq E_rs - delta_qr E_ps)

    Orbitals are ordered by their (semi-canonical) energy, so that the lowest
    determinant of a sector fills them from the front.
    """

    one_body: NDArray[np.float64]  # shape: (norb, norb), Hartree
    two_body: NDArray[np.float64]  # shape: (norb,) * 4, chemists' (pq|rs), Hartree
    core_energy: float  # Hartree, nuclear repulsion and frozen core

    def __post_init__(self) -> None:
        """Refuse integrals that no solver could make sense of.

        Raises:
            InputError: the shapes do not fit together, or a number is not finite.
        """
        norb = self.one_body.shape[0]
        if self.one_body.shape != (norb,) * 2 or self.two_body.shape != (norb,) * 4:
            raise InputError(
                "solver",
                f"integrals of shapes {self.one_body.shape} and {self.two_body.shape} do not "
                "belong together; give (norb, norb) and (norb, norb, norb, norb)",
            )
        if not all(np.isfinite(x).all() for x in (self.one_body, self.two_body, self.core_energy)):
            raise InputError(
                "solver", "the integrals hold numbers that are not finite; check the mean field"
            )

    @property
    def norb(self) -> int:
        """Number of spatial orbitals."""
        return int(self.one_body.shape[0])

    def check_sector(self, n_alpha: int, n_beta: int) -> None:
        """Make sure that the electrons fit into the orbitals.

        Raises:
            InputError: they do not, or there are none.
        """
        fits = 0 <= n_alpha <= self.norb and 0 <= n_beta <= self.norb
        if not fits or n_alpha + n_beta == 0:
            raise InputError(
                "solver",
                f"({n_alpha}, {n_beta}) electrons do not fit into {self.norb} orbitals; "
                f"give 0 to {self.norb} of each spin and at least one in all",
            )

    def sector_shape(self, n_alpha: int, n_beta: int) -> tuple[int, int]:
        """Numbers of alpha and of beta strings, the shape of a CI matrix."""
        return comb(self.norb, n_alpha), comb(self.norb, n_beta)

    def reordered(self, order: tuple[int, ...]) -> Hamiltonian:
        """The same Hamiltonian with orbital ``order[p]`` in place p."""
        index = list(order)
        return Hamiltonian(
            one_body=np.ascontiguousarray(self.one_body[np.ix_(index, index)]),
            two_body=np.ascontiguousarray(self.two_body[np.ix_(index, index, index, index)]),
            core_energy=self.core_energy,
        )
