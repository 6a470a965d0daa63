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


def calibration(prediction: Prediction, values: ArrayLike) -> Calibration:
    """Judge predictions that did not see the values: held out, or left out one by one.

    Args:
        prediction: means and standard deviations, noise included.
        values: shape (molecules,).

    Raises:
        ValueError: no value, or another number than predictions.
    """
    y = np.asarray(values, dtype=np.float64)
    if y.shape != prediction.mean.shape or y.size == 0:
        raise ValueError(
            f"{prediction.mean.size} predictions and values of shape {y.shape}; "
            "give one value for each, and at least one"
        )
    z = (y - prediction.mean) / prediction.std
    density = 0.5 * z**2 + np.log(prediction.std) + 0.5 * math.log(2 * math.pi)
    return Calibration(
        n=int(y.size),
        coverage_95=float((np.abs(z) <= 1.959964).mean()),
        nlpd=float(density.mean()),
        spearman=_spearman(prediction.mean, y),
        rmse=float(np.sqrt(((y - prediction.mean) ** 2).mean())),
    )


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
