"""The exact Gaussian process over structures and descriptors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import cho_factor, cho_solve, solve_triangular

from screening.surrogate.features import Features, features
from screening.surrogate.kernels import PRIOR, Covariance, DescriptorScale, minmax
from screening.surrogate.settings import SurrogateSettings
from screening.surrogate.surrogate import Prediction

JOINT_LIMIT = 3000  # molecules drawn jointly; of more, each is drawn from its marginal
_CHUNK = 4096  # molecules whose covariance with the training set is held at a time


@dataclass(frozen=True)
class _Fit:
    """Everything a prediction needs."""

    features: Features
    rank: NDArray[np.int64]  # shape: (labels,); where each given label stands in the fit
    scale: DescriptorScale
    covariance: Covariance
    offset: float  # mean of the labels, in their unit
    spread: float  # standard deviation of the labels, in their unit
    labels: NDArray[np.float64]  # shape: (labels,), standardised
    factor: NDArray[np.float64]  # shape: (labels, labels), lower Cholesky factor of K + noise
    weights: NDArray[np.float64]  # shape: (labels,), (K + noise)^-1 labels


class GaussianProcess:
    """Exact regression (Rasmussen and Williams 2006, algorithm 2.1) in float64.

    Labels are standardised. With fewer than ``min_labels`` of them, or when all are
    equal, the hyper-parameters stay at their prior values.
    """

    def __init__(self, settings: SurrogateSettings | None = None) -> None:
        self.settings = settings or SurrogateSettings()
        self._fit: _Fit | None = None

    @property
    def covariance(self) -> Covariance:
        """The hyper-parameters in use.

        Raises:
            ValueError: not fitted yet.
        """
        return self._fitted().covariance

    def fit(self, smiles: Sequence[str], values: ArrayLike) -> None:
        """Learn from labelled molecules; see ``Surrogate.fit``."""
        y = np.asarray(values, dtype=np.float64)
        if len(smiles) == 0 or y.shape != (len(smiles),):
            raise ValueError(
                f"{len(smiles)} molecules and values of shape {y.shape}; "
                "give one value for each, and at least one"
            )
        if not np.isfinite(y).all():
            raise ValueError("a label is not finite; leave molecules without a value out")
        newest = range(max(0, len(y) - self.settings.max_labels), len(y))
        # in one order, so that sums round alike in whatever order the labels came
        order = sorted(newest, key=lambda i: (smiles[i], y[i]))
        known, y = features([smiles[i] for i in order]), y[order]
        scale = DescriptorScale.of(known)
        offset, spread = float(y.mean()), float(y.std(ddof=min(1, len(y) - 1)))
        flat = spread <= 1e-12 * max(1.0, abs(offset))
        if flat:
            spread = 1.0
        labels = (y - offset) / spread
        similarity = minmax(known, known)
        distance = scale.squared_distances(known, known)
        floor = self.settings.noise_floor
        covariance = PRIOR
        if not flat and len(y) >= self.settings.min_labels:
            from screening.surrogate.hyperparameters import learn

            covariance = learn(similarity, distance, labels, floor)
        noise = max(covariance.noise, floor)
        total = covariance(similarity, distance) + noise * np.eye(len(y))
        factor = cho_factor(total, lower=True)[0]
        self._fit = _Fit(
            known,
            np.argsort(order),
            scale,
            covariance,
            offset,
            spread,
            labels,
            np.tril(factor),
            cho_solve((factor, True), labels),
        )

    def predict(self, smiles: Sequence[str]) -> Prediction:
        """Mean and standard deviation of new values; see ``Surrogate.predict``."""
        fit = self._fitted()
        mean, variance = self._marginals(features(smiles))
        total = variance + fit.covariance.noise
        return Prediction(fit.offset + fit.spread * mean, fit.spread * np.sqrt(total))

    def sample(self, smiles: Sequence[str], n: int, seed: int) -> NDArray[np.float64]:
        """Draws of the noise-free values; see ``Surrogate.sample``.

        Joint up to JOINT_LIMIT molecules; beyond, each is drawn from its marginal.
        """
        fit = self._fitted()
        wanted = features(smiles)
        draws = np.random.default_rng(seed).standard_normal((n, len(smiles)))
        if len(smiles) == 0:
            return draws
        if len(smiles) > JOINT_LIMIT:
            mean, variance = self._marginals(wanted)
            return np.asarray(fit.offset + fit.spread * (mean + np.sqrt(variance) * draws))
        cross = self._covariance(wanted, fit.features)
        half = solve_triangular(fit.factor, cross.T, lower=True)
        posterior = self._covariance(wanted, wanted) - half.T @ half
        root = _root(posterior, fit.covariance.prior_variance)
        return np.asarray(fit.offset + fit.spread * (cross @ fit.weights + draws @ root.T))

    def leave_one_out(self) -> Prediction:
        """Each label predicted from all others, hyper-parameters kept, in the order given.

        Of more than ``max_labels`` labels only the newest, which the fit took.
        Closed form, Rasmussen and Williams 2006, equations 5.10 to 5.12.
        """
        fit = self._fitted()
        inverse = cho_solve((fit.factor, True), np.eye(len(fit.labels)))
        variance = 1 / np.diag(inverse)
        mean = fit.labels - fit.weights * variance
        mean, variance = mean[fit.rank], variance[fit.rank]
        return Prediction(fit.offset + fit.spread * mean, fit.spread * np.sqrt(variance))

    def _fitted(self) -> _Fit:
        if self._fit is None:
            raise ValueError("the surrogate is not fitted yet; call fit first")
        return self._fit

    def _covariance(self, a: Features, b: Features) -> NDArray[np.float64]:
        fit = self._fitted()
        return fit.covariance(minmax(a, b), fit.scale.squared_distances(a, b))

    def _marginals(self, wanted: Features) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Standardised mean and noise-free variance, shape (molecules,) each."""
        fit = self._fitted()
        mean = np.empty(len(wanted.counts))
        variance = np.empty(len(wanted.counts))
        for start in range(0, len(mean), _CHUNK):
            part = slice(start, start + _CHUNK)
            rows = Features(wanted.levels[part], wanted.counts[part], wanted.descriptors[part])
            cross = self._covariance(rows, fit.features)
            half = solve_triangular(fit.factor, cross.T, lower=True)
            mean[part] = cross @ fit.weights
            variance[part] = fit.covariance.prior_variance - (half**2).sum(axis=0)
        return mean, np.maximum(variance, 0.0)


def _root(matrix: NDArray[np.float64], scale: float) -> NDArray[np.float64]:
    """Lower Cholesky factor of a positive semidefinite matrix, with the jitter it needs."""
    for power in range(-10, 0):
        jitter = scale * 10.0**power
        try:
            return np.asarray(np.linalg.cholesky(matrix + jitter * np.eye(len(matrix))))
        except np.linalg.LinAlgError:
            continue
    raise ValueError("the posterior covariance is not positive; are all features finite?")
