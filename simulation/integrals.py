"""Integrals of an active space from those of the mean field."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyscf import ao2mo

from simulation.hamiltonian import Hamiltonian
from simulation.meanfield import MeanField


def repulsion(field: MeanField, orbitals: NDArray[np.float64]) -> NDArray[np.float64]:
    """Two-electron integrals (pq|rs), density-fitted where the mean field is.

    Args:
        field: the mean field.
        orbitals: # shape: (nao, n)

    Returns:
        chemists' notation, Hartree. # shape: (n, n, n, n)
    """
    n = orbitals.shape[1]
    if field.factors is None:
        # without them in memory PySCF computes them again
        source = field.molecule if field.exact is None else field.exact
        packed: Any = ao2mo.kernel(source, orbitals)
        full: NDArray[np.float64] = ao2mo.restore(1, packed, n)
        return full
    result: NDArray[np.float64] = np.zeros((n, n, n, n))
    for pairs in field.factors.pairs(orbitals):
        result += np.einsum("ijx,klx->ijkl", pairs, pairs, optimize=True)
    return result


def active_hamiltonian(
    field: MeanField, orbitals: NDArray[np.float64], active_occupied: int
) -> Hamiltonian:
    """The Hamiltonian of orbitals that are rotated among those of equal occupation.

    Nothing of the size of the molecule is built but (pq|rs): what the core adds
    to the one-electron integrals is the Fock matrix less the repulsion of the
    active electrons. With n_i electrons in the active orbital i,

        h_pq = F_pq - sum_i n_i [(pq|ii) - (pi|iq) / 2],
        e_core = E_HF - sum_i n_i h_ii
                 - 1/2 sum_ij [n_i n_j (ii|jj) - (a_i a_j + b_i b_j) (ij|ji)],

    n_i = a_i + b_i, alpha and beta. This is exact, because the active orbitals
    that hold electrons are part of the mean field's determinant, and the core
    that is left is a closed shell.

    Args:
        field: the mean field; F is the mean of its alpha and beta Fock matrix.
        orbitals: active orbitals: the doubly occupied ones first, then all that
            the mean field occupies singly, then virtual ones. # shape: (nao, n)
        active_occupied: how many of them the mean field occupies doubly.

    Raises:
        ValueError: fewer orbitals than these occupations need.
    """
    n = orbitals.shape[1]
    if active_occupied + field.singly > n:
        raise ValueError(
            f"{active_occupied} doubly and {field.singly} singly occupied orbitals are more "
            f"than the {n} given; all singly occupied ones belong into the active space"
        )
    alpha = (np.arange(n) < active_occupied + field.singly).astype(float)
    beta = (np.arange(n) < active_occupied).astype(float)
    electrons = alpha + beta
    two = repulsion(field, orbitals)
    one = orbitals.T @ field.fock @ orbitals
    one -= np.einsum("pqii,i->pq", two, electrons)
    one += np.einsum("piiq,i->pq", two, electrons) / 2
    one = (one + one.T) / 2
    coulomb, exchange = np.einsum("iijj->ij", two), np.einsum("ijji->ij", two)
    active = (
        electrons @ np.diag(one)
        + (electrons @ coulomb @ electrons - alpha @ exchange @ alpha - beta @ exchange @ beta) / 2
    )
    return Hamiltonian(one_body=one, two_body=two, core_energy=float(field.energy - active))
