"""Ridge regression with an offset for each laboratory and with lower bounds among the data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

Array = NDArray[np.float64]

PENALTIES = (0.3, 1.0, 3.0, 10.0)
_ROUNDS = 60


@dataclass(frozen=True)
class Data:
    """Molecules with what was measured of them."""

    values: Array  # shape: (n, p), descriptors
    target: Array  # shape: (n,)
    censored: NDArray[np.bool_]  # shape: (n,); the target is a lower bound
    offset: Array  # shape: (n,); 1 for the second laboratory, else 0
    series: NDArray[np.str_]  # shape: (n,)

    def rows(self, keep: NDArray[np.bool_]) -> Data:
        """Some of the molecules."""
        return Data(*(getattr(self, name)[keep] for name in self.__dataclass_fields__))


@dataclass(frozen=True)
class Fit:
    """Coefficients of centred and scaled descriptors."""

    mean: Array  # shape: (p,)
    scale: Array  # shape: (p,)
    intercept: float  # on the first laboratory's scale
    laboratory: float  # added for the second laboratory
    coefficients: Array  # shape: (p,)
    covariance: Array  # shape: (p + 1, p + 1), of intercept and coefficients, for unit variance
    completed: Array  # shape: (n,), bounds replaced by expected values

    def predict(self, data: Data) -> Array:
        """Each molecule on its own laboratory's scale. # shape: (n,)"""
        scaled = (data.values - self.mean) / self.scale
        return self.intercept + self.laboratory * data.offset + scaled @ self.coefficients


def fit(data: Data, penalty: float) -> Fit:
    """Least squares with ``penalty`` on the scaled coefficients; offsets are free.

    A bound takes the expected value of a normal distribution cut off below it
    (Tobit by expectation and maximisation).
    """
    mean, scale = data.values.mean(axis=0), data.values.std(axis=0)
    scale = np.where(scale > 1e-9, scale, 1.0)
    both = bool(data.offset.any() and not data.offset.all())
    free = [np.ones(len(data.target)), *([data.offset] if both else [])]
    design = np.column_stack([*free, (data.values - mean) / scale])
    shrink = np.diag([1e-9] * len(free) + [penalty] * data.values.shape[1])
    inverse = np.linalg.inv(design.T @ design + shrink)
    target = data.target.copy()
    spread = 0.4
    for _ in range(_ROUNDS):
        solution = inverse @ design.T @ target
        expected = design @ solution
        known = ~data.censored
        freedom = max(1.0, known.sum() - np.trace(inverse @ design.T @ design))
        spread = float(np.sqrt(((target - expected)[known] ** 2).sum() / freedom))
        below = (data.target - expected) / spread
        hazard = np.exp(norm.logpdf(below) - norm.logsf(below))
        new = np.where(data.censored, expected + spread * hazard, data.target)
        if float(np.abs(new - target).max()) < 1e-3:
            break
        target = new
    keep = [0, *range(len(free), design.shape[1])]
    return Fit(
        mean=mean,
        scale=scale,
        intercept=float(solution[0]),
        laboratory=float(solution[1]) if both else 0.0,
        coefficients=solution[len(free) :],
        covariance=inverse[np.ix_(keep, keep)],
        completed=target,
    )


def left_out(data: Data, penalty: float | None) -> Array:
    """Each series predicted by a fit that has not seen it.

    Args:
        data: all molecules.
        penalty: fixed, or None to choose it inside each fit by the same procedure.
    """
    predicted = np.empty(len(data.target))
    for series in np.unique(data.series):
        test = data.series == series
        predicted[test] = trained(data.rows(~test), penalty).predict(data.rows(test))
    return predicted


def trained(data: Data, penalty: float | None) -> Fit:
    """A fit whose penalty is chosen by leaving series out, where it is not given."""
    return fit(data, choose(data) if penalty is None else penalty)


def choose(data: Data) -> float:
    """The penalty with the least squared error on series left out."""
    return min(PENALTIES, key=lambda penalty: squared_error(data, left_out(data, penalty)))


def squared_error(data: Data, predicted: Array) -> float:
    """Mean, where a prediction above a lower bound costs nothing."""
    error = predicted - data.target
    error = np.where(data.censored & (error > 0), 0.0, error)
    return float((error**2).mean())


def columns(rows: Sequence[dict[str, float]], names: Sequence[str]) -> Array:
    """A descriptor matrix. # shape: (len(rows), len(names))"""
    return np.array([[float(row[name]) for name in names] for row in rows]).reshape(len(rows), -1)
