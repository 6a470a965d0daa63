"""QAOA among the assignments with a given number of ones.

The state starts as the equal superposition of these assignments (a Dicke state) and a mixer
that exchanges ones and zeros along a ring keeps it there, so no penalty is needed: Hadfield et
al., Algorithms 12, 34 (2019); for a choice of k by quality and similarity, Niroula et al.,
Sci. Rep. 12, 17171 (2022). The angles are optimised on the simulated state, which has as many
amplitudes as there are such assignments.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from simulation.errors import InputError
from simulation.quantum.qubo import QUBO, Samples, gathered, unpacked
from simulation.quantum.sampling import Angles, check_size, of_least_tail, separate_phases

if TYPE_CHECKING:  # qiskit is loaded when a circuit is made
    from qiskit import QuantumCircuit

    from simulation.quantum.backends import Backend
    from simulation.quantum.technicalfile import Sampling

MOST_QUBITS = 20  # 184,756 assignments of ten ones
FORM = "QAOA of fixed weight: Dicke state, then RZ, RZZ and XX + YY along a ring"


@dataclass(frozen=True)
class Found:
    """What one circuit gave."""

    samples: Samples  # those with the wanted number of ones, lowest energy first; may be none
    kept: float  # their share of all samples; 1 without noise
    angles: Angles
    record: Sampling


def words(n: int, weight: int) -> NDArray[np.int64]:
    """All numbers of n bits with so many ones, ascending. # shape: (comb(n, weight),)"""
    numbers = np.arange(2**n, dtype=np.int64)
    return numbers[np.bitwise_count(numbers) == weight]


def _ring(n: int) -> list[tuple[int, int]]:
    """Neighbours, every other pair at once."""
    if n < 2:
        return []
    if n == 2:
        return [(0, 1)]
    chain = [(i, i + 1) for first in (0, 1) for i in range(first, n - 1, 2)]
    return [*chain, (n - 1, 0)]


@dataclass(frozen=True)
class _Space:
    """The assignments of one weight, and which of them each pair of the ring exchanges."""

    size: int
    exchanged: tuple[tuple[NDArray[np.int64], NDArray[np.int64]], ...]

    @staticmethod
    def of(numbers: NDArray[np.int64], n: int) -> _Space:
        """Over ``words(n, weight)``."""
        found = []
        for i, j in _ring(n):
            here = np.flatnonzero(((numbers >> i) & 1 == 1) & ((numbers >> j) & 1 == 0))
            there = np.searchsorted(numbers, numbers[here] ^ ((1 << i) | (1 << j)))
            found.append((here, there))
        return _Space(len(numbers), tuple(found))

    def probabilities(
        self,
        energies: NDArray[np.float64],
        gammas: NDArray[np.float64],
        betas: NDArray[np.float64],
    ) -> NDArray[np.float64]:
        """What measuring the ideal state gives. # shape: (size,)

        Args:
            energies: scaled. # shape: (size,)
            gammas: angle of the energy in each layer. # shape: (p,)
            betas: angle of the mixer in each layer. # shape: (p,)
        """
        state = np.full(self.size, 1 / np.sqrt(self.size), dtype=complex)
        for gamma, beta in zip(gammas, betas, strict=True):
            state *= np.exp(-1j * gamma * energies)
            cosine, sine = np.cos(beta), -1j * np.sin(beta)
            for here, there in self.exchanged:
                one, other = state[here], state[there]
                state[here] = cosine * one + sine * other
                state[there] = sine * one + cosine * other
        ideal: NDArray[np.float64] = np.abs(state) ** 2
        return ideal


def probabilities(qubo: QUBO, weight: int, angles: Angles) -> NDArray[np.float64]:
    """What measuring the ideal state gives, in the order of ``words``. # shape: (comb(n, weight),)

    Args:
        qubo: up to ``MOST_QUBITS`` variables.
        weight: how many are 1.
        angles: of each layer.

    Raises:
        InputError: too many variables, or a weight that they cannot have.
    """
    check(qubo, weight)
    n = qubo.variables
    numbers = words(n, weight)
    energies = qubo.energy(unpacked(numbers, n)) * angles.scale
    return _Space.of(numbers, n).probabilities(energies, angles.gammas, angles.betas)


def check(qubo: QUBO, weight: int) -> None:
    """That the assignments can be simulated.

    Raises:
        InputError: too many variables, or a weight that they cannot have.
    """
    check_size(qubo, MOST_QUBITS)
    if not 0 <= weight <= qubo.variables:
        raise InputError("backend", f"{weight} ones among {qubo.variables} variables")


def optimised(qubo: QUBO, weight: int, *, layers: int, max_evaluations: int = 80) -> Angles:
    """Angles that minimise the mean energy of the best quarter of the ideal samples.

    The tail as the objective: Barkoutsos et al., Quantum 4, 256 (2020). The start is a
    linear ramp, as in annealing.

    Args:
        qubo: up to ``MOST_QUBITS`` variables.
        weight: how many are 1.
        layers: p.
        max_evaluations: of the simulated distribution.

    Raises:
        InputError: too many variables, or a weight that they cannot have.
    """
    check(qubo, weight)
    n = qubo.variables
    numbers = words(n, weight)
    plain = qubo.energy(unpacked(numbers, n))
    spread = float(plain.std())
    factor = 1 / spread if spread > 1e-12 * max(1.0, float(np.abs(plain).max())) else 1.0
    energies = (plain - plain.mean()) * factor
    space = _Space.of(numbers, n)
    gammas, betas, evaluations = of_least_tail(
        energies, space.probabilities, layers=layers, max_evaluations=max_evaluations
    )
    mean = float(space.probabilities(energies, gammas, betas) @ plain)
    return Angles(gammas, betas, factor, mean, evaluations)


def dicke(n: int, weight: int) -> QuantumCircuit:
    """Prepares the equal superposition of all words with so many ones, from zeros.

    Baertschi and Eidenbenz, FCT 2019, LNCS 11651, 126; of the order of n weight gates.
    """
    from qiskit import QuantumCircuit

    made = QuantumCircuit(n)
    ones = min(weight, n - weight)
    for qubit in range(n - ones, n):
        made.x(qubit)
    for length in range(n, 1, -1):
        # the last of the first ``length`` qubits gives its one to those before it, or keeps it
        last = length - 1
        for count in range(1, min(ones, length - 1) + 1):
            target = last - count
            angle = 2 * float(np.arccos(np.sqrt(count / length)))
            made.cx(target, last)
            if count == 1:
                made.ry(angle / 2, target)
                made.cx(last, target)
                made.ry(-angle / 2, target)
                made.cx(last, target)
            else:
                for sign, control in ((1, last), (-1, target + 1), (1, last), (-1, target + 1)):
                    made.ry(sign * angle / 4, target)
                    made.cx(control, target)
            made.cx(target, last)
    if ones != weight:
        made.x(range(n))
    return made


def circuit(qubo: QUBO, weight: int, angles: Angles) -> QuantumCircuit:
    """The circuit without measurements; variable i is qubit i."""
    from qiskit.circuit.library import XXPlusYYGate

    n = qubo.variables
    made = dicke(n, weight)
    for gamma, beta in zip(angles.gammas, angles.betas, strict=True):
        separate_phases(made, qubo, float(gamma) * angles.scale)
        for i, j in _ring(n):
            made.append(XXPlusYYGate(2 * float(beta)), [i, j])
    return made


def qaoa(
    qubo: QUBO,
    weight: int,
    backend: Backend,
    *,
    seed: int,
    layers: int = 2,
    shots: int = 1024,
    queue_limit_s: float = 0.0,
) -> Found:
    """Assignments with so many ones, sampled from one circuit.

    Nothing but the compiled circuit goes to the backend. Samples that noise gave another
    number of ones are dropped and counted.

    Args:
        qubo: up to ``MOST_QUBITS`` variables.
        weight: how many are 1.
        backend: where the circuit runs.
        seed: of compilation and sampling.
        layers: p.
        shots: measurements.
        queue_limit_s: seconds to wait for a remote device at most; the job is found again
            by the next call.

    Raises:
        InputError: too many variables or shots for the simulation or the backend.
        simulation.errors.SimulationError: the device failed, or has not answered in time.
    """
    from simulation.quantum import bitstrings

    check(qubo, weight)
    n = qubo.variables
    bitstrings.check(backend, n, shots)
    angles = optimised(qubo, weight, layers=layers)
    measured = bitstrings.measure(
        circuit(qubo, weight, angles),
        backend,
        shots=shots,
        seed=seed,
        form=FORM,
        queue_limit_s=queue_limit_s,
    )
    right = measured.words[np.bitwise_count(measured.words) == weight]
    samples = gathered(qubo, unpacked(right, n))
    return Found(samples, len(right) / shots, angles, measured.record)
