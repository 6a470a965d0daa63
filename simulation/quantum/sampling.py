"""QAOA: low energies of a QUBO sampled from a circuit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from simulation.errors import InputError
from simulation.quantum.qubo import QUBO, Samples, gathered, unpacked

if TYPE_CHECKING:  # qiskit is loaded when a circuit is made
    from qiskit import QuantumCircuit
    from qiskit.primitives import BaseSamplerV2
    from qiskit.transpiler import PassManager

MOST_QUBITS = 16  # the angles are optimised on a simulated statevector
TAIL = 0.25  # share of the best samples whose mean energy the angles minimise


class Ideal(Protocol):
    """What measuring the ideal QAOA state gives."""

    def __call__(
        self,
        energies: NDArray[np.float64],
        gammas: NDArray[np.float64],
        betas: NDArray[np.float64],
        /,
    ) -> NDArray[np.float64]:
        """The probability of each assignment of the state, see ``probabilities``."""
        ...


@dataclass(frozen=True)
class Angles:
    """The parameters of a QAOA circuit, one pair for each layer."""

    gammas: NDArray[np.float64]  # shape: (p,), of the scaled energy
    betas: NDArray[np.float64]  # shape: (p,)
    scale: float  # 1/energy; the operator is multiplied by it
    expected: float  # mean energy of the ideal distribution
    evaluations: int


def scale(qubo: QUBO) -> float:
    """One over the spread of the energies, which makes angles of order one for every QUBO."""
    fields, couplings, _ = qubo.spins()
    variance = float((fields**2).sum() + (couplings**2).sum())
    return 1.0 / np.sqrt(variance) if variance else 1.0


def probabilities(
    energies: NDArray[np.float64], gammas: NDArray[np.float64], betas: NDArray[np.float64]
) -> NDArray[np.float64]:
    """What measuring the ideal QAOA state gives. # shape: (2**n,)

    Args:
        energies: scaled, of every assignment. # shape: (2**n,)
        gammas: angle of the energy in each layer. # shape: (p,)
        betas: angle of the mixer in each layer. # shape: (p,)
    """
    n = len(energies).bit_length() - 1
    state = np.full(2**n, 2 ** (-n / 2), dtype=complex)
    for gamma, beta in zip(gammas, betas, strict=True):
        state *= np.exp(-1j * gamma * energies)
        cosine, sine = np.cos(beta), -1j * np.sin(beta)
        for qubit in range(n):
            pair = state.reshape(-1, 2, 2**qubit)
            zero, one = pair[:, 0].copy(), pair[:, 1].copy()
            pair[:, 0] = cosine * zero + sine * one
            pair[:, 1] = sine * zero + cosine * one
    ideal: NDArray[np.float64] = np.abs(state) ** 2
    return ideal


def optimised(qubo: QUBO, *, layers: int, max_evaluations: int = 80) -> Angles:
    """Angles that minimise the mean energy of the best quarter of the ideal samples.

    QAOA: Farhi, Goldstone and Gutmann, arXiv:1411.4028. The tail (CVaR) as the
    objective: Barkoutsos et al., Quantum 4, 256 (2020). The start is a linear
    ramp, as in annealing.

    Args:
        qubo: up to ``MOST_QUBITS`` variables.
        layers: p.
        max_evaluations: of the simulated distribution.

    Raises:
        InputError: too many variables to simulate.
    """
    check_size(qubo, MOST_QUBITS)
    factor = scale(qubo)
    spectrum = qubo.spectrum()
    energies = spectrum * factor
    energies -= energies.mean()
    gammas, betas, evaluations = of_least_tail(
        energies, probabilities, layers=layers, max_evaluations=max_evaluations
    )
    mean = float(probabilities(energies, gammas, betas) @ spectrum)
    return Angles(gammas, betas, factor, mean, evaluations)


def check_size(qubo: QUBO, most: int) -> None:
    """That the state of a QAOA circuit can be simulated.

    Raises:
        InputError: more than ``most`` variables.
    """
    if qubo.variables > most:
        raise InputError(
            "backend",
            f"QAOA over {qubo.variables} qubits; its angles are optimised on a simulator, "
            f"which takes at most {most}",
        )


def of_least_tail(
    energies: NDArray[np.float64], ideal: Ideal, *, layers: int, max_evaluations: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], int]:
    """Angles that minimise the mean energy of the best ``TAIL`` of the ideal samples.

    Args:
        energies: scaled, of every assignment of the state; their mean is 0. # shape: (states,)
        ideal: what measuring the state gives.
        layers: p.
        max_evaluations: of ``ideal``.

    Returns:
        ``gammas`` and ``betas``, shape (p,) each, and the evaluations it took.
    """
    order = np.argsort(energies, kind="stable")
    ascending = energies[order]

    def tail(angles: NDArray[np.float64]) -> float:
        weights = ideal(energies, angles[:layers], angles[layers:])[order]
        before = np.cumsum(weights) - weights
        counted = np.clip(TAIL - before, 0.0, weights)
        return float(counted @ ascending) / TAIL

    steps = (np.arange(layers) + 0.5) / layers
    start = np.concatenate([steps, 1 - steps]) * 0.8
    found: Any = minimize(
        tail, start, method="COBYLA", options={"maxiter": max_evaluations, "rhobeg": 0.3}
    )
    angles = np.asarray(found.x if found.fun <= tail(start) else start)
    return angles[:layers], angles[layers:], int(found.nfev)


def separate_phases(made: QuantumCircuit, qubo: QUBO, angle: float) -> None:
    """Add the layer that turns each assignment's phase by ``angle`` times its energy."""
    fields, couplings, _ = qubo.spins()
    strength = 2 * angle
    for i in range(qubo.variables):
        if fields[i]:
            made.rz(strength * float(fields[i]), i)
    for i, j in zip(*np.nonzero(couplings), strict=True):
        made.rzz(strength * float(couplings[i, j]), int(i), int(j))


def circuit(qubo: QUBO, angles: Angles) -> QuantumCircuit:
    """The QAOA circuit with its measurements; variable i is qubit i and classical bit i."""
    from qiskit import QuantumCircuit

    n = qubo.variables
    made = QuantumCircuit(n)
    made.h(range(n))
    for gamma, beta in zip(angles.gammas, angles.betas, strict=True):
        separate_phases(made, qubo, float(gamma) * angles.scale)
        made.rx(2 * float(beta), range(n))
    made.measure_all()
    return made


def qaoa(
    qubo: QUBO,
    sampler: BaseSamplerV2,
    *,
    layers: int = 2,
    shots: int = 1024,
    compiler: PassManager | None = None,
) -> Samples:
    """Assignments sampled from a QAOA circuit.

    Args:
        qubo: up to ``MOST_QUBITS`` variables.
        sampler: runs the circuit; a seeded one gives the same samples again.
        layers: p.
        shots: measurements.
        compiler: to what the sampler's device executes; None for a simulator.

    Raises:
        InputError: too many variables.
    """
    made = circuit(qubo, optimised(qubo, layers=layers))
    if compiler is not None:
        made = compiler.run(made)
    result: Any = sampler.run([made], shots=shots).result()
    found = result[0].data.meas.get_int_counts()
    numbers = np.array(list(found), dtype=np.int64)
    counts = np.array(list(found.values()), dtype=np.int64)
    return gathered(qubo, unpacked(numbers, qubo.variables), counts)
