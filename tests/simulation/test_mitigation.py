"""Readout correction and zero-noise extrapolation, with the errors they bring."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit.library import CPhaseGate, iSwapGate
from qiskit.primitives import BitArray
from qiskit.quantum_info import Operator, SparsePauliOp

from simulation.errors import ConvergenceError, InputError
from simulation.quantum import backends, estimation, measurement
from simulation.quantum.estimation import Outcomes
from simulation.quantum.measurement import EnergyMeasurement, Plan, Request
from simulation.quantum.mitigation import ReadoutCalibration, extrapolated, folded
from simulation.settings import READOUT_CIRCUITS, ZNE_SCALES

FLIPS = np.array([[0.03, 0.09], [0.06, 0.02]])
OPERATOR = SparsePauliOp.from_list(
    [("ZZ", 0.4), ("ZI", -0.3), ("IZ", 0.5), ("XX", 0.2), ("YY", 0.25), ("II", -0.7)]
)


def entangled() -> QuantumCircuit:
    circuit = QuantumCircuit(2)
    circuit.ry(0.8, 0)
    circuit.cx(0, 1)
    circuit.ry(0.3, 1)
    return circuit


@pytest.fixture(scope="module")
def measured() -> EnergyMeasurement:
    return EnergyMeasurement.compiled(entangled(), OPERATOR, 0.0, backends.exact)


def expectations(
    measured: EnergyMeasurement, survivals: tuple[float, ...] = (1.0,)
) -> list[np.ndarray]:
    """Probabilities of the bits of every circuit on a device with known errors."""
    tables = [
        estimation.distribution(measured.state, setting, survival=survival, flips=FLIPS).weights
        for survival in survivals
        for setting in measured.settings
    ]
    for ups in (FLIPS[:, 0], 1 - FLIPS[:, 1]):
        tables.append(np.outer([1 - ups[1], ups[1]], [1 - ups[0], ups[0]]).ravel())
    return tables


def drawn(
    expected: list[np.ndarray], planned: Plan, rng: np.random.Generator
) -> tuple[BitArray, ...]:
    """Bits of a plan, without a simulator."""
    numbers = [*planned.shots.ravel(), *planned.calibration_shots]
    return tuple(
        _counted(rng.multinomial(number, weights))
        for number, weights in zip(numbers, expected, strict=False)
    )


def _counted(counts: np.ndarray) -> BitArray:
    return BitArray.from_counts({k: int(n) for k, n in enumerate(counts) if n}, num_bits=2)


def test_readings_invert_the_confusion_of_every_term(measured):
    readings = ReadoutCalibration.expected(FLIPS).readings()
    total = measured.mixed_energy
    for setting in measured.settings:
        outcomes = estimation.distribution(measured.state, setting, flips=FLIPS)
        total += outcomes.moments(setting.values(outcomes.bits, readings))[0]
    assert total == pytest.approx(measured.noiseless_energy())


def test_the_calibration_is_what_was_counted():
    zeros = Outcomes.of(BitArray.from_counts({"00": 90, "01": 6, "10": 4}))
    ones = Outcomes.of(BitArray.from_counts({"11": 80, "10": 15, "01": 5}))
    found = ReadoutCalibration.of(zeros, ones)
    assert found.zeros_as_ones == pytest.approx([0.06, 0.04])
    assert found.ones_as_zeros == pytest.approx([0.15, 0.05])
    assert found.covariance[0, 0] == pytest.approx(0.06 * 0.94 / 99)
    assert found.covariance[0, 1] == pytest.approx(-0.06 * 0.04 / 99)
    assert not found.covariance[:2, 2:].any()


def test_a_qubit_that_says_nothing_is_refused():
    useless = Outcomes.of(BitArray.from_counts({"0": 50, "1": 50}))
    with pytest.raises(ConvergenceError, match="measured qubit 0 is read wrong in 50% and 50%"):
        ReadoutCalibration.of(useless, useless)


def test_the_error_of_the_calibration_is_propagated(measured):
    # as many shots for the calibration as for the energy: leaving it out would show
    planned = Plan((1,), np.full((1, len(measured.settings)), 2000), (700, 700))
    rng = np.random.default_rng(5)
    expected = expectations(measured)
    runs = [
        measurement.evaluate(measured, planned, drawn(expected, planned, rng)) for _ in range(300)
    ]
    truth = measured.noiseless_energy()
    scores = np.array([(run.energy - truth) / run.standard_error for run in runs])
    assert abs(scores.mean()) < 0.25
    assert 0.88 < scores.std() < 1.12  # 300 runs give it to 4 %
    raw = [run.mitigation[0].before for run in runs]
    assert abs(np.mean(raw) - truth) > 20 * np.std(raw) / np.sqrt(300)
    (record,) = runs[0].mitigation
    assert record.name == "readout"
    assert record.after == runs[0].energy
    assert record.after_standard_error > record.before_standard_error


def test_the_plan_of_a_corrected_energy_is_met(measured):
    class Device:
        name = "device"
        exact = False
        max_shots = None

        def calibration(self):  # type: ignore[no-untyped-def]
            return self

        def survival(self, circuit, *, two_qubit_factor=1):  # type: ignore[no-untyped-def]
            return 0.9**two_qubit_factor

        def flips(self, places):  # type: ignore[no-untyped-def]
            return FLIPS

    for names in (("readout",), ("zne",), ("readout", "zne")):
        request = Request(8e-3, 10**7, names)
        planned = measurement.plan(measured, Device(), request)  # type: ignore[arg-type]
        assert len(planned.calibration_shots) == READOUT_CIRCUITS * ("readout" in names)
        expected = expectations(measured, tuple(0.9**scale for scale in planned.scales))
        rng = np.random.default_rng(3)
        runs = [
            measurement.evaluate(measured, planned, drawn(expected, planned, rng)) for _ in range(5)
        ]
        errors = [run.standard_error for run in runs]
        assert np.mean(errors) == pytest.approx(8e-3, rel=0.05), names
        assert [m.name for m in runs[0].mitigation] == list(names)


def test_folding_changes_the_noise_and_nothing_else():
    circuit = entangled()
    tripled = folded(circuit, 3)
    assert tripled.count_ops()["cx"] == 3 * circuit.count_ops()["cx"]
    assert tripled.count_ops()["ry"] == circuit.count_ops()["ry"]
    assert Operator(tripled).equiv(Operator(circuit))
    assert folded(circuit, 1) == circuit
    with pytest.raises(ValueError, match="odd number of times"):
        folded(circuit, 2)


def test_gates_without_an_inverse_of_their_own_are_refused():
    circuit = QuantumCircuit(2)
    circuit.append(CPhaseGate(0.3), [0, 1])
    assert Operator(folded(circuit, 3)).equiv(Operator(circuit))
    circuit.append(iSwapGate(), [0, 1])
    with pytest.raises(InputError, match="leave zne out of"):
        folded(circuit, 3)


def test_an_exponential_decay_is_extrapolated_exactly():
    energies = [-0.5 - 0.7 * np.exp(-0.2 * scale) for scale in ZNE_SCALES]
    found = extrapolated(energies, -0.5)
    assert found.method == "exponential"
    assert found.value == pytest.approx(-1.2, abs=1e-9)


def test_energies_that_do_not_decay_are_extrapolated_linearly():
    found = extrapolated([-1.0, -1.1, -1.2], -0.5)
    assert found.method == "linear"
    assert found.value == pytest.approx(-0.95)
    # least squares through 1, 3, 5 at 0
    assert found.slopes == pytest.approx([13 / 12, 1 / 3, -5 / 12], abs=1e-6)


def test_the_error_of_the_extrapolation_covers(measured):
    planned = Plan((1, 3, 5), np.full((3, len(measured.settings)), 3000), (3000, 3000))
    rng = np.random.default_rng(11)
    expected = expectations(measured, (0.95, 0.95**3, 0.95**5))
    runs = [
        measurement.evaluate(measured, planned, drawn(expected, planned, rng)) for _ in range(150)
    ]
    truth = measured.noiseless_energy()
    scores = np.array([(run.energy - truth) / run.standard_error for run in runs])
    assert abs(scores.mean()) < 0.33
    assert 0.83 < scores.std() < 1.17  # 150 runs give it to 6 %
    readout, zne = runs[0].mitigation
    assert zne.before == readout.after
    assert "exponential" in zne.method
    assert abs(zne.after - truth) < abs(readout.before - truth)


def test_noise_of_a_device_is_mitigated():
    backend = backends.find("fake:manila")
    measured = EnergyMeasurement.compiled(entangled(), OPERATOR, 0.0, backend, seed=1)
    request = Request(3e-3, 60_000, ("readout", "zne"), seed=4)
    planned = measurement.plan(measured, backend, request)
    assert planned.total <= 60_000
    job = measurement.job(measured, backend, planned, request)
    assert len(job.samples) == 3 * len(measured.settings) + 2
    found = measurement.evaluate(measured, planned, measurement.sampled(job, backend, 4))
    truth = measured.noiseless_energy()
    assert abs(found.mitigation[0].before - truth) > 5 * found.mitigation[0].before_standard_error
    assert abs(found.energy - truth) < 4 * found.standard_error


def test_nothing_is_folded_where_there_is_no_two_qubit_gate():
    circuit = QuantumCircuit(1)
    circuit.ry(0.4, 0)
    alone = EnergyMeasurement.compiled(circuit, SparsePauliOp("Z"), 0.0, backends.aer)
    planned = measurement.plan(alone, backends.aer, Request(1e-2, 10**5, ("zne",)))
    assert planned.scales == (1,)


def test_a_missing_package_is_named_with_its_remedy(monkeypatch):
    monkeypatch.setitem(sys.modules, "mitiq.zne.inference", None)
    with pytest.raises(InputError, match=r'pip install "molq\[mitigation\]"'):
        extrapolated([-1.0, -0.9, -0.8], 0.0)
