"""Density-fitted two-electron integrals between the basis functions that overlap.

With auxiliary functions x, y and V_xy = (x|y) the repulsion is fitted by

    (pq|rs) = sum_x L_x,pq L_x,rs,    L = V^-1/2 (x|pq),

V^-1/2 being the inverse of the Cholesky factor (Dunlap, Connolly, Sabin,
J. Chem. Phys. 71, 3396 (1979)). In a drug-size molecule most pairs of basis
functions are too far apart to overlap; by Schwarz's inequality
|(pq|rs)| <= (pq|pq)^1/2 (rs|rs)^1/2 they are left out before anything of them
is computed, which saves their share of time and memory in every later step.
"""

from __future__ import annotations

import mmap
import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyscf import gto, lib
from scipy.linalg import cholesky, eigh
from scipy.linalg.blas import dgemm, dtrsm

from simulation.errors import ResourceError

SCHWARZ_THRESHOLD = 1e-8  # Hartree^1/2, of (pq|pq)^1/2
_WIDTH = 256  # auxiliary functions in a block
_PAIRS = 4000  # pairs of functions orthogonalised at a time
_SMALLEST_EIGENVALUE = 1e-7  # of V, below it auxiliary functions are linearly dependent


@dataclass(frozen=True)
class ThreeIndexIntegrals:
    """L_x,pq by rows: for each shell of p the partners q that it overlaps with.

    A pair stands in the rows of both its shells, so that a row times orbital
    coefficients is one product of dense matrices. Auxiliary functions are cut
    into blocks of equal width; the last block is filled up with zeros.
    """

    values: NDArray[Any]  # shape: (blocks, pairs, width), Hartree^1/2, float32 or float64
    auxiliary: int  # functions x
    functions: NDArray[np.int64]  # shape: (shells + 1,); first function of each shell
    partners: tuple[NDArray[np.int64], ...]  # for each shell the functions q of its row
    starts: NDArray[np.int64]  # shape: (shells + 1,); first pair of each row
    file: mmap.mmap | None = None  # where the values are, if not in memory

    @property
    def blocks(self) -> int:
        """Number of blocks of auxiliary functions."""
        return int(self.values.shape[0])

    def __iter__(self) -> Iterator[NDArray[Any]]:
        """The blocks one after the other. # shape: (pairs, width)"""
        for block in self.values:
            yield block
            self.release()

    def release(self) -> None:
        """Let go of the memory that integrals read from or written to a file take up."""
        if self.file is not None:
            self.file.madvise(mmap.MADV_DONTNEED)

    @property
    def width(self) -> int:
        """Auxiliary functions in a block."""
        return int(self.values.shape[2])

    @property
    def places(self) -> NDArray[np.int64]:
        """Where each stored pair stands in a flat (nao, nao) matrix.

        Returns:
            shape (pairs,)
        """
        nao = self.functions[-1]
        rows = [
            (np.arange(first, last)[:, None] * nao + partners).ravel()
            for first, last, partners in zip(
                self.functions, self.functions[1:], self.partners, strict=False
            )
        ]
        return np.concatenate(rows)

    def row(self, block: int, shell: int) -> NDArray[Any]:
        """The integrals of one shell with its partners.

        Returns:
            shape (functions of the shell, partners, width), a view.
        """
        part = self.values[block, self.starts[shell] : self.starts[shell + 1]]
        return part.reshape(-1, len(self.partners[shell]), self.width)

    def half_transformed(self, orbitals: NDArray[Any]) -> Iterator[NDArray[Any]]:
        """A_p,i,x = sum_q L_x,pq C_qi, block by block of x.

        Args:
            orbitals: # shape: (nao, n)

        Yields:
            shape (nao, n, width), overwritten by the next one.
        """
        orbitals = orbitals.astype(self.values.dtype)
        facing = [np.ascontiguousarray(orbitals[partners].T) for partners in self.partners]
        result = np.empty((*orbitals.shape, self.width), self.values.dtype)
        for block in range(self.blocks):
            for shell, coefficients in enumerate(facing):
                place = slice(self.functions[shell], self.functions[shell + 1])
                np.matmul(coefficients, self.row(block, shell), out=result[place])
            self.release()
            yield result


def overlapping_shells(
    molecule: gto.Mole, threshold: float = SCHWARZ_THRESHOLD
) -> NDArray[np.bool_]:
    """Which pairs of shells have a repulsion integral above the threshold.

    Args:
        molecule: in spherical functions.
        threshold: of (pq|pq)^1/2, Hartree^1/2.

    Returns:
        shape (shells, shells), symmetric.
    """
    shells = molecule.nbas
    large = np.zeros((shells, shells), dtype=bool)
    parts = molecule._atm, molecule._bas, molecule._env
    for i in range(shells):
        for j in range(i + 1):
            integrals = gto.moleintor.getints_by_shell("int2e_sph", (i, j, i, j), *parts)
            large[i, j] = np.abs(np.einsum("pqpq->pq", integrals)).max() > threshold**2
    large |= large.T
    large[np.diag_indices(shells)] = True
    return large


def compute(
    molecule: gto.Mole,
    auxiliary: gto.Mole,
    *,
    single_precision: bool = False,
    memory_mb: float = np.inf,
) -> ThreeIndexIntegrals:
    """The integrals of a molecule.

    They are orthogonalised in double precision whatever they are stored in.

    Args:
        molecule: in spherical functions.
        auxiliary: the same atoms with the auxiliary functions.
        single_precision: store float32, which halves memory and time.
        memory_mb: integrals larger than this go to a file (in PySCF's
            temporary folder) that vanishes with them.

    Raises:
        ResourceError: there is no room for that file.
    """
    large = overlapping_shells(molecule)
    functions = np.asarray(molecule.ao_loc_nr(), dtype=np.int64)
    sizes = np.diff(functions)
    partners, offsets, starts = [], [], [0]
    for shell in range(molecule.nbas):
        chosen = np.flatnonzero(large[shell])
        ranges = [np.arange(functions[j], functions[j + 1]) for j in chosen]
        partners.append(np.concatenate(ranges))
        offset = np.zeros(molecule.nbas, dtype=np.int64)  # of each partner within the row
        offset[chosen] = np.cumsum(sizes[chosen]) - sizes[chosen]
        offsets.append(offset)
        starts.append(starts[-1] + sizes[shell] * len(partners[-1]))

    orthogonalise = _orthogonaliser(auxiliary)
    naux = auxiliary.nao
    blocks = -(-naux // _WIDTH)
    width = -(-naux // blocks)
    shape = (blocks, starts[-1], width)
    dtype = np.dtype(np.float32 if single_precision else np.float64)
    values, file = _storage(shape, dtype, memory_mb)
    result = ThreeIndexIntegrals(
        values=values,
        auxiliary=naux,
        functions=functions,
        partners=tuple(partners),
        starts=np.array(starts),
        file=file,
    )
    for pairs, raw in _batches(molecule, auxiliary, large):
        orthogonalise(raw)
        padded = np.zeros((len(raw), blocks * width), dtype)
        padded[:, :naux] = raw
        blocked = padded.reshape(len(raw), blocks, width)
        first = 0
        for i, j in pairs:
            last = first + sizes[i] * sizes[j]
            piece = blocked[first:last].reshape(sizes[j], sizes[i], blocks, width)
            first = last
            _place(result, offsets, i, j, sizes, piece.transpose(2, 1, 0, 3))
            if i != j:
                _place(result, offsets, j, i, sizes, piece.transpose(2, 0, 1, 3))
        result.release()
    return result


def _place(
    result: ThreeIndexIntegrals,
    offsets: list[NDArray[np.int64]],
    i: int,
    j: int,
    sizes: NDArray[np.int64],
    piece: NDArray[Any],  # shape: (blocks, functions of i, functions of j, width)
) -> None:
    row = result.values[:, result.starts[i] : result.starts[i + 1]]
    row = row.reshape(result.blocks, sizes[i], -1, result.width)
    row[:, :, offsets[i][j] : offsets[i][j] + sizes[j]] = piece


def _storage(
    shape: tuple[int, ...], dtype: np.dtype[Any], memory_mb: float
) -> tuple[NDArray[Any], mmap.mmap | None]:
    size = int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
    if size / 1e6 <= memory_mb:
        return np.empty(shape, dtype), None
    folder = lib.param.TMPDIR
    try:
        with tempfile.TemporaryFile(dir=folder) as file:  # the map keeps it alive
            # a map onto a file without room for it would kill the process when it fills up
            os.posix_fallocate(file.fileno(), 0, size)
            mapped = mmap.mmap(file.fileno(), size)
    except OSError as error:
        raise ResourceError(
            "meanfield",
            f"{size / 1e9:.1f} GB of integrals exceed the memory and do not fit into {folder}: "
            f"{error.strerror}; give the worker more memory, or set PYSCF_TMPDIR to another folder",
        ) from error
    return np.frombuffer(mapped, dtype).reshape(shape), mapped


def _batches(
    molecule: gto.Mole, auxiliary: gto.Mole, large: NDArray[np.bool_]
) -> Iterator[tuple[list[tuple[int, int]], NDArray[np.float64]]]:
    """(x|pq) for batches of shell pairs i >= j.

    Yields:
        the pairs, and their integrals one after the other, # shape: (n, naux);
        of each pair (i, j) with the functions of i running fastest.
    """
    atoms, shells, numbers = gto.mole.conc_env(
        *(molecule._atm, molecule._bas, molecule._env),
        *(auxiliary._atm, auxiliary._bas, auxiliary._env),
    )
    name = "int3c2e_sph"
    functions = gto.moleintor.make_loc(shells, name)
    optimiser = gto.moleintor.make_cintopt(atoms, shells, numbers, name)
    last = molecule.nbas + auxiliary.nbas
    runs: list[tuple[int, int, int, int]] = []  # shell i, shells j0 <= j < j1, pairs of functions
    waiting = 0
    for i in range(molecule.nbas):
        edges = np.flatnonzero(np.diff(large[i, : i + 1], prepend=False, append=False))
        for j0, j1 in edges.reshape(-1, 2):
            size = int((functions[i + 1] - functions[i]) * (functions[j1] - functions[j0]))
            runs.append((i, int(j0), int(j1), size))
            waiting += size
        if waiting < _PAIRS and i + 1 < molecule.nbas:
            continue
        raw = np.empty((waiting, auxiliary.nao))
        pairs = []
        first = 0
        for shell, j0, j1, size in runs:
            integrals = gto.moleintor.getints3c(
                name,
                *(atoms, shells, numbers),
                shls_slice=(shell, shell + 1, j0, j1, molecule.nbas, last),
                ao_loc=functions,
                cintopt=optimiser,
            )
            lib.transpose(integrals.T.reshape(-1, size), out=raw[first : first + size])
            pairs += [(shell, j) for j in range(j0, j1)]
            first += size
        yield pairs, raw
        runs, waiting = [], 0


def _orthogonaliser(auxiliary: gto.Mole) -> Callable[[NDArray[np.float64]], None]:
    """What multiplies V^-1/2 onto integrals, in place. # shape: (n, naux)"""
    metric = auxiliary.intor("int2c2e_sph", hermi=1)
    try:
        factor = np.asfortranarray(cholesky(metric, lower=True))
    except np.linalg.LinAlgError:
        # nearly dependent functions: leave out what the metric cannot resolve
        values, vectors = eigh(metric)
        kept = values > _SMALLEST_EIGENVALUE
        inverse = np.zeros_like(metric, order="F")
        inverse[: kept.sum()] = (vectors[:, kept] / np.sqrt(values[kept])).T

        def multiply(raw: NDArray[np.float64]) -> None:
            raw[:] = dgemm(1.0, inverse, raw.T).T

        return multiply

    def solve(raw: NDArray[np.float64]) -> None:
        # the transpose of a C-contiguous array is what BLAS overwrites without a copy
        solved = dtrsm(1.0, factor, raw.T, lower=1, overwrite_b=1)
        if not np.may_share_memory(solved, raw):
            raw[:] = solved.T

    return solve
