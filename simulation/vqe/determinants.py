"""The determinants of one particle-number sector, grouped by reflection symmetry.

A determinant is an alpha string times a beta string. Each string has a symmetry
label (see ``parity``), and the product of the two labels is the determinant's:
the state never leaves the label of its reference. With the strings sorted by
label the CI matrix is a set of blocks, one for each alpha label and the one
beta label that goes with it, and only these are stored, end to end in one
vector. A planar molecule (sigma and pi) keeps one half of the determinants; one
without symmetry has a single block, which is the whole matrix.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pyscf.fci import cistring

from simulation.hamiltonian import Hamiltonian
from simulation.vqe.parity import ParitySymmetry


@dataclass(frozen=True)
class Strings:
    """The occupation strings of one spin, sorted by label and then by value."""

    masks: NDArray[np.int64]  # shape: (strings,); orbital p on bit p
    ascending: NDArray[np.int64]  # shape: (strings,); the same masks, PySCF's order
    place: NDArray[np.int64]  # shape: (strings,); of PySCF's strings among ``masks``
    labels: tuple[int, ...]  # of the groups
    starts: NDArray[np.int64]  # shape: (groups + 1,); group g is starts[g]:starts[g + 1]
    group: NDArray[np.int64]  # shape: (strings,)

    @staticmethod
    def of(norb: int, electrons: int, symmetry: ParitySymmetry) -> Strings:
        """All strings of that many electrons."""
        ascending = np.asarray(cistring.make_strings(range(norb), electrons), dtype=np.int64)
        label = np.zeros(ascending.size, dtype=np.int64)
        for p in range(norb):
            label[ascending >> p & 1 == 1] ^= symmetry.label(1 << p)
        order = np.argsort(label, kind="stable")
        labels, starts, group = np.unique(label[order], return_index=True, return_inverse=True)
        place = np.empty_like(order)
        place[order] = np.arange(order.size)
        return Strings(
            masks=ascending[order],
            ascending=ascending,
            place=place,
            labels=tuple(labels.tolist()),
            starts=np.append(starts, order.size),
            group=group.reshape(-1),
        )

    @property
    def widths(self) -> NDArray[np.int64]:
        """Strings in each group. # shape: (groups,)."""
        return np.diff(self.starts)


@dataclass(frozen=True)
class Determinants:
    """Where each determinant of the reference's symmetry stands in the vector."""

    norb: int
    n_alpha: int
    n_beta: int
    alpha: Strings
    beta: Strings
    label: int  # of the reference, which fills the orbitals from the front
    partner: NDArray[np.int64]  # shape: (alpha groups,); the beta group, -1 where there is none
    row: NDArray[np.int64]  # shape: (alpha strings + 1,); where each one's coefficients start
    reference: int  # where the reference stands

    @staticmethod
    def of(hamiltonian: Hamiltonian, n_alpha: int, n_beta: int) -> Determinants:
        """The sector's determinants of the same symmetry as the reference."""
        norb = hamiltonian.norb
        symmetry = ParitySymmetry.of(hamiltonian)
        alpha = Strings.of(norb, n_alpha, symmetry)
        beta = alpha if n_alpha == n_beta else Strings.of(norb, n_beta, symmetry)
        label = symmetry.label((1 << n_alpha) - 1) ^ symmetry.label((1 << n_beta) - 1)
        of_label = {value: g for g, value in enumerate(beta.labels)}
        partner = np.array([of_label.get(label ^ v, -1) for v in alpha.labels], dtype=np.int64)
        widths = np.append(beta.widths, 0)[partner]  # -1 picks the zero
        row = np.concatenate([[0], np.cumsum(widths[alpha.group])]).astype(np.int64)
        first, second = alpha.place[0], beta.place[0]
        reference = row[first] + second - beta.starts[beta.group[second]]
        return Determinants(
            norb, n_alpha, n_beta, alpha, beta, label, partner, row, int(reference)
        )  # fmt: skip

    @property
    def size(self) -> int:
        """Number of determinants kept."""
        return int(self.row[-1])

    @property
    def shape(self) -> tuple[int, int]:
        """Of the whole CI matrix: alpha strings, beta strings."""
        return self.alpha.masks.size, self.beta.masks.size

    def blocks(self) -> list[tuple[slice, slice, slice]]:
        """The stored blocks: alpha strings, beta strings, and the place in the vector."""
        found = []
        for g, h in enumerate(self.partner.tolist()):
            if h >= 0:
                rows = slice(int(self.alpha.starts[g]), int(self.alpha.starts[g + 1]))
                columns = slice(int(self.beta.starts[h]), int(self.beta.starts[h + 1]))
                found.append(
                    (rows, columns, slice(int(self.row[rows.start]), int(self.row[rows.stop])))
                )
        return found

    def matrix(self, vector: NDArray[np.float64]) -> NDArray[np.float64]:
        """The whole CI matrix in PySCF's order of strings.

        Args:
            vector: shape (size,).

        Returns:
            shape (alpha strings, beta strings).
        """
        sorted_matrix = np.zeros(self.shape)
        for rows, columns, part in self.blocks():
            block = sorted_matrix[rows, columns]
            block[:] = vector[part].reshape(block.shape)
        return np.ascontiguousarray(sorted_matrix[np.ix_(self.alpha.place, self.beta.place)])

    def vector(self, matrix: NDArray[np.float64]) -> NDArray[np.float64]:
        """The stored part of a CI matrix, the reverse of ``matrix``.

        Args:
            matrix: shape (alpha strings, beta strings), PySCF's order.

        Returns:
            shape (size,).
        """
        sorted_matrix = np.empty(self.shape)
        sorted_matrix[np.ix_(self.alpha.place, self.beta.place)] = matrix
        return np.concatenate(
            [np.empty(0), *(sorted_matrix[r, c].ravel() for r, c, _ in self.blocks())]
        )
