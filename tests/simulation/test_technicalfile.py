"""The technical file: complete, valid, reproducible, and silent about the molecule."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import jsonschema
import numpy as np
import pytest
from pydantic import ValidationError
from qiskit import qasm3
from qiskit.quantum_info import SparsePauliOp, Statevector

from simulation import solver
from simulation.quantum import technicalfile
from simulation.settings import SimulationSettings
from simulation.solver import Solution


@pytest.fixture(scope="module")
def solutions(active_space) -> dict[str, Solution]:
    """H2 measured on three backends."""
    h = active_space("H2", 2, 2)
    found = {}
    for backend, changes in (
        ("exact", {"solver": "vqe-circuit"}),
        ("aer", {"max_shots": 4000, "mapping": "parity"}),
        (
            "fake:manila",
            {"max_shots": 8000, "mapping": "parity", "mitigation": ("readout", "zne")},
        ),
    ):
        settings = SimulationSettings(
            **{"backend": backend, "technical_file": True, **changes}  # type: ignore[arg-type]
        )
        found[backend] = solver.solve_sectors(solver.find(settings), h, [(1, 1)], seed=5)[0]
    return found


def collected(*solutions: Solution) -> technicalfile.TechnicalFile:
    """A file of these, as if each were the score of a molecule."""
    records = [solver.record(s, 1, 1, -1.1373) for s in solutions]
    scores: list[Any] = [
        SimpleNamespace(recipe="warhead-ea", sites=[SimpleNamespace(solutions=[record])])
        for record in records
    ]
    return technicalfile.collect(enumerate(scores))


def test_the_schema_that_is_shipped_is_the_models():
    assert technicalfile.schema() == technicalfile.TechnicalFile.model_json_schema()
    jsonschema.Draft202012Validator.check_schema(technicalfile.schema())


@pytest.mark.parametrize("backend", ["exact", "aer", "fake:manila"])
def test_a_file_is_valid_and_reads_back(solutions, backend, tmp_path):
    record = collected(solutions[backend])
    path = tmp_path / "out.json"
    technicalfile.write(record, path)
    data = json.loads(path.read_text())
    jsonschema.validate(data, technicalfile.schema())
    assert technicalfile.read(path) == record
    assert [p.name for p in tmp_path.iterdir()] == ["out.json"]
    data["evaluations"][0]["smiles"] = "C"
    with pytest.raises(jsonschema.ValidationError, match="smiles"):
        jsonschema.validate(data, technicalfile.schema())
    with pytest.raises(ValidationError, match="smiles"):
        technicalfile.TechnicalFile.model_validate(data)


def _energy(state: Statevector, evaluation: technicalfile.Evaluation) -> float:
    terms = [(t.pauli, t.coefficient) for s in evaluation.settings for t in s.terms]
    value = state.expectation_value(SparsePauliOp.from_list(terms)).real
    return float(value) + evaluation.constant


@pytest.mark.parametrize("backend", ["exact", "aer", "fake:manila"])
def test_the_energy_follows_from_the_file_alone(solutions, backend):
    (evaluation,) = collected(solutions[backend]).evaluations
    circuit = qasm3.loads(evaluation.circuit.qasm3)
    values = {p.name: p.value for p in evaluation.circuit.parameters}
    bound = circuit.assign_parameters({p: values[p.name] for p in circuit.parameters})
    assert _energy(Statevector(bound), evaluation) == pytest.approx(-1.1373060357, abs=1e-8)
    assert evaluation.result.noiseless == pytest.approx(-1.1373060357, abs=1e-8)
    # and from the compiled circuit, whose qubits the layout names
    compiled = Statevector(qasm3.loads(evaluation.compiled.qasm3))
    places = list(evaluation.compiled.layout)
    width = evaluation.compiled.qubits
    total = evaluation.constant
    for setting in evaluation.settings:
        for term in setting.terms:
            wide = ["I"] * width
            for qubit, letter in enumerate(reversed(term.pauli)):
                wide[width - 1 - places[qubit]] = letter
            total += (
                term.coefficient * compiled.expectation_value(SparsePauliOp("".join(wide))).real
            )
    assert total == pytest.approx(-1.1373060357, abs=1e-8)


def test_a_device_is_described(solutions):
    (evaluation,) = collected(solutions["fake:manila"]).evaluations
    assert evaluation.backend.name == "fake:manila"
    assert evaluation.backend.version.startswith("fake_manila")
    assert evaluation.transpiler.optimisation_level == 3
    assert evaluation.transpiler.version.startswith("qiskit ")
    assert set(evaluation.transpiler.gates) <= {"cx", "rz", "sx", "x"}
    calibration = evaluation.calibration
    assert calibration is not None
    assert str(calibration.date).startswith("2024-05-27")
    # only of the qubits that are used
    assert {q.qubit for q in calibration.qubits} == set(evaluation.compiled.layout)
    assert all(q.t1_us and q.t2_us and q.readout_error for q in calibration.qubits)
    assert any(g.gate == "cx" and g.error for g in calibration.gates)
    assert evaluation.noise_scales == (1, 3, 5)
    assert [len(s.shots) for s in evaluation.settings] == [3] * len(evaluation.settings)
    readout = evaluation.readout
    assert readout is not None
    measured = sum(sum(s.shots) for s in evaluation.settings) + sum(readout.shots)
    assert evaluation.shots == measured <= 8000
    assert [m.name for m in evaluation.result.mitigation] == ["readout", "zne"]
    assert evaluation.result.mitigation[-1].after == evaluation.result.energy


def test_an_exact_evaluation_has_no_shots(solutions):
    (evaluation,) = collected(solutions["exact"]).evaluations
    assert evaluation.shots == 0
    assert evaluation.backend.exact
    assert evaluation.calibration is None
    assert evaluation.result.standard_error is None


def test_molecules_and_sites_are_numbers(solutions):
    record = collected(solutions["aer"], solutions["exact"])
    assert [e.molecule for e in record.evaluations] == [0, 1]
    assert {e.site for e in record.evaluations} == {0}
    assert {e.recipe for e in record.evaluations} == {"warhead-ea"}


def test_nothing_is_kept_unless_it_is_asked_for(active_space):
    settings = SimulationSettings(backend="aer", max_shots=4000)
    solution = solver.find(settings).solve(active_space("H2", 2, 2), 1, 1)
    assert solution.technical is None
    assert collected(solution).evaluations == ()


def test_what_stood_there_stays_when_writing_fails(solutions, tmp_path, monkeypatch):
    path = tmp_path / "out.json"
    path.write_text("before")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        technicalfile.write(collected(solutions["exact"]), path)
    assert path.read_text() == "before"
    assert [p.name for p in tmp_path.iterdir()] == ["out.json"]


def test_numbers_json_has_no_word_for_are_refused(solutions, tmp_path):
    broken = replace(
        solutions["exact"],
        technical={**(solutions["exact"].technical or {}), "constant": np.nan},
    )
    with pytest.raises(ValueError, match="not JSON compliant"):
        technicalfile.write(collected(broken), tmp_path / "out.json")
    assert not list(tmp_path.iterdir())
