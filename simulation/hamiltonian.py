"""The electronic Hamiltonian of an active space."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


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

    @property
    def norb(self) -> int:
        """Number of spatial orbitals."""
        return int(self.one_body.shape[0])
