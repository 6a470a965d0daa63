"""BFGS that keeps what it learnt while the number of parameters grows.

ADAPT-VQE optimises again after every few factors it adds. Starting each time
from the inverse Hessian of the last optimisation, with the new parameters'
estimated curvature on its diagonal, most of these need two to five gradients
(Ramôa et al., arXiv:2401.05172).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulation.vqe.optimise import Objective

_LONGEST = 0.5  # rad, of any one parameter in a step
_SUFFICIENT = 1e-4  # Armijo's constant
_SHORTEST = 1e-6  # fraction of a step at which the line search gives up
_ROUNDING = 1e-13  # Hartree; no energy change below it means anything


class QuasiNewton:
    """A point on its way down, and the inverse Hessian there."""

    def __init__(self) -> None:
        # shape: (parameters,), rad
        self.point: NDArray[np.float64] = np.empty(0)
        # shape: (parameters, parameters), rad^2/Hartree
        self.inverse: NDArray[np.float64] = np.empty((0, 0))
        # shape: (parameters,), Hartree/rad
        self.gradient: NDArray[np.float64] = np.empty(0)
        self.energy = np.inf  # Hartree

    def extend(self, curvature: NDArray[np.float64]) -> None:
        """Add parameters, at zero.

        Args:
            curvature: shape (new parameters,), Hartree/rad^2, positive.
        """
        n, m = self.point.size, curvature.size
        self.point = np.append(self.point, np.zeros(m))
        inverse = np.zeros((n + m, n + m))
        inverse[:n, :n] = self.inverse
        inverse[range(n, n + m), range(n, n + m)] = 1.0 / curvature
        self.inverse = inverse

    def without(self, removed: NDArray[np.bool_]) -> QuasiNewton:
        """A copy without some of its parameters, moved to where the others then are best.

        To second order the others follow a removed parameter to zero along its
        column of the inverse Hessian (Hassibi and Stork, NIPS 5, 164 (1992)).
        """
        found = QuasiNewton()
        kept = ~removed
        across = self.inverse[np.ix_(kept, removed)]
        within = self.inverse[np.ix_(removed, removed)]
        found.point = self.point[kept] - across @ np.linalg.solve(within, self.point[removed])
        found.inverse = self.inverse[np.ix_(kept, kept)] - across @ np.linalg.solve(
            within, across.T
        )
        return found

    def descend(self, objective: Objective, tolerance: float, iterations: int) -> None:
        """Walk down until the gradient's max norm is small enough, or no step helps.

        Args:
            objective: energy (Hartree) and gradient (Hartree/rad) of the parameters.
            tolerance: Hartree/rad.
            iterations: at most.
        """
        self.energy, self.gradient = objective(self.point)
        for _ in range(iterations):
            if np.abs(self.gradient).max(initial=0.0) <= tolerance:
                return
            step = -self.inverse @ self.gradient
            slope = float(step @ self.gradient)
            if slope >= 0.0:  # rounding has spoilt the inverse Hessian
                self.inverse = np.diag(np.abs(np.diagonal(self.inverse)) + 1e-3)
                step = -self.inverse @ self.gradient
                slope = float(step @ self.gradient)
            shrink = min(1.0, _LONGEST / float(np.abs(step).max()))
            step, slope = step * shrink, slope * shrink
            fraction = 1.0
            while True:
                energy, gradient = objective(self.point + fraction * step)
                change = energy - self.energy
                if change <= _SUFFICIENT * fraction * slope:
                    break
                if fraction < _SHORTEST or abs(fraction * slope) < _ROUNDING:
                    if change > _ROUNDING * 10:
                        return
                    break
                parabola = -slope * fraction**2 / (2.0 * (change - slope * fraction))
                fraction = max(0.1 * fraction, min(0.5 * fraction, parabola))
            moved, turned = fraction * step, gradient - self.gradient
            self._learn(moved, turned)
            self.point = self.point + moved
            self.energy, self.gradient = energy, gradient

    def _learn(self, moved: NDArray[np.float64], turned: NDArray[np.float64]) -> None:
        """The BFGS update of the inverse Hessian."""
        along = float(moved @ turned)
        if along <= 1e-12 * float(np.linalg.norm(moved) * np.linalg.norm(turned)):
            return
        image = self.inverse @ turned
        cross = np.outer(image, moved)
        self.inverse += np.outer(moved, moved) * ((1.0 + turned @ image / along) / along)
        self.inverse -= (cross + cross.T) / along
