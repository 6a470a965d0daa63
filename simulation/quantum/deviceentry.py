"""What a technical file says of the backend, whatever ran on it."""

from __future__ import annotations

from dataclasses import asdict

from qiskit import QuantumCircuit
from qiskit import __version__ as qiskit_version

from simulation.quantum.backends import Backend, PendingMeasurement
from simulation.quantum.technicalfile import BackendRecord, CalibrationRecord, Transpiler


def backend_record(backend: Backend, pending: PendingMeasurement | None) -> BackendRecord:
    """Where circuits ran; ``pending`` is the job, where there is a queue."""
    return BackendRecord(
        name=backend.name,
        version=backend.version,
        qubits=backend.qubits,
        exact=backend.exact,
        job=pending.job_id if pending is not None else None,
        found=pending.found if pending is not None else False,
    )


def calibration_record(backend: Backend, used: set[int]) -> CalibrationRecord | None:
    """The calibration of the qubits that a circuit uses; None where there is none."""
    calibration = backend.calibration()
    if calibration is None:
        return None
    return CalibrationRecord.model_validate(asdict(calibration.of(used)))


def transpiler(backend: Backend, compiled: QuantumCircuit, seed: int) -> Transpiler:
    """How a circuit was compiled for the backend."""
    return Transpiler(
        optimisation_level=backend.optimisation_level,
        seed=seed,
        gates=tuple(sorted(compiled.count_ops())),
        version=f"qiskit {qiskit_version}",
    )
