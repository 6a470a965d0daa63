"""The technical file in the report: circuits, what they cost, where they ran, how well.

Every score of a solver with a circuit says what that circuit would cost; scores that kept an
entry of the technical file also say how it was compiled, sampled and mitigated. The circuits
that proposed or chose molecules stand in technical files of the run's folder.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from molq.errors import MolqError
from molq.leadtable import called
from molq.report.charts import circuits
from molq.report.charts.figure import Figure, spread, written
from molq.report.words import solver_words
from screening.campaign import circuitrecords
from screening.scorecolumns import circuit_of
from screening.store.records import Result
from simulation.score import CircuitCost, SolverRecord

NOISELESS = "exact"
_PURPOSES = {
    circuitrecords.PRIOR: "starts of molecules (Born machine)",
    circuitrecords.BATCHES: "choice of batches",
}


@dataclass(frozen=True)
class CircuitRow:
    """The trial circuits of one recipe by one solver."""

    recipe: str
    solver: str
    backend: str
    circuits: int
    ansatz: str
    mapping: str
    qubits: str  # "8" or "8 to 12"
    parameters: str
    two_qubit_gates: str
    depth: str


@dataclass(frozen=True)
class DeviceRow:
    """What was compiled for one backend and sampled on it."""

    backend: str
    purpose: str
    circuits: int
    shots: str
    two_qubit_gates: str  # as compiled
    depth: str
    compiled_by: str
    jobs: str  # identifiers, the first ones


@dataclass(frozen=True)
class CalibrationRow:
    """What a device said of the qubits that were used, at one time."""

    backend: str
    date: str
    qubits: int
    t1: str  # microseconds, median
    t2: str
    readout: str  # probability, median
    two_qubit_error: str  # probability, median


@dataclass(frozen=True)
class MitigationRow:
    """What one step of error mitigation did to the energies."""

    name: str
    method: str
    energies: int
    change: str  # mHa, median size
    error: str  # mHa, median standard error afterwards


@dataclass(frozen=True)
class TechnicalSummary:
    """All quantum evaluations of a run."""

    circuits: tuple[CircuitRow, ...]
    devices: tuple[DeviceRow, ...]
    calibrations: tuple[CalibrationRow, ...]
    mitigations: tuple[MitigationRow, ...]
    notes: tuple[str, ...]
    figures: tuple[Figure, ...]


def technical(scored: Sequence[Result], samplings: Sequence[dict[str, Any]]) -> TechnicalSummary:
    """The circuits of a run.

    Args:
        scored: results with a score.
        samplings: from ``samplings_of``.
    """
    entries = [entry for record in _solutions(scored) if (entry := record.technical) is not None]
    named = [{**entry, "purpose": "energies"} for entry in entries] + list(samplings)
    rows = tuple(_circuit_rows(scored))
    return TechnicalSummary(
        circuits=rows,
        devices=tuple(_device_rows(named)),
        calibrations=tuple(_calibration_rows(named)),
        mitigations=tuple(_mitigation_rows(scored)),
        notes=tuple(_notes(scored, entries)),
        figures=_figures(scored, named),
    )


def samplings_of(directory: Path) -> list[dict[str, Any]]:
    """The circuits of a run that belong to no score, each with its ``purpose``.

    Raises:
        MolqError: a file in the run's folder is not a technical file.
    """
    from pydantic import ValidationError

    from simulation.quantum import technicalfile

    found: list[dict[str, Any]] = []
    for name, purpose in _PURPOSES.items():
        path = directory / name
        if not path.exists():
            continue
        try:
            record = technicalfile.read(path)
        except (OSError, ValidationError) as error:
            raise MolqError(f"{path} is not a technical file; restore it from a copy") from error
        found += [s.model_dump(mode="json") | {"purpose": purpose} for s in record.samplings]
    return found


def _solutions(scored: Iterable[Result]) -> Iterator[SolverRecord]:
    for result in scored:
        if result.score is not None:
            for site in result.score.sites:
                yield from site.solutions


def _circuit_rows(scored: Sequence[Result]) -> Iterator[CircuitRow]:
    groups: dict[tuple[str, str, str], list[CircuitCost]] = {}
    for result in scored:
        score = result.score
        if score is None:
            continue
        for site in score.sites:
            for solution in site.solutions:
                if solution.circuit is not None:
                    key = (result.recipe, score.solver, score.backend)
                    groups.setdefault(key, []).append(solution.circuit)
    for (recipe, solver, backend), of in groups.items():
        yield CircuitRow(
            recipe,
            solver_words(solver),
            backend,
            len(of),
            _several(c.ansatz for c in of),
            _several(c.mapping for c in of),
            _range([c.qubits for c in of]),
            _range([c.parameters for c in of]),
            _range([c.two_qubit_gates for c in of]),
            _range([c.depth for c in of]),
        )


def _device_rows(entries: Sequence[dict[str, Any]]) -> Iterator[DeviceRow]:
    for (backend, purpose), of in _grouped(entries).items():
        shots = sum(entry["shots"] for entry in of)
        jobs = list(dict.fromkeys(e["backend"]["job"] for e in of if e["backend"].get("job")))
        level = _several(
            f"{e['transpiler']['version']}, level {e['transpiler']['optimisation_level']}"
            for e in of
        )
        yield DeviceRow(
            backend,
            purpose,
            len(of),
            f"{shots:,}".replace(",", "\N{THIN SPACE}") if shots else "none: exact expectation",
            _range([entry["compiled"]["two_qubit_gates"] for entry in of]),
            _range([entry["compiled"]["depth"] for entry in of]),
            level,
            ", ".join(jobs[:3]) + (f" and {len(jobs) - 3} more" if len(jobs) > 3 else ""),
        )


def _grouped(
    entries: Sequence[dict[str, Any]],
) -> dict[tuple[str, str], list[dict[str, Any]]]:
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for entry in entries:
        groups.setdefault((entry["backend"]["name"], entry["purpose"]), []).append(entry)
    return groups


def _calibration_rows(entries: Sequence[dict[str, Any]]) -> Iterator[CalibrationRow]:
    seen: dict[tuple[str, str], tuple[dict[int, Any], dict[tuple[int, ...], float]]] = {}
    for entry in entries:
        calibration = entry.get("calibration")
        if calibration is None:
            continue
        key = (entry["backend"]["name"], calibration["date"] or "not dated")
        qubits, gates = seen.setdefault(key, ({}, {}))
        qubits.update({q["qubit"]: q for q in calibration["qubits"]})
        for gate in calibration["gates"]:
            if len(gate["qubits"]) == 2 and gate["error"] is not None:
                gates[tuple(gate["qubits"])] = gate["error"]
    for (backend, date), (qubits, gates) in seen.items():
        yield CalibrationRow(
            backend,
            date[:19].replace("T", " "),
            len(qubits),
            _middle([q["t1_us"] for q in qubits.values()], 0),
            _middle([q["t2_us"] for q in qubits.values()], 0),
            _middle([q["readout_error"] for q in qubits.values()], 4),
            _middle(list(gates.values()), 4),
        )


def _mitigation_rows(scored: Sequence[Result]) -> Iterator[MitigationRow]:
    groups: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for record in _solutions(scored):
        for step in record.mitigation:
            change = abs(step.after - step.before)
            groups.setdefault((step.name, step.method), []).append(
                (1e3 * change, 1e3 * step.after_standard_error)
            )
    for (name, method), of in groups.items():
        yield MitigationRow(
            name,
            method,
            len(of),
            written(median(change for change, _ in of), 2),
            written(median(error for _, error in of), 2),
        )


def _notes(scored: Sequence[Result], entries: Sequence[Any]) -> Iterator[str]:
    solved = [r.score for r in scored if r.score is not None and r.score.casci_value is not None]
    quantum = [s for s in solved if s.solver != "casci"]
    if not quantum:
        return
    if all(score.backend == NOISELESS for score in quantum):
        yield (
            "Every state was prepared and measured in exact arithmetic: no device and no "
            "simulated noise took part. Gates and depth say what the circuits would need."
        )
    elif not entries:
        yield (
            "The scores keep no entries of the technical file; simulation.technical_file = true "
            "keeps circuits, shots and calibrations with every energy."
        )
    reduced = [r for r in _solutions(scored) if r.reduced is not None]
    if reduced:
        reasons = _several(record.reduced.reason for record in reduced if record.reduced)
        yield f"{len(reduced)} energies were solved in a smaller space: {reasons}."


def _figures(scored: Sequence[Result], entries: Sequence[dict[str, Any]]) -> tuple[Figure, ...]:
    found = []
    for result in scored:
        cost = circuit_of(result.score) if result.score is not None else None
        if cost is not None:
            found.append(
                circuits.Circuit(
                    result.candidate.inchikey,
                    called(result.candidate),
                    result.recipe,
                    cost.qubits,
                    cost.parameters,
                    cost.two_qubit_gates,
                    cost.depth,
                )
            )
    figures = [circuits.sizes(spread(found))] if found else []
    readout: dict[str, dict[int, float]] = {}
    for entry in entries:
        for qubit in (entry.get("calibration") or {"qubits": ()})["qubits"]:
            if qubit["readout_error"] is not None:
                of = readout.setdefault(entry["backend"]["name"], {})
                of[qubit["qubit"]] = qubit["readout_error"]
    if readout:
        figures.append(circuits.readout_errors(readout))
    return tuple(figures)


def _several(texts: Iterable[str]) -> str:
    names = list(dict.fromkeys(texts))
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more


def _range(values: Sequence[int]) -> str:
    low, high = min(values), max(values)
    if low == high:
        return str(low)
    return f"{low} to {high}, median {median(values):.0f}"


def _middle(values: Sequence[float | None], digits: int) -> str:
    known = [value for value in values if value is not None]
    return written(median(known) if known else None, digits)
