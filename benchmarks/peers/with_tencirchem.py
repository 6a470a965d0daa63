"""TenCirChem-ng: its UCCSD in the determinants of the sector, numpy or jax (``--backend``).

Only ``kernel()`` is timed; what it builds before counts in its favour. SciPy's
L-BFGS-B to a gradient of 1e-6 Hartree/rad, as molq, or with ``--own-criterion``
to its own, which asks for the last digit.
"""

from __future__ import annotations

import tencirchem
import tensorcircuit  # noqa: F401 - TenCirChem takes its backend from it
from case import Optimised, arguments, measure, read


def main() -> None:
    given = arguments()
    case = read(given.case)
    tencirchem.set_backend(given.backend)

    solver = tencirchem.UCCSD.from_integral(
        case.one_body,
        case.two_body,
        case.n_alpha + case.n_beta,
        case.core,
        run_ccsd=False,
        run_fci=False,
    )
    if not given.own_criterion:
        solver.scipy_minimize_options = {"ftol": 1e-15, "gtol": 1e-6}

    def optimised() -> Optimised:
        energy = solver.kernel()
        return Optimised(float(energy), solver.n_params, int(solver.opt_res.nfev))

    measure(optimised, given.limit, backend=given.backend)


if __name__ == "__main__":
    main()
