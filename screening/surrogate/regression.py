"""Exact Gaussian-process regression on covariance matrices (Rasmussen and Williams 2006).

Labels are standardised with their mean and standard deviation; what comes out is in their
unit again. Matrices are those of the noise-free values, in units of the labels' variance.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_solve, solve_triangular
from scipy.linalg.lapack import dtrtri


@dataclass(frozen=True)
class Scale:
    """How labels are standardised."""

    offset: float  # their mean
    spread: float  # their standard deviation; 1 where all are equal

    @staticmethod
    def of(values: NDArray[np.float64], *, ddof: int = 0) -> Scale:
        """The scale of labels, at least one."""
        offset = float(values.mean())
        spread = float(values.std(ddof=min(ddof, len(values) - 1)))
        return Scale(offset, spread if spread > 1e-12 * max(1.0, abs(offset)) else 1.0)

    def standardised(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Labels without their unit."""
        return np.asarray((values - self.offset) / self.spread)


@dataclass(frozen=True)
class Regression:
    """A process conditioned on labels."""

    labels: NDArray[np.float64]  # shape: (labels,), standardised
    scale: Scale
    noise: float
    factor: NDArray[np.float64]  # shape: (labels, labels), lower Cholesky factor of K + noise
    weights: NDArray[np.float64]  # shape: (labels,), (K + noise)^-1 labels

    @staticmethod
    def of(
        covariance: NDArray[np.float64],
        noise: float,
        values: NDArray[np.float64],
        scale: Scale,
        variances: NDArray[np.float64] | None = None,
    ) -> Regression:
        """Conditioned on values (algorithm 2.1).

        Args:
            covariance: of the labelled molecules, shape (labels, labels).
            noise: variance added to its diagonal.
            values: shape (labels,), in their unit.
            scale: how they are standardised.
            variances: of errors of the values beside the noise, in their unit squared, shape
                (labels,).
        """
        total = covariance.copy()
        diagonal = np.diag_indices(len(values))
        total[diagonal] += noise
        if variances is not None:
            total[diagonal] += variances / scale.spread**2
        return _with(np.asarray(np.linalg.cholesky(total)), noise, values, scale)

    def extended(
        self,
        cross: NDArray[np.float64],
        own: NDArray[np.float64],
        values: NDArray[np.float64],
        scale: Scale,
    ) -> Regression:
        """The same conditioned on further labels, without factorising anew.

        Args:
            cross: covariance of the new with the old, shape (new, labels).
            own: of the new, shape (new, new).
            values: all of them, the old ones first, shape (labels + new,).
            scale: of all of them.
        """
        n, more = len(self.labels), len(own)
        half = self.half(cross)
        corner = own - half.T @ half + self.noise * np.eye(more)
        factor = np.zeros((n + more, n + more))
        factor[:n, :n] = self.factor
        factor[n:, :n] = half.T
        factor[n:, n:] = np.linalg.cholesky(corner)
        return _with(factor, self.noise, values, scale)

    def half(self, cross: NDArray[np.float64]) -> NDArray[np.float64]:
        """L^-1 k of other molecules, shape (labels, molecules), from (molecules, labels)."""
        return np.asarray(solve_triangular(self.factor, cross.T, lower=True, check_finite=False))

    def back(self, halves: NDArray[np.float64]) -> NDArray[np.float64]:
        """L^-T of a vector, shape (labels,)."""
        return np.asarray(
            solve_triangular(self.factor, halves, lower=True, trans="T", check_finite=False)
        )

    def mean(self, cross: NDArray[np.float64]) -> NDArray[np.float64]:
        """Of other molecules, in the labels' unit, shape (molecules,)."""
        return np.asarray(self.scale.offset + self.scale.spread * (cross @ self.weights))

    def left_out(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Mean and variance of each label from all others (equations 5.10 to 5.12).

        In the labels' unit; the variance is of a new value, noise included.
        """
        inverse, _ = dtrtri(self.factor, lower=1)
        variance = 1 / np.einsum("ij,ij->j", inverse, inverse)
        mean = self.labels - self.weights * variance
        scale = self.scale
        return scale.offset + scale.spread * mean, scale.spread**2 * variance


def _with(
    factor: NDArray[np.float64], noise: float, values: NDArray[np.float64], scale: Scale
) -> Regression:
    labels = scale.standardised(values)
    weights = cho_solve((factor, True), labels, check_finite=False)
    return Regression(labels, scale, noise, factor, weights)


def joint_draws(
    mean: NDArray[np.float64],
    covariance: NDArray[np.float64],
    normal: NDArray[np.float64],
    *,
    size: float,
) -> NDArray[np.float64]:
    """Draws of jointly normal values, shape (draws, molecules).

    Args:
        mean: shape (molecules,).
        covariance: positive semidefinite, shape (molecules, molecules).
        normal: independent standard normal numbers, shape (draws, molecules).
        size: of the covariance's entries; what rounding leaves is measured by it.

    Raises:
        ValueError: the covariance is not positive, even with a tenth of ``size`` added.
    """
    for power in range(-10, 0):
        jitter = size * 10.0**power * np.eye(len(mean))
        try:
            root = np.linalg.cholesky(covariance + jitter)
        except np.linalg.LinAlgError:
            continue
        return np.asarray(mean + normal @ root.T)
    raise ValueError("the posterior covariance is not positive; are all features finite?")
