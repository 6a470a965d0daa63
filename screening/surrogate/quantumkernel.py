"""The fidelity kernel of a quantum circuit as a summand of the Gaussian process.

Molecules are points in the space of a few principal components of their properties, encoded
in the state of as many qubits (``simulation.quantum.fidelitykernel``); the states are
simulated. The bandwidth, a factor on the points, is tuned on the labels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from screening.surrogate.bandwidth import likeliest, spaced
from screening.surrogate.reduceddescriptors import ReducedDescriptors
from simulation.quantum.fidelitykernel import Encoding

QUBITS = 8
LAYERS = 2
BANDWIDTHS = tuple(float(b) for b in np.geomspace(0.02, 1.0, 12))  # rad for a width of 1
TUNED_ON = 300  # labels at most


@dataclass(frozen=True)
class QuantumKernel:
    """Implements ``Summand``: k(x, y) = |<phi(x)|phi(y)>|^2."""

    qubits: int = QUBITS
    layers: int = LAYERS
    bandwidth: float = BANDWIDTHS[len(BANDWIDTHS) // 2]  # rad for a component of 1
    descriptors: ReducedDescriptors | None = None  # None until fitted

    @property
    def name(self) -> str:
        """What it is called in tables."""
        return "quantum fidelity"

    @property
    def encoding(self) -> Encoding:
        """The circuit."""
        return Encoding(self.qubits, self.layers)

    def fitted(self, smiles: Sequence[str], labels: NDArray[np.float64]) -> QuantumKernel:
        """The same with components and bandwidth of labelled molecules; see ``Summand``."""
        y = np.asarray(labels, dtype=np.float64)
        # in one order, so that the same labels tune alike in whatever order they came
        order = sorted(range(len(smiles)), key=lambda i: (smiles[i], y[i]))
        descriptors = ReducedDescriptors.of([smiles[i] for i in order], self.qubits)
        some = [order[i] for i in spaced(len(order), TUNED_ON)]
        points = descriptors([smiles[i] for i in some])
        encoding = self.encoding
        bandwidth = likeliest(
            lambda width: encoding.fidelities(width * points), y[some], BANDWIDTHS
        )
        return replace(self, bandwidth=bandwidth, descriptors=descriptors)

    def features(self, smiles: Sequence[str]) -> NDArray[np.float64]:
        """The angles of each molecule, rad. # shape: (molecules, qubits)

        Raises:
            ValueError: not fitted yet, or a SMILES is not valid.
        """
        if self.descriptors is None:
            raise ValueError("the quantum kernel has no components yet; call fitted first")
        return self.bandwidth * self.descriptors(smiles)

    def covariance(self, a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
        """k of features, shape (len(a), len(b))."""
        return self.encoding.fidelities(a, None if a is b else b)
