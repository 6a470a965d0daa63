"""QAOA within the assignments of one weight: state, circuit and samples."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest
from qiskit import qasm3
from qiskit.quantum_info import Statevector

from simulation.errors import InputError
from simulation.quantum import backends, fixedweight
from simulation.quantum.qubo import QUBO, unpacked
from simulation.quantum.sampling import Angles


def _random(n: int, seed: int) -> QUBO:
    rng = np.random.default_rng(seed)
    return QUBO(rng.normal(size=n), np.triu(rng.normal(size=(n, n)), 1), float(rng.normal()))


@pytest.mark.parametrize("n", range(1, 8))
def test_the_dicke_state_is_the_equal_superposition(n: int) -> None:
    for weight in range(n + 1):
        expected = np.zeros(2**n)
        expected[fixedweight.words(n, weight)] = comb(n, weight) ** -0.5
        found = Statevector(fixedweight.dicke(n, weight)).data
        assert abs(np.vdot(expected, found)) == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize(("n", "weight"), [(1, 1), (2, 1), (3, 1), (4, 0), (5, 2), (6, 4), (7, 3)])
def test_the_circuit_gives_the_simulated_distribution(n: int, weight: int) -> None:
    qubo = _random(n, n)
    rng = np.random.default_rng(weight)
    angles = Angles(rng.normal(size=2), rng.normal(size=2), 0.7, 0.0, 0)
    circuit = Statevector(fixedweight.circuit(qubo, weight, angles)).probabilities()
    ours = fixedweight.probabilities(qubo, weight, angles)
    np.testing.assert_allclose(circuit[fixedweight.words(n, weight)], ours, atol=1e-12)
    assert ours.sum() == pytest.approx(1.0)  # so no other weight occurs


def test_angles_lower_the_mean_energy() -> None:
    qubo = _random(10, 5)
    energies = qubo.energy(unpacked(fixedweight.words(10, 4), 10))
    angles = fixedweight.optimised(qubo, 4, layers=2)
    assert angles.expected < energies.mean() - 0.5 * energies.std()
    ideal = fixedweight.probabilities(qubo, 4, angles)
    assert ideal @ energies == pytest.approx(angles.expected)


@pytest.mark.parametrize("name", ["exact", "aer"])
def test_samples_have_the_weight_and_reach_the_minimum(name: str) -> None:
    qubo = _random(8, 2)
    energies = qubo.energy(unpacked(fixedweight.words(8, 3), 8))
    found = fixedweight.qaoa(qubo, 3, backends.find(name), seed=4)
    assert found.kept == 1
    assert (found.samples.bits.sum(axis=1) == 3).all()
    assert found.samples.counts.sum() == 1024
    assert found.samples.energies[0] == pytest.approx(energies.min())
    assert found.record.circuit.ansatz == fixedweight.FORM
    free = qasm3.loads(found.record.circuit.qasm3)
    values = {p.name: p.value for p in found.record.circuit.parameters}
    bound = free.assign_parameters({p: values[p.name] for p in free.parameters})
    recorded = Statevector(bound).probabilities()[fixedweight.words(8, 3)]
    ours = fixedweight.probabilities(qubo, 3, found.angles)
    np.testing.assert_allclose(recorded, ours, atol=1e-9)
    again = fixedweight.qaoa(qubo, 3, backends.find(name), seed=4)
    np.testing.assert_array_equal(again.samples.counts, found.samples.counts)


def test_noise_breaks_the_weight_and_the_broken_are_dropped() -> None:
    found = fixedweight.qaoa(_random(5, 1), 2, backends.find("fake:manila"), seed=1, shots=500)
    assert 0.3 < found.kept < 0.95
    assert (found.samples.bits.sum(axis=1) == 2).all()
    assert found.samples.counts.sum() == round(500 * found.kept)
    assert sum(found.record.counts.values()) == 500
    assert found.record.calibration is not None


def test_equal_energies_are_no_harm() -> None:
    flat = QUBO(np.ones(5), np.zeros((5, 5)))
    angles = fixedweight.optimised(flat, 2, layers=1)
    assert angles.expected == pytest.approx(2.0)
    assert fixedweight.probabilities(flat, 2, angles).sum() == pytest.approx(1.0)


def test_what_cannot_be_simulated_is_refused() -> None:
    with pytest.raises(InputError, match="21 qubits"):
        fixedweight.optimised(_random(21, 0), 3, layers=1)
    with pytest.raises(InputError, match="5 ones among 4 variables"):
        fixedweight.optimised(_random(4, 0), 5, layers=1)
    with pytest.raises(InputError, match="fit fake:manila"):
        fixedweight.qaoa(_random(6, 0), 2, backends.find("fake:manila"), seed=0)
