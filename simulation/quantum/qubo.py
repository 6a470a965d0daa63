"""Quadratic unconstrained binary optimisation: the energy, its Ising form, classical solutions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:  # qiskit is loaded when the Ising form is asked for
    from qiskit.quantum_info import SparsePauliOp

MOST_ENUMERATED = 22  # variables; four million assignments
_CHUNK_BITS = 16

Bits = NDArray[np.int8]  # shape: (..., n), 0 or 1


@dataclass(frozen=True)
class QUBO:
    """``E(z) = offset + sum_i linear_i z_i + sum_(i<j) quadratic_ij z_i z_j`` over z_i in {0, 1}.

    The unit is the one the coefficients come in.
    """

    linear: NDArray[np.float64]  # shape: (n,)
    quadratic: NDArray[np.float64]  # shape: (n, n), zero on and below the diagonal
    offset: float = 0.0

    def __post_init__(self) -> None:
        n = len(self.linear)
        if self.linear.shape != (n,) or self.quadratic.shape != (n, n):
            raise ValueError(
                f"{self.linear.shape} linear and {self.quadratic.shape} quadratic coefficients"
            )
        if np.tril(self.quadratic).any():
            raise ValueError("quadratic coefficients belong above the diagonal")
        if not (np.isfinite(self.linear).all() and np.isfinite(self.quadratic).all()):
            raise ValueError("a coefficient is not finite")

    @property
    def variables(self) -> int:
        """How many binary variables there are."""
        return len(self.linear)

    def energy(self, bits: Bits) -> NDArray[np.float64]:
        """The energy of each assignment. # shape: (...,)

        Args:
            bits: 0 or 1. # shape: (..., n)
        """
        z = np.asarray(bits, dtype=float)
        pairs = np.einsum("...i,ij,...j->...", z, self.quadratic, z, optimize=True)
        energy: NDArray[np.float64] = self.offset + z @ self.linear + pairs
        return energy

    def ising(self) -> SparsePauliOp:
        """The same energies as an operator of Z and ZZ; variable i is qubit i, z_i = (1 - Z_i)/2.

        Lucas, Front. Phys. 2, 5 (2014).
        """
        from qiskit.quantum_info import SparsePauliOp

        fields, couplings, constant = self.spins()
        terms: list[tuple[str, list[int], float]] = [("", [], constant)]
        terms += [("Z", [i], float(h)) for i, h in enumerate(fields) if h]
        terms += [
            ("ZZ", [int(i), int(j)], float(couplings[i, j]))
            for i, j in zip(*np.nonzero(couplings), strict=True)
        ]
        return SparsePauliOp.from_sparse_list(terms, num_qubits=self.variables)

    def spins(self) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
        """Fields (n,), couplings (n, n) above the diagonal, and constant of the Ising form."""
        couplings = self.quadratic / 4
        fields = -self.linear / 2 - (couplings.sum(axis=0) + couplings.sum(axis=1))
        constant = self.offset + float(self.linear.sum()) / 2 + float(couplings.sum())
        return fields, couplings, constant

    def spectrum(self) -> NDArray[np.float64]:
        """Every energy; assignment x has z_i = bit i of x. # shape: (2**n,)

        Raises:
            ValueError: more than ``MOST_ENUMERATED`` variables.
        """
        n = self.variables
        if n > MOST_ENUMERATED:
            raise ValueError(
                f"{n} variables have too many assignments to enumerate; "
                f"at most {MOST_ENUMERATED}, or anneal"
            )
        energies = np.empty(2**n)
        chunk = 2 ** min(n, _CHUNK_BITS)
        for start in range(0, 2**n, chunk):
            energies[start : start + chunk] = self.energy(
                unpacked(np.arange(start, start + chunk), n)
            )
        return energies


@dataclass(frozen=True)
class Samples:
    """Distinct assignments that were found, lowest energy first."""

    bits: Bits  # shape: (m, n)
    energies: NDArray[np.float64]  # shape: (m,)
    counts: NDArray[np.int64]  # shape: (m,), how often each was found


def unpacked(numbers: NDArray[np.int64], n: int) -> Bits:
    """The lowest n bits of each number, the least significant first. # shape: (m, n)"""
    return ((numbers[:, None] >> np.arange(n)) & 1).astype(np.int8)


def gathered(qubo: QUBO, bits: Bits, counts: NDArray[np.int64] | None = None) -> Samples:
    """Assignments with their energies, each once, lowest first.

    Args:
        qubo: gives the energies.
        bits: as they were found, with repetitions. # shape: (m, n)
        counts: how often each row was found; once where None. # shape: (m,)
    """
    weights = np.ones(len(bits), dtype=np.int64) if counts is None else counts
    distinct, inverse = np.unique(bits, axis=0, return_inverse=True)
    total = np.bincount(inverse.ravel(), weights=weights, minlength=len(distinct)).astype(np.int64)
    energies = qubo.energy(distinct)
    order = np.argsort(energies, kind="stable")
    return Samples(distinct[order], energies[order], total[order])


def lowest(qubo: QUBO, count: int) -> Samples:
    """The lowest assignments, by enumeration.

    Raises:
        ValueError: too many variables to enumerate.
    """
    energies = qubo.spectrum()
    order = np.argsort(energies, kind="stable")[:count]
    return gathered(qubo, unpacked(order.astype(np.int64), qubo.variables))


def anneal(
    qubo: QUBO,
    *,
    seed: int,
    reads: int = 64,
    sweeps: int = 200,
    hot: float | None = None,
    cold: float | None = None,
) -> Samples:
    """Simulated annealing by single flips, the temperature falling geometrically.

    Kirkpatrick, Gelatt and Vecchi, Science 220, 671 (1983). All reads run side
    by side; what is returned is where each of them ended.

    Args:
        qubo: what is minimised.
        seed: of starts and flips.
        reads: independent runs.
        sweeps: over all variables.
        hot: first temperature, in the energy's unit; where None the largest
            change that one flip can make.
        cold: last temperature; a hundredth of ``hot`` where None.
    """
    n = qubo.variables
    rng = np.random.default_rng(seed)
    coupling = qubo.quadratic + qubo.quadratic.T
    reach = float((np.abs(qubo.linear) + np.abs(coupling).sum(axis=1)).max(initial=0.0)) or 1.0
    first = reach if hot is None else hot
    last = first / 100 if cold is None else cold
    bits = rng.integers(0, 2, size=(reads, n)).astype(float)
    fields = qubo.linear + bits @ coupling  # what setting a bit costs beside the others
    for temperature in np.geomspace(first, last, sweeps):
        thresholds = -temperature * np.log(rng.random(size=(n, reads)))
        for i in rng.permutation(n):
            direction = 1 - 2 * bits[:, i]
            flipped = direction * fields[:, i] < thresholds[i]
            change = np.where(flipped, direction, 0.0)
            bits[:, i] += change
            fields += change[:, None] * coupling[i]
    return gathered(qubo, bits.astype(np.int8))
