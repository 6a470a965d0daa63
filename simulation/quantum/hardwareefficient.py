"""A hardware-efficient circuit: rotations on every qubit between layers of fixed entanglers.

Kandala et al., Nature 549, 242 (2017), with CZ between neighbours of a chain only, so that
a device whose couplings hold a chain swaps no qubits.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from qiskit import QuantumCircuit

NAME = "hardware-efficient: RY, then layers of CZ along the chain, RZ, RY"


def circuit(turn_y: NDArray[np.float64], turn_z: NDArray[np.float64]) -> QuantumCircuit:
    """The circuit, without measurements; it carries nothing but gates and angles.

    Args:
        turn_y: angles of RY, rad; shape (layers + 1, qubits).
        turn_z: angles of RZ, rad, which acts between the entanglers and RY of a layer;
            shape (layers, qubits).
    """
    qubits = turn_y.shape[1]
    made = QuantumCircuit(qubits)
    for qubit, angle in enumerate(turn_y[0].tolist()):
        made.ry(angle, qubit)
    for row_z, row_y in zip(turn_z.tolist(), turn_y[1:].tolist(), strict=True):
        for first in (0, 1):  # every other pair at once: two gates deep
            for qubit in range(first, qubits - 1, 2):
                made.cz(qubit, qubit + 1)
        for qubit, (z, y) in enumerate(zip(row_z, row_y, strict=True)):
            made.rz(z, qubit)
            made.ry(y, qubit)
    return made
