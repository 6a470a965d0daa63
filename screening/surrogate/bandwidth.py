"""How wide a kernel is, by the likelihood of labels under it alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

NOISES = np.geomspace(1e-3, 10.0, 17)  # variance of the noise over that of the kernel


def likeliest(
    kernel: Callable[[float], NDArray[np.float64]],
    labels: NDArray[np.float64],
    widths: Sequence[float],
) -> float:
    """The width under which the labels are likeliest; the earlier of two that are alike.

    The labels are a constant, a process with this kernel and noise; the constant, the
    amplitude and the share of the noise are the likeliest too.

    Args:
        kernel: the covariance of the labelled molecules at a width, shape (labels, labels).
        labels: shape (labels,), at least two.
        widths: that are tried.
    """
    return max(widths, key=lambda width: evidence(kernel(width), labels))


def spaced(n: int, most: int) -> NDArray[np.int64]:
    """Places of at most ``most`` of n labels, evenly spaced. # shape: (min(n, most),)"""
    return np.unique(np.linspace(0, n - 1, min(n, most)).round().astype(np.int64))


def evidence(covariance: NDArray[np.float64], labels: NDArray[np.float64]) -> float:
    """Logarithm of the likelihood, at the best constant, amplitude and noise; nats.

    Rasmussen and Williams (2006), equation 5.8, the amplitude profiled.

    Args:
        covariance: of the labelled molecules, shape (labels, labels).
        labels: shape (labels,).
    """
    n = len(labels)
    values, vectors = np.linalg.eigh(covariance)
    values = np.maximum(values, 0.0)
    y, one = vectors.T @ labels, vectors.T @ np.ones(n)
    spectra = values + NOISES[:, np.newaxis]  # shape: (noises, n)
    centre = ((y * one) / spectra).sum(axis=1) / (one**2 / spectra).sum(axis=1)
    rest = y - centre[:, np.newaxis] * one
    amplitude = np.maximum((rest**2 / spectra).mean(axis=1), 1e-300)
    found = -0.5 * (n * np.log(amplitude) + np.log(spectra).sum(axis=1))
    return float(found.max())
