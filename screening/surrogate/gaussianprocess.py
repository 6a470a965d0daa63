"""The Gaussian process over a sum of kernels as a surrogate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from screening.surrogate import hyperparameters, sumkernel
from screening.surrogate.countprints import Index
from screening.surrogate.regression import Scale, joint_draws
from screening.surrogate.settings import SurrogateSettings
from screening.surrogate.sumkernel import Molecules, Posterior, SumCovariance
from screening.surrogate.surrogate import Prediction, labelled

JOINT_LIMIT = 3000  # molecules drawn jointly; of more, each is drawn from its marginal
LEARNT_FROM = 500  # newest labels the hyper-parameters are learnt from
_CHUNK = 1024  # molecules whose covariance with the training set is held at a time


@dataclass(frozen=True)
class Representers:
    """A mean written as a sum over molecules: offset + spread K(x, molecules) weights."""

    molecules: Molecules
    smiles: tuple[str, ...]
    weights: NDArray[np.float64]  # shape: (molecules,), standardised
    offset: float  # in the labels' unit
    spread: float  # in the labels' unit
    covariance: SumCovariance

    def mean(self, molecules: Molecules) -> NDArray[np.float64]:
        """Of any molecules, in the labels' unit, shape (molecules,)."""
        cross = self.covariance(molecules, Index(self.molecules.prints), self.molecules)
        return np.asarray(self.offset + self.spread * (cross @ self.weights))


class GaussianProcess:
    """Implements ``Surrogate``; with few or equal labels the hyper-parameters stay as they are."""

    def __init__(self, settings: SurrogateSettings | None = None) -> None:
        self.settings = settings or SurrogateSettings()
        self._posterior: Posterior | None = None
        self._smiles: tuple[str, ...] = ()
        self._rank: NDArray[np.int64] = np.empty(0, dtype=np.int64)

    def fit(
        self,
        smiles: Sequence[str],
        values: ArrayLike,
        *,
        fidelities: Mapping[str, ArrayLike] | None = None,
    ) -> None:
        """Learn from labelled molecules; see ``Surrogate.fit``."""
        smiles, y, _ = labelled(smiles, values)
        settings = self.settings
        newest = range(max(0, len(y) - settings.max_labels), len(y))
        # in one order, so that sums round alike in whatever order the labels came
        order = sorted(newest, key=lambda i: (smiles[i], y[i]))
        molecules, y = sumkernel.molecules_of([smiles[i] for i in order]), y[order]
        covariance = hyperparameters.prior(hyperparameters.widths(molecules.properties))
        if len(y) >= settings.min_labels and np.ptp(y) > 1e-12 * max(1.0, abs(y.mean())):
            rows = np.flatnonzero(np.array(order) >= newest.stop - LEARNT_FROM)
            labels = Scale.of(y[rows]).standardised(y[rows])
            covariance = hyperparameters.learn(
                molecules[rows],
                labels,
                covariance,
                noise_floor=settings.noise_floor,
                amplitude=None,
            )
        self._posterior = Posterior.of(covariance, molecules, y)
        self._smiles = tuple(smiles[i] for i in order)
        self._rank = np.argsort(order)

    def predict(self, smiles: Sequence[str]) -> Prediction:
        """Mean and standard deviation of new values; see ``Surrogate.predict``."""
        posterior = self._fitted()
        mean, variance = self._marginals(smiles)
        noise = posterior.spread**2 * posterior.covariance.noise
        return Prediction(mean, np.sqrt(variance + noise))

    def sample(self, smiles: Sequence[str], n: int, seed: int) -> NDArray[np.float64]:
        """Draws of the noise-free values; see ``Surrogate.sample``.

        Joint up to JOINT_LIMIT molecules; beyond, each is drawn from its marginal.
        """
        posterior = self._fitted()
        draws = np.random.default_rng(seed).standard_normal((n, len(smiles)))
        if len(smiles) == 0:
            return draws
        if len(smiles) > JOINT_LIMIT:
            mean, variance = self._marginals(smiles)
            return np.asarray(mean + np.sqrt(variance) * draws)
        wanted = sumkernel.molecules_of(smiles)
        outlook = posterior.outlook(wanted)
        own = posterior.covariance(wanted, Index(wanted.prints), wanted)
        size = posterior.spread**2
        return joint_draws(
            outlook.mean,
            size * (own - outlook.half.T @ outlook.half),
            draws,
            size=size * posterior.covariance.prior_variance,
        )

    def leave_one_out(self) -> Prediction:
        """Each label predicted from all others, hyper-parameters kept, in the order given."""
        mean, variance = self._fitted().regression.left_out()
        return Prediction(mean[self._rank], np.sqrt(variance[self._rank]))

    def conditioned(self, smiles: Sequence[str], values: ArrayLike) -> GaussianProcess:
        """Further values with the hyper-parameters kept; see ``Surrogate.conditioned``."""
        posterior = self._fitted()
        y = np.asarray(values, dtype=np.float64)
        if y.shape != (len(smiles),) or not np.isfinite(y).all():
            raise ValueError(
                f"{len(smiles)} molecules and values of shape {y.shape}; "
                "give one finite value for each"
            )
        other = GaussianProcess(self.settings)
        other._smiles = (*self._smiles, *smiles)
        other._posterior = posterior
        if len(smiles):
            other._posterior = posterior.extended(
                sumkernel.molecules_of(smiles), y, posterior.scale
            )
        other._rank = np.concatenate(
            [self._rank, np.arange(len(self._smiles), len(other._smiles), dtype=np.int64)]
        )
        return other

    def representers(self) -> tuple[Representers, ...]:
        """The mean, as one term or the sum of the means of several, for explaining it."""
        posterior = self._fitted()
        return (
            Representers(
                posterior.molecules,
                self._smiles,
                posterior.regression.weights,
                posterior.scale.offset,
                posterior.spread,
                posterior.covariance,
            ),
        )

    def _fitted(self) -> Posterior:
        if self._posterior is None:
            raise ValueError("the surrogate is not fitted yet; call fit first")
        return self._posterior

    def _marginals(self, smiles: Sequence[str]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Mean and noise-free variance in the labels' unit, shape (molecules,) each."""
        posterior = self._fitted()
        mean, variance = np.empty(len(smiles)), np.empty(len(smiles))
        for start in range(0, len(smiles), _CHUNK):
            part = slice(start, start + _CHUNK)
            outlook = posterior.outlook(sumkernel.molecules_of(smiles[part]))
            mean[part], variance[part] = outlook.mean, outlook.variance
        return mean, variance
