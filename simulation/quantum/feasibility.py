"""A space small enough for a device: the orbitals around the frontier, the rest frozen.

For devices with fewer qubits than a recipe's space needs. What is measured there
says whether the device can do it at all, not what the molecule is like; every
record of it carries the exact energies of both spaces.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from simulation.hamiltonian import Hamiltonian


@dataclass(frozen=True)
class Window:
    """Consecutive orbitals of a space; those below are doubly occupied, those above empty."""

    hamiltonian: Hamiltonian  # of the window, the frozen electrons in its core energy
    frozen: int  # doubly occupied orbitals below

    def sector(self, n_alpha: int, n_beta: int) -> tuple[int, int]:
        """The electrons of a sector of the whole space that are in the window."""
        return n_alpha - self.frozen, n_beta - self.frozen


def windows(hamiltonian: Hamiltonian, sectors: Sequence[tuple[int, int]]) -> Iterator[Window]:
    """The whole space and ever smaller ones about its HOMO and LUMO.

    Every sector is described in the same orbitals, so that a difference of their
    energies stays balanced. Two orbitals are left out at a time, down to two.

    Args:
        hamiltonian: orbitals in the order in which the lowest determinant fills them.
        sectors: (n_alpha, n_beta) of all energies of the difference.
    """
    norb = hamiltonian.norb
    doubly = min(min(sector) for sector in sectors)
    occupied = max(max(sector) for sector in sectors)
    # orbitals below this one are occupied in the sector with the most closed shells
    frontier = max(min(sector) for sector in sectors)
    for size in range(norb, 1, -2):
        lowest, highest = max(0, occupied - size), min(doubly, norb - size)
        if lowest <= highest:
            frozen = min(max(frontier - size // 2, lowest), highest)
            yield Window(_frozen(hamiltonian, frozen, size), frozen)


def _frozen(hamiltonian: Hamiltonian, frozen: int, size: int) -> Hamiltonian:
    """Fold the lowest orbitals into the core and drop those above the window."""
    if size == hamiltonian.norb:
        return hamiltonian
    core = slice(0, frozen)
    kept = slice(frozen, frozen + size)
    one, two = hamiltonian.one_body, hamiltonian.two_body
    field = 2.0 * np.einsum("pqii->pq", two[kept, kept, core, core])
    field -= np.einsum("piiq->pq", two[kept, core, core, kept])
    inside = 2.0 * np.einsum("iijj->", two[core, core, core, core])
    inside -= np.einsum("ijji->", two[core, core, core, core])
    return Hamiltonian(
        one_body=one[kept, kept] + field,
        two_body=np.ascontiguousarray(two[kept, kept, kept, kept]),
        core_energy=float(hamiltonian.core_energy + 2.0 * np.trace(one[core, core]) + inside),
    )
