"""A kernel from a circuit: how alike the states are in which two points are encoded.

    k(x, y) = |<phi(x)|phi(y)>|^2,   |phi(x)> = [exp(i D(x)) H^n]^layers |0>
    D(x) = sum_j x_j Z_j + sum_j x_j x_(j+1) Z_j Z_(j+1)

Every coordinate has a qubit; neighbours of a chain are entangled, so that a device whose
couplings hold a chain swaps no qubits. The encoding is that of Havlicek et al., Nature 567,
209 (2019), with the products themselves as the angles of the pairs: small points then have
nearly the same state, and a factor on x is a bandwidth (Shaydulin and Wild, Phys. Rev. A 106,
042407 (2022)).

``fidelities`` computes the kernel from state vectors. ``measured`` runs phi(x) followed by
the inverse of phi(y) on a backend and counts how often all qubits are 0 again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:  # qiskit is loaded when a circuit is made
    from qiskit import QuantumCircuit

    from simulation.quantum.backends import Backend
    from simulation.quantum.technicalfile import Sampling

MOST_QUBITS = 14  # of simulated states; a thousand of them take 260 MB
NAME = "fidelity kernel: H, RZ and RZZ along the chain, and the inverse for the other point"


@dataclass(frozen=True)
class Encoding:
    """The circuit that takes a point to a state.

    Raises:
        ValueError: no qubit, more than ``MOST_QUBITS``, or no layer.
    """

    qubits: int
    layers: int = 2

    def __post_init__(self) -> None:
        if not 1 <= self.qubits <= MOST_QUBITS:
            raise ValueError(f"an encoding has 1 to {MOST_QUBITS} qubits, not {self.qubits}")
        if self.layers < 1:
            raise ValueError(f"an encoding has 1 layer or more, not {self.layers}")

    def states(self, points: NDArray[np.float64]) -> NDArray[np.complex128]:
        """The state of each point; bit j of an amplitude's number is qubit j.

        Args:
            points: rad. # shape: (m, qubits)

        Returns:
            shape (m, 2**qubits).

        Raises:
            ValueError: another number of coordinates, or one that is not finite.
        """
        x = self._checked(points)
        words = np.arange(2**self.qubits)
        signs = 1.0 - 2.0 * ((words >> np.arange(self.qubits)[:, np.newaxis]) & 1)
        turns = np.exp(1j * (x @ signs + (x[:, :-1] * x[:, 1:]) @ (signs[:-1] * signs[1:])))
        state = np.full(turns.shape, 2 ** (-self.qubits / 2)) * turns
        for _ in range(1, self.layers):
            state = _hadamards(state) * turns
        return state

    def fidelities(
        self, a: NDArray[np.float64], b: NDArray[np.float64] | None = None
    ) -> NDArray[np.float64]:
        """k of all pairs, from state vectors. # shape: (len(a), len(b))

        Args:
            a: rad. # shape: (m, qubits)
            b: rad; the same points as ``a`` where None. # shape: (l, qubits)

        Raises:
            ValueError: as ``states``.
        """
        first = self.states(a)
        second = first if b is None else self.states(b)
        overlap = first @ second.conj().T
        return np.asarray(np.minimum(overlap.real**2 + overlap.imag**2, 1.0))

    def circuit(self, point: NDArray[np.float64]) -> QuantumCircuit:
        """What prepares the state of one point, without measurements.

        Args:
            point: rad. # shape: (qubits,)

        Raises:
            ValueError: as ``states``.
        """
        from qiskit import QuantumCircuit

        (x,) = self._checked(np.asarray(point, dtype=np.float64)[np.newaxis]).tolist()
        made = QuantumCircuit(self.qubits)
        for _ in range(self.layers):
            made.h(range(self.qubits))
            for qubit, angle in enumerate(x):
                made.rz(-2 * angle, qubit)
            for first in (0, 1):  # every other pair at once
                for qubit in range(first, self.qubits - 1, 2):
                    made.rzz(-2 * x[qubit] * x[qubit + 1], qubit, qubit + 1)
        return made

    def overlap(self, x: NDArray[np.float64], y: NDArray[np.float64]) -> QuantumCircuit:
        """phi(x), then the inverse of phi(y): all qubits are 0 with probability k(x, y).

        Args:
            x: rad. # shape: (qubits,)
            y: rad. # shape: (qubits,)

        Raises:
            ValueError: as ``states``.
        """
        return self.circuit(x).compose(self.circuit(y).inverse())

    def _checked(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        x = np.asarray(points, dtype=np.float64)
        if x.ndim != 2 or x.shape[1] != self.qubits:
            raise ValueError(f"points of shape {x.shape}; give (m, {self.qubits})")
        if not np.isfinite(x).all():
            raise ValueError("a coordinate is not finite")
        return x


def _hadamards(state: NDArray[np.complex128]) -> NDArray[np.complex128]:
    """A Hadamard gate on every qubit; shape (m, 2**qubits)."""
    m, size = state.shape
    for step in range(size.bit_length() - 1):
        pair = state.reshape(m, -1, 2, 2**step)
        zero, one = pair[:, :, 0], pair[:, :, 1]
        state = np.stack([zero + one, zero - one], axis=2).reshape(m, size)
    return np.asarray(state / np.sqrt(size))


@dataclass(frozen=True)
class MeasuredFidelities:
    """Fidelities as counted, and the record of every circuit."""

    values: NDArray[np.float64]  # shape: (len(a), len(b))
    standard_errors: NDArray[np.float64]  # shape: (len(a), len(b)); of the sampling alone
    records: tuple[Sampling, ...]  # row by row; for one set of points those above the diagonal


def measured(
    encoding: Encoding,
    a: NDArray[np.float64],
    b: NDArray[np.float64] | None,
    backend: Backend,
    *,
    shots: int,
    seed: int,
    queue_limit_s: float = 0.0,
) -> MeasuredFidelities:
    """k of all pairs on a backend, one circuit a pair.

    For one set of points the diagonal is 1 by definition and each pair is measured once. What
    shots and noise leave need not be positive semidefinite. Nothing but the compiled circuits
    goes to the backend.

    Args:
        encoding: the circuit.
        a: rad. # shape: (m, qubits)
        b: rad; None for the points of ``a`` among themselves. # shape: (l, qubits)
        backend: where the circuits run.
        shots: of each circuit.
        seed: of compilation and sampling; each circuit gets its own.
        queue_limit_s: seconds to wait for a remote device, for each circuit; its job is found
            again by the next call.

    Raises:
        ValueError: as ``Encoding.states``.
        InputError: the backend has too few qubits, or takes fewer shots.
        simulation.errors.SimulationError: the device failed, or has not answered in time.
    """
    from simulation.quantum import bitstrings

    bitstrings.check(backend, encoding.qubits, shots)
    rows = encoding._checked(a)
    columns = rows if b is None else encoding._checked(b)
    values = np.eye(len(rows)) if b is None else np.empty((len(rows), len(columns)))
    asked = [
        (i, j) for i in range(len(rows)) for j in range(i + 1 if b is None else 0, len(columns))
    ]
    seeds = np.random.SeedSequence(seed).generate_state(max(len(asked), 1))
    records = []
    for (i, j), own in zip(asked, seeds, strict=False):
        found = bitstrings.measure(
            encoding.overlap(rows[i], columns[j]),
            backend,
            shots=shots,
            seed=int(own >> 1),  # what every sampler and compiler takes
            form=NAME,
            queue_limit_s=queue_limit_s,
        )
        values[i, j] = float((found.words == 0).mean())
        if b is None:
            values[j, i] = values[i, j]
        records.append(found.record)
    errors = np.sqrt(values * (1 - values) / shots)
    return MeasuredFidelities(values, errors, tuple(records))
