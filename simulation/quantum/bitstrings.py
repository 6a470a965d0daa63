"""Bit strings of one circuit, measured on any backend."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from qiskit import ClassicalRegister, QuantumCircuit, qasm3
from qiskit.circuit import Parameter as QiskitParameter
from qiskit.primitives import BitArray

from simulation.errors import InputError
from simulation.quantum import deviceentry, queue, technicalfile
from simulation.quantum.backends import (
    STEP,
    Backend,
    Job,
    PendingMeasurement,
    QueuedBackend,
    Sample,
)

REGISTER = "meas"
CIRCUIT_NAME = "circuit"
_DIGITS = 10  # of an angle, in what a job is known by


@dataclass(frozen=True)
class BitStrings:
    """What was measured, and the record of how."""

    words: NDArray[np.int64]  # shape: (shots,), ascending; bit i is qubit i of the circuit
    record: technicalfile.Sampling


def check(backend: Backend, qubits: int, shots: int) -> None:
    """That a circuit of so many qubits can be run so often at once.

    Raises:
        InputError: the backend has too few qubits, or takes fewer shots of one circuit.
    """
    if backend.qubits is not None and backend.qubits < qubits:
        raise InputError(
            STEP,
            f"a circuit of {qubits} qubits does not fit {backend.name}, which has {backend.qubits}",
        )
    if backend.max_shots is not None and backend.max_shots < shots:
        raise InputError(
            STEP,
            f"{backend.name} runs a circuit {backend.max_shots} times at most, not {shots}",
        )


def measure(
    circuit: QuantumCircuit,
    backend: Backend,
    *,
    shots: int,
    seed: int,
    form: str,
    queue_limit_s: float,
) -> BitStrings:
    """Measure every qubit of a circuit.

    Nothing but the compiled circuit goes to the backend.

    Args:
        circuit: without measurements, its angles bound.
        backend: where it runs.
        shots: how often.
        seed: of the compilation, and of the sampling where the backend can be seeded.
        form: what the record calls the circuit.
        queue_limit_s: seconds to wait for a remote device at most; the job is found again
            by the next call.

    Raises:
        InputError: the backend has too few qubits, or takes fewer shots of one circuit.
        simulation.errors.SimulationError: the device failed, or has not answered in time.
    """
    check(backend, circuit.num_qubits, shots)
    plain = QuantumCircuit(circuit.num_qubits, name=CIRCUIT_NAME)
    plain.compose(circuit, inplace=True)
    body = backend.pass_manager(seed).run(plain)
    places = body.layout.final_index_layout() if body.layout else list(range(plain.num_qubits))
    sent = body.copy()
    register = ClassicalRegister(plain.num_qubits, REGISTER)
    sent.add_register(register)
    sent.measure(places, register)
    sent.name, sent.metadata = CIRCUIT_NAME, {}
    pending: PendingMeasurement | None = None
    if isinstance(backend, QueuedBackend):
        job = Job((Sample(sent, shots),), _digest(plain, backend, shots, seed))
        (pending,) = backend.submit([job])
        ((bits,),) = queue.collect_all(backend, [pending], limit_s=queue_limit_s)
    else:
        bits = (
            backend.sampler(_simulator_seed(seed))
            .run([(sent, None, shots)])
            .result()[0]
            .data[REGISTER]
        )
    return BitStrings(
        _words(bits), _record(plain, body, tuple(places), backend, bits, seed, form, pending)
    )


def _words(bits: BitArray) -> NDArray[np.int64]:
    found = sorted(bits.get_int_counts().items())
    return np.repeat(
        np.array([word for word, _ in found], dtype=np.int64), [count for _, count in found]
    )


def _simulator_seed(seed: int) -> int:
    # qiskit-aer takes signed 32-bit seeds
    return int(np.random.SeedSequence(seed).generate_state(1, np.uint32)[0]) >> 1


def _digest(circuit: QuantumCircuit, backend: Backend, shots: int, seed: int) -> str:
    """32 hexadecimal digits of what was asked for; the compilation may differ from day to day."""
    asked = {
        "backend": backend.name,
        "circuit": [
            [
                instruction.operation.name,
                [circuit.find_bit(q).index for q in instruction.qubits],
                [round(float(p), _DIGITS) for p in instruction.operation.params],
            ]
            for instruction in circuit.data
        ],
        "request": [shots, seed],
    }
    return hashlib.sha256(json.dumps(asked).encode()).hexdigest()[:32]


def _record(
    plain: QuantumCircuit,
    body: QuantumCircuit,
    places: tuple[int, ...],
    backend: Backend,
    bits: BitArray,
    seed: int,
    form: str,
    pending: PendingMeasurement | None,
) -> technicalfile.Sampling:
    used = {body.find_bit(q).index for i in body.data for q in i.qubits} | set(places)
    return technicalfile.Sampling(
        circuit=_free(plain, form),
        compiled=technicalfile.CompiledCircuit(
            qasm3=qasm3.dumps(body),
            qubits=body.num_qubits,
            two_qubit_gates=int(body.num_nonlocal_gates()),
            depth=int(body.depth()),
            layout=places,
        ),
        transpiler=deviceentry.transpiler(backend, body, seed),
        shots=bits.num_shots,
        counts=dict(sorted(bits.get_counts().items())),
        seed=seed,
        backend=deviceentry.backend_record(backend, pending),
        calibration=deviceentry.calibration_record(backend, used),
        time=technicalfile.now(),
        versions=technicalfile.versions(),
    )


def _free(plain: QuantumCircuit, form: str) -> technicalfile.Circuit:
    """The circuit with its angles as inputs, in the order of the gates."""
    free = plain.copy_empty_like()
    angles: list[technicalfile.Parameter] = []
    for instruction in plain.data:
        operation = instruction.operation.to_mutable()
        for place, value in enumerate(operation.params):
            name = f"theta_{len(angles)}"
            angles.append(technicalfile.Parameter(name=name, value=float(value)))
            operation.params[place] = QiskitParameter(name)
        free.append(operation, [plain.find_bit(q).index for q in instruction.qubits])
    return technicalfile.Circuit(
        qasm3=qasm3.dumps(free),
        parameters=tuple(angles),
        qubits=plain.num_qubits,
        ansatz=form,
        mapping="none",
    )
