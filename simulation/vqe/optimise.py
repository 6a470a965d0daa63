"""Minimisation of the energy: L-BFGS, then Newton where the valley is flat.

One layer of excitations is well conditioned and L-BFGS needs 10-20 gradients.
Several layers have more parameters than the state has freedom in some
directions and hardly enough in others; there L-BFGS creeps, and a trust-region
Newton step with the Hessian differenced from the exact gradient finishes. Both
work in parameters scaled by the square root of the expected curvature (twice
the orbital-energy gap), in which the Hessian starts near unity.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from simulation.errors import ConvergenceError

Objective = Callable[[NDArray[np.float64]], tuple[float, NDArray[np.float64]]]

GRADIENT_TOLERANCE = 1e-6  # Hartree/rad, max norm, of every result

_REDUNDANT_GOAL = 1e-7  # Hartree/rad; at 1e-6 a flat valley still descends by 1e-7 Hartree
_HISTORY = 30  # gradient pairs of L-BFGS
_ITERATIONS_FIRST = 100  # L-BFGS before Newton is tried
_ITERATIONS_LONG = 5000  # L-BFGS where Newton's Hessian would be too large
_NEWTON_PARAMETERS = 200  # a Hessian costs one gradient a parameter
_NEWTON_ITERATIONS = 400
_DIFFERENCE = 1e-5  # step of the differenced Hessian, scaled parameters
_FLAT = 1e-9  # Hartree/rad; a start with no larger gradient is a stationary point
_NUDGE = 0.02  # rad; large against rounding, small against any amplitude that matters
_NUDGES = 3


@dataclass(frozen=True)
class Minimum:
    """Where the minimisation ended; always converged."""

    parameters: NDArray[np.float64]  # shape: (parameters,), rad
    energy: float  # Hartree
    gradient_norm: float  # Hartree/rad, max norm
    rung: str  # the method that reached the criterion: "l-bfgs" or "newton"


def minimum(
    objective: Objective,
    start: NDArray[np.float64],
    curvature: NDArray[np.float64],
    *,
    redundant: bool = False,
) -> Minimum:
    """The minimum reached from ``start``.

    The ladder: L-BFGS; Newton from where it stopped (up to 200 parameters; more
    L-BFGS above); then both again from up to three starts displaced by a fixed
    pseudo-random 0.02 rad. A start whose gradient vanishes is displaced at once.

    Args:
        objective: energy (Hartree) and gradient (Hartree/rad) of parameters (rad).
        start: shape (parameters,), rad.
        curvature: shape (parameters,), Hartree; positive estimates of the
            Hessian's diagonal.
        redundant: several layers. They start equal and might stay so up to the
            saddle point that is the minimum of one layer, so the first start is
            displaced too; and as their valleys are flat, L-BFGS hands over to
            Newton already above 1e-7.

    Raises:
        ConvergenceError: no rung brought the gradient's max norm to 1e-6.
    """
    if start.size == 0:
        return Minimum(start, objective(start)[0], 0.0, "no parameters")
    scale = np.sqrt(curvature)
    goal = _REDUNDANT_GOAL if redundant else GRADIENT_TOLERANCE
    displaced = redundant or float(np.abs(objective(start)[1]).max()) < _FLAT
    best = np.inf
    for attempt in range(int(displaced), _NUDGES + 1):
        nudge = np.random.default_rng(attempt).uniform(-_NUDGE, _NUDGE, start.size)
        found = _descended(objective, start + nudge * (attempt > 0), scale, goal)
        if found.gradient_norm <= GRADIENT_TOLERANCE:
            return found
        best = min(best, found.gradient_norm)
    raise ConvergenceError(
        "solver",
        f"vqe: the gradient's max norm stopped at {best:.1e} Hartree/rad on every rung "
        f"(needed: {GRADIENT_TOLERANCE:.0e}); try another number of layers",
    )


def _descended(
    objective: Objective, start: NDArray[np.float64], scale: NDArray[np.float64], goal: float
) -> Minimum:
    """L-BFGS and, where it stops short, Newton; converged or not."""

    def scaled(point: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        energy, gradient = objective(point / scale)
        return energy, gradient / scale

    # The scaled tolerance that implies the unscaled one for the stiffest parameter.
    tolerance = goal / float(scale.max())
    small = start.size <= _NEWTON_PARAMETERS
    first = minimize(
        scaled,
        start * scale,
        jac=True,
        method="L-BFGS-B",
        options={
            "ftol": 0.0,
            "gtol": tolerance,
            "maxcor": _HISTORY,
            "maxiter": _ITERATIONS_FIRST if small else _ITERATIONS_LONG,
            "maxfun": 10 * _ITERATIONS_LONG,
        },
    )
    result = _as_minimum(first, scale, "l-bfgs")
    if result.gradient_norm <= goal or not small:
        return result

    def hessian(point: NDArray[np.float64]) -> NDArray[np.float64]:
        origin = scaled(point)[1]
        rows = [
            (scaled(point + step)[1] - origin) / _DIFFERENCE
            for step in _DIFFERENCE * np.eye(point.size)
        ]
        matrix = np.array(rows)
        return 0.5 * (matrix + matrix.T)

    second = minimize(
        scaled,
        first.x,
        jac=True,
        hess=hessian,
        method="trust-exact",
        options={
            # trust-exact measures the Euclidean norm, which bounds the max norm.
            "gtol": tolerance,
            "maxiter": _NEWTON_ITERATIONS,
            "initial_trust_radius": 0.1,
            "max_trust_radius": 1.0,
        },
    )
    return _as_minimum(second, scale, "newton")


def _as_minimum(result: object, scale: NDArray[np.float64], rung: str) -> Minimum:
    x, energy, gradient = (getattr(result, name) for name in ("x", "fun", "jac"))
    return Minimum(x / scale, float(energy), float(np.abs(gradient * scale).max()), rung)
