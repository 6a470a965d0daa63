"""Integrals of an active space from those of the mean field."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyscf import ao2mo, lib

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
    for block in field.factors.loop():
        # shape: (naux, nao, nao) would be large; transform slice by slice
        for start in range(0, len(block), 64):
            square = lib.unpack_tril(block[start : start + 64])
            half = square @ orbitals  # shape: (aux, nao, n)
            pairs = np.einsum("pi,xpj->xij", orbitals, half, optimize=True)
            result += np.einsum("xij,xkl->ijkl", pairs, pairs, optimize=True)
    return result


def active_hamiltonian(
    field: MeanField, orbitals: NDArray[np.float64], active_occupied: int
) -> Hamiltonian:
    """The Hamiltonian of orbitals that are rotated among occupied and among virtual ones.

    Nothing of the size of the molecule is built but (pq|rs): what the core adds
    to the one-electron integrals is the Fock matrix less the repulsion of the
    active electrons,

        h_pq = F_pq - sum_i [2 (pq|ii) - (pi|iq)],
        e_core = E_HF - 2 sum_i h_ii - sum_ij [2 (ii|jj) - (ij|ij)],

    i, j running over the active occupied orbitals. This is exact, because the
    active occupied orbitals are part of the mean field's determinant.

    Args:
        field: the mean field.
        orbitals: active orbitals, the occupied ones first. # shape: (nao, n)
        active_occupied: how many of them the mean field occupies doubly.
    """
    two = repulsion(field, orbitals)
    i = slice(0, active_occupied)
    coulomb = np.einsum("pqii->pq", two[:, :, i, i])
    exchange = np.einsum("piiq->pq", two[:, i, i, :])
    fock = orbitals.T @ field.fock @ orbitals
    one = fock - 2 * coulomb + exchange
    one = (one + one.T) / 2
    active = 2 * np.trace(one[i, i]) + np.trace(2 * coulomb[i, i] - exchange[i, i])
    return Hamiltonian(one_body=one, two_body=two, core_energy=float(field.energy - active))
