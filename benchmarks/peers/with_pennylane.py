"""PennyLane: molq's excitations as its gates on lightning.qubit, adjoint gradients.

``SingleExcitation`` and ``DoubleExcitation`` leave out the sign of the orbitals
in between, as PennyLane's users do: cheaper gates, a slightly different energy.
So mirror images cannot share an angle; with adjoint gradients that costs
nothing. SciPy's L-BFGS-B to a gradient of 1e-6 Hartree/rad, as molq.
"""

from __future__ import annotations

import numpy as np
import pennylane as qml
from case import Case, Optimised, arguments, measure, read
from pennylane import numpy as differentiable
from scipy.optimize import minimize


def hamiltonian(case: Case) -> object:
    """Jordan-Wigner, spin orbitals alternating."""
    fermions = qml.qchem.fermionic_observable(
        np.array([case.core]), case.one_body, case.two_body.transpose(0, 2, 3, 1)
    )
    return qml.jordan_wigner(fermions, ps=True, tol=1e-10).operation(
        wire_order=range(2 * case.norb)
    )


def main() -> None:
    given = arguments()
    case = read(given.case)
    wires = [2 * (q % case.norb) + q // case.norb for q in range(2 * case.norb)]
    observable = hamiltonian(case)
    occupied = {wires[p] for p in range(case.n_alpha)}
    occupied |= {wires[case.norb + p] for p in range(case.n_beta)}
    gates = [
        (qml.SingleExcitation if len(emptied) == 1 else qml.DoubleExcitation,
         [wires[q] for q in (*emptied, *filled)])
        for emptied, filled in case.excitations
    ]  # fmt: skip

    @qml.qnode(qml.device("lightning.qubit", wires=2 * case.norb), diff_method="adjoint")
    def energy(angles: np.ndarray) -> object:
        qml.BasisState(np.array([w in occupied for w in range(2 * case.norb)], int),
                       wires=range(2 * case.norb))  # fmt: skip
        for (gate, places), angle in zip(gates, angles, strict=True):
            gate(angle, wires=places)
        return qml.expval(observable)

    gradient = qml.grad(energy)

    def optimised() -> Optimised:
        count = 0

        def with_gradient(point: np.ndarray) -> tuple[float, np.ndarray]:
            nonlocal count
            count += 1
            # An excitation gate turns by half its angle.
            angles = differentiable.array(2.0 * point, requires_grad=True)
            slopes = 2.0 * np.asarray(gradient(angles))
            return float(gradient.forward), slopes

        # Without the signs the perturbative start of some factors points the wrong way.
        found = minimize(
            with_gradient,
            np.zeros(len(gates)),
            jac=True,
            method="L-BFGS-B",
            options={"ftol": 1e-15, "gtol": 1e-6},
        )
        return Optimised(float(found.fun), len(gates), count)

    measure(optimised, given.limit)


if __name__ == "__main__":
    main()
