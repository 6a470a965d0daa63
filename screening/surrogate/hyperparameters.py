"""Learning the hyper-parameters of the sum of kernels.

The most likely ones under broad log-normal priors (maximum a posteriori), by L-BFGS-B on the
logarithms, with the exact gradient of the marginal likelihood (Rasmussen and Williams 2006,
equation 5.9). Deterministic.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.lapack import dpotrf, dpotri
from scipy.optimize import minimize

from screening.surrogate.countprints import KINDS, Index
from screening.surrogate.properties import NAMES
from screening.surrogate.sumkernel import MEAN_VARIANCE, Molecules, SumCovariance, squares
from screening.surrogate.summand import Summand

ITERATIONS = 40

# medians of the priors, and their spreads in natural logarithms
_WEIGHT, _PROPERTY, _NOISE = 0.1, 0.02, 1e-3
_LENGTH = float(np.sqrt(len(NAMES)))
_WEIGHT_SPREAD, _SHARE_SPREAD, _NOISE_SPREAD, _LENGTH_SPREAD = 0.6, 1.0, 1.5, 1.0


def widths(properties: NDArray[np.float64]) -> NDArray[np.float64]:
    """Standard deviation of each property; 1 where it is constant."""
    width = properties.std(axis=0)
    return np.asarray(np.where(width > 1e-9, width, 1.0))


def prior(width: NDArray[np.float64], summands: Sequence[Summand] = ()) -> SumCovariance:
    """The medians of the priors, for properties of these widths and further summands."""
    return SumCovariance(
        np.full(len(KINDS), _WEIGHT),
        _PROPERTY,
        _NOISE,
        _LENGTH * width,
        tuple(summands),
        np.full(len(summands), _WEIGHT),
    )


def learn(
    molecules: Molecules,
    labels: NDArray[np.float64],
    start: SumCovariance,
    *,
    noise_floor: float,
    amplitude: float | None = 1.0,
    variances: NDArray[np.float64] | None = None,
) -> SumCovariance:
    """The most likely hyper-parameters.

    Args:
        molecules: with a label.
        labels: standardised, shape (molecules,).
        start: where the search begins, one L-BFGS-B run; its further summands are kept.
        noise_floor: least noise variance.
        amplitude: what the weights are scaled to sum to, the noise with them; None to leave
            them as learnt. Labels that a search has collected crowd near its best, so that
            the likelihood takes the function for flatter than it is elsewhere; means do not
            depend on the amplitude, deviations do.
        variances: of errors of the labels beside the noise, shape (molecules,), standardised.
    """
    width = widths(molecules.properties)
    scaled = molecules.properties / width
    known = np.concatenate(
        [
            Index(molecules.prints).similarities(molecules.prints),
            *(
                k.covariance(x, x)[np.newaxis]
                for k, x in zip(start.summands, molecules.extra, strict=True)
            ),
        ]
    )
    # theta: weights of what is known, then w_p, the noise and the lengths, as logarithms
    kinds = len(known)
    n = len(labels)
    flat_known = known.reshape(kinds, n * n)
    spreads = np.concatenate(
        [
            np.full(len(KINDS), _WEIGHT_SPREAD),
            np.full(len(start.summands), _SHARE_SPREAD),
            [_WEIGHT_SPREAD, _NOISE_SPREAD],
            np.full(len(NAMES), _LENGTH_SPREAD),
        ]
    )
    centre = _packed(prior(np.ones(len(NAMES)), start.summands))
    diagonal = np.diag_indices(n)

    def objective(theta: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        values = np.exp(theta)
        weights, w_p, noise, lengths = (
            values[:kinds],
            values[kinds],
            values[kinds + 1],
            values[kinds + 2 :],
        )
        x = scaled / lengths
        smooth = w_p * np.exp(-0.5 * squares(x, x))
        total = (weights @ flat_known).reshape(n, n)
        total += smooth
        total += MEAN_VARIANCE
        total[diagonal] += noise if variances is None else noise + variances
        # symmetric, so its transpose, which LAPACK needs no copy of, is the same matrix
        factor, failed = dpotrf(total.T, lower=1, clean=0, overwrite_a=1)
        if failed:
            return 1e10, np.zeros_like(theta)
        logarithms = np.log(np.diag(factor)).sum()
        inverse, _ = dpotri(factor, lower=1, overwrite_c=1)
        inverse = np.tril(inverse) + np.tril(inverse, -1).T
        alpha = inverse @ labels
        pull = (theta - centre) / spreads
        value = 0.5 * labels @ alpha + logarithms + 0.5 * (pull**2).sum()
        slope = 0.5 * (inverse - np.outer(alpha, alpha))
        gradient = np.empty_like(theta)
        gradient[:kinds] = weights * (flat_known @ slope.ravel())
        smooth *= slope
        gradient[kinds] = smooth.sum()
        gradient[kinds + 1] = noise * np.trace(slope)
        # sum_ab M_ab (x_a - x_b)^2 = 2 (x^2 . M 1 - x . M x), for each property
        crossed = (x * (smooth @ x)).sum(axis=0)
        gradient[kinds + 2 :] = 2 * ((x**2).T @ smooth.sum(axis=1) - crossed)
        return float(value), gradient + pull / spreads

    begin = _packed(start)
    begin[kinds + 2 :] -= np.log(width)
    bounds = [(c - 4 * s, c + 4 * s) for c, s in zip(centre, spreads, strict=True)]
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
        values[: len(KINDS)],
        float(values[kinds]),
        float(values[kinds + 1]),
        values[kinds + 2 :] * width,
        start.summands,
        values[len(KINDS) : kinds],
    )


def _packed(covariance: SumCovariance) -> NDArray[np.float64]:
    return np.log(
        np.concatenate(
            [
                covariance.weights,
                covariance.shares,
                [covariance.properties, covariance.noise],
                covariance.lengths,
            ]
        )
    )
