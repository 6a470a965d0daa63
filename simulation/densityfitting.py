"""Coulomb and exchange matrices from density-fitted integrals."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyscf import df, gto, lib

from simulation import threeindex
from simulation.threeindex import ThreeIndexIntegrals

# Below it double precision costs seconds; above it memory and time matter more than the
# rounding of single precision (docs/meanfield.md).
SINGLE_PRECISION_ABOVE = 250  # basis functions
_CHUNK = 512  # pairs at a time that are widened to double precision
_NEGLIGIBLE_OCCUPATION = 1e-10


class FittedRepulsion(df.DF):
    """Density-fitted J and K over the pairs of functions that overlap.

    With the three-index integrals L_x,pq and the occupied orbitals C the
    exchange matrix is sum_xi A_xi,p A_xi,q, A_xi,p = sum_q L_x,pq C_qi. The
    first product runs over the overlapping pairs only, the second is a symmetric
    one, which NumPy hands to ``syrk``.

    In single precision the rounding of J would be felt, because J is a large
    number (the electrons repel each other by thousands of Hartree) that cancels
    against the nuclei. So the J of the first density is built in double
    precision, and that of every later one from its difference to the first.

    Args:
        molecule: in spherical functions.
        auxbasis: auxiliary functions; PySCF's for the basis where None.
        single_precision: of the stored integrals; by the molecule's size where None.
    """

    def __init__(
        self,
        molecule: gto.Mole,
        auxbasis: Any = None,
        *,
        single_precision: bool | None = None,
    ) -> None:
        super().__init__(molecule, auxbasis)
        if single_precision is None:
            single_precision = molecule.nao > SINGLE_PRECISION_ABOVE
        self.single_precision = single_precision
        self._integrals: ThreeIndexIntegrals | None = None
        self._places: NDArray[np.int64] | None = None
        self._first: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None

    def build(self) -> FittedRepulsion:
        """Compute the integrals now; otherwise they are when first needed."""
        self.auxmol = df.addons.make_auxmol(self.mol, self.auxbasis)
        self._integrals = threeindex.compute(
            self.mol,
            self.auxmol,
            single_precision=self.single_precision,
            memory_mb=self.max_memory,
        )
        self._places = self._integrals.places
        return self

    def reset(self, mol: gto.Mole | None = None) -> FittedRepulsion:
        """Forget the integrals."""
        self._integrals = self._places = self._first = None
        super().reset(mol)
        return self

    @property
    def reference(self) -> NDArray[np.float64] | None:
        """The density whose J is in double precision; None before the first J, or without need.

        # shape: (nao, nao)
        """
        return None if self._first is None else self._first[0]

    def refer_to(self, density: NDArray[np.float64]) -> None:
        """Count every J from that of ``density``, whatever comes first.

        Args:
            density: # shape: (nao, nao)
        """
        self._first = density.copy(), self._coulomb_by(density, wide=True)

    @property
    def integrals(self) -> ThreeIndexIntegrals:
        """The three-index integrals, computed when first asked for."""
        if self._integrals is None:
            self.build()
        assert self._integrals is not None
        return self._integrals

    def get_naoaux(self) -> int:
        """Number of auxiliary functions."""
        return self.integrals.auxiliary

    def loop(self, blksize: int | None = None) -> Iterator[NDArray[np.float64]]:
        """L_x,pq in PySCF's form, for its own routines.

        Yields:
            shape (n, nao (nao + 1) / 2), n of the auxiliary functions.
        """
        integrals = self.integrals
        nao = self.mol.nao
        left = integrals.auxiliary
        for block in integrals:
            square = np.zeros((nao * nao, integrals.width))
            square[self._places] = block
            packed = lib.pack_tril(np.ascontiguousarray(square.T).reshape(-1, nao, nao))
            packed = packed[: min(left, len(packed))]
            left -= len(packed)
            step = blksize or len(packed)
            for start in range(0, len(packed), step):
                yield packed[start : start + step]

    def pairs(self, orbitals: NDArray[np.float64]) -> Iterator[NDArray[np.float64]]:
        """L_x,ij between orbitals.

        Args:
            orbitals: # shape: (nao, n)

        Yields:
            shape (n, n, width); the repulsion is the sum over the last index,
            and over all that is yielded, of the product of two.
        """
        for half in self.integrals.half_transformed(orbitals):
            wide = half.astype(np.float64)
            yield np.asarray(np.tensordot(orbitals, wide, axes=(0, 0)), dtype=np.float64)

    def get_jk(
        self,
        dm: Any,
        hermi: int = 1,
        with_j: bool = True,
        with_k: bool = True,
        direct_scf_tol: float = 1e-13,
        omega: float | None = None,
    ) -> tuple[Any, Any]:
        """J and K of symmetric density matrices, in PySCF's calling convention.

        Args:
            dm: # shape: (nao, nao) or (n, nao, nao)
            hermi: 1 for symmetric densities; others go to PySCF.
            with_j: make J.
            with_k: make K.
            direct_scf_tol: not used.
            omega: of a range-separated repulsion, which goes to PySCF.

        Returns:
            of the shape of ``dm``, Hartree; None for what was not asked for.
        """
        if hermi != 1 or omega is not None:
            return super().get_jk(dm, hermi, with_j, with_k, direct_scf_tol, omega)
        densities = np.asarray(dm).reshape(-1, *np.shape(dm)[-2:])
        coulomb = exchange = None
        if with_j:
            coulomb = np.array([self._coulomb(d) for d in densities]).reshape(np.shape(dm))
        if with_k:
            shells = _open_shells(dm)
            if shells is not None:
                doubly, singly = (self._exchange(c, len(c.T)) for c in shells)
                exchange = np.array([doubly + singly, doubly])
            else:
                orbitals = _occupied(dm)
                parts = [orbitals] if orbitals is not None else map(_signed_orbitals, densities)
                matrices = [self._exchange(c, positive) for c, positive in parts]
                exchange = np.array(matrices).reshape(np.shape(dm))
        return coulomb, exchange

    def _coulomb(self, density: NDArray[np.float64]) -> NDArray[np.float64]:
        if not self.single_precision:
            return self._coulomb_by(density, wide=True)
        if self._first is None:
            self._first = density.copy(), self._coulomb_by(density, wide=True)
        known, coulomb = self._first
        return coulomb + self._coulomb_by(density - known, wide=False)

    def _coulomb_by(self, density: NDArray[np.float64], *, wide: bool) -> NDArray[np.float64]:
        """J; ``wide`` does the arithmetic in double precision whatever is stored."""
        values = self.integrals.values
        places = self._places
        dtype = np.dtype(np.float64) if wide else values.dtype
        flat = density.reshape(-1)[places].astype(dtype)
        result = np.zeros(len(flat))
        copy = wide and values.dtype != np.float64
        step = _CHUNK if copy else 16 * _CHUNK
        for block in self.integrals:
            charges = np.zeros(values.shape[2])
            for start in range(0, len(flat), step):
                part = block[start : start + step].astype(dtype, copy=copy)
                charges += flat[start : start + step] @ part
            rounded = charges.astype(dtype)
            for start in range(0, len(flat), step):
                part = block[start : start + step].astype(dtype, copy=copy)
                result[start : start + step] += part @ rounded
        coulomb = np.zeros(density.size)
        coulomb[places] = result
        return coulomb.reshape(density.shape)

    def _exchange(self, orbitals: NDArray[np.float64], positive: int) -> NDArray[np.float64]:
        """K of sum_i +-C_i C_i^T, with a plus for the first ``positive`` orbitals."""
        nao = len(orbitals)
        exchange = np.zeros((nao, nao))
        if not orbitals.shape[1]:
            return exchange
        for half in self.integrals.half_transformed(orbitals):
            for sign, part in ((1, half[:, :positive]), (-1, half[:, positive:])):
                if part.shape[1]:
                    flat = part.reshape(nao, -1)
                    exchange += sign * (flat @ flat.T)
        return exchange


def _occupied(dm: Any) -> tuple[NDArray[np.float64], int] | None:
    """Scaled occupied orbitals of one density that carries them, and their number."""
    occupations: Any = getattr(dm, "mo_occ", None)
    if np.ndim(dm) != 2 or np.ndim(occupations) != 1 or (occupations < 0).any():
        return None
    occupied = occupations > 0
    orbitals = np.asarray(dm.mo_coeff)[:, occupied] * np.sqrt(occupations[occupied])
    return orbitals, orbitals.shape[1]


def _open_shells(dm: Any) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Doubly and singly occupied orbitals of a restricted alpha and beta density."""
    occupations: Any = getattr(dm, "mo_occ", None)
    if np.ndim(dm) != 3 or np.ndim(occupations) != 1 or not set(occupations) <= {0, 1, 2}:
        return None
    orbitals = np.asarray(dm.mo_coeff)
    doubly, singly = orbitals[:, occupations == 2], orbitals[:, occupations == 1]
    # an initial guess may carry the orbitals of another density: halves of both spins
    expected = (doubly @ doubly.T + singly @ singly.T, doubly @ doubly.T)
    return (doubly, singly) if np.allclose(dm, expected, atol=1e-10) else None


def _signed_orbitals(density: NDArray[np.float64]) -> tuple[NDArray[np.float64], int]:
    """Orbitals of any symmetric density, those of positive occupation first."""
    values, vectors = np.linalg.eigh((density + density.T) / 2)
    limit = _NEGLIGIBLE_OCCUPATION * max(np.abs(values).max(), 1e-300)
    order = np.argsort(values < 0, kind="stable")
    order = order[np.abs(values[order]) > limit]
    return vectors[:, order] * np.sqrt(np.abs(values[order])), int((values[order] > 0).sum())
