"""The Born machine: its state against Qiskit's, its gradients, what it learns and samples."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qiskit.primitives import StatevectorSampler
from qiskit.quantum_info import Statevector

from generative import bornmachine, statevector
from generative.bornmachine import BornLearner, BornMachine
from generative.codemodel import divergence, drawn, total_variation
from generative.statevector import Ansatz
from simulation.quantum import hardwareefficient


def angles_of(ansatz: Ansatz, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-np.pi, np.pi, ansatz.parameters)


def target_of(words: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).dirichlet(np.full(words, 0.3))


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 7), st.integers(0, 4), st.integers(0, 2**32 - 1))
def test_the_state_is_that_of_the_circuit_in_qiskit(qubits: int, layers: int, seed: int) -> None:
    ansatz = Ansatz(qubits, layers)
    angles = angles_of(ansatz, seed)
    circuit = hardwareefficient.circuit(*ansatz.split(angles))
    expected = Statevector(circuit).probabilities()
    np.testing.assert_allclose(statevector.probabilities(ansatz, angles), expected, atol=1e-12)
    assert circuit.num_nonlocal_gates() == layers * (qubits - 1)


@pytest.mark.parametrize("qubits", [1, 4, 5])
@pytest.mark.parametrize("measure", [divergence, bornmachine.discrepancy])
def test_the_gradient_is_that_of_finite_differences(qubits, measure) -> None:
    ansatz = Ansatz(qubits, 3)
    angles, target = angles_of(ansatz, 1), target_of(2**qubits, 2)

    def loss(found: np.ndarray) -> tuple[float, np.ndarray]:
        return measure(target, found)

    def value(at: np.ndarray) -> float:
        return loss(statevector.probabilities(ansatz, at))[0]

    found, slope = statevector.gradient(ansatz, angles, loss)
    assert found == pytest.approx(value(angles), abs=1e-12)
    step = 1e-5
    numeric = [
        (value(angles + step * one) - value(angles - step * one)) / (2 * step)
        for one in np.eye(len(angles))
    ]
    np.testing.assert_allclose(slope, numeric, atol=2e-8)


def test_the_discrepancy_is_its_double_sum() -> None:
    one, other = target_of(8, 1), target_of(8, 2)
    words = np.arange(8)
    apart = np.bitwise_count(words[:, None] ^ words[None, :]).astype(float)
    kernel = np.mean([np.exp(-apart / (2 * w)) for w in bornmachine.WIDTHS], axis=0)
    value, _ = bornmachine.discrepancy(one, other)
    assert value == pytest.approx((one - other) @ kernel @ (one - other))
    assert bornmachine.discrepancy(one, one)[0] == 0


def test_shifted_circuits_give_the_gradient() -> None:
    """Without sampling noise exactly; with shots within it."""
    ansatz = Ansatz(3, 2)
    angles, target = angles_of(ansatz, 3), target_of(8, 4)
    exact = statevector.gradient(
        ansatz, angles, lambda found: bornmachine.discrepancy(target, found)
    )[1]
    shots, calls = 20_000, 0

    def sample(at: np.ndarray) -> np.ndarray:
        nonlocal calls
        calls += 1
        return drawn(statevector.probabilities(ansatz, at), shots, calls)

    found = bornmachine.shifted_gradient(ansatz, angles, target, sample)
    assert calls == 1 + 2 * ansatz.parameters
    assert np.abs(found - exact).max() < 5 * shots**-0.5
    assert np.corrcoef(found, exact)[0, 1] > 0.99


@pytest.mark.parametrize("loss", ["kl", "mmd"])
def test_a_small_distribution_is_learned(loss) -> None:
    """Bars and stripes on 2 x 2 pixels (Benedetti et al. 2019): six words of sixteen."""
    target = np.zeros(16)
    target[[0b0000, 0b1111, 0b0101, 0b1010, 0b0011, 0b1100]] = 1 / 6
    machine = BornLearner(layers=4, loss=loss).fit(target, seed=1)
    assert total_variation(machine.probabilities(), target) < 0.05
    untrained = BornMachine(
        machine.ansatz, bornmachine.first_angles(machine.ansatz, 1)
    ).probabilities()
    assert total_variation(untrained, target) > 0.5


def test_the_same_seed_learns_and_draws_the_same() -> None:
    target = target_of(16, 5)
    learner = BornLearner(layers=2, steps=20)
    one, again, other = (learner.fit(target, seed=seed) for seed in (7, 7, 8))
    np.testing.assert_array_equal(one.angles, again.angles)
    assert np.abs(one.angles - other.angles).max() > 1e-3
    np.testing.assert_array_equal(one.sample(50, seed=3), again.sample(50, seed=3))
    assert (one.sample(50, seed=3) != one.sample(50, seed=4)).any()


def test_what_is_drawn_follows_the_probabilities() -> None:
    machine = BornLearner(layers=2, steps=20).fit(target_of(16, 6), seed=1)
    shots = 20_000
    counts = np.bincount(machine.sample(shots, seed=1), minlength=16)
    expected = shots * machine.probabilities()
    # chi-squared with 15 degrees of freedom exceeds 50 once in a hundred thousand
    assert ((counts - expected) ** 2 / expected).sum() < 50


class Qiskit:
    """Samples by Qiskit alone, and keeps what it was given."""

    def __init__(self) -> None:
        self.circuits = []

    def words(self, ansatz, angles, shots, *, seed):
        circuit = hardwareefficient.circuit(*ansatz.split(angles))
        self.circuits.append(circuit)
        measured = circuit.measure_all(inplace=False)
        result = StatevectorSampler(seed=seed).run([measured], shots=shots).result()
        counts = result[0].data.meas.get_int_counts()
        return np.repeat(list(counts), list(counts.values()))


def test_a_sampler_samples_the_circuit_of_the_angles() -> None:
    sampler = Qiskit()
    machine = BornLearner(layers=2, steps=20, sampler=sampler).fit(target_of(16, 6), seed=1)
    assert sampler.circuits == []  # the training is simulated
    counts = np.bincount(machine.sample(20_000, seed=1), minlength=16)
    expected = 20_000 * machine.probabilities()
    assert ((counts - expected) ** 2 / expected).sum() < 50
    (circuit,) = sampler.circuits
    assert set(circuit.count_ops()) == {"ry", "rz", "cz"}
    assert not circuit.parameters
    assert not circuit.metadata


def test_chained_entanglers_are_two_gates_deep() -> None:
    ansatz = Ansatz(12, 6)
    circuit = hardwareefficient.circuit(*ansatz.split(angles_of(ansatz, 1)))
    assert circuit.depth() == 1 + 6 * 4
    assert ansatz.parameters == 156
