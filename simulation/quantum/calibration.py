"""What a device says of its qubits and gates, at one time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qiskit import QuantumCircuit
from qiskit.providers import BackendV2


@dataclass(frozen=True)
class QubitCalibration:
    """One qubit; None where the device does not say."""

    qubit: int
    t1_us: float | None  # microseconds, energy relaxation
    t2_us: float | None  # microseconds, dephasing
    frequency_ghz: float | None
    readout_error: float | None  # probability of a wrong bit, 0..1
    readout_length_ns: float | None
    readout_1_as_0: float | None  # probability, 0..1
    readout_0_as_1: float | None  # probability, 0..1


@dataclass(frozen=True)
class GateCalibration:
    """One gate on one set of qubits; None where the device does not say."""

    gate: str
    qubits: tuple[int, ...]
    error: float | None  # probability, 0..1
    length_ns: float | None


@dataclass(frozen=True)
class Calibration:
    """A snapshot of a device, restricted to the qubits of interest."""

    date: str | None  # ISO 8601; None where the device does not say
    qubits: tuple[QubitCalibration, ...]
    gates: tuple[GateCalibration, ...]

    def of(self, qubits: set[int]) -> Calibration:
        """The part about these qubits and the gates between them."""
        return Calibration(
            date=self.date,
            qubits=tuple(q for q in self.qubits if q.qubit in qubits),
            gates=tuple(g for g in self.gates if set(g.qubits) <= qubits),
        )

    def flips(self, places: tuple[int, ...]) -> NDArray[np.float64]:
        """How often bits are read wrong; 0 where the device does not say.

        Args:
            places: the qubits.

        Returns:
            shape (qubits, 2), probabilities that a 0 is read as 1 and a 1 as 0.
        """
        known = {q.qubit: q for q in self.qubits}
        rows = []
        for place in places:
            said = known.get(place)
            both = said.readout_error if said is not None else None
            up = said.readout_0_as_1 if said is not None else None
            down = said.readout_1_as_0 if said is not None else None
            rows.append(
                [next((x for x in (own, both) if x is not None), 0.0) for own in (up, down)]
            )
        return np.array(rows, dtype=np.float64).reshape(len(places), 2)

    def survival(self, circuit: QuantumCircuit, *, two_qubit_factor: int = 1) -> float:
        """Estimated probability that no gate of a compiled circuit fails, 0..1.

        Args:
            circuit: on the device's qubits.
            two_qubit_factor: how often each two-qubit gate is applied instead of once.
        """
        errors = {(g.gate, g.qubits): g.error for g in self.gates}
        kept = 1.0
        for instruction in circuit.data:
            places = tuple(circuit.find_bit(q).index for q in instruction.qubits)
            error = errors.get((instruction.operation.name, places)) or 0.0
            repeats = two_qubit_factor if len(places) == 2 else 1
            kept *= max(1.0 - error, 0.0) ** repeats
        return kept


def snapshot(device: BackendV2) -> Calibration:
    """The calibration that a Qiskit device carries in its target and properties."""
    target = device.target
    properties = _properties(device)
    readout: Any = target["measure"] if "measure" in target.operation_names else {}
    qubits = []
    for index in range(target.num_qubits or 0):
        said = target.qubit_properties[index] if target.qubit_properties else None
        measured = readout.get((index,)) if readout else None
        qubits.append(
            QubitCalibration(
                qubit=index,
                t1_us=_scaled(getattr(said, "t1", None), 1e6),
                t2_us=_scaled(getattr(said, "t2", None), 1e6),
                frequency_ghz=_scaled(getattr(said, "frequency", None), 1e-9),
                readout_error=_scaled(getattr(measured, "error", None), 1.0),
                readout_length_ns=_scaled(getattr(measured, "duration", None), 1e9),
                readout_1_as_0=_asymmetry(properties, index, "prob_meas0_prep1"),
                readout_0_as_1=_asymmetry(properties, index, "prob_meas1_prep0"),
            )
        )
    gates = []
    for name in target.operation_names:
        if name == "measure":
            continue
        for places, said in (target[name] or {}).items():
            if places is None or said is None:
                continue
            gates.append(
                GateCalibration(
                    gate=name,
                    qubits=tuple(places),
                    error=_scaled(said.error, 1.0),
                    length_ns=_scaled(said.duration, 1e9),
                )
            )
    date = getattr(properties, "last_update_date", None)
    return Calibration(
        date=date.isoformat() if isinstance(date, datetime) else None,
        qubits=tuple(qubits),
        gates=tuple(gates),
    )


def _properties(device: BackendV2) -> Any:
    """IBM's record of a device, None for devices of others."""
    properties = getattr(device, "properties", None)
    return properties() if callable(properties) else None


def _scaled(value: float | None, factor: float) -> float | None:
    return None if value is None else float(value) * factor


def _asymmetry(properties: Any, qubit: int, name: str) -> float | None:
    if properties is None or qubit >= len(properties.qubits):
        return None
    found = [item.value for item in properties.qubits[qubit] if item.name == name]
    return float(found[0]) if found else None
