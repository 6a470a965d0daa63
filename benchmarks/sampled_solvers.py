"""LUCJ and SQD beside exact diagonalisation in acrylamide's spaces (STO-3G).

    python benchmarks/sampled_solvers.py [--spaces 4 6 8] [--solvers sqd lucj]

For the closed shell and the anion: energy above exact, what the solver says of
its own error, determinants diagonalised among, and CPU seconds.
"""

from __future__ import annotations

import argparse
import time

from engine_cases import CASES

from simulation.casci import CASCISolver
from simulation.errors import SimulationError
from simulation.lucj import LUCJSolver
from simulation.sqd import SQDSolver

SOLVERS = {"sqd": SQDSolver, "lucj": LUCJSolver}


def main() -> None:
    parser = argparse.ArgumentParser(description="Errors of LUCJ and SQD.")
    parser.add_argument("--spaces", nargs="+", type=int, default=[4, 6, 8], metavar="ORBITALS")
    parser.add_argument("--solvers", nargs="+", choices=SOLVERS, default=list(SOLVERS))
    parser.add_argument("--closed-shell-only", action="store_true")
    arguments = parser.parse_args()
    print("space    electrons  solver  error/mHa   told/mHa  determinants    par   CPU/s")
    for norb in arguments.spaces:
        hamiltonian, pairs, _ = CASES[f"acrylamide ({norb},{norb})"]
        for extra in (0,) if arguments.closed_shell_only else (0, 1):
            sector = (pairs + extra, pairs)
            exact = CASCISolver().solve(hamiltonian, *sector).energy
            for name in arguments.solvers:
                start = time.process_time()
                line = f"({norb},{norb})    {sector[0]}a {sector[1]}b     {name:6s}"
                try:
                    found = SOLVERS[name]().solve(hamiltonian, *sector)
                except SimulationError as error:
                    print(line, error, f"after {time.process_time() - start:.0f} s", flush=True)
                    continue
                told = "-" if found.standard_error is None else f"{1e3 * found.standard_error:.4f}"
                space = found.subspace
                among = "all" if space is None else f"{space.dimension} of {space.determinants}"
                print(
                    f"{line}  {1e3 * (found.energy - exact):9.4f}  {told:>9s}  {among:>12s}"
                    f"  {found.parameters:5d}  {time.process_time() - start:6.1f}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
