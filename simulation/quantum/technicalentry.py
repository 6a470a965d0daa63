"""One evaluation in the words of the technical file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qiskit import QuantumCircuit, qasm3
from qiskit.circuit import Parameter as QiskitParameter

from simulation.quantum import deviceentry, technicalfile
from simulation.quantum.backends import Backend, PendingMeasurement
from simulation.quantum.measurement import EnergyMeasurement, MeasuredEnergy, Request
from simulation.score import ReducedSpace


@dataclass(frozen=True)
class TrialCircuit:
    """The circuit of a trial state with its parameters, before compilation."""

    circuit: QuantumCircuit  # free parameters in the order of ``angles``
    angles: NDArray[np.float64]  # shape: (parameters,), rad
    ansatz: str
    mapping: str

    def bound(self) -> QuantumCircuit:
        """The circuit of this very state."""
        return self.circuit.assign_parameters(self.angles)


def entry(
    trial: TrialCircuit,
    measurement: EnergyMeasurement,
    backend: Backend,
    request: Request,
    *,
    sector: tuple[int, int],
    orbitals: int,
    reduced: ReducedSpace | None,
    scales: tuple[int, ...] = (1,),
    measured: MeasuredEnergy | None,
    pending: PendingMeasurement | None,
) -> dict[str, Any]:
    """What ``SolverRecord.technical`` holds: an evaluation without the molecule's number.

    Args:
        trial: the state.
        measurement: as compiled.
        backend: where it ran.
        request: what was asked.
        sector: (n_alpha, n_beta) in the whole space.
        orbitals: of the space that was measured.
        reduced: where that is not the whole one.
        scales: of the noise.
        measured: what came out; None where nothing was sampled.
        pending: the job, where there is a queue.

    Returns:
        plain JSON types.
    """
    circuit = measurement.circuit
    used = {circuit.find_bit(q).index for i in circuit.data for q in i.qubits}
    used |= set(measurement.places)
    shots = measured.shots if measured is not None else np.zeros((1, len(measurement.settings)))
    readout = measured.readout if measured is not None else None
    record = technicalfile.Evaluation(
        molecule=0,
        recipe="",
        site=0,
        n_alpha=sector[0],
        n_beta=sector[1],
        orbitals=orbitals,
        reduced=reduced,
        circuit=_circuit(trial),
        compiled=technicalfile.CompiledCircuit(
            qasm3=qasm3.dumps(circuit),
            qubits=circuit.num_qubits,
            two_qubit_gates=measurement.two_qubit_gates,
            depth=measurement.depth,
            layout=measurement.places,
        ),
        transpiler=deviceentry.transpiler(backend, circuit, request.seed),
        constant=measurement.mixed_energy,
        settings=tuple(
            technicalfile.MeasuredSetting(
                basis=setting.basis,
                terms=tuple(
                    technicalfile.Term(pauli=pauli, coefficient=float(coefficient))
                    for pauli, coefficient in zip(
                        setting.labels(), setting.coefficients, strict=True
                    )
                ),
                shots=tuple(int(n) for n in column),
            )
            for setting, column in zip(measurement.settings, shots.T, strict=True)
        ),
        noise_scales=scales,
        shots=measured.total_shots if measured is not None else 0,
        seed=request.seed,
        backend=deviceentry.backend_record(backend, pending),
        calibration=deviceentry.calibration_record(backend, used),
        readout=(
            technicalfile.ReadoutRecord(
                shots=measured.calibration_shots,
                zeros_as_ones=tuple(readout.zeros_as_ones.tolist()),
                ones_as_zeros=tuple(readout.ones_as_zeros.tolist()),
            )
            if measured is not None and readout is not None
            else None
        ),
        result=technicalfile.Result(
            energy=measured.energy if measured is not None else measurement.compiled_energy(),
            standard_error=measured.standard_error if measured is not None else None,
            noiseless=measurement.noiseless_energy(),
            mitigation=measured.mitigation if measured is not None else (),
        ),
        time=technicalfile.now(),
        versions=technicalfile.versions(),
    )
    return record.model_dump(mode="json", exclude={"molecule", "recipe", "site"})


def _circuit(trial: TrialCircuit) -> technicalfile.Circuit:
    names = [f"theta_{k}" for k in range(len(trial.angles))]
    free = trial.circuit.assign_parameters([QiskitParameter(name) for name in names])
    plain = QuantumCircuit(free.num_qubits)
    plain.compose(free.decompose(reps=2), inplace=True)
    return technicalfile.Circuit(
        qasm3=qasm3.dumps(plain),
        parameters=tuple(
            technicalfile.Parameter(name=name, value=float(value))
            for name, value in zip(names, trial.angles, strict=True)
        ),
        qubits=plain.num_qubits,
        ansatz=trial.ansatz,
        mapping=trial.mapping,
    )
