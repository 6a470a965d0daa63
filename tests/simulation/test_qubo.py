import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qiskit.primitives import StatevectorSampler
from qiskit.quantum_info import Statevector

from simulation.errors import InputError
from simulation.quantum.qubo import QUBO, Samples, anneal, gathered, lowest, unpacked
from simulation.quantum.sampling import (
    Angles,
    circuit,
    optimised,
    probabilities,
    qaoa,
    scale,
)


def _random(n: int, seed: int) -> QUBO:
    rng = np.random.default_rng(seed)
    return QUBO(
        linear=rng.normal(size=n),
        quadratic=np.triu(rng.normal(size=(n, n)), 1),
        offset=float(rng.normal()),
    )


def test_energy_is_the_sum_it_says() -> None:
    qubo = QUBO(np.array([1.0, -2.0]), np.array([[0.0, 4.0], [0.0, 0.0]]), 0.5)
    bits = np.array([[0, 0], [1, 0], [0, 1], [1, 1]])
    assert qubo.energy(bits).tolist() == [0.5, 1.5, -1.5, 3.5]
    assert qubo.spectrum().tolist() == [0.5, 1.5, -1.5, 3.5]
    assert lowest(qubo, 2).bits.tolist() == [[0, 1], [0, 0]]


@given(n=st.integers(1, 6), seed=st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_the_ising_form_has_the_same_spectrum(n: int, seed: int) -> None:
    qubo = _random(n, seed)
    diagonal = np.real(np.diag(qubo.ising().to_matrix()))
    assert diagonal == pytest.approx(qubo.spectrum(), abs=1e-10)


@pytest.mark.parametrize("seed", range(3))
def test_annealing_finds_the_lowest_of_the_enumeration(seed: int) -> None:
    qubo = _random(14, seed)
    exact = lowest(qubo, 1)
    found = anneal(qubo, seed=seed)
    assert found.energies[0] == pytest.approx(exact.energies[0])
    assert found.bits[0].tolist() == exact.bits[0].tolist()
    assert found.counts.sum() == 64
    assert found.energies == pytest.approx(qubo.energy(found.bits))
    again = anneal(qubo, seed=seed)
    assert again.bits.tolist() == found.bits.tolist()


def test_samples_are_gathered_each_once_lowest_first() -> None:
    qubo = QUBO(np.array([1.0, -2.0]), np.zeros((2, 2)))
    bits = np.array([[1, 0], [0, 1], [1, 0]], dtype=np.int8)
    samples = gathered(qubo, bits, np.array([2, 5, 3]))
    assert isinstance(samples, Samples)
    assert samples.bits.tolist() == [[0, 1], [1, 0]]
    assert samples.counts.tolist() == [5, 5]
    assert samples.energies.tolist() == [-2.0, 1.0]


@pytest.mark.parametrize(
    ("linear", "quadratic", "reason"),
    [
        (np.zeros(2), np.zeros((3, 3)), "coefficients"),
        (np.zeros(2), np.ones((2, 2)), "above the diagonal"),
        (np.array([np.nan, 0.0]), np.zeros((2, 2)), "not finite"),
    ],
)
def test_coefficients_that_make_no_sense_are_refused(
    linear: np.ndarray, quadratic: np.ndarray, reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        QUBO(linear, quadratic)


def test_too_many_variables_are_not_enumerated() -> None:
    with pytest.raises(ValueError, match="23 variables"):
        _random(23, 0).spectrum()


@pytest.mark.parametrize("layers", [1, 2])
def test_the_circuit_gives_the_simulated_distribution(layers: int) -> None:
    qubo = _random(4, 3)
    rng = np.random.default_rng(layers)
    angles = Angles(rng.normal(size=layers), rng.normal(size=layers), scale(qubo), 0.0, 0)
    bare = circuit(qubo, angles).remove_final_measurements(inplace=False)
    simulated = probabilities(qubo.spectrum() * angles.scale, angles.gammas, angles.betas)
    assert Statevector(bare).probabilities() == pytest.approx(simulated, abs=1e-10)
    assert simulated.sum() == pytest.approx(1.0)


def test_qaoa_lowers_the_mean_energy_and_finds_the_minimum() -> None:
    qubo = _random(8, 5)
    angles = optimised(qubo, layers=2)
    assert angles.expected < qubo.spectrum().mean() - 0.5 / angles.scale
    samples = qaoa(qubo, StatevectorSampler(seed=1), layers=2, shots=1024)
    assert samples.counts.sum() == 1024
    assert samples.energies[0] == pytest.approx(lowest(qubo, 1).energies[0])
    again = qaoa(qubo, StatevectorSampler(seed=1), layers=2, shots=1024)
    assert again.counts.tolist() == samples.counts.tolist()


def test_qaoa_beyond_what_is_simulated_is_refused() -> None:
    with pytest.raises(InputError, match="17 qubits"):
        optimised(_random(17, 0), layers=1)


def test_bits_are_read_the_least_significant_first() -> None:
    assert unpacked(np.array([1, 6]), 3).tolist() == [[1, 0, 0], [0, 1, 1]]
