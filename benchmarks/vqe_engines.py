"""CPU seconds from integrals to a converged VQE energy, beside exact diagonalisation.

    python benchmarks/vqe_engines.py [--repeats 5] [--cases NAME ...] [--skip-largest]
    python benchmarks/vqe_engines.py --peers ENGINE,... --environments FOLDER
        [--cases NAME ...] [--limit 120] [--results FILE]

Every engine gets the same integrals (``engine_cases.py``) on one thread, kernels
compiled, best of the repeats (runs above a second: the one). Three tables:

1. one UCCSD layer, gradient <= 1e-6 Hartree/rad, building of the ansatz and its
   tables included, beside FCI: PySCF's ``direct_spin0`` without its small-space
   shortcut (``pspace_size=0``), the floor: no VQE on these sizes can be worth
   its time.
2. the default, ``auto`` at 0.1 mHartree: the cheapest circuit found, with
   everything that finding it takes, the exact energy it is judged by included.
3. (12,12): one energy with its gradient, and the memory of the process.

"error" is the energy above FCI; "CX" and "depth" are those of the circuit in
rz, sx, x and cx, all qubits connected, Jordan-Wigner mapped. The time of a
process's first energy, in which the kernels are compiled or read from their
cache, stands below the tables. ``--peers`` runs other engines instead
(``peers/comparison.py``), or ``all``: each in an environment of its own below
FOLDER, made where it is not there and skipped with a line where it cannot be,
and at most so many CPU seconds a case. FILE keeps what was measured.
"""

# ruff: noqa: E402 - the environment must be right before numpy is loaded

from __future__ import annotations

import os
import sys

_ENVIRONMENT = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
_DISTORTING = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")  # make BLAS forget the machine it is on

if __name__ == "__main__" and (
    any(os.environ.get(name) != value for name, value in _ENVIRONMENT.items())
    or any(name in os.environ for name in _DISTORTING)
):
    # BLAS reads these once, when it is loaded: start again with the right ones.
    kept = {name: value for name, value in os.environ.items() if name not in _DISTORTING}
    os.execve(sys.executable, [sys.executable, *sys.argv], {**kept, **_ENVIRONMENT})

import argparse
import resource
import subprocess
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from engine_cases import CASES, LARGEST, sector
from peers.comparison import HEAD, LIMIT, PEERS, cells, compared
from pyscf import fci, lib

from simulation.hamiltonian import Hamiltonian
from simulation.vqe.ansatz import uccsd
from simulation.vqe.engine import optimised
from simulation.vqe.sector import SectorEnergy

LONG_SECONDS = 1.0  # runs above it are not repeated


def best_of(repeats: int, run: Callable[[], object]) -> float:
    """The shortest CPU time of several runs, in seconds."""
    times = []
    for _ in range(repeats):
        start = time.process_time()
        run()
        times.append(time.process_time() - start)
    return min(times)


def exact(h: Hamiltonian, n_alpha: int, n_beta: int) -> float:
    solver = fci.direct_spin0.FCISolver()
    solver.pspace_size = 0
    solver.verbose = 0
    energy = solver.kernel(h.one_body, h.two_body, h.norb, (n_alpha, n_beta), ecore=h.core_energy)
    return float(energy[0])


def show(cells: tuple[str, ...], widths: tuple[int, ...]) -> None:
    """One row of a table, at once: a run takes minutes."""
    row = [cells[0].ljust(widths[0])]
    row += [cell.rjust(width) for cell, width in zip(cells[1:], widths[1:], strict=True)]
    print("  ".join(row).rstrip(), flush=True)


def milliseconds(seconds: float) -> str:
    return f"{1e3 * seconds:.2f}" if seconds < 0.01 else f"{1e3 * seconds:.1f}"


def engine_row(name: str, ansatz: str, repeats: int) -> tuple[str, ...]:
    """A row of the first or the second table."""
    h, n_alpha, n_beta = CASES[name]
    run = partial(optimised, h, n_alpha, n_beta, 1, ansatz=ansatz)
    start = time.process_time()
    state = run()
    ours = time.process_time() - start
    if ours < LONG_SECONDS:
        ours = best_of(repeats, run)
    cost = state.circuit_cost()
    floor = best_of(repeats, partial(exact, h, n_alpha, n_beta))
    strings = h.sector_shape(n_alpha, n_beta)
    return (
        name,
        str(strings[0] * strings[1]),
        cost.ansatz.removesuffix(", 1 layer"),
        str(cost.parameters),
        str(cost.two_qubit_gates),
        str(cost.depth),
        str(state.evaluations),
        f"{1e3 * (state.energy - exact(h, n_alpha, n_beta)):.4f}",
        milliseconds(ours),
        milliseconds(floor),
        f"{ours / floor:.2f}",
    )


def largest(name: str) -> None:
    """One energy with gradient of a large space, in a process of its own."""
    h, n_alpha, n_beta = sector(name)
    started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    ansatz = uccsd(h, n_alpha, n_beta, 1, share_spins=True)
    surface = SectorEnergy(h, ansatz)
    surface.energy_and_gradient(ansatz.start)
    seconds = best_of(3, partial(surface.energy_and_gradient, ansatz.start))
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    strings = h.sector_shape(n_alpha, n_beta)
    print(
        f"{name}: {strings[0] * strings[1]} determinants, {surface.engine.determinants.size} of "
        f"the reference's symmetry, {len(ansatz.factors)} factors: one energy with gradient "
        f"{seconds:.2f} s CPU; the process takes {most:.0f} MB, {started:.0f} MB of them before"
    )


def cold_seconds() -> tuple[float, float]:
    """CPU seconds of a first energy with the kernels not compiled, and compiled before."""
    script = (
        "import sys, time\n"
        "import numpy as np\n"
        "from simulation.hamiltonian import Hamiltonian\n"
        "from simulation.vqe.engine import optimised\n"
        "h = Hamiltonian(np.diag([-1.2, -0.5]), np.full((2, 2, 2, 2), 0.6), 0.7)\n"
        "start = time.process_time()\n"
        "optimised(h, 1, 1, ansatz='auto').circuit_cost()\n"
        "print(time.process_time() - start)\n"
    )
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "NUMBA_CACHE_DIR": folder}
        first, second = (
            float(
                subprocess.run(
                    [sys.executable, "-c", script],
                    env=environment,
                    check=True,
                    capture_output=True,
                    text=True,
                ).stdout
            )
            for _ in range(2)
        )
    return first, second


def main() -> None:
    parser = argparse.ArgumentParser(description="CPU time of VQE engines on the same integrals.")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--cases", nargs="+", metavar="NAME", help="some of the cases only")
    parser.add_argument("--skip-largest", action="store_true")
    parser.add_argument("--peers", metavar="ENGINE,...", help=f"all or some of {', '.join(PEERS)}")
    parser.add_argument("--environments", type=Path, metavar="FOLDER", help="of the peers")
    parser.add_argument("--limit", type=int, default=LIMIT, help="CPU seconds of a peer's case")
    parser.add_argument("--results", type=Path, metavar="FILE", help="what peers did is kept here")
    parser.add_argument("--largest", metavar="NAME", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    lib.num_threads(1)
    if arguments.largest:
        largest(arguments.largest)
        return
    names = arguments.cases or list(CASES)
    if unknown := set(names) - set(CASES):
        parser.error(f"unknown case {min(unknown)!r}; there are: {', '.join(CASES)}")
    for ansatz in ("uccsd", "auto"):  # the kernels, and PySCF's
        optimised(*CASES["H2"], ansatz=ansatz)
    exact(*CASES["H2"])
    if arguments.peers:
        engines = list(PEERS) if arguments.peers == "all" else arguments.peers.split(",")
        if unknown := set(engines) - set(PEERS):
            parser.error(f"unknown engine {min(unknown)!r}; there are: {', '.join(PEERS)}")
        if arguments.environments is None:
            parser.error("--peers needs --environments FOLDER, where their packages are installed")
        widths = (32, 20, 4, 6, 9, 9, 8, 8, 14, 7, 0)
        show(HEAD, widths)
        for row in compared(
            names, CASES, engines, arguments.environments, arguments.results, arguments.limit
        ):
            show(cells(row), widths)
        return
    widths = (32, 6, 6, 4, 6, 6, 6, 9, 8, 7, 6)
    head = ("space", "dets", "ansatz", "par", "CX", "depth", "evals", "error/mHa", "CPU/ms",
            "FCI/ms", "ratio")  # fmt: skip
    for title, ansatz in (("One UCCSD layer", "uccsd"), ("auto, 0.1 mHartree", "auto")):
        print(title)
        show(head, widths)
        for name in names:
            show(engine_row(name, ansatz, arguments.repeats), widths)
        print()
    if not arguments.skip_largest:
        for name in LARGEST:
            subprocess.run([sys.executable, __file__, "--largest", name], check=True)
    first, second = cold_seconds()
    print(
        f"first energy of a process: {first:.1f} s CPU when the kernels are compiled, "
        f"{second:.2f} s when they are found in the cache"
    )


if __name__ == "__main__":
    main()
