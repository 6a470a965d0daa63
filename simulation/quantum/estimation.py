"""From an operator to measurement settings, shots and an energy with its error.

Pauli terms that agree on every qubit they share are measured together. Within a
setting every shot gives a value of the whole group, the sum of its terms, so the
sample variance of those values holds the covariances between the terms: the
standard error is that of the energy itself and not a bound on it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from qiskit import QuantumCircuit
from qiskit.primitives import BitArray
from qiskit.quantum_info import SparsePauliOp, Statevector

MIN_SHOTS = 100  # of a circuit: its sample variance must mean something
_NEGLIGIBLE = 1e-12  # Hartree; smaller terms are not measured


@dataclass(frozen=True)
class Setting:
    """Terms that are measured together, and the basis to measure in.

    The value of a shot is sum_i c_i prod_(q in support i) v_q(bit q), where
    v_q(0) = 1 and v_q(1) = -1 on a qubit whose bits are read without error.
    """

    basis: str  # X, Y or Z a qubit, the last letter is qubit 0
    supports: NDArray[np.bool_]  # shape: (terms, qubits), qubit 0 first
    coefficients: NDArray[np.float64]  # shape: (terms,), Hartree

    @property
    def qubits(self) -> int:
        """Number of qubits."""
        return len(self.basis)

    def labels(self) -> tuple[str, ...]:
        """The terms as Pauli strings, the last letter is qubit 0."""
        letters = np.array(list(self.basis))[::-1]
        return tuple("".join(np.where(row, letters, "I")[::-1]) for row in self.supports)

    def rotations(self) -> QuantumCircuit:
        """Turns the basis into the computational one."""
        circuit = QuantumCircuit(self.qubits)
        for qubit, letter in enumerate(reversed(self.basis)):
            if letter == "Y":
                circuit.sdg(qubit)
            if letter in "XY":
                circuit.h(qubit)
        return circuit

    def values(
        self, bits: NDArray[np.bool_], readings: NDArray[np.float64] | None = None
    ) -> NDArray[np.float64]:
        """What a shot with these bits contributes to the energy.

        Args:
            bits: shape (outcomes, qubits), qubit 0 first.
            readings: shape (qubits, 2), v_q(0) and v_q(1); None for 1 and -1.

        Returns:
            shape (outcomes,), Hartree.
        """
        if readings is None:
            readings = np.tile([1.0, -1.0], (self.qubits, 1))
        read = np.where(bits, readings[:, 1], readings[:, 0])
        total = np.zeros(len(bits))
        for support, coefficient in zip(self.supports, self.coefficients, strict=True):
            total += coefficient * read[:, support].prod(axis=1)
        return total


@dataclass(frozen=True)
class Outcomes:
    """Distinct bit strings and how often each was seen, or its probability."""

    bits: NDArray[np.bool_]  # shape: (outcomes, qubits), qubit 0 first
    weights: NDArray[np.float64]  # shape: (outcomes,), counts

    @property
    def shots(self) -> int:
        """Number of shots."""
        return round(float(self.weights.sum()))

    @staticmethod
    def of(samples: BitArray) -> Outcomes:
        """Count the shots of a sampler's register."""
        counts = samples.get_int_counts()
        numbers = np.array(list(counts), dtype=object)
        places = np.arange(samples.num_bits)
        bits = np.array([[int(n) >> int(p) & 1 for p in places] for n in numbers], dtype=bool)
        return Outcomes(
            bits.reshape(len(numbers), samples.num_bits),
            np.array(list(counts.values()), dtype=np.float64),
        )

    def moments(self, values: NDArray[np.float64]) -> tuple[float, float]:
        """Mean and variance of a value over the shots (not yet of the mean).

        Args:
            values: shape (outcomes,), of each bit string.
        """
        total = self.weights.sum()
        mean = float(self.weights @ values / total)
        return mean, float(self.weights @ (values - mean) ** 2 / total)


def settings(operator: SparsePauliOp) -> tuple[float, tuple[Setting, ...]]:
    """Group the terms of an operator by qubit-wise commutation.

    Sorted insertion: the terms by falling coefficient, each into the first group
    it fits, which needs fewer shots than the fewest groups do (Crawford et al.,
    Quantum 5, 385 (2021)).

    Args:
        operator: Hermitian.

    Returns:
        the constant (Hartree) and the settings.
    """
    simple = operator.simplify(atol=_NEGLIGIBLE)
    coefficients = np.real(simple.coeffs)
    x, z = simple.paulis.x, simple.paulis.z  # shape: (terms, qubits), qubit 0 first
    constant = float(coefficients[~(x | z).any(axis=1)].sum())
    groups: list[tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_], list[int]]] = []
    # Rounding keeps equal coefficients in one order on every machine.
    for term in np.argsort(-np.round(np.abs(coefficients), 9), kind="stable").tolist():
        used = x[term] | z[term]
        if not used.any():
            continue
        for basis_x, basis_z, basis_used, members in groups:
            shared = used & basis_used
            if ((x[term] == basis_x) & (z[term] == basis_z))[shared].all():
                basis_x |= x[term]
                basis_z |= z[term]
                basis_used |= used
                members.append(term)
                break
        else:
            groups.append((x[term].copy(), z[term].copy(), used.copy(), [term]))
    letters = np.array([["Z", "Z"], ["X", "Y"]])  # by x and z; what is not used is read in Z
    return constant, tuple(
        Setting(
            basis="".join(letters[bx.astype(int), bz.astype(int)][::-1]),
            supports=(x | z)[members],
            coefficients=coefficients[members],
        )
        for bx, bz, _, members in groups
    )


def distribution(
    state: Statevector,
    setting: Setting,
    *,
    survival: float = 1.0,
    flips: NDArray[np.float64] | None = None,
) -> Outcomes:
    """The expected distribution of a setting's bits.

    Args:
        state: on the qubits of the setting.
        setting: what is measured.
        survival: weight of the state, the rest being the maximally mixed one.
        flips: shape (qubits, 2); probabilities that a 0 is read as 1 and a 1 as 0.

    Returns:
        every bit string with its probability.
    """
    size = setting.qubits
    pure = state.evolve(setting.rotations()).probabilities()
    probabilities = survival * pure + (1.0 - survival) / 2**size
    if flips is not None:
        # axis 0 of the array is the highest qubit
        tensor = probabilities.reshape((2,) * size)
        for qubit, (up, down) in enumerate(flips):
            confusion = np.array([[1.0 - up, down], [up, 1.0 - down]])
            axis = size - 1 - qubit
            tensor = np.moveaxis(np.tensordot(confusion, tensor, axes=(1, axis)), 0, axis)
        probabilities = tensor.ravel()
    numbers = np.arange(2**size)
    bits = (numbers[:, None] >> np.arange(size) & 1).astype(bool)
    return Outcomes(bits, probabilities)


def allocate(deviations: Sequence[float], precision: float, max_shots: int) -> tuple[int, ...]:
    """Shots of each circuit, for a standard error of the sum at the least cost.

    The variance sum_g s_g^2 / n_g is least for a given number of shots where n_g
    is proportional to s_g (Wecker, Hastings, Troyer, Phys. Rev. A 92, 042303
    (2015); Rubin, Babbush, McClean, New J. Phys. 20, 053020 (2018)).

    Args:
        deviations: of what one shot of each contributes, Hartree.
        precision: standard error asked for, Hartree.
        max_shots: over all; where it binds the error comes out larger.

    Returns:
        shots of each, at least ``MIN_SHOTS``.

    Raises:
        ValueError: ``max_shots`` does not allow ``MIN_SHOTS`` of each.
    """
    spread = np.asarray(deviations, dtype=np.float64)
    least = MIN_SHOTS * len(spread)
    if max_shots < least:
        raise ValueError(
            f"{len(spread)} circuits need at least {least} shots, allowed are {max_shots}"
        )
    wanted = spread * spread.sum() / precision**2
    if np.maximum(np.ceil(wanted), MIN_SHOTS).sum() > max_shots:
        share = spread / spread.sum() if spread.sum() > 0 else np.zeros(len(spread))
        return tuple(int(n) for n in MIN_SHOTS + np.floor((max_shots - least) * share))
    return tuple(int(n) for n in np.maximum(np.ceil(wanted), MIN_SHOTS))
