"""CPU seconds from integrals to a converged UCCSD energy, beside exact diagonalisation and Qiskit.

    python benchmarks/vqe_engines.py [--repeats 5] [--skip-qiskit]

Every engine gets the same integrals in the same process on one thread. Columns:

- vqe: the sector engine, one layer, gradient <= 1e-6 Hartree/rad, building of
  the ansatz and its tables included; best of the repeats, kernels compiled.
- FCI: PySCF's ``direct_spin0`` without its small-space shortcut
  (``pspace_size=0``), the floor: no VQE on these sizes can be worth its time.
- Qiskit: the same ansatz and start as a transpiled circuit, energies from
  ``StatevectorEstimator``, gradient by forward differences, SciPy's L-BFGS-B to
  1e-9 relative. Only where one energy predicts less than a minute in all.
- error: energy above FCI, in mHartree.
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
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from pyscf import ao2mo, fci, gto, lib, mcscf, scf
from scipy.optimize import minimize

from simulation.hamiltonian import Hamiltonian
from simulation.quantum import backends
from simulation.vqe.ansatz import uccsd
from simulation.vqe.circuit import ansatz_circuit, energy_measurement
from simulation.vqe.engine import optimised

# Angstrom; planar acrylamide, s-cis.
ACRYLAMIDE = """
C  1.852  0.462 0; C  0.700 -0.205 0; C -0.613  0.507 0; O -0.695  1.727 0
N -1.719 -0.279 0; H  2.800 -0.063 0; H  1.880  1.548 0; H  0.642 -1.290 0
H -1.650 -1.286 0; H -2.633  0.149 0
"""
WATER = "O 0 0 0.1173; H 0 0.7572 -0.4692; H 0 -0.7572 -0.4692"
QISKIT_LIMIT = 60.0  # CPU seconds
QISKIT_GRADIENTS = 15  # expected, for the prediction


@dataclass(frozen=True)
class Case:
    """A closed-shell active space."""

    name: str
    geometry: str
    electrons: int
    orbitals: int

    def hamiltonian(self) -> Hamiltonian:
        """Integrals of the window around HOMO and LUMO, RHF/STO-3G."""
        molecule = gto.M(atom=self.geometry, basis="sto-3g", verbose=0)
        field = scf.RHF(molecule)
        field.conv_tol = 1e-12
        field.kernel()
        space = mcscf.CASCI(field, self.orbitals, self.electrons)
        one_body, core = space.get_h1eff()
        two_body = ao2mo.restore(1, space.get_h2eff(), self.orbitals)
        return Hamiltonian(one_body, two_body, float(core))


CASES = (
    Case("H2", "H 0 0 0; H 0 0 0.735", 2, 2),
    Case("LiH", "Li 0 0 0; H 0 0 1.6", 4, 6),
    Case("H2O frozen core", WATER, 8, 6),
    Case("acrylamide (4,4)", ACRYLAMIDE, 4, 4),
    Case("acrylamide (6,6)", ACRYLAMIDE, 6, 6),
    Case("acrylamide (8,8)", ACRYLAMIDE, 8, 8),
    Case("acrylamide (10,10)", ACRYLAMIDE, 10, 10),
)


def best_of(repeats: int, run: Callable[[], object]) -> float:
    """The shortest CPU time of several runs, in seconds."""
    times = []
    for _ in range(repeats):
        start = time.process_time()
        run()
        times.append(time.process_time() - start)
    return min(times)


def exact(h: Hamiltonian, pairs: int) -> float:
    solver = fci.direct_spin0.FCISolver()
    solver.pspace_size = 0
    solver.verbose = 0
    energy = solver.kernel(h.one_body, h.two_body, h.norb, (pairs, pairs), ecore=h.core_energy)[0]
    return float(energy)


def qiskit_run(h: Hamiltonian, pairs: int) -> tuple[float, float | None]:
    """CPU seconds of one energy, and of the optimisation where it is affordable."""
    ansatz = uccsd(h, pairs, pairs, 1, share_spins=True)
    compiled = backends.exact.pass_manager().run(ansatz_circuit(ansatz).decompose(reps=2))
    observable = energy_measurement(h, ansatz, ansatz.start, backends.exact).observable
    estimator = backends.exact.estimator(0)

    def energies(points: np.ndarray) -> np.ndarray:
        angles = np.array([ansatz.angles(point) for point in points])
        return np.asarray(estimator.run([(compiled, observable, angles)]).result()[0].data.evs)

    each = best_of(2, lambda: energies(ansatz.start[None]))
    if each * (ansatz.parameters + 1) * QISKIT_GRADIENTS > QISKIT_LIMIT:
        return each, None

    def with_gradient(point: np.ndarray) -> tuple[float, np.ndarray]:
        step = 1e-7
        values = energies(np.vstack([point, point + step * np.eye(point.size)]))
        return float(values[0]), (values[1:] - values[0]) / step

    return each, best_of(
        1,
        lambda: minimize(
            with_gradient, ansatz.start, jac=True, method="L-BFGS-B", options={"ftol": 1e-9}
        ),
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
        "optimised(h, 1, 1, 1)\n"
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


def milliseconds(seconds: float | None) -> str:
    return "-" if seconds is None else f"{1e3 * seconds:.1f}"


def main() -> None:
    parser = argparse.ArgumentParser(description="CPU time of VQE engines on the same integrals.")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--skip-qiskit", action="store_true")
    arguments = parser.parse_args()
    lib.num_threads(1)
    rows = [
        ("space", "dets", "par", "grad", "error/mHa", "vqe/ms", "FCI/ms", "vqe/FCI",
         "Qiskit 1E/ms", "Qiskit/ms", "Qiskit/vqe"),
    ]  # fmt: skip
    for case in CASES:
        h, pairs = case.hamiltonian(), case.electrons // 2
        state = optimised(h, pairs, pairs, 1)
        ours = best_of(arguments.repeats, partial(optimised, h, pairs, pairs, 1))
        floor = best_of(arguments.repeats, partial(exact, h, pairs))
        each, total = None, None
        if not arguments.skip_qiskit and case.orbitals <= 6:
            each, total = qiskit_run(h, pairs)
        dets = h.sector_shape(pairs, pairs)
        rows.append(
            (
                case.name,
                str(dets[0] * dets[1]),
                str(state.ansatz.parameters),
                str(state.evaluations),
                f"{1e3 * (state.energy - exact(h, pairs)):.4f}",
                milliseconds(ours),
                milliseconds(floor),
                f"{ours / floor:.2f}",
                milliseconds(each),
                milliseconds(total),
                "-" if total is None else f"{total / ours:.0f}",
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        print("  ".join(cells))
    first, second = cold_seconds()
    print(
        f"first energy of a process: {first:.1f} s CPU when the kernels are compiled, "
        f"{second:.2f} s when they are found in the cache"
    )


if __name__ == "__main__":
    main()
