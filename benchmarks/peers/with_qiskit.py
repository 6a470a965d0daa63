"""Qiskit: molq's ansatz as a transpiled circuit, energies from its StatevectorEstimator.

Transpiled once, before the optimisation: leaving Qiskit Nature's evolutions
whole is more than a hundred times slower. Gradients by forward differences,
SciPy's L-BFGS-B to 1e-9 relative.
"""

from __future__ import annotations

import numpy as np
from case import Case, Optimised, arguments, measure, read
from qiskit.primitives import StatevectorEstimator
from qiskit.transpiler import generate_preset_pass_manager
from qiskit_nature.second_q.circuit.library import UCC, HartreeFock
from qiskit_nature.second_q.hamiltonians import ElectronicEnergy
from qiskit_nature.second_q.mappers import JordanWignerMapper
from scipy.optimize import minimize

_STEP = 1e-7  # rad


def prepared(case: Case) -> tuple:
    """The circuit and the observable."""
    mapper = JordanWignerMapper()
    electrons = (case.n_alpha, case.n_beta)
    circuit = UCC(
        case.norb,
        electrons,
        lambda num_spatial_orbitals, num_particles: list(case.excitations),
        mapper,
        initial_state=HartreeFock(case.norb, electrons, mapper),
    )
    compiled = generate_preset_pass_manager(
        optimization_level=1, basis_gates=["rz", "sx", "x", "cx"], seed_transpiler=0
    ).run(circuit.decompose(reps=2))
    energy = ElectronicEnergy.from_raw_integrals(case.one_body, case.two_body)
    return compiled, mapper.map(energy.second_q_op())


def main() -> None:
    given = arguments()
    case = read(given.case)
    circuit, observable = prepared(case)
    estimator = StatevectorEstimator(default_precision=0.0)

    def optimised() -> Optimised:
        count = 0

        def energies(points: np.ndarray) -> np.ndarray:
            nonlocal count
            count += len(points)
            angles = points[:, case.group]
            return estimator.run([(circuit, observable, angles)]).result()[0].data.evs + case.core

        def with_gradient(point: np.ndarray) -> tuple[float, np.ndarray]:
            values = energies(np.vstack([point, point + _STEP * np.eye(point.size)]))
            return float(values[0]), (values[1:] - values[0]) / _STEP

        found = minimize(
            with_gradient, case.start, jac=True, method="L-BFGS-B", options={"ftol": 1e-9}
        )
        return Optimised(float(found.fun), case.start.size, count)

    measure(optimised, given.limit)


if __name__ == "__main__":
    main()
