"""The technical file: what a quantum evaluation was, so that others can judge and repeat it.

For every evaluation the circuit, its parameters, the observable, the shots of
every measurement setting, the seed, the layout, the transpiler's settings, the
backend and its calibration. It holds no SMILES, no name and no key of a
molecule: entries are told apart by a number that only the caller can resolve.
``technicalfile.schema.json`` beside this module is the JSON schema.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed_version
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from simulation.score import MitigationRecord, ReducedSpace, Score

SCHEMA = "technicalfile.schema.json"
PACKAGES = ("molq", "qiskit", "qiskit-nature", "qiskit-aer", "qiskit-ibm-runtime", "mitiq")


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Parameter(_Record):
    """A free parameter of the circuit."""

    name: str
    value: float = Field(description="rad")


class Circuit(_Record):
    """The trial state's circuit before compilation."""

    qasm3: str = Field(description="OpenQASM 3; the parameters are its inputs")
    parameters: tuple[Parameter, ...]
    qubits: int
    ansatz: str
    mapping: str


class CompiledCircuit(_Record):
    """The circuit as it runs, without the measurements."""

    qasm3: str = Field(description="OpenQASM 3, parameters bound")
    qubits: int
    two_qubit_gates: int
    depth: int
    layout: tuple[int, ...] = Field(
        description="the compiled circuit's qubit of each qubit of the circuit, at its end"
    )


class Transpiler(_Record):
    """How the circuit was compiled."""

    optimisation_level: int
    seed: int
    gates: tuple[str, ...] = Field(description="that occur in the compiled circuit")
    version: str


class Term(_Record):
    """One term of the observable."""

    pauli: str = Field(description="the last letter is qubit 0 of the circuit")
    coefficient: float = Field(description="Hartree")


class MeasuredSetting(_Record):
    """Terms measured together."""

    basis: str = Field(description="X, Y or Z a qubit; the last letter is qubit 0 of the circuit")
    terms: tuple[Term, ...]
    shots: tuple[int, ...] = Field(description="at each noise scale")


class BackendRecord(_Record):
    """Where the circuits ran."""

    name: str
    version: str
    qubits: int | None = Field(description="null where only memory limits them")
    exact: bool = Field(description="expectation values computed, nothing sampled")
    job: str | None = Field(description="identifier of the job, where there is a queue")
    found: bool = Field(
        description="the job was submitted by an earlier calculation; its own circuits, which the "
        "service keeps, may have been compiled to other qubits than those shown here"
    )


class QubitRecord(_Record):
    """Calibration of one qubit; null where the device does not say."""

    qubit: int
    t1_us: float | None
    t2_us: float | None
    frequency_ghz: float | None
    readout_error: float | None = Field(description="probability")
    readout_length_ns: float | None
    readout_1_as_0: float | None = Field(description="probability")
    readout_0_as_1: float | None = Field(description="probability")


class GateRecord(_Record):
    """Calibration of one gate; null where the device does not say."""

    gate: str
    qubits: tuple[int, ...]
    error: float | None = Field(description="probability")
    length_ns: float | None


class CalibrationRecord(_Record):
    """The device's own figures for the qubits that the circuit uses."""

    date: str | None = Field(description="ISO 8601; null where the device does not say")
    qubits: tuple[QubitRecord, ...]
    gates: tuple[GateRecord, ...]


class ReadoutRecord(_Record):
    """Readout errors as measured with this evaluation."""

    shots: tuple[int, ...] = Field(description="of the circuits with all qubits in 0 and in 1")
    zeros_as_ones: tuple[float, ...] = Field(description="probability, by qubit of the circuit")
    ones_as_zeros: tuple[float, ...] = Field(description="probability, by qubit of the circuit")


class Result(_Record):
    """What came out, in Hartree."""

    energy: float
    standard_error: float | None = Field(description="null where nothing was sampled")
    noiseless: float = Field(description="the same circuit without noise and sampling")
    mitigation: tuple[MitigationRecord, ...]


class Evaluation(_Record):
    """One energy of one sector."""

    molecule: int = Field(ge=0, description="number of the molecule in the call, from 0")
    recipe: str = Field(description="of the score")
    site: int = Field(ge=0, description="number of the site in the molecule's score, from 0")
    n_alpha: int
    n_beta: int
    orbitals: int
    reduced: ReducedSpace | None = Field(description="null where the whole space was measured")
    circuit: Circuit
    compiled: CompiledCircuit
    transpiler: Transpiler
    constant: float = Field(description="Hartree, to be added to the observable's value")
    settings: tuple[MeasuredSetting, ...]
    noise_scales: tuple[int, ...]
    shots: int = Field(description="of all circuits together; 0 where nothing was sampled")
    seed: int = Field(description="of the sampling")
    backend: BackendRecord
    calibration: CalibrationRecord | None
    readout: ReadoutRecord | None
    result: Result
    time: str = Field(description="ISO 8601, UTC")
    versions: dict[str, str]


class Sampling(_Record):
    """One circuit whose qubits were all measured: a Born machine, QAOA, a fidelity."""

    circuit: Circuit
    compiled: CompiledCircuit
    transpiler: Transpiler
    shots: int
    counts: dict[str, int] = Field(
        description="how often each bit string was measured; the last digit is qubit 0"
    )
    seed: int = Field(description="of the compilation and the sampling")
    backend: BackendRecord
    calibration: CalibrationRecord | None
    time: str = Field(description="ISO 8601, UTC")
    versions: dict[str, str]


class TechnicalFile(_Record):
    """All quantum evaluations of one call, or the samplings of one campaign."""

    format: Literal["molq technical file 1"] = "molq technical file 1"
    created: str = Field(description="ISO 8601, UTC")
    evaluations: tuple[Evaluation, ...]
    samplings: tuple[Sampling, ...] = ()


def schema() -> dict[str, Any]:
    """The JSON schema, as shipped beside this module."""
    text = files("simulation.quantum").joinpath(SCHEMA).read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def now() -> str:
    """UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def versions() -> dict[str, str]:
    """Of the packages that circuits depend on, where they are installed."""
    found = {}
    for package in PACKAGES:
        try:
            found[package] = installed_version(package)
        except PackageNotFoundError:  # optional
            found[package] = "not installed"
    return found


def collect(scores: Iterable[tuple[int, Score]]) -> TechnicalFile:
    """The evaluations that scores carry.

    Args:
        scores: each with the number that stands for its molecule.

    Raises:
        pydantic.ValidationError: an entry is not one.
    """
    return TechnicalFile(
        created=now(),
        evaluations=tuple(
            Evaluation.model_validate(
                {**record.technical, "molecule": number, "recipe": score.recipe, "site": place}
            )
            for number, score in scores
            for place, site in enumerate(score.sites)
            for record in site.solutions
            if record.technical is not None
        ),
    )


def without_evaluations(score: Score) -> Score:
    """The score with its technical entries taken out, to be shown."""
    return replace(
        score,
        sites=tuple(
            replace(site, solutions=tuple(replace(s, technical=None) for s in site.solutions))
            for site in score.sites
        ),
    )


def write(record: TechnicalFile, path: Path) -> None:
    """Write the file whole or not at all.

    Raises:
        OSError: it cannot be written; what stood there still stands.
    """
    data = json.dumps(record.model_dump(mode="json"), indent=1, allow_nan=False) + "\n"
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with beside.open("x", encoding="utf-8") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def read(path: Path) -> TechnicalFile:
    """Read and validate a file written by ``write``.

    Raises:
        OSError: it cannot be read.
        pydantic.ValidationError: it is not a technical file.
    """
    return TechnicalFile.model_validate_json(path.read_text(encoding="utf-8"))
