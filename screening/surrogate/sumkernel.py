"""Gaussian process over a sum of kernels: several count fingerprints and properties.

    K(x, y) = c + sum_f w_f MinMax_f(x, y) + w_p exp(-1/2 sum_j (p_j(x) - p_j(y))^2 / l_j^2)

with one weight for each fingerprint of ``countprints`` and one length for each standardised
property. The constant c is an unknown mean integrated out. Weights, lengths and noise are
the most likely ones under broad log-normal priors, learnt on a part of the labels; new
labels extend the Cholesky factor without learning anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_solve
from scipy.optimize import minimize

from screening.surrogate.countprints import KINDS, CountPrints, Index
from screening.surrogate.properties import NAMES
from screening.surrogate.regression import Regression, Scale

MEAN_VARIANCE = 1.0  # c, in units of the variance of the labels
ITERATIONS = 40

_WEIGHT, _PROPERTY, _NOISE = 0.1, 0.02, 1e-3  # medians of the priors
_LENGTH = float(np.sqrt(len(NAMES)))
_SPREADS = np.concatenate([np.full(len(KINDS), 0.6), [0.6, 1.5], np.full(len(NAMES), 1.0)])


@dataclass(frozen=True)
class Molecules:
    """What the kernels see."""

    prints: CountPrints
    properties: NDArray[np.float64]  # shape: (molecules, len(NAMES)); raw units

    def __len__(self) -> int:
        return len(self.properties)

    def __getitem__(self, chosen: slice | NDArray[np.int64]) -> Molecules:
        return Molecules(self.prints[chosen], self.properties[chosen])


@dataclass(frozen=True)
class SumCovariance:
    """Hyper-parameters, in units of the variance of the labels."""

    weights: NDArray[np.float64]  # shape: (len(KINDS),)
    properties: float  # w_p
    noise: float
    lengths: NDArray[np.float64]  # shape: (len(NAMES),), in raw units of each property

    @property
    def prior_variance(self) -> float:
        """Of one molecule, without the noise."""
        return MEAN_VARIANCE + float(self.weights.sum()) + self.properties

    def __call__(self, a: Molecules, index: Index, b: Molecules) -> NDArray[np.float64]:
        """K without the noise, shape (len(a), len(b)); ``index`` holds the prints of ``b``."""
        total = index.combined(a.prints, self.weights)
        total += self.properties * np.exp(
            -0.5 * _squares(a.properties / self.lengths, b.properties / self.lengths)
        )
        total += MEAN_VARIANCE
        return total


def _squares(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    sums = (x**2).sum(axis=1)[:, np.newaxis] + (y**2).sum(axis=1)
    return np.asarray(np.maximum(sums - 2 * x @ y.T, 0.0))


def widths(properties: NDArray[np.float64]) -> NDArray[np.float64]:
    """Standard deviation of each property; 1 where it is constant."""
    width = properties.std(axis=0)
    return np.asarray(np.where(width > 1e-9, width, 1.0))


def prior(width: NDArray[np.float64]) -> SumCovariance:
    """The medians of the priors, for properties of these widths."""
    return SumCovariance(np.full(len(KINDS), _WEIGHT), _PROPERTY, _NOISE, _LENGTH * width)


def learn(
    molecules: Molecules,
    labels: NDArray[np.float64],
    start: SumCovariance,
    *,
    noise_floor: float,
    amplitude: float | None = 1.0,
) -> SumCovariance:
    """The most likely hyper-parameters; deterministic.

    Args:
        molecules: with a label.
        labels: standardised, shape (molecules,).
        start: where the search begins, one L-BFGS-B run.
        noise_floor: least noise variance.
        amplitude: what the weights are scaled to sum to, the noise with them; None to leave
            them as learnt. Labels that a search has collected crowd near its best, so that
            the likelihood takes the function for flatter than it is elsewhere; means do not
            depend on the amplitude, deviations do.
    """
    width = widths(molecules.properties)
    scaled = molecules.properties / width
    similarities = Index(molecules.prints).similarities(molecules.prints)
    centre = _packed(prior(np.ones(len(NAMES))))
    kinds = len(KINDS)
    n = len(labels)

    def objective(theta: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        values = np.exp(theta)
        weights, w_p, noise, lengths = (
            values[:kinds],
            values[kinds],
            values[kinds + 1],
            values[kinds + 2 :],
        )
        x = scaled / lengths
        smooth = w_p * np.exp(-0.5 * _squares(x, x))
        total = np.tensordot(weights, similarities, axes=1) + smooth
        total += MEAN_VARIANCE
        total[np.diag_indices(n)] += noise
        try:
            factor = np.linalg.cholesky(total)
        except np.linalg.LinAlgError:
            return 1e10, np.zeros_like(theta)
        inverse = cho_solve((factor, True), np.eye(n))
        alpha = inverse @ labels
        pull = (theta - centre) / _SPREADS
        value = 0.5 * labels @ alpha + np.log(np.diag(factor)).sum() + 0.5 * (pull**2).sum()
        slope = 0.5 * (inverse - np.outer(alpha, alpha))
        gradient = np.empty_like(theta)
        flat = slope.ravel()
        for kind in range(kinds):
            gradient[kind] = weights[kind] * (flat @ similarities[kind].ravel())
        smooth *= slope
        gradient[kinds] = smooth.sum()
        gradient[kinds + 1] = noise * np.trace(slope)
        # sum_ab M_ab (x_a - x_b)^2 = 2 (x^2 . M 1 - x . M x), for each property
        crossed = (x * (smooth @ x)).sum(axis=0)
        gradient[kinds + 2 :] = 2 * ((x**2).T @ smooth.sum(axis=1) - crossed)
        return float(value), gradient + pull / _SPREADS

    begin = _packed(
        SumCovariance(start.weights, start.properties, start.noise, start.lengths / width)
    )
    bounds = [(c - 4 * s, c + 4 * s) for c, s in zip(centre, _SPREADS, strict=True)]
    bounds[kinds + 1] = (np.log(noise_floor), bounds[kinds + 1][1])
    low, high = np.array(bounds).T
    found = minimize(
        objective,
        np.clip(begin, low, high),
        jac=True,
        method="L-BFGS-B",
        bounds=bounds,
        options={"maxiter": ITERATIONS},
    )
    values = np.exp(found.x)
    if amplitude is not None:
        values[: kinds + 2] *= amplitude / values[: kinds + 1].sum()
        values[kinds + 1] = max(values[kinds + 1], noise_floor)
    return SumCovariance(
        values[:kinds], float(values[kinds]), float(values[kinds + 1]), values[kinds + 2 :] * width
    )


def _packed(covariance: SumCovariance) -> NDArray[np.float64]:
    return np.log(
        np.concatenate(
            [
                covariance.weights,
                [covariance.properties, covariance.noise],
                covariance.lengths,
            ]
        )
    )


@dataclass(frozen=True)
class Outlook:
    """What a posterior says of some molecules, in the labels' unit."""

    molecules: Molecules
    mean: NDArray[np.float64]  # shape: (molecules,)
    variance: NDArray[np.float64]  # shape: (molecules,), of the noise-free value
    half: NDArray[np.float64]  # shape: (labels, molecules), L^-1 k


@dataclass(frozen=True)
class Posterior:
    """The process conditioned on labelled molecules, its hyper-parameters fixed."""

    covariance: SumCovariance
    molecules: Molecules
    index: Index  # of their prints
    values: NDArray[np.float64]  # shape: (labels,)
    regression: Regression

    @staticmethod
    def of(
        covariance: SumCovariance, molecules: Molecules, values: NDArray[np.float64]
    ) -> Posterior:
        """Conditioned on labelled molecules."""
        index = Index(molecules.prints)
        regression = Regression.of(
            covariance(molecules, index, molecules), covariance.noise, values, Scale.of(values)
        )
        return Posterior(covariance, molecules, index, values, regression)

    def extended(
        self, molecules: Molecules, values: NDArray[np.float64], scale: Scale | None = None
    ) -> Posterior:
        """The same conditioned on further labels too.

        Args:
            molecules: at least one.
            values: shape (molecules,), in the labels' unit.
            scale: how labels are standardised; None for that of all of them together.
        """
        together = joined(self.molecules, molecules)
        index = Index(together.prints)
        rows = self.covariance(molecules, index, together)
        n = len(self.values)
        all_values = np.concatenate([self.values, values])
        regression = self.regression.extended(
            rows[:, :n], rows[:, n:], all_values, scale or Scale.of(all_values)
        )
        return Posterior(self.covariance, together, index, all_values, regression)

    @property
    def scale(self) -> Scale:
        """How labels are standardised."""
        return self.regression.scale

    @property
    def spread(self) -> float:
        """Standard deviation of the labels, in their unit."""
        return self.regression.scale.spread

    def outlook(self, molecules: Molecules) -> Outlook:
        """Mean and variance of other molecules."""
        cross = self.covariance(molecules, self.index, self.molecules)
        half = self.regression.half(cross)
        variance = self.covariance.prior_variance - np.einsum("ij,ij->j", half, half)
        return Outlook(
            molecules,
            self.regression.mean(cross),
            self.spread**2 * np.maximum(variance, 1e-12),
            half,
        )

    def covariances(self, outlook: Outlook, i: int) -> NDArray[np.float64]:
        """Posterior covariance of molecule ``i`` with all of an outlook; shape (molecules,)."""
        one = outlook.molecules[i : i + 1]
        prior = self.covariance(outlook.molecules, Index(one.prints), one)[:, 0]
        return np.asarray(self.spread**2 * (prior - outlook.half.T @ outlook.half[:, i]))


def joined(a: Molecules, b: Molecules) -> Molecules:
    """One set after the other."""
    p, q = a.prints, b.prints
    return Molecules(
        CountPrints(
            np.concatenate([p.start, p.start[-1] + q.start[1:]]),
            np.concatenate([p.columns, q.columns]),
            np.concatenate([p.counts, q.counts]),
            np.concatenate([p.totals, q.totals]),
        ),
        np.concatenate([a.properties, b.properties]),
    )


def molecules_of(smiles: Sequence[str]) -> Molecules:
    """The molecules of good SMILES.

    Raises:
        ValueError: one is not valid.
    """
    from screening.surrogate import features

    seen = [features.described(text) for text in smiles]
    return Molecules(
        CountPrints.of([counts for counts, _ in seen]),
        np.array([values for _, values in seen]).reshape(-1, len(NAMES)),
    )
