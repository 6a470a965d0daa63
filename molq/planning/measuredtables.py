"""The tables that come with molq: what calculations took, and what circuits need.

Both are made by commands of the repository (``benchmarks/plan_costs.py`` and
``benchmarks/plan_circuits.py``) from real molecules; each says when, on which processor and
with which versions.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files

from pydantic import BaseModel, ConfigDict

COSTS, CIRCUITS = "costs.json", "circuits.json"


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CostRow(_Record):
    """One step of one molecule's calculation."""

    smiles: str
    heavy_atoms: int
    conformers: int  # GFN2-xTB optimisations at most
    step: str  # "geometry", "meanfield" or a recipe
    behind: tuple[str, ...]  # steps of the same job whose time is not counted here
    cpu_seconds: float
    wall_seconds: float
    peak_memory_mb: float
    failure: str | None


class RunFigures(_Record):
    """What a run takes beside its calculations."""

    start_seconds: float  # wall clock, until the first calculation begins
    round_seconds: float  # wall clock, between the last result of a round and the next round
    first_job_seconds: float  # CPU s that a new worker's first job takes more: what it loads
    wall_share: float  # wall-clock seconds of a calculation for each CPU second
    row_bytes: float  # of the journal, for a row of the library
    result_bytes: float  # of the journal, for a result


class CostTable(_Record):
    """What steps of calculations took."""

    what: str
    command: str
    date: str
    processor: str
    versions: dict[str, str]
    run: RunFigures
    rows: tuple[CostRow, ...]


class DeviceCircuit(_Record):
    """A circuit compiled for a device, and how its noise widens the shots."""

    name: str  # of the device
    two_qubit_gates: int
    depth: int
    survival: float  # share of shots in which no gate fails, by the device's own error rates
    spread: float  # Hartree, as in MappedCircuit
    mitigated: dict[str, float] = {}  # kinds of mitigation, "readout, zne" -> spread, Hartree


class MappedCircuit(_Record):
    """The circuit of a state on the qubits of one mapping."""

    qubits: int
    two_qubit_gates: int  # all qubits connected
    depth: int
    uccsd_two_qubit_gates: int  # of one layer of UCCSD
    uccsd_depth: int
    terms: int | None = None  # of the Hamiltonian
    settings: int | None = None  # measurement bases
    spread: float | None = None  # Hartree; shots for a standard error e are (spread / e)^2
    device: DeviceCircuit | None = None


class CircuitRow(_Record):
    """One sector of one molecule's active space."""

    space: str  # "warhead", "pi", "pi and lone pairs" or "bond"
    smiles: str
    orbitals: int
    n_alpha: int
    n_beta: int
    determinants: int
    parameters: int
    uccsd_parameters: int
    error_mha: float  # mHartree above exact diagonalisation
    casci_cpu_seconds: float
    vqe_cpu_seconds: float
    mappings: dict[str, MappedCircuit]


class CircuitTable(_Record):
    """What circuits of real active spaces need."""

    what: str
    command: str
    date: str
    processor: str
    versions: dict[str, str]
    rows: tuple[CircuitRow, ...]


@cache
def costs() -> CostTable:
    """The shipped table of what calculations took."""
    return CostTable.model_validate(json.loads(_text(COSTS)))


@cache
def circuits() -> CircuitTable:
    """The shipped table of circuits."""
    return CircuitTable.model_validate(json.loads(_text(CIRCUITS)))


def _text(name: str) -> str:
    return files("molq.planning").joinpath(name).read_text(encoding="utf-8")
