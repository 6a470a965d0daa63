"""Grouping, shots and the standard error of sampled energies."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from qiskit import QuantumCircuit
from qiskit.primitives import BitArray
from qiskit.quantum_info import SparsePauliOp, Statevector, random_statevector
from qiskit_aer import AerSimulator

from simulation.errors import InputError, StochasticError
from simulation.quantum import backends, estimation, measurement
from simulation.quantum.devicebackend import DeviceBackend
from simulation.quantum.estimation import MIN_SHOTS, Outcomes, allocate
from simulation.quantum.measurement import EnergyMeasurement, Request
from simulation.vqe import mapping
from simulation.vqe.engine import optimised
from simulation.vqe.mapping import ExcitationProduct


@pytest.fixture(scope="module")
def hydrogen(active_space):
    """``hydrogen(backend, mapping)``: the energy of H2 ready to be measured."""
    state = optimised(active_space("H2", 2, 2), 1, 1, 1)

    def build(backend: str, name: str = "parity") -> EnergyMeasurement:
        mapper = mapping.mapper(name, state.hamiltonian, 1, 1, state.excitations)
        circuit = mapping.ansatz_circuit(ExcitationProduct(2, 1, 1, state.excitations), mapper)
        operator = mapping.qubit_operator(state.hamiltonian, 1, 1, mapper)
        return EnergyMeasurement.compiled(
            circuit.assign_parameters(state.angles),
            operator,
            state.hamiltonian.core_energy,
            backends.find(backend),
        )

    return build


def expectations(measured: EnergyMeasurement) -> list[np.ndarray]:
    """Probabilities of the bit strings of every setting."""
    return [estimation.distribution(measured.state, s).weights for s in measured.settings]


def drawn(
    expected: list[np.ndarray], shots: np.ndarray, rng: np.random.Generator
) -> tuple[BitArray, ...]:
    """Samples of every setting, without a simulator."""
    bits = []
    for weights, number in zip(expected, shots.ravel(), strict=True):
        seen = {k: int(n) for k, n in enumerate(rng.multinomial(number, weights)) if n}
        bits.append(BitArray.from_counts(seen, num_bits=int(np.log2(len(weights)))))
    return tuple(bits)


operators = st.dictionaries(
    st.text("IXYZ", min_size=3, max_size=3),
    st.floats(0.01, 2.0).map(lambda c: round(c, 3)),
    min_size=1,
    max_size=20,
)


@given(operators, st.integers(0, 1000))
@hypothesis_settings(max_examples=25, deadline=None)
def test_settings_hold_every_term_once_and_give_the_expectation_value(terms, seed):
    operator = SparsePauliOp.from_list(list(terms.items()))
    constant, settings = estimation.settings(operator)
    assert constant == pytest.approx(terms.get("III", 0.0))
    found = {
        label: coefficient
        for setting in settings
        for label, coefficient in zip(setting.labels(), setting.coefficients, strict=True)
    }
    assert found == pytest.approx({k: c for k, c in terms.items() if k != "III"})
    for setting in settings:
        for label in setting.labels():
            assert all(a in ("I", b) for a, b in zip(label, setting.basis, strict=True))
    state = random_statevector(8, seed=seed)
    total = constant
    for setting in settings:
        outcomes = estimation.distribution(state, setting)
        total += outcomes.moments(setting.values(outcomes.bits))[0]
    assert total == pytest.approx(state.expectation_value(operator).real)


def test_terms_that_share_a_basis_share_a_setting():
    operator = SparsePauliOp.from_list([("ZZ", 1.0), ("ZI", 0.5), ("XX", 0.3), ("IZ", 0.2)])
    _, settings = estimation.settings(operator)
    assert [set(s.labels()) for s in settings] == [{"ZZ", "ZI", "IZ"}, {"XX"}]


@pytest.mark.parametrize(("sign", "variance"), [(1, 4.0), (-1, 0.0)])
def test_the_variance_of_a_setting_holds_its_covariances(sign, variance):
    # in a Bell state the two bits agree: Z1 + Z2 scatters twice, Z1 - Z2 not at all
    bell = QuantumCircuit(2)
    bell.h(0)
    bell.cx(0, 1)
    _, (setting,) = estimation.settings(SparsePauliOp.from_list([("ZI", 1.0), ("IZ", sign)]))
    outcomes = estimation.distribution(Statevector(bell), setting)
    assert outcomes.moments(setting.values(outcomes.bits))[1] == pytest.approx(variance)


def test_noise_damps_the_expected_distribution():
    plus = QuantumCircuit(1)
    plus.x(0)
    _, (setting,) = estimation.settings(SparsePauliOp("Z"))
    flips = np.array([[0.1, 0.2]])
    mixed = estimation.distribution(Statevector(plus), setting, survival=0.5, flips=flips)
    # half the state 1, half the maximally mixed one: P(1) = 3/4 before the readout
    assert mixed.weights == pytest.approx([0.25 * 0.9 + 0.75 * 0.2, 0.25 * 0.1 + 0.75 * 0.8])


def test_bits_are_counted_in_the_order_of_the_qubits():
    outcomes = Outcomes.of(BitArray.from_counts({"01": 3, "10": 1}))
    assert outcomes.shots == 4
    table = dict(zip(map(tuple, outcomes.bits.tolist()), outcomes.weights, strict=True))
    assert table == {(True, False): 3, (False, True): 1}  # the last letter is qubit 0


@given(
    st.lists(st.floats(0.0, 2.0), min_size=1, max_size=8),
    st.floats(1e-3, 1e-1),
    st.integers(1_000, 1_000_000),
)
@hypothesis_settings(max_examples=100, deadline=None)
def test_shots_reach_the_precision_or_use_what_is_allowed(deviations, precision, limit):
    shots = np.array(allocate(deviations, precision, limit))
    assert shots.min() >= MIN_SHOTS
    assert shots.sum() <= limit
    error = np.sqrt((np.square(deviations) / shots).sum())
    if error > precision * (1 + 1e-9):
        assert shots.sum() > limit - 2 * len(shots) or sum(deviations) == 0


def test_shots_go_where_the_spread_is():
    shots = allocate([0.9, 0.3, 0.3], precision=1e-3, max_shots=10**9)
    assert shots[0] == pytest.approx(3 * shots[1], rel=1e-3)
    even = 3 * np.square([0.9, 0.3, 0.3]).sum() / 1e-6
    assert sum(shots) == pytest.approx(1.5**2 / 1e-6, rel=1e-3)
    assert sum(shots) < even


def test_too_few_shots_are_refused(hydrogen):
    with pytest.raises(InputError, match=r"2 circuits need at least 200 shots, allowed are 150"):
        measurement.plan(hydrogen("aer"), backends.aer, Request(1e-3, 150))


def test_a_device_limits_the_shots_of_one_circuit(hydrogen):
    device = DeviceBackend("limited", AerSimulator(), max_shots=1500)
    planned = measurement.plan(hydrogen("aer"), device, Request(1e-3, 10**6))
    assert planned.shots.max() == 1500


def test_the_standard_error_covers_as_it_says(hydrogen):
    measured = hydrogen("aer")
    planned = measurement.plan(measured, backends.aer, Request(5e-3, 10**6))
    truth = measured.noiseless_energy()
    rng = np.random.default_rng(7)
    expected = expectations(measured)
    runs = [
        measurement.evaluate(measured, planned, drawn(expected, planned.shots, rng))
        for _ in range(400)
    ]
    scores = np.array([(run.energy - truth) / run.standard_error for run in runs])
    assert abs(scores.mean()) < 4 / np.sqrt(400)
    assert 0.9 < scores.std() < 1.1  # 400 runs give it to 3.5 %
    assert 0.92 < np.mean(np.abs(scores) < 1.96) < 0.975
    # planned without a pilot, and met
    assert np.mean([run.standard_error for run in runs]) == pytest.approx(5e-3, rel=0.02)


def test_a_sum_over_terms_would_have_been_a_bound_only(hydrogen):
    measured = hydrogen("aer", "jordan-wigner")
    planned = measurement.plan(measured, backends.aer, Request(2e-3, 10**6))
    bits = drawn(expectations(measured), planned.shots, np.random.default_rng(1))
    energy = measurement.evaluate(measured, planned, bits)
    bound = sum(
        abs(c) / np.sqrt(n)
        for setting, n in zip(measured.settings, planned.shots[0], strict=True)
        for c in setting.coefficients
    )
    assert energy.standard_error < bound / 2


def test_a_simulator_samples_the_energy(hydrogen):
    measured = hydrogen("aer")
    request = Request(4e-3, 10**6, seed=3)
    planned = measurement.plan(measured, backends.aer, request)
    job = measurement.job(measured, backends.aer, planned, request)
    runs = [
        measurement.evaluate(measured, planned, measurement.sampled(job, backends.aer, seed))
        for seed in range(20)
    ]
    scores = [(run.energy - measured.noiseless_energy()) / run.standard_error for run in runs]
    assert 0.6 < np.std(scores) < 1.5
    assert runs[0].energy == pytest.approx(
        measurement.evaluate(measured, planned, measurement.sampled(job, backends.aer, 0)).energy,
        abs=0,
    )


def test_circuits_of_one_job_do_not_share_their_random_numbers():
    # two settings of one qubit in the same state: with one seed their bits would agree
    measured = EnergyMeasurement.compiled(
        QuantumCircuit(1), SparsePauliOp.from_list([("X", 1.0), ("Y", 1.0)]), 0.0, backends.aer
    )
    request = Request(1.0, 10**4)
    planned = measurement.plan(measured, backends.aer, request)
    job = measurement.job(measured, backends.aer, planned, request)
    differences = []
    for seed in range(10):
        one, other = measurement.sampled(job, backends.aer, seed)
        differences.append(int(one.bitcount().sum()) - int(other.bitcount().sum()))
    assert any(differences)


def test_bits_that_do_not_fit_are_refused(hydrogen):
    measured = hydrogen("aer")
    planned = measurement.plan(measured, backends.aer, Request(1e-2, 10**6))
    bits = drawn(expectations(measured), planned.shots, np.random.default_rng(0))
    with pytest.raises(StochasticError, match="2 circuits gave back 1 results"):
        measurement.evaluate(measured, planned, bits[:1])


def test_the_digest_is_of_what_was_asked(hydrogen):
    measured = hydrogen("aer")

    def digest(request: Request, backend: str = "aer") -> str:
        chosen = backends.find(backend)
        planned = measurement.plan(measured, chosen, request)
        return measurement.job(measured, chosen, planned, request).digest

    first = digest(Request(1e-2, 10**6, seed=1))
    assert first == digest(Request(1e-2, 10**6, seed=1))
    assert len(first) == 32
    others = [digest(Request(1e-2, 10**6, seed=2)), digest(Request(2e-2, 10**6, seed=1))]
    assert all(a != b for a, b in pairwise([first, *others]))


@pytest.mark.parametrize("name", ["jordan-wigner", "parity", "tapered"])
def test_compiling_does_not_change_the_energy(hydrogen, name):
    measured = hydrogen("exact", name)
    assert measured.compiled_energy() == pytest.approx(-1.1373060357, abs=1e-9)
    assert measured.noiseless_energy() == pytest.approx(measured.compiled_energy(), abs=1e-10)
    on_device = hydrogen("fake:manila", name)
    assert on_device.noiseless_energy() == pytest.approx(-1.1373060357, abs=1e-9)
    # the layout of the device: the same energy from its five qubits
    assert on_device.compiled_energy() == pytest.approx(-1.1373060357, abs=1e-9)
