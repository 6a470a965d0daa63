"""ffsim: its UCCSD (one exponential of all excitations) by its linear method.

Starts from the MP2 amplitudes. All excitations are in it, those forbidden by
symmetry too.
"""

from __future__ import annotations

import ffsim
import numpy as np
from case import Case, Optimised, arguments, measure, read


def mp2(case: Case) -> np.ndarray:
    """Amplitudes t_ijab, shape (occupied, occupied, empty, empty)."""
    n = case.n_alpha
    eri = case.two_body
    fock = case.one_body + 2 * np.einsum("pqkk->pq", eri[:, :, :n, :n])
    fock = fock - np.einsum("pkkq->pq", eri[:, :n, :n, :])
    level = np.diagonal(fock)
    gap = level[:n, None] - level[None, n:]
    t2 = eri[:n, n:, :n, n:].transpose(0, 2, 1, 3)
    return t2 / (gap[:, None, :, None] + gap[None, :, None, :])


def main() -> None:
    given = arguments()
    case = read(given.case)
    electrons = (case.n_alpha, case.n_beta)
    norb, occupied = case.norb, case.n_alpha
    operator = ffsim.linear_operator(
        ffsim.MolecularHamiltonian(case.one_body, case.two_body, constant=case.core),
        norb=norb,
        nelec=electrons,
    )
    reference = ffsim.hartree_fock_state(norb, electrons)
    start = ffsim.UCCSDOpRestrictedReal(
        t1=np.zeros((occupied, norb - occupied)), t2=mp2(case)
    ).to_parameters()

    def vector(parameters: np.ndarray) -> np.ndarray:
        cluster = ffsim.UCCSDOpRestrictedReal.from_parameters(parameters, norb=norb, nocc=occupied)
        return ffsim.apply_unitary(reference, cluster, norb=norb, nelec=electrons)

    def optimised() -> Optimised:
        found = ffsim.optimize.minimize_linear_method(vector, operator, start)
        return Optimised(float(found.fun), start.size, int(found.nfev))

    measure(optimised, given.limit)


if __name__ == "__main__":
    main()
