"""The state of a hardware-efficient circuit on up to 16 qubits, and the exact gradient of it.

The circuit is a layer of RY on every qubit, then for each further layer CZ along the chain
of qubits, RZ and RY on every qubit (Kandala et al., Nature 549, 242 (2017), with fixed
entanglers between neighbours only, so that no device has to swap qubits). A word's bit i is
qubit i, as in Qiskit.

The gradient is the adjoint one: the loss is carried back through the circuit once, whatever
the number of angles (Jones and Gacon, arXiv:2009.02823).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

# shape: (2**qubits,) probabilities -> the loss, and its derivative by each probability
Loss = Callable[[np.ndarray], tuple[float, np.ndarray]]


@dataclass(frozen=True)
class Ansatz:
    """The form of the circuit."""

    qubits: int
    layers: int  # of entanglers

    @property
    def parameters(self) -> int:
        """Angles: one RY a qubit, then RZ and RY a qubit and layer."""
        return self.qubits * (1 + 2 * self.layers)

    def split(self, angles: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The angles of RY, shape (layers + 1, qubits), and of RZ, shape (layers, qubits); rad."""
        rows = angles.reshape(1 + 2 * self.layers, self.qubits)
        return rows[0::2], rows[1::2]


def probabilities(ansatz: Ansatz, angles: np.ndarray) -> np.ndarray:
    """What measuring the state gives, by word. shape: (2**qubits,)

    Args:
        ansatz: of the circuit.
        angles: shape (parameters,), rad.
    """
    return _squared(_forward(ansatz, angles))


def gradient(ansatz: Ansatz, angles: np.ndarray, loss: Loss) -> tuple[float, np.ndarray]:
    """A loss of the probabilities, and its derivative by each angle.

    Args:
        ansatz: of the circuit.
        angles: shape (parameters,), rad.
        loss: of the probabilities.

    Returns:
        The loss; shape (parameters,), 1/rad.
    """
    state = _forward(ansatz, angles)
    value, slope = loss(_squared(state))
    bra = slope * state
    by_angle = np.zeros((1 + 2 * ansatz.layers, ansatz.qubits))
    signs = _entangler(ansatz.qubits)
    gates = _gates(ansatz, angles)
    turn_y, _ = ansatz.split(angles)
    for layer in range(ansatz.layers, -1, -1):
        x, y, z = _cross(ansatz.qubits, bra, state)
        by_angle[2 * layer] = y.imag
        if layer:
            # RZ acts before RY: its generator is seen turned by RY.
            cosine, sine = np.cos(turn_y[layer]), np.sin(turn_y[layer])
            by_angle[2 * layer - 1] = (cosine * z + sine * x).imag
        if layer:
            inverse = gates[layer].conj().transpose(0, 2, 1)
            state = signs * _on_every_qubit(inverse, state)
            bra = signs * _on_every_qubit(inverse, bra)
    return value, by_angle.ravel()


def _cross(
    qubits: int, bra: np.ndarray, ket: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """<bra|X|ket>, <bra|Y|ket> and <bra|Z|ket> on each qubit; each of shape (qubits,)."""
    half = 2 ** (qubits // 2)
    bra, ket = bra.reshape(-1, half), ket.reshape(-1, half)
    # The other half of the register is summed over once for all qubits of one half.
    low, high = bra.conj().T @ ket, bra.conj() @ ket.T
    pairs = []
    for qubit in range(qubits):
        both, place = (low, qubit) if qubit < qubits // 2 else (high, qubit - qubits // 2)
        split = both.reshape(-1, 2, 2**place, len(both) // 2 ** (place + 1), 2, 2**place)
        pairs.append(np.einsum("iajibj->ab", split))
    matrix = np.array(pairs)
    up, down = matrix[:, 0, 1], matrix[:, 1, 0]
    return up + down, 1j * (down - up), matrix[:, 0, 0] - matrix[:, 1, 1]


def _forward(ansatz: Ansatz, angles: np.ndarray) -> np.ndarray:
    gates = _gates(ansatz, angles)
    signs = _entangler(ansatz.qubits)
    state = np.zeros(2**ansatz.qubits, dtype=complex)
    state[0] = 1.0
    state = _on_every_qubit(gates[0], state)
    for gate in gates[1:]:
        state = _on_every_qubit(gate, signs * state)
    return state


def _squared(state: np.ndarray) -> np.ndarray:
    weight: np.ndarray = state.real**2 + state.imag**2
    return weight / weight.sum()


def _gates(ansatz: Ansatz, angles: np.ndarray) -> np.ndarray:
    """RY after RZ. shape: (layers + 1, qubits, 2, 2)"""
    turn_y, turn_z = ansatz.split(angles)
    cosine, sine = np.cos(turn_y / 2), np.sin(turn_y / 2)
    phase = np.exp(-0.5j * np.concatenate([np.zeros((1, ansatz.qubits)), turn_z]))
    return np.stack(
        [
            np.stack([cosine * phase, -sine * phase.conj()], axis=-1),
            np.stack([sine * phase, cosine * phase.conj()], axis=-1),
        ],
        axis=-2,
    )


def _entangler(qubits: int) -> np.ndarray:
    """The diagonal of CZ between neighbours along the chain. shape: (2**qubits,), +1 or -1"""
    words = np.arange(2**qubits)
    both = words & (words >> 1)
    parity = np.zeros_like(words)
    for qubit in range(qubits - 1):
        parity ^= (both >> qubit) & 1
    return 1.0 - 2.0 * parity


def _on_every_qubit(gates: np.ndarray, state: np.ndarray) -> np.ndarray:
    """One gate a qubit, as two matrix products over halves of the register."""
    half = len(gates) // 2
    low, high = _product(gates[:half]), _product(gates[half:])
    return (high @ state.reshape(len(high), len(low)) @ low.T).ravel()


def _product(gates: np.ndarray) -> np.ndarray:
    """The tensor product, the first gate on the lowest bit."""
    whole = np.ones((1, 1), dtype=complex)
    for gate in gates:
        whole = (gate[:, None, :, None] * whole[None, :, None, :]).reshape(
            2 * len(whole), 2 * len(whole)
        )
    return whole
