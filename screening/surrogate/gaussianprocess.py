"""The exact Gaussian process over structures and descriptors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from screening.surrogate.features import Features, features
from screening.surrogate.kernels import PRIOR, Covariance, DescriptorScale, minmax
from screening.surrogate.regression import Regression, Scale, joint_draws
from screening.surrogate.settings import SurrogateSettings
from screening.surrogate.surrogate import Prediction

JOINT_LIMIT = 3000  # molecules drawn jointly; of more, each is drawn from its marginal
_CHUNK = 4096  # molecules whose covariance with the training set is held at a time


@dataclass(frozen=True)
class _Fit:
    """Everything a prediction needs."""

    features: Features
    rank: NDArray[np.int64]  # shape: (labels,); where each given label stands in the fit
    descriptors: DescriptorScale
    covariance: Covariance
    regression: Regression


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
        descriptors = DescriptorScale.of(known)
        scale = Scale.of(y, ddof=1)
        similarity = minmax(known, known)
        distance = descriptors.squared_distances(known, known)
        floor = self.settings.noise_floor
        covariance = PRIOR
        flat = bool(np.ptp(y) <= 1e-12 * max(1.0, abs(scale.offset)))
        if not flat and len(y) >= self.settings.min_labels:
            from screening.surrogate.hyperparameters import learn

            covariance = learn(similarity, distance, scale.standardised(y), floor)
        regression = Regression.of(
            covariance(similarity, distance), max(covariance.noise, floor), y, scale
        )
        self._fit = _Fit(known, np.argsort(order), descriptors, covariance, regression)

    def predict(self, smiles: Sequence[str]) -> Prediction:
        """Mean and standard deviation of new values; see ``Surrogate.predict``."""
        fit = self._fitted()
        mean, variance = self._marginals(features(smiles))
        total = variance + fit.covariance.noise
        return Prediction(mean, fit.regression.scale.spread * np.sqrt(total))

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
            return np.asarray(mean + fit.regression.scale.spread * np.sqrt(variance) * draws)
        cross = self._covariance(wanted, fit.features)
        half = fit.regression.half(cross)
        spread = fit.regression.scale.spread
        return joint_draws(
            fit.regression.mean(cross),
            spread**2 * (self._covariance(wanted, wanted) - half.T @ half),
            draws,
            size=spread**2 * fit.covariance.prior_variance,
        )

    def leave_one_out(self) -> Prediction:
        """Each label predicted from all others, hyper-parameters kept, in the order given.

        Of more than ``max_labels`` labels only the newest, which the fit took.
        Closed form, Rasmussen and Williams 2006, equations 5.10 to 5.12.
        """
        fit = self._fitted()
        mean, variance = fit.regression.left_out()
        return Prediction(mean[fit.rank], np.sqrt(variance[fit.rank]))

    def _fitted(self) -> _Fit:
        if self._fit is None:
            raise ValueError("the surrogate is not fitted yet; call fit first")
        return self._fit

    def _covariance(self, a: Features, b: Features) -> NDArray[np.float64]:
        fit = self._fitted()
        return fit.covariance(minmax(a, b), fit.descriptors.squared_distances(a, b))

    def _marginals(self, wanted: Features) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Mean, in the labels' unit, and standardised noise-free variance, (molecules,) each."""
        fit = self._fitted()
        mean = np.empty(len(wanted.counts))
        variance = np.empty(len(wanted.counts))
        for start in range(0, len(mean), _CHUNK):
            part = slice(start, start + _CHUNK)
            rows = Features(wanted.levels[part], wanted.counts[part], wanted.descriptors[part])
            cross = self._covariance(rows, fit.features)
            half = fit.regression.half(cross)
            mean[part] = fit.regression.mean(cross)
            variance[part] = fit.covariance.prior_variance - (half**2).sum(axis=0)
        return mean, np.maximum(variance, 0.0)
