"""Other engines on one case, each in its own environment, within a limit of CPU time.

``benchmarks/vqe_engines.py --peers`` is the command. Every engine gets the
integrals of the case; Qiskit and PennyLane get molq's one-layer UCCSD with its
excitations as well, ffsim and TenCirChem-ng have their own. Only the
optimisation is timed: what a peer builds before it (circuits, observables)
counts in its favour, where molq's time is from integrals to energy.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from peers.environments import UnavailableError, interpreter

from simulation.casci import CASCISolver
from simulation.hamiltonian import Hamiltonian
from simulation.vqe.ansatz import Ansatz, uccsd
from simulation.vqe.engine import optimised

Sector = tuple[Hamiltonian, int, int]  # and the numbers of alpha and beta electrons

# Name in a table -> environment and script, further arguments.
PEERS: dict[str, tuple[str, tuple[str, ...]]] = {
    "qiskit": ("qiskit", ()),
    "pennylane": ("pennylane", ()),
    "ffsim": ("ffsim", ()),
    "tencirchem-numpy": ("tencirchem", ("--backend", "numpy")),
    "tencirchem-jax": ("tencirchem", ("--backend", "jax")),
    "tencirchem-numpy-own": ("tencirchem", ("--backend", "numpy", "--own-criterion")),
    "tencirchem-jax-own": ("tencirchem", ("--backend", "jax", "--own-criterion")),
}
LIMIT = 120  # CPU seconds of one optimisation
_REPEATS = 5
SCRIPTS = Path(__file__).parent
_BUILDING = 900  # seconds of waiting beyond the limit, for what an engine builds first


@dataclass(frozen=True)
class PeerResult:
    """One engine on one case."""

    case: str
    engine: str
    remark: str = ""  # why there are no numbers, e.g. "> 120 s"
    energy: float | None = None  # Hartree, total
    parameters: int | None = None
    evaluations: int | None = None
    cpu_seconds: float | None = None  # of an optimisation, warm
    cold_seconds: float | None = None  # of the first optimisation of a process
    our_seconds: float | None = None  # molq's, one UCCSD layer, measured just before
    our_error_mha: float | None = None  # above exact diagonalisation
    error_mha: float | None = None  # the engine's


def write_case(path: Path, hamiltonian: Hamiltonian, ansatz: Ansatz) -> None:
    """The file that ``case.py`` describes."""

    def padded(side: int) -> list[tuple[int, ...]]:
        return [(*pair[side], -1)[:2] for pair in ansatz.excitations]

    np.savez(
        path,
        one_body=hamiltonian.one_body,
        two_body=hamiltonian.two_body,
        core=hamiltonian.core_energy,
        n_alpha=ansatz.n_alpha,
        n_beta=ansatz.n_beta,
        emptied=padded(0),
        filled=padded(1),
        group=ansatz.group,
        start=ansatz.start,
    )


def _run(
    name: str,
    sector: Sector,
    engine: str,
    environments: Path,
    limit: int,
) -> PeerResult:
    """What an engine says of a case.

    Args:
        name: of the case.
        sector: Hamiltonian, alpha and beta electrons.
        engine: a key of ``PEERS``.
        environments: folder of ``environments.interpreter``.
        limit: CPU seconds of one optimisation.
    """
    package, further = PEERS[engine]
    try:
        python = interpreter(package, environments)
    except UnavailableError as error:
        return PeerResult(name, engine, remark=f"not available: {error}")
    script = SCRIPTS / f"with_{package}.py"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "case.npz")
        write_case(path, sector[0], uccsd(*sector, 1, share_spins=True))
        command = [python, script, path, "--limit", str(limit), *further]
        try:
            done = subprocess.run(
                command,
                capture_output=True,
                text=True,
                timeout=limit + _BUILDING,
                env={**os.environ, "JAX_PLATFORMS": "cpu"},
            )
        except subprocess.TimeoutExpired:
            return PeerResult(name, engine, remark=f"no answer in {limit + _BUILDING} s")
    if done.returncode == -signal.SIGXCPU:
        return PeerResult(name, engine, remark=f"> {limit} s")
    lines = done.stdout.strip().splitlines()
    if done.returncode or not lines:
        reason = done.stderr.strip().splitlines() or [f"ended with {done.returncode}"]
        return PeerResult(name, engine, remark=reason[-1])
    said = json.loads(lines[-1])
    return PeerResult(
        case=name,
        engine=engine,
        energy=said["energy"],
        parameters=said["parameters"],
        evaluations=said["evaluations"],
        cpu_seconds=said["cpu_seconds"],
        cold_seconds=said["cold_seconds"],
    )


def compared(
    names: Sequence[str],
    cases: Mapping[str, Sector],
    engines: Sequence[str],
    environments: Path,
    results: Path | None,
    limit: int = LIMIT,
) -> Iterator[PeerResult]:
    """Every engine on every case, molq beside it.

    An engine that was too slow for a case is not tried on larger ones.

    Args:
        names: of the cases, small ones first.
        cases: name -> Hamiltonian, alpha and beta electrons.
        engines: keys of ``PEERS``.
        environments: folder of ``environments.interpreter``.
        results: file in which results are kept, one a line; what is in it is
            not measured again.
        limit: CPU seconds of one optimisation.
    """
    known = _kept(results)
    too_slow: dict[str, int] = {}
    for name in names:
        sector = cases[name]
        shape = sector[0].sector_shape(*sector[1:])
        size = shape[0] * shape[1]
        ours: tuple[float, float, float] | None = None
        for engine in engines:
            row = known.get((name, engine))
            if row is None and size > too_slow.get(engine, size):
                row = PeerResult(name, engine, remark=f"> {limit} s on a smaller case")
            elif row is None:
                ours = ours or _ours(sector)
                row = _run(name, sector, engine, environments, limit)
                if row.energy is not None:
                    row = replace(
                        row,
                        our_seconds=ours[0],
                        our_error_mha=1e3 * (ours[1] - ours[2]),
                        error_mha=1e3 * (row.energy - ours[2]),
                    )
                # What could not be had here may be had another time.
                if results is not None and (row.energy is not None or row.remark == f"> {limit} s"):
                    with results.open("a") as file:
                        file.write(json.dumps(asdict(row)) + "\n")
            if row.remark == f"> {limit} s":
                too_slow[engine] = min(size, too_slow.get(engine, size))
            yield row


def _ours(sector: Sector) -> tuple[float, float, float]:
    """CPU seconds of one UCCSD layer, its energy and the exact one (Hartree)."""
    state = optimised(*sector, 1)  # the kernels are compiled now
    times = []
    for _ in range(_REPEATS):
        start = time.process_time()
        optimised(*sector, 1)
        times.append(time.process_time() - start)
    return min(times), state.energy, CASCISolver().solve(*sector).energy


def _kept(results: Path | None) -> dict[tuple[str, str], PeerResult]:
    """What an earlier call measured, by case and engine."""
    if results is None or not results.exists():
        return {}
    rows = [PeerResult(**json.loads(line)) for line in results.read_text().splitlines()]
    return {(row.case, row.engine): row for row in rows}


HEAD = ("space", "engine", "par", "evals", "error/mHa", "CPU/ms", "cold/ms", "molq/ms",
        "molq error/mHa", "x molq", "")  # fmt: skip


def cells(row: PeerResult) -> tuple[str, ...]:
    """A result as a row below ``HEAD``."""
    if row.cpu_seconds is None or row.cold_seconds is None or row.our_seconds is None:
        return (row.case, row.engine, *["-"] * 8, row.remark)
    return (
        row.case,
        row.engine,
        str(row.parameters),
        str(row.evaluations),
        f"{row.error_mha:.4f}",
        f"{1e3 * row.cpu_seconds:.1f}",
        f"{1e3 * row.cold_seconds:.0f}",
        f"{1e3 * row.our_seconds:.1f}",
        f"{row.our_error_mha:.4f}",
        f"{row.cpu_seconds / row.our_seconds:.1f}",
        row.remark,
    )
