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
from scipy.optimize import OptimizeResult, minimize

from simulation.errors import ConvergenceError

Objective = Callable[[NDArray[np.float64]], tuple[float, NDArray[np.float64]]]

GRADIENT_TOLERANCE = 1e-6  # Hartree/rad, max norm, of every result

_REDUNDANT_GOAL = 1e-7  # Hartree/rad; at 1e-6 a flat valley still descends by 1e-7 Hartree
_HISTORY = 30  # gradient pairs of L-BFGS
_ITERATIONS_FIRST = 100  # L-BFGS before Newton is tried
_ITERATIONS_LONG = 20000  # L-BFGS where Newton's Hessian would be too large
_NEWTON_PARAMETERS = 200  # a Hessian costs one gradient a parameter
_NEWTON_ITERATIONS = 400
_DIFFERENCE = 1e-5  # step of the differenced Hessian, scaled parameters
_START = "start"
_NUDGE = 0.02  # rad; large against rounding, small against any amplitude that matters
_NUDGES = 3


@dataclass(frozen=True)
class Minimum:
    """Where the minimisation ended."""

    parameters: NDArray[np.float64]  # shape: (parameters,), rad
    energy: float  # Hartree
    gradient: NDArray[np.float64]  # shape: (parameters,), Hartree/rad
    rung: str  # the method it ended in: "l-bfgs" or "newton"
    energies: tuple[float, ...] = ()  # Hartree, of the start and of every iteration from it

    @property
    def gradient_norm(self) -> float:
        """Max norm of the gradient, Hartree/rad; 0 without parameters."""
        return float(np.abs(self.gradient).max(initial=0.0))


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
    pseudo-random 0.02 rad. A start that already meets the criterion is displaced
    too, as it may be a saddle point.

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
        return _standing(objective, start)
    scale = np.sqrt(curvature)
    goal = _REDUNDANT_GOAL if redundant else GRADIENT_TOLERANCE
    best = np.inf
    for attempt in range(int(redundant), _NUDGES + 1):
        nudge = np.random.default_rng(attempt).uniform(-_NUDGE, _NUDGE, start.size)
        found = _descended(objective, start + nudge * (attempt > 0), scale, goal)
        saddle = attempt == 0 and found.rung == _START
        if found.gradient_norm <= GRADIENT_TOLERANCE and not saddle:
            return found
        best = min(best, found.gradient_norm)
    raise ConvergenceError(
        "solver",
        f"vqe: the gradient's max norm stopped at {best:.1e} Hartree/rad on every rung "
        f"(needed: {GRADIENT_TOLERANCE:.0e}); try another number of layers",
    )


class _ScaledObjective:
    """The objective in scaled parameters; remembers its last evaluation.

    The memory saves SciPy's repetition of the first evaluation, and judges
    convergence by the gradient that is reported instead of the scaled one.
    """

    def __init__(
        self, objective: Objective, scale: NDArray[np.float64], origin: Minimum, goal: float
    ) -> None:
        self._objective = objective
        self._scale = scale
        self._goal = goal
        self.point = origin.parameters * scale
        self.energy = origin.energy
        self.gradient = origin.gradient / scale
        self.energies = [*origin.energies]

    def __call__(self, point: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        if not np.array_equal(point, self.point):
            energy, gradient = self._objective(point / self._scale)
            self.point, self.energy, self.gradient = point.copy(), energy, gradient / self._scale
        return self.energy, self.gradient

    def hessian(self, point: NDArray[np.float64]) -> NDArray[np.float64]:
        """Forward differences of the exact gradient, shape (parameters, parameters)."""
        origin = self(point)[1]
        steps = _DIFFERENCE * np.eye(point.size)
        matrix = np.array([(self(point + step)[1] - origin) / _DIFFERENCE for step in steps])
        self(point)
        return 0.5 * (matrix + matrix.T)

    def stop_at_goal(self, intermediate_result: OptimizeResult) -> None:
        """Callback of ``minimize``: ends it when the unscaled gradient is small enough."""
        self(intermediate_result.x)
        self.energies.append(self.energy)
        if np.abs(self.gradient * self._scale).max() <= self._goal:
            raise StopIteration

    def reached(self, rung: str) -> Minimum:
        """The last point, in unscaled parameters."""
        return Minimum(
            self.point / self._scale,
            self.energy,
            self.gradient * self._scale,
            rung,
            tuple(self.energies),
        )


def _standing(objective: Objective, start: NDArray[np.float64]) -> Minimum:
    energy, gradient = objective(start)
    return Minimum(start, energy, gradient, _START, (energy,))


def _descended(
    objective: Objective, start: NDArray[np.float64], scale: NDArray[np.float64], goal: float
) -> Minimum:
    """L-BFGS and, where it stops short, Newton; the result may be unconverged."""
    origin = _standing(objective, start)
    if origin.gradient_norm <= goal:
        return origin
    # SciPy's first trial step has unit length: make that the Newton step.
    unit = scale / float(np.linalg.norm(origin.gradient / scale))
    newton = start.size <= _NEWTON_PARAMETERS
    scaled = _ScaledObjective(objective, unit, origin, goal)
    result = minimize(
        scaled,
        start * unit,
        jac=True,
        method="L-BFGS-B",
        callback=scaled.stop_at_goal,
        options={
            "ftol": 0.0,
            "gtol": 0.0,
            "maxcor": _HISTORY,
            "maxiter": _ITERATIONS_FIRST if newton else _ITERATIONS_LONG,
            "maxfun": 10 * _ITERATIONS_LONG,
        },
    )
    scaled(result.x)
    found = scaled.reached("l-bfgs")
    if found.gradient_norm <= goal or not newton:
        return found
    scaled = _ScaledObjective(objective, scale, found, goal)
    result = minimize(
        scaled,
        found.parameters * scale,
        jac=True,
        hess=scaled.hessian,
        method="trust-exact",
        callback=scaled.stop_at_goal,
        options={
            "gtol": 0.0,
            "maxiter": _NEWTON_ITERATIONS,
            "initial_trust_radius": 0.1,
            "max_trust_radius": 1.0,
        },
    )
    scaled(result.x)
    return scaled.reached("newton")
