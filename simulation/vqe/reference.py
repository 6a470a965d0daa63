"""The determinants a trial state can start from.

A product of excitations cannot leave the reflection symmetry of its reference,
and the most stable state of a cation or a triplet need not have the symmetry
of the determinant that fills the orbitals from the front. So there is one
candidate for each symmetry, and further ones where determinants lie close.
Only high-spin determinants (the orbitals of one spin a subset of those of the
other) are taken: they have the lowest total spin S = |n_alpha - n_beta| / 2 of
the sector, which one determinant of another kind does not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from pyscf.fci import cistring, direct_spin1

from simulation.hamiltonian import Hamiltonian
from simulation.vqe.parity import ParitySymmetry

_NEAR = 0.05  # Hartree above the lowest: correlation and relaxation may reverse the order
_MOST_NEAR = 3


@dataclass(frozen=True)
class Reference:
    """A high-spin determinant: it fills the orbitals from the front in this order."""

    order: tuple[int, ...]  # doubly occupied, singly occupied, empty; ascending within each
    energy: float  # Hartree, total


def candidates(hamiltonian: Hamiltonian, n_alpha: int, n_beta: int) -> tuple[Reference, ...]:
    """References worth a calculation, the lowest in energy first.

    The lowest determinant of each reflection symmetry, and up to three of any
    symmetry within 0.05 Hartree of the lowest.

    Raises:
        InputError: the electrons do not fit into the orbitals.
    """
    hamiltonian.check_sector(n_alpha, n_beta)
    norb = hamiltonian.norb
    diagonal = direct_spin1.make_hdiag(
        hamiltonian.one_body, hamiltonian.two_body, norb, (n_alpha, n_beta), compress=False
    ).reshape(hamiltonian.sector_shape(n_alpha, n_beta))
    strings = [
        np.asarray(cistring.make_strings(range(norb), n), dtype=np.int64) for n in (n_alpha, n_beta)
    ]
    more, fewer = (strings[0][:, None], strings[1][None, :])
    if n_alpha < n_beta:
        more, fewer = fewer, more
    rows, columns = np.nonzero(np.broadcast_to((fewer & ~more) == 0, diagonal.shape))
    energies = diagonal[rows, columns] + hamiltonian.core_energy
    order = np.argsort(energies, kind="stable")
    alphas, betas = strings[0][rows[order]], strings[1][columns[order]]
    near = np.flatnonzero(energies[order] < energies.min() + _NEAR)[:_MOST_NEAR]
    symmetry = ParitySymmetry.of(hamiltonian)
    lowest: dict[int, int] = {}
    singly, places = np.unique(alphas ^ betas, return_index=True)
    for mask, place in zip(singly.tolist(), places.tolist(), strict=True):
        label = symmetry.label(mask)
        lowest[label] = min(place, lowest.get(label, place))
    return tuple(
        Reference(
            _filling_order(int(alphas[place]), int(betas[place]), norb),
            float(energies[order[place]]),
        )
        for place in sorted({*near.tolist(), *lowest.values()})
    )


def _filling_order(alpha: int, beta: int, norb: int) -> tuple[int, ...]:
    """Orbitals by their occupation in two strings (bit masks), the fullest first."""
    return tuple(sorted(range(norb), key=lambda p: (-(alpha >> p & 1) - (beta >> p & 1), p)))
