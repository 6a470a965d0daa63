"""The measurement of one energy: circuits out, bits in, a value with its error.

What leaves for a device is made here: compiled circuits with a neutral name and
no metadata, on registers called ``q`` and ``meas``, with numbers of shots. No
word of the molecule is known to this module.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from qiskit import ClassicalRegister, QuantumCircuit
from qiskit.primitives import BitArray
from qiskit.quantum_info import SparsePauliOp, Statevector

from simulation.errors import InputError, StochasticError
from simulation.quantum import estimation, mitigation
from simulation.quantum.backends import STEP, Backend, Job, Sample
from simulation.quantum.estimation import Outcomes, Setting
from simulation.quantum.mitigation import ReadoutCalibration
from simulation.score import MitigationRecord
from simulation.settings import READOUT_CIRCUITS, ZNE_SCALES

REGISTER = "meas"
CIRCUIT_NAME = "circuit"
_DIGITS = 6  # to which a measurement is compared with an earlier one
_DIFFERENCE = 1e-4  # step of the differenced readout correction, probability


@dataclass(frozen=True)
class Request:
    """What is asked of a measurement."""

    precision: float  # Hartree, standard error
    max_shots: int  # over all circuits
    mitigation: tuple[str, ...] = ()  # of "readout", "zne"
    seed: int = 0  # of compilation and sampling


@dataclass(frozen=True)
class EnergyMeasurement:
    """A state and its energy operator, compiled for a backend."""

    logical: QuantumCircuit  # on the operator's qubits, no free parameters
    circuit: QuantumCircuit  # compiled, without measurements
    places: tuple[int, ...]  # the compiled circuit's qubit of each of the operator's, at its end
    operator: SparsePauliOp  # Hartree, without ``constant``
    constant: float  # Hartree, core and nuclear repulsion

    @staticmethod
    def compiled(
        circuit: QuantumCircuit,
        operator: SparsePauliOp,
        constant: float,
        backend: Backend,
        seed: int = 0,
    ) -> EnergyMeasurement:
        """Compile for a backend.

        Args:
            circuit: prepares the state; no free parameters, no measurements.
            operator: on the qubits of ``circuit``, Hartree.
            constant: to be added, Hartree.
            backend: where it shall run.
            seed: of the compilation.
        """
        # Without expanding the evolutions first, simulators exponentiate dense matrices.
        logical = circuit.decompose(reps=2)
        # the input's own registers would travel in the layout of the compiled circuit
        plain = QuantumCircuit(logical.num_qubits, name=CIRCUIT_NAME)
        plain.compose(logical, inplace=True)
        compiled = backend.pass_manager(seed).run(plain)
        compiled.name, compiled.metadata = CIRCUIT_NAME, {}
        layout = compiled.layout
        places = layout.final_index_layout() if layout is not None else range(plain.num_qubits)
        return EnergyMeasurement(plain, compiled, tuple(places), operator, constant)

    @property
    def qubits(self) -> int:
        """Number of qubits of the state."""
        return int(self.logical.num_qubits)

    @property
    def two_qubit_gates(self) -> int:
        """Number of gates on two qubits, as compiled."""
        return int(self.circuit.num_nonlocal_gates())

    @property
    def depth(self) -> int:
        """Number of layers of gates that cannot run at the same time, as compiled."""
        return int(self.circuit.depth())

    @property
    def observable(self) -> SparsePauliOp:
        """The operator on the qubits of the compiled circuit."""
        return self.operator.apply_layout(self.circuit.layout)

    @cached_property
    def state(self) -> Statevector:
        """The state without noise, on the operator's qubits."""
        return Statevector(self.logical)

    @cached_property
    def grouped(self) -> tuple[float, tuple[Setting, ...]]:
        """The operator's constant term (Hartree) and its measurement settings."""
        return estimation.settings(self.operator)

    @property
    def settings(self) -> tuple[Setting, ...]:
        """What is measured together."""
        return self.grouped[1]

    @property
    def mixed_energy(self) -> float:
        """Energy of the maximally mixed state, where noise leads to. Hartree, total."""
        return self.grouped[0] + self.constant

    def noiseless_energy(self) -> float:
        """What an error-free device gives for ever so many shots. Hartree, total."""
        return float(np.real(self.state.expectation_value(self.operator))) + self.constant

    def compiled_energy(self) -> float:
        """The same, of the compiled circuit. Hartree, total; for backends without idle qubits."""
        value = Statevector(self.circuit).expectation_value(self.observable)
        return float(np.real(value)) + self.constant


@dataclass(frozen=True)
class Plan:
    """Which circuits run, and how often."""

    scales: tuple[int, ...]  # of the noise
    shots: NDArray[np.int64]  # shape: (scales, settings)
    calibration_shots: tuple[int, ...]  # all qubits in 0, all in 1; empty without correction

    @property
    def total(self) -> int:
        """Shots of all circuits."""
        return int(self.shots.sum()) + sum(self.calibration_shots)


def plan(measurement: EnergyMeasurement, backend: Backend, request: Request) -> Plan:
    """Share the shots out so that the asked standard error costs the fewest.

    The spread of each setting is that of the known state, damped by the gate and
    readout errors that the backend reports; with mitigation it is that of the
    mitigated energy. No shot is spent on a pilot.

    Raises:
        InputError: the shots allowed do not suffice for the number of settings,
            or an optional package is missing.
    """
    folds = "zne" in request.mitigation and measurement.two_qubit_gates > 0
    scales = ZNE_SCALES if folds else (1,)
    calibration = backend.calibration()
    survivals = [1.0] * len(scales)
    flips: NDArray[np.float64] = np.zeros((measurement.qubits, 2))
    if calibration is not None:
        survivals = [
            calibration.survival(measurement.circuit, two_qubit_factor=scale) for scale in scales
        ]
        flips = calibration.flips(measurement.places)
    rows = [
        [
            estimation.distribution(measurement.state, setting, survival=survival, flips=flips)
            for setting in measurement.settings
        ]
        for survival in survivals
    ]
    readout = ReadoutCalibration.expected(flips) if "readout" in request.mitigation else None
    means, variances = _moments(measurement, rows, readout.readings() if readout else None)
    slopes: NDArray[np.float64] = np.ones(1)
    if len(scales) > 1:
        energies = means.sum(axis=1) + measurement.mixed_energy
        slopes = mitigation.extrapolated(energies, measurement.mixed_energy, scales).slopes
    spreads = (np.sqrt(variances) * np.abs(slopes)[:, None]).ravel().tolist()
    if readout is not None:
        through = slopes @ _leaning(measurement, rows, readout)
        parts = np.split(through**2 * np.diag(readout.covariance), READOUT_CIRCUITS)
        spreads += [float(np.sqrt(part.sum())) for part in parts]
    try:
        shots = estimation.allocate(spreads, request.precision, request.max_shots)
    except ValueError as error:
        raise InputError(STEP, f"{error}; raise simulation.max_shots") from error
    if backend.max_shots is not None:
        shots = tuple(min(number, backend.max_shots) for number in shots)
    return Plan(
        scales,
        np.array(shots[: means.size], dtype=np.int64).reshape(means.shape),
        shots[means.size :],
    )


def _moments(
    measurement: EnergyMeasurement,
    rows: Sequence[Sequence[Outcomes]],
    readings: NDArray[np.float64] | None,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Means (Hartree) and variances of one shot's value, each of shape (scales, settings)."""
    table = np.array(
        [
            seen.moments(setting.values(seen.bits, readings))
            for row in rows
            for setting, seen in zip(measurement.settings, row, strict=True)
        ]
    ).reshape(len(rows), len(measurement.settings), 2)
    return table[:, :, 0], table[:, :, 1]


def _leaning(
    measurement: EnergyMeasurement,
    rows: Sequence[Sequence[Outcomes]],
    readout: ReadoutCalibration,
) -> NDArray[np.float64]:
    """Derivatives of the energies by the readout's probabilities, shape (scales, 2 * qubits)."""
    sides = []
    for sign in (1, -1):
        steps = sign * _DIFFERENCE * np.eye(len(readout.parameters))
        sides.append(
            [
                _moments(measurement, rows, readout.readings(readout.parameters + step))[0].sum(1)
                for step in steps
            ]
        )
    return (np.array(sides[0]) - np.array(sides[1])).T / (2 * _DIFFERENCE)


def job(measurement: EnergyMeasurement, backend: Backend, planned: Plan, request: Request) -> Job:
    """The circuits of a plan: all settings of each scale, then those of the readout.

    Raises:
        InputError: a gate cannot be folded.
    """
    completion = backend.completion()
    width = measurement.circuit.num_qubits

    def with_measurements(body: QuantumCircuit, tail: QuantumCircuit) -> QuantumCircuit:
        whole = QuantumCircuit(width)
        whole.compose(tail, measurement.places, inplace=True)
        circuit = body.compose(completion.run(whole))
        assert circuit is not None
        register = ClassicalRegister(measurement.qubits, REGISTER)
        circuit.add_register(register)
        circuit.measure(list(measurement.places), register)
        circuit.name, circuit.metadata = CIRCUIT_NAME, {}
        return circuit

    samples = []
    for scale, row in zip(planned.scales, planned.shots, strict=True):
        body = mitigation.folded(measurement.circuit, scale)
        for setting, shots in zip(measurement.settings, row.tolist(), strict=True):
            samples.append(Sample(with_measurements(body, setting.rotations()), shots))
    for value, shots in enumerate(planned.calibration_shots):
        flips = QuantumCircuit(measurement.qubits)
        if value:
            flips.x(range(measurement.qubits))
        empty = measurement.circuit.copy_empty_like()
        empty.global_phase = 0
        samples.append(Sample(with_measurements(empty, flips), shots))
    return Job(tuple(samples), _digest(measurement, backend, request))


def _digest(measurement: EnergyMeasurement, backend: Backend, request: Request) -> str:
    """32 hexadecimal digits of what was asked for; the compilation may differ from day to day."""
    asked = {
        "backend": backend.name,
        "circuit": [
            [
                instruction.operation.name,
                [measurement.logical.find_bit(q).index for q in instruction.qubits],
                [round(float(p), _DIGITS) for p in instruction.operation.params],
            ]
            for instruction in measurement.logical.data
        ],
        "operator": [
            [setting.basis, setting.labels(), np.round(setting.coefficients, _DIGITS).tolist()]
            for setting in measurement.settings
        ],
        "request": [request.precision, request.max_shots, request.mitigation, request.seed],
    }
    return hashlib.sha256(json.dumps(asked).encode()).hexdigest()[:32]


def sampled(sent: Job, backend: Backend, seed: int) -> tuple[BitArray, ...]:
    """Run a job on a backend without a queue.

    Every circuit gets a seed of its own: simulators start the circuits of one
    call from one seed, and the errors of two settings would go together.
    """
    seeds = np.random.SeedSequence(seed).generate_state(len(sent.samples), np.uint32)
    bits = []
    for sample, own in zip(sent.samples, seeds.tolist(), strict=True):
        # qiskit-aer takes signed 32-bit seeds
        running = backend.sampler(own >> 1).run([(sample.circuit, None, sample.shots)])
        bits.append(running.result()[0].data[REGISTER])
    return tuple(bits)


@dataclass(frozen=True)
class MeasuredEnergy:
    """An energy from bits."""

    energy: float  # Hartree, total
    standard_error: float  # Hartree
    mitigation: tuple[MitigationRecord, ...]  # in the order of application
    shots: NDArray[np.int64]  # shape: (scales, settings); as run
    calibration_shots: tuple[int, ...]  # of the readout circuits, as run
    readout: ReadoutCalibration | None

    @property
    def total_shots(self) -> int:
        """Shots of all circuits."""
        return int(self.shots.sum()) + sum(self.calibration_shots)


def evaluate(
    measurement: EnergyMeasurement, planned: Plan, bits: Sequence[BitArray]
) -> MeasuredEnergy:
    """The energy of a job's bits, mitigated as planned, with its standard error.

    Raises:
        StochasticError: the bits are not those of the plan.
        ConvergenceError: the readout cannot be corrected.
        InputError: an optional package is missing.
    """
    settings = measurement.settings
    expected = planned.shots.size + len(planned.calibration_shots)
    if len(bits) != expected or any(b.num_bits != measurement.qubits for b in bits):
        raise StochasticError(
            STEP, f"a job of {expected} circuits gave back {len(bits)} results that do not fit it"
        )
    outcomes = [Outcomes.of(samples) for samples in bits]
    rows = [
        outcomes[k * len(settings) : (k + 1) * len(settings)] for k in range(len(planned.scales))
    ]
    readout = (
        ReadoutCalibration.of(*outcomes[-READOUT_CIRCUITS:]) if planned.calibration_shots else None
    )

    counted = np.array([seen.shots for row in rows for seen in row]).reshape(planned.shots.shape)

    def energies(readings: NDArray[np.float64] | None) -> tuple[NDArray, NDArray]:
        """At every scale: energies and the variances by their own shots."""
        means, variances = _moments(measurement, rows, readings)
        return (
            means.sum(axis=1) + measurement.mixed_energy,
            (variances / (counted - 1)).sum(axis=1),
        )

    values, variances = energies(None)
    shared: NDArray[np.float64] = np.zeros(
        (1, 1)
    )  # covariance of what every scale is corrected with
    leaning: NDArray[np.float64] = np.zeros(
        (len(planned.scales), 1)
    )  # derivatives of the energies by it
    records: list[MitigationRecord] = []
    energy, error = float(values[0]), float(np.sqrt(variances[0]))

    def applied(name: str, method: str, after: float, after_error: float) -> None:
        nonlocal energy, error
        records.append(MitigationRecord(name, method, energy, after, error, after_error))
        energy, error = after, after_error

    if readout is not None:
        values, variances = energies(readout.readings())
        shared = readout.covariance
        leaning = _leaning(measurement, rows, readout)
        own = variances[0] + leaning[0] @ shared @ leaning[0]
        wrong = 100 * float(readout.parameters.mean())
        applied(
            "readout",
            f"tensored calibration, bits read wrong in {wrong:.1f} % of the shots",
            float(values[0]),
            float(np.sqrt(own)),
        )
    if len(planned.scales) > 1:
        found = mitigation.extrapolated(values, measurement.mixed_energy, planned.scales)
        through = found.slopes @ leaning
        variance = found.slopes**2 @ variances + through @ shared @ through
        applied(
            "zne",
            f"two-qubit gates folded {', '.join(map(str, planned.scales))} times, "
            f"{found.method} extrapolation",
            found.value,
            float(np.sqrt(variance)),
        )
    return MeasuredEnergy(
        energy=energy,
        standard_error=error,
        mitigation=tuple(records),
        shots=counted,
        calibration_shots=tuple(seen.shots for seen in outcomes[planned.shots.size :]),
        readout=readout,
    )
