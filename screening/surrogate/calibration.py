"""Whether a surrogate knows what it does not know."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from screening.surrogate.surrogate import Prediction


@dataclass(frozen=True)
class Calibration:
    """Predictions judged by the values that came."""

    n: int
    coverage_95: float  # share of values within mean +- 1.96 std
    nlpd: float  # negative log predictive density, nats a molecule
    spearman: float  # rank correlation of means and values; nan if either is constant
    rmse: float  # in the values' unit
    bias: float  # mean of value minus prediction, in the values' unit
    within_one_std: float  # share of values; 0.683 where calibrated
    within_two_std: float  # 0.954 where calibrated
    error_vs_std: float  # rank correlation of |error| and std; nan if either is constant
    miscalibration: float  # 0..0.5, see ``miscalibration_area``


def calibration(prediction: Prediction, values: ArrayLike) -> Calibration:
    """Judge predictions that did not see the values: held out, or left out one by one.

    Args:
        prediction: means and standard deviations, noise included.
        values: shape (molecules,).

    Raises:
        ValueError: no value, another number than predictions, or a standard deviation that
            is not positive.
    """
    y = np.asarray(values, dtype=np.float64)
    if y.shape != prediction.mean.shape or y.size == 0:
        raise ValueError(
            f"{prediction.mean.size} predictions and values of shape {y.shape}; "
            "give one value for each, and at least one"
        )
    if not (prediction.std > 0).all():
        raise ValueError("a standard deviation is not positive; leave its molecule out")
    error = y - prediction.mean
    z = error / prediction.std
    density = 0.5 * z**2 + np.log(prediction.std) + 0.5 * math.log(2 * math.pi)
    return Calibration(
        n=int(y.size),
        coverage_95=float((np.abs(z) <= 1.959964).mean()),
        nlpd=float(density.mean()),
        spearman=_spearman(prediction.mean, y),
        rmse=float(np.sqrt((error**2).mean())),
        bias=float(error.mean()),
        within_one_std=float((np.abs(z) <= 1).mean()),
        within_two_std=float((np.abs(z) <= 2).mean()),
        error_vs_std=_spearman(np.abs(error), prediction.std),
        miscalibration=miscalibration_area(z),
    )


def miscalibration_area(z: ArrayLike) -> float:
    """Area between the calibration curve and the diagonal (Kuleshov et al., ICML 2018).

    The curve gives, for every level of a central interval, the share of values within it.
    0 where all hold, 0.5 where no interval holds anything or the narrowest holds all.

    Args:
        z: errors in units of their standard deviations, shape (molecules,), at least one.
    """
    level = np.sort([math.erf(abs(error) / math.sqrt(2)) for error in np.asarray(z).tolist()])
    n = len(level)
    edges = np.concatenate([[0.0], level, [1.0]])
    share = np.arange(n + 1) / n  # of values within, between one edge and the next
    low, high = edges[:-1] - share, edges[1:] - share
    return float(0.5 * (high * np.abs(high) - low * np.abs(low)).sum())


def _spearman(a: ArrayLike, b: ArrayLike) -> float:
    x, y = ranks(a), ranks(b)
    if x.std() == 0 or y.std() == 0:
        return math.nan
    return float(np.corrcoef(x, y)[0, 1])


def ranks(values: ArrayLike) -> NDArray[np.float64]:
    """Ranks from 1; equal values share their mean rank."""
    _, group, counts = np.unique(np.asarray(values), return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2)[group], dtype=np.float64)
