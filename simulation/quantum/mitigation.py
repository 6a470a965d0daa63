"""Error mitigation: readout correction and zero-noise extrapolation.

Both are told with the value before and after and with the standard error of
each; a mitigated energy is less wrong and more uncertain.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from qiskit import QuantumCircuit

from simulation.errors import ConvergenceError, InputError
from simulation.quantum.estimation import Outcomes
from simulation.settings import READOUT_CIRCUITS, ZNE_SCALES

STEP = "mitigation"
_LEAST_CONTRAST = 0.1  # 1 - P(1|0) - P(0|1); below it a bit says next to nothing
_STEP = 1e-5  # relative, of differenced extrapolations


@dataclass(frozen=True)
class ReadoutCalibration:
    """How often each qubit's bit is read wrong, measured on the device itself.

    Two circuits, all qubits in 0 and all in 1, give both probabilities of every
    qubit (the tensored model: errors of different qubits do not depend on each
    other's state).
    """

    zeros_as_ones: NDArray[np.float64]  # shape: (qubits,); P(1|0)
    ones_as_zeros: NDArray[np.float64]  # shape: (qubits,); P(0|1)
    covariance: NDArray[np.float64]  # shape: (2 * qubits,) * 2; of both, in this order

    @staticmethod
    def of(zeros: Outcomes, ones: Outcomes) -> ReadoutCalibration:
        """From the shots of the two circuits.

        Raises:
            ConvergenceError: a qubit's bits say next to nothing about it.
        """
        flips = []
        covariances = []
        for outcomes, wrong in ((zeros, zeros.bits), (ones, ~ones.bits)):
            weights = outcomes.weights / outcomes.shots
            mean = weights @ wrong
            centred = wrong - mean
            covariances.append((centred.T * weights) @ centred / (outcomes.shots - 1))
            flips.append(mean)
        size = len(flips[0])
        covariance = np.zeros((2 * size, 2 * size))
        covariance[:size, :size], covariance[size:, size:] = covariances
        found = ReadoutCalibration(flips[0], flips[1], covariance)
        found.readings()
        return found

    @staticmethod
    def expected(flips: NDArray[np.float64]) -> ReadoutCalibration:
        """From a device's own figures, with the covariance of one shot of each circuit.

        Args:
            flips: shape (qubits, 2), probabilities that a 0 is read as 1 and a 1 as 0.

        Raises:
            ConvergenceError: a qubit's bits say next to nothing about it.
        """
        both = flips.T.ravel()
        found = ReadoutCalibration(flips[:, 0], flips[:, 1], np.diag(both * (1.0 - both)))
        found.readings()
        return found

    @property
    def parameters(self) -> NDArray[np.float64]:
        """Both probabilities of every qubit. # shape: (2 * qubits,)."""
        return np.concatenate([self.zeros_as_ones, self.ones_as_zeros])

    def readings(self, parameters: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
        """The values of a qubit's bits that average to those of an error-free readout.

        The mean of (-1)^bit is (1 - a - b) z + (b - a) for a qubit of mean z, with
        a = P(1|0) and b = P(0|1); this is solved for z shot by shot, which inverts
        the tensored confusion matrix for every Pauli term at once.

        Args:
            parameters: in place of the calibrated ones. # shape: (2 * qubits,)

        Returns:
            shape (qubits, 2), of the bits 0 and 1.

        Raises:
            ConvergenceError: a qubit's bits say next to nothing about it.
        """
        both = self.parameters if parameters is None else parameters
        up, down = np.split(both, READOUT_CIRCUITS)
        contrast = 1.0 - up - down
        if contrast.min() < _LEAST_CONTRAST:
            worst = int(contrast.argmin())
            raise ConvergenceError(
                STEP,
                f"readout correction: measured qubit {worst} is read wrong in {up[worst]:.0%} and "
                f"{down[worst]:.0%} of the shots; choose another device",
            )
        shift = down - up
        return np.stack([(1.0 - shift) / contrast, (-1.0 - shift) / contrast], axis=1)


def folded(circuit: QuantumCircuit, factor: int) -> QuantumCircuit:
    """Apply every two-qubit gate G as G (G^-1 G)^k, which changes nothing but the noise.

    Local unitary folding (Giurgica-Tiron et al., arXiv:2005.10921) of the gates
    that carry nearly all of a device's error, after compilation, so that nothing
    cancels them again.

    Args:
        circuit: compiled, without measurements.
        factor: odd; how often each gate is applied.

    Raises:
        InputError: a two-qubit gate's inverse is not one of the same name.
    """
    if factor % 2 == 0 or factor < 1:
        raise ValueError(f"gates are folded an odd number of times, not {factor}")
    out = circuit.copy_empty_like()
    for instruction in circuit.data:
        out.append(instruction)
        if len(instruction.qubits) != 2 or factor == 1:
            continue
        gate = instruction.operation
        inverse = gate.inverse()
        if inverse.name != gate.name:
            raise InputError(
                STEP,
                f"zero-noise extrapolation: the inverse of the gate {gate.name} is not a gate of "
                "this backend; leave zne out of simulation.mitigation",
            )
        for _ in range(factor // 2):
            out.append(inverse, instruction.qubits)
            out.append(gate, instruction.qubits)
    return out


@dataclass(frozen=True)
class Extrapolation:
    """Energies at several noise levels, extrapolated to none by mitiq's factories."""

    value: float  # Hartree
    slopes: NDArray[np.float64]  # shape: (scales,); derivative of it by each energy
    method: str  # "exponential" or "linear"


def extrapolated(
    energies: Sequence[float] | NDArray[np.float64],
    asymptote: float,
    scales: Sequence[int] = ZNE_SCALES,
) -> Extrapolation:
    """The energy at zero noise.

    An exponential towards the energy of the maximally mixed state, which is what
    depolarising noise leads to; where the energies do not fall towards it one
    after the other, a straight line.

    Args:
        energies: Hartree, at the scales.
        asymptote: energy of the maximally mixed state, Hartree.
        scales: of the noise, the first is 1.

    Raises:
        InputError: the optional package is missing.
    """
    try:
        from mitiq.zne.inference import ExpFactory, LinearFactory
    except ImportError as error:
        raise InputError(
            STEP,
            "zero-noise extrapolation needs mitiq, which is not installed: pip install "
            '"molq[mitigation]"',
        ) from error
    points = np.asarray(energies, dtype=np.float64)
    distances = np.abs(points - asymptote)
    one_side = bool((np.sign(points - asymptote) == np.sign(points[0] - asymptote)).all())
    decaying = one_side and bool((np.diff(distances) < 0).all())

    def fitted(values: NDArray[np.float64]) -> float:
        if decaying:
            result = ExpFactory.extrapolate(
                list(scales), values.tolist(), asymptote=asymptote, avoid_log=False
            )
        else:
            result = LinearFactory.extrapolate(list(scales), values.tolist())
        return float(result)

    step = _STEP * max(float(distances.max()), 1e-3)
    shifts = step * np.eye(len(points))
    slopes = np.array([(fitted(points + s) - fitted(points - s)) / (2 * step) for s in shifts])
    return Extrapolation(fitted(points), slopes, "exponential" if decaying else "linear")
