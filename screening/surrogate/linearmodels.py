"""Bayesian linear and logistic regression with Gaussian priors.

Both are given several priors and keep the one under which the data are likeliest
(MacKay, Neural Comput. 4, 415 and 720, 1992).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_solve, solve_triangular
from scipy.special import expit

NOISES = (0.05, 0.1, 0.2, 0.35, 0.6, 1.0, 1.6)  # std of a label, tried each
_TYPICAL_NOISE = 0.35
_NOISE_SPREAD = 0.8  # of the logarithm of the noise's std, in its prior
MOST_FOR_PRIORS = 2000  # labels by which a prior is chosen; the fit takes all
FOLDS = 5
_FEWEST_OF_A_CLASS = FOLDS  # below, a class does not stand in every fold
_NEWTON_STEPS = 60


@dataclass(frozen=True)
class Prior:
    """Independent normal distributions of the coefficients."""

    mean: NDArray[np.float64]  # shape: (columns,)
    std: NDArray[np.float64]  # shape: (columns,)


@dataclass(frozen=True)
class Ridge:
    """A linear model's normal posterior."""

    mean: NDArray[np.float64]  # shape: (columns,)
    factor: NDArray[np.float64]  # shape: (columns, columns), Cholesky factor of the precision
    noise: float  # std of a label

    def predict(self, rows: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Mean and variance of a new label, noise included, shape (rows,) each."""
        half = solve_triangular(self.factor, rows.T, lower=True, check_finite=False)
        return rows @ self.mean, (half**2).sum(axis=0) + self.noise**2

    def expected_exponential(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """Mean of a quantity whose logarithm is the label: that of a log-normal, (rows,)."""
        mean, variance = self.predict(rows)
        return np.asarray(np.exp(mean + 0.5 * variance))


@dataclass(frozen=True)
class Logistic:
    """A classifier's posterior by Laplace's approximation, its log odds recalibrated."""

    mean: NDArray[np.float64]  # shape: (columns,)
    factor: NDArray[np.float64]  # shape: (columns, columns), Cholesky factor of the precision
    slope: float  # recalibrated log odds = slope * log odds + offset
    offset: float

    def probability(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """Of the event, averaged over the posterior, shape (rows,)."""
        return np.asarray(expit(self.slope * _moderated(self, rows) + self.offset))


def ridge(rows: NDArray[np.float64], labels: NDArray[np.float64], priors: Sequence[Prior]) -> Ridge:
    """Linear regression with the likeliest of the priors and noises.

    Args:
        rows: shape (labels, columns), the first column 1.
        labels: shape (labels,).
        priors: of the coefficients, the first one's that of an offset which is measured
            from the labels' mean.
    """
    middle = float(labels.mean())
    best: tuple[float, Ridge] | None = None
    gram = rows.T @ rows
    for prior in priors:
        rest = labels - middle - rows @ prior.mean
        projected = rows.T @ rest
        for noise in NOISES:
            precision = gram / noise**2
            precision[np.diag_indices(len(precision))] += prior.std**-2
            factor = np.asarray(np.linalg.cholesky(precision), dtype=np.float64)
            shift = cho_solve((factor, True), projected / noise**2)
            fit = (rest @ rest - projected @ shift) / noise**2
            evidence = -0.5 * (
                fit
                + 2 * np.log(np.diag(factor)).sum()
                + 2 * np.log(prior.std).sum()
                + 2 * len(labels) * np.log(noise)
                + (np.log(noise / _TYPICAL_NOISE) / _NOISE_SPREAD) ** 2
            )
            if best is None or evidence > best[0]:
                mean = prior.mean + shift
                mean[0] += middle
                best = float(evidence), Ridge(mean, factor, noise)
    if best is None:
        raise ValueError("no prior was given; give at least one")
    return best[1]


def logistic(
    rows: NDArray[np.float64], events: NDArray[np.bool_], priors: Sequence[Prior]
) -> Logistic:
    """Logistic regression with the likeliest of the priors, recalibrated where it can be.

    Where both classes have members enough, the log odds are scaled and shifted by what
    cross-validation finds (Platt 1999), drawn to no change by a prior.

    Args:
        rows: shape (labels, columns), the first column 1.
        events: shape (labels,).
        priors: of the coefficients.
    """
    if not priors:
        raise ValueError("no prior was given; give at least one")
    draw = np.random.default_rng(0).permutation(len(events))
    few = np.sort(draw[:MOST_FOR_PRIORS])
    evidences = [_laplace(rows[few], events[few], prior)[1] for prior in priors]
    prior = priors[int(np.argmax(evidences))]
    model, _ = _laplace(rows, events, prior)
    if min(events.sum(), (~events).sum()) < _FEWEST_OF_A_CLASS:
        return model
    odds = np.empty(len(few))
    places = np.empty(len(few), dtype=np.int64)
    for event in (False, True):  # each fold holds its share of the rare class
        members = np.flatnonzero(events[few] == event)
        places[members] = np.random.default_rng(1).permutation(len(members)) % FOLDS
    for fold in range(FOLDS):
        out = places == fold
        part, _ = _laplace(rows[few[~out]], events[few[~out]], prior)
        odds[out] = _moderated(part, rows[few[out]])
    columns = np.stack([np.zeros(len(few)), odds], axis=1)
    columns[:, 0] = 1.0
    scaling, _ = _laplace(columns, events[few], Prior(np.array([0.0, 1.0]), np.array([0.5, 0.4])))
    offset, slope = scaling.mean
    return Logistic(model.mean, model.factor, float(max(slope, 0.0)), float(offset))


def _laplace(
    rows: NDArray[np.float64], events: NDArray[np.bool_], prior: Prior
) -> tuple[Logistic, float]:
    """The most likely coefficients, their precision there, and the log evidence."""
    target = events.astype(np.float64)
    weights = prior.mean.copy()

    def loss(w: NDArray[np.float64]) -> float:
        odds = rows @ w
        pull = (w - prior.mean) / prior.std
        return float(np.logaddexp(0.0, odds).sum() - target @ odds + 0.5 * pull @ pull)

    now = loss(weights)
    for _ in range(_NEWTON_STEPS):
        chance = expit(rows @ weights)
        gradient = rows.T @ (chance - target) + (weights - prior.mean) / prior.std**2
        step = cho_solve((_precision(rows, chance, prior), True), gradient)
        length = 1.0
        while (new := loss(weights - length * step)) > now and length > 1e-6:
            length /= 2
        weights = weights - length * step
        done, now = now - new < 1e-9 * (1 + abs(now)), new
        if done:
            break
    factor = _precision(rows, expit(rows @ weights), prior)
    evidence = -now - np.log(np.diag(factor)).sum() - np.log(prior.std).sum()
    return Logistic(weights, factor, 1.0, 0.0), float(evidence)


def _precision(
    rows: NDArray[np.float64], chance: NDArray[np.float64], prior: Prior
) -> NDArray[np.float64]:
    precision = rows.T @ (rows * (chance * (1 - chance))[:, np.newaxis])
    precision[np.diag_indices(len(precision))] += prior.std**-2
    return np.asarray(np.linalg.cholesky(precision))


def _moderated(model: Logistic, rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Log odds averaged over the posterior (Bishop 2006, equation 4.153)."""
    half = solve_triangular(model.factor, rows.T, lower=True, check_finite=False)
    variance = (half**2).sum(axis=0)
    return np.asarray((rows @ model.mean) / np.sqrt(1 + np.pi * variance / 8))
