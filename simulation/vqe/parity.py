"""Reflection symmetries of an active space, found from its integrals alone.

A sign flip of some of the orbitals that leaves every integral unchanged is a
Z2 symmetry of the Hamiltonian (Bravyi et al., arXiv:1701.08213, used there to
taper qubits). A determinant is an eigenstate of each flip, so an excitation
that changes an eigenvalue cannot contribute. Writing an integral as the set of
orbitals that occur in it an odd number of times (a vector over F2), an
excitation is allowed exactly when its own vector lies in the span of those of
the non-zero integrals.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulation.hamiltonian import Hamiltonian

_NEGLIGIBLE = 1e-9  # Hartree; contributes less than 1e-16 Hartree in second order


@dataclass(frozen=True)
class ParitySymmetry:
    """The span of the integrals' parity vectors, each an integer bit mask of orbitals."""

    norb: int
    span: tuple[int, ...]  # echelon basis over F2, highest leading bit first

    @staticmethod
    def of(hamiltonian: Hamiltonian) -> ParitySymmetry:
        """The sign-flip symmetries of a Hamiltonian."""
        bit = np.int64(1) << np.arange(hamiltonian.norb, dtype=np.int64)
        pair = bit[:, None] ^ bit[None, :]
        quadruple = pair[:, :, None, None] ^ pair[None, None, :, :]
        masks = np.union1d(
            pair[np.abs(hamiltonian.one_body) > _NEGLIGIBLE],
            quadruple[np.abs(hamiltonian.two_body) > _NEGLIGIBLE],
        )
        span: list[int] = []
        for mask in masks.tolist():
            rest = _reduced(mask, span)
            if rest:
                span = sorted([*span, rest], reverse=True)
        return ParitySymmetry(hamiltonian.norb, tuple(span))

    def allows(self, indices: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which excitations keep the parities of the determinant they act on.

        Args:
            indices: shape (excitations, ...), spin orbitals in block order.

        Returns:
            shape (excitations,).
        """
        axes = tuple(range(1, indices.ndim))
        bits = np.int64(1) << (indices % self.norb)
        masks, place = np.unique(np.bitwise_xor.reduce(bits, axis=axes), return_inverse=True)
        kept = np.array([self.label(mask) == 0 for mask in masks.tolist()], dtype=bool)
        return kept[place]

    def label(self, mask: int) -> int:
        """A number for the symmetry of singly occupied orbitals given as a bit mask.

        Two determinants can only mix when their labels agree.
        """
        return _reduced(mask, self.span)


def _reduced(mask: int, span: list[int] | tuple[int, ...]) -> int:
    """What is left of a vector after the basis is taken out; zero inside the span."""
    for vector in span:
        mask = min(mask, mask ^ vector)
    return mask
