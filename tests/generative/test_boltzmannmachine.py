"""The classical counterparts of the Born machine."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from generative import boltzmannmachine
from generative.boltzmannmachine import BoltzmannLearner
from generative.codemodel import divergence, total_variation
from generative.empirical import EmpiricalLearner
from generative.statevector import Ansatz


def random_machine(visible: int, hidden: int) -> boltzmannmachine.BoltzmannMachine:
    size = visible * hidden + visible + hidden
    values = np.random.default_rng(3).normal(size=size)
    return boltzmannmachine.unpacked(values, visible, hidden)


def test_the_hidden_units_are_summed_out() -> None:
    machine = random_machine(3, 2)
    weight = np.zeros(8)
    for word in range(8):
        v = np.array([(word >> bit) & 1 for bit in range(3)])
        for h in itertools.product((0, 1), repeat=2):
            energy = machine.visible @ v + machine.hidden @ h + h @ machine.weights @ v
            weight[word] += np.exp(energy)
    np.testing.assert_allclose(machine.probabilities(), weight / weight.sum(), rtol=1e-12)


def test_the_slope_is_that_of_finite_differences() -> None:
    target = np.random.default_rng(1).dirichlet(np.ones(16))
    values = np.random.default_rng(2).normal(size=4 * 3 + 4 + 3)

    def value(at: np.ndarray) -> float:
        return divergence(target, boltzmannmachine.unpacked(at, 4, 3).probabilities())[0]

    slope = boltzmannmachine.likelihood_slope(boltzmannmachine.unpacked(values, 4, 3), target)
    numeric = [
        (value(values + 1e-5 * one) - value(values - 1e-5 * one)) / 2e-5
        for one in np.eye(len(values))
    ]
    np.testing.assert_allclose(slope, numeric, atol=1e-8)


def test_bars_and_stripes_are_learned_the_same_for_the_same_seed() -> None:
    target = np.zeros(16)
    target[[0b0000, 0b1111, 0b0101, 0b1010, 0b0011, 0b1100]] = 1 / 6
    machine, again = (BoltzmannLearner(6, steps=600).fit(target, seed=1) for _ in range(2))
    assert total_variation(machine.probabilities(), target) < 0.05
    np.testing.assert_array_equal(machine.weights, again.weights)
    np.testing.assert_array_equal(machine.sample(9, seed=1), again.sample(9, seed=1))


@pytest.mark.parametrize("qubits", range(8, 17))
@pytest.mark.parametrize("layers", [2, 6])
def test_it_has_as_many_parameters_as_the_born_machine(qubits: int, layers: int) -> None:
    born = Ansatz(qubits, layers).parameters
    machine = random_machine(qubits, boltzmannmachine.hidden_units(qubits, born))
    assert abs(machine.parameters - born) <= (qubits + 1) / 2


def test_the_plain_distribution_is_what_was_seen() -> None:
    target = np.array([0.5, 0, 0, 0, 0, 0, 0.25, 0.25])
    plain = EmpiricalLearner((1, 2)).fit(target, seed=0)
    np.testing.assert_array_equal(plain.probabilities(), target)
    assert set(plain.sample(200, seed=1).tolist()) == {0, 6, 7}
    assert plain.parameters == 3


def test_smoothing_backs_off_to_the_fields() -> None:
    target = np.zeros(8)
    target[0b00_0] = target[0b11_1] = 0.5
    smooth = EmpiricalLearner((1, 2), smoothing=0.2).fit(target, seed=0).probabilities()
    assert smooth.sum() == pytest.approx(1)
    assert smooth[0b11_0] == pytest.approx(0.2 * 0.25)  # both fields were seen, not together
    assert smooth[0b01_0] == 0  # this core was never seen
    with pytest.raises(ValueError, match="no word of 8 values"):
        EmpiricalLearner((1, 1)).fit(target, seed=0)
