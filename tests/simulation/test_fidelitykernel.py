"""The fidelity kernel: state vectors against Qiskit, and circuits on backends."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qiskit import qasm3
from qiskit.quantum_info import Statevector

from simulation.errors import InputError
from simulation.quantum import backends, fidelitykernel
from simulation.quantum.fidelitykernel import Encoding, measured

POINTS = np.random.default_rng(0).normal(size=(5, 3))


def test_one_qubit_by_hand() -> None:
    """One layer is RZ(-2x) on |+>: k = cos^2(x - y)."""
    x, y = np.array([[0.3], [1.1]]), np.array([[-0.4]])
    found = Encoding(1, 1).fidelities(x, y)
    assert found[:, 0] == pytest.approx(np.cos(x[:, 0] + 0.4) ** 2)


@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize("qubits", [1, 2, 5])
def test_states_are_those_of_the_circuit(qubits: int, layers: int) -> None:
    encoding = Encoding(qubits, layers)
    points = np.random.default_rng(qubits).normal(size=(4, qubits))
    ours = encoding.states(points)
    for point, state in zip(points, ours, strict=True):
        theirs = Statevector(encoding.circuit(point)).data
        assert abs(np.vdot(theirs, state)) == pytest.approx(1.0, abs=1e-12)
    np.testing.assert_allclose(np.linalg.norm(ours, axis=1), 1.0, atol=1e-12)


def test_the_overlap_circuit_returns_to_zero_as_often_as_the_kernel_says() -> None:
    encoding = Encoding(3)
    gram = encoding.fidelities(POINTS)
    for i, j in ((0, 0), (0, 1), (3, 2)):
        state = Statevector(encoding.overlap(POINTS[i], POINTS[j]))
        assert state.probabilities()[0] == pytest.approx(gram[i, j], abs=1e-12)


@given(
    m=st.integers(1, 8),
    qubits=st.integers(1, 6),
    layers=st.integers(1, 3),
    seed=st.integers(0, 10_000),
)
@settings(max_examples=30, deadline=None)
def test_it_is_a_kernel(m: int, qubits: int, layers: int, seed: int) -> None:
    points = np.random.default_rng(seed).normal(size=(m, qubits))
    encoding = Encoding(qubits, layers)
    gram = encoding.fidelities(points)
    np.testing.assert_allclose(np.diag(gram), 1.0, atol=1e-12)
    np.testing.assert_allclose(gram, gram.T, atol=1e-12)
    assert np.linalg.eigvalsh(gram).min() > -1e-10
    np.testing.assert_allclose(gram, encoding.fidelities(points, points.copy()), atol=1e-12)


def test_the_factor_on_points_is_a_bandwidth() -> None:
    encoding = Encoding(3)
    off = ~np.eye(5, dtype=bool)
    wide, narrow = encoding.fidelities(0.01 * POINTS), encoding.fidelities(0.4 * POINTS)
    assert wide[off].min() > 0.99
    assert narrow[off].mean() < 0.9


def test_a_coordinate_at_zero_does_nothing() -> None:
    """So fewer components than qubits are no harm."""
    padded = np.hstack([POINTS, np.zeros((5, 2))])
    np.testing.assert_allclose(
        Encoding(5).fidelities(padded), Encoding(3).fidelities(POINTS), atol=1e-12
    )


@pytest.mark.parametrize("name", ["exact", "aer"])
def test_a_simulator_counts_the_kernel(name: str) -> None:
    encoding = Encoding(3)
    found = measured(encoding, POINTS, None, backends.find(name), shots=2000, seed=1)
    gram = encoding.fidelities(POINTS)
    off = np.abs(found.values - gram)
    assert (off <= 5 * np.sqrt(gram * (1 - gram) / 2000) + 1e-9).all()
    np.testing.assert_array_equal(np.diag(found.values), 1.0)
    assert len(found.records) == 10
    again = measured(encoding, POINTS, None, backends.find(name), shots=2000, seed=1)
    np.testing.assert_array_equal(found.values, again.values)
    cross = measured(encoding, POINTS[:1], POINTS[1:3], backends.find(name), shots=2000, seed=1)
    assert cross.values.shape == (1, 2)
    assert np.abs(cross.values - gram[:1, 1:3]).max() < 0.06


def test_noise_takes_from_the_fidelity_and_the_record_tells_the_circuit() -> None:
    encoding = Encoding(3)
    near = np.array([[0.3, -0.2, 0.4], [0.32, -0.22, 0.41]])
    found = measured(encoding, near, None, backends.find("fake:manila"), shots=2000, seed=1)
    true = encoding.fidelities(near)[0, 1]
    assert true > 0.99
    assert 0.6 < found.values[0, 1] < true - 5 * found.standard_errors[0, 1]
    (record,) = found.records
    assert record.calibration is not None
    assert record.circuit.ansatz == fidelitykernel.NAME
    assert sum(record.counts.values()) == 2000
    assert record.counts["000"] == round(2000 * found.values[0, 1])
    free = qasm3.loads(record.circuit.qasm3)
    angles = {p.name: p.value for p in record.circuit.parameters}
    bound = free.assign_parameters({p: angles[p.name] for p in free.parameters})
    assert Statevector(bound).probabilities()[0] == pytest.approx(true, abs=1e-9)


def test_what_cannot_be_encoded_is_refused() -> None:
    with pytest.raises(ValueError, match="1 to 14 qubits, not 15"):
        Encoding(15)
    with pytest.raises(ValueError, match="1 layer or more"):
        Encoding(3, 0)
    with pytest.raises(ValueError, match=r"\(m, 3\)"):
        Encoding(3).fidelities(np.zeros((2, 4)))
    with pytest.raises(ValueError, match="not finite"):
        Encoding(3).states(np.array([[0.0, np.nan, 0.0]]))
    with pytest.raises(InputError, match="6 qubits does not fit fake:manila, which has 5"):
        measured(
            Encoding(6), np.zeros((2, 6)), None, backends.find("fake:manila"), shots=10, seed=0
        )
