"""A quantum circuit Born machine: bit strings with the probabilities of a circuit's state.

Benedetti et al., npj Quantum Information 5, 45 (2019); trained by the gradient of the
circuit (Liu and Wang, Phys. Rev. A 98, 062324 (2018)). As a prior of a molecular generator:
Ghazi Vakili et al., Nature Biotechnology (2025).

Up to 16 qubits the state is simulated here for training. What is sampled may come from
anywhere: a ``CircuitSampler`` is handed in, and sees nothing but the form of the circuit and
its angles. Who makes a circuit of them for a device is none of this package's business.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, Protocol

import numpy as np

from generative.codemodel import divergence, drawn, minimised
from generative.statevector import Ansatz, gradient, probabilities

NAME = "qcbm"

STEPS = 300
RATE = 0.05
SPREAD = 0.1  # rad, of the first angles around the uniform superposition
# Squared widths of the kernels of the maximum mean discrepancy, in bits that differ.
WIDTHS = (0.25, 1.0, 4.0)


class CircuitSampler(Protocol):
    """Runs circuits: a simulator, or a device."""

    def words(self, ansatz: Ansatz, angles: np.ndarray, shots: int, *, seed: int) -> np.ndarray:
        """What every qubit was measured as, bit i of a word qubit i. shape: (shots,), int64

        Args:
            ansatz: form of the circuit.
            angles: shape (parameters,), rad.
            shots: how often it runs.
            seed: of the sampling, where that can be seeded.

        Raises:
            generative.start.StartError: it could not be run.
        """
        ...


@dataclass(frozen=True)
class BornMachine:
    """A circuit with its angles; implements ``codemodel.CodeModel``."""

    ansatz: Ansatz
    angles: np.ndarray  # shape: (parameters,), rad
    sampler: CircuitSampler | None = None  # None: drawn from the simulated state
    name: str = NAME

    @property
    def parameters(self) -> int:
        """Angles of the circuit."""
        return self.ansatz.parameters

    def probabilities(self) -> np.ndarray:
        """Of the ideal circuit. shape: (2**qubits,)"""
        return probabilities(self.ansatz, self.angles)

    def sample(self, n: int, *, seed: int) -> np.ndarray:
        """Words measured in ``n`` runs of the circuit. shape: (n,), int64"""
        if self.sampler is None:
            return drawn(self.probabilities(), n, seed)
        return self.sampler.words(self.ansatz, self.angles, n, seed=seed)


@dataclass(frozen=True)
class BornLearner:
    """Fits a Born machine; implements ``codemodel.Learner``."""

    layers: int
    loss: Literal["kl", "mmd"] = "kl"
    steps: int = STEPS
    rate: float = RATE
    sampler: CircuitSampler | None = None
    name: str = field(default=NAME, init=False)

    def fit(self, target: np.ndarray, *, seed: int) -> BornMachine:
        """The machine after ``steps`` of Adam on the exact gradient.

        Args:
            target: probabilities; shape (2**qubits,), sums to 1.
            seed: of the first angles.
        """
        ansatz = Ansatz(len(target).bit_length() - 1, self.layers)
        measure = divergence if self.loss == "kl" else discrepancy

        def slope(angles: np.ndarray) -> np.ndarray:
            return gradient(ansatz, angles, lambda found: measure(target, found))[1]

        angles = minimised(slope, first_angles(ansatz, seed), steps=self.steps, rate=self.rate)
        return BornMachine(ansatz, angles, self.sampler)


def first_angles(ansatz: Ansatz, seed: int) -> np.ndarray:
    """Near the uniform superposition, where no gradient vanishes. shape: (parameters,), rad"""
    rng = np.random.default_rng([seed, 6])
    angles = rng.normal(scale=SPREAD, size=ansatz.parameters)
    angles[: ansatz.qubits] += np.pi / 2
    return angles


def discrepancy(target: np.ndarray, found: np.ndarray) -> tuple[float, np.ndarray]:
    """Squared maximum mean discrepancy of two distributions of bit strings, and its slope.

    The kernel is a mean of Gaussians of the Hamming distance, of ``WIDTHS``. Unlike the
    Kullback-Leibler divergence it can be estimated without bias from samples alone.

    Args:
        target: probabilities; shape (2**qubits,).
        found: probabilities; shape (2**qubits,).

    Returns:
        The discrepancy; its derivative by each probability found, shape (2**qubits,).
    """
    off = found - target
    smoothed = np.mean([_smoothed(off, np.exp(-0.5 / width)) for width in WIDTHS], axis=0)
    return float(off @ smoothed), 2 * smoothed


def shifted_gradient(
    ansatz: Ansatz,
    angles: np.ndarray,
    target: np.ndarray,
    sample: Callable[[np.ndarray], np.ndarray],
) -> np.ndarray:
    """The slope of the discrepancy by each angle, from circuits that are only sampled.

    Every angle is that of a rotation, so the probabilities' derivative is half the
    difference at the angle plus and minus a quarter turn (parameter-shift rule; Mitarai et
    al., Phys. Rev. A 98, 032309 (2018)). One circuit, and two more for each angle.

    Args:
        ansatz: of the circuit.
        angles: shape (parameters,), rad.
        target: probabilities; shape (2**qubits,).
        sample: words measured of the circuit with given angles; shape (shots,).

    Returns:
        shape (parameters,), 1/rad.
    """
    words = 2**ansatz.qubits

    def frequencies(at: np.ndarray) -> np.ndarray:
        measured = sample(at)
        return np.bincount(measured, minlength=words) / len(measured)

    _, slope = discrepancy(target, frequencies(angles))
    by_angle = np.zeros(len(angles))
    for place in range(len(angles)):
        shift = np.zeros(len(angles))
        shift[place] = np.pi / 2
        by_angle[place] = (frequencies(angles + shift) - frequencies(angles - shift)) @ slope / 2
    return by_angle


def _smoothed(values: np.ndarray, off: float) -> np.ndarray:
    """The kernel applied: a product over bits, 1 where they agree and ``off`` where not."""
    for bit in range(len(values).bit_length() - 1):
        pair = values.reshape(-1, 2, 2**bit)
        values = np.stack(
            [pair[:, 0] + off * pair[:, 1], off * pair[:, 0] + pair[:, 1]], axis=1
        ).ravel()
    return values
