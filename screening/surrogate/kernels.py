"""Similarities of molecules as covariances.

MinMax (generalised Tanimoto) on counts, k(x, y) = sum min(x, y) / sum max(x, y),
positive semidefinite (Ralaivola et al., Neural Networks 18 (2005) 1093), and the
squared exponential on standardised descriptors. The covariance of the surrogate is

    K = s_m MinMax + s_d exp(-D / (2 l^2))

with D the squared distance of the descriptors divided by their number.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from screening.surrogate.features import Features


def minmax(a: Features, b: Features) -> NDArray[np.float64]:
    """MinMax similarity, shape (len(a), len(b)), 0..1."""
    shared = (a.levels @ b.levels.T).toarray()  # sum of minima
    joint = a.counts[:, np.newaxis] + b.counts[np.newaxis, :] - shared  # sum of maxima
    return np.asarray(np.divide(shared, joint, out=np.ones_like(shared), where=joint > 0))


@dataclass(frozen=True)
class DescriptorScale:
    """Centre and width of each descriptor in the training set."""

    centre: NDArray[np.float64]  # shape: (descriptors,)
    width: NDArray[np.float64]  # shape: (descriptors,); 1 where a descriptor is constant

    @staticmethod
    def of(features: Features) -> DescriptorScale:
        """The scale of a training set."""
        width = features.descriptors.std(axis=0)
        return DescriptorScale(
            features.descriptors.mean(axis=0), np.where(width > 1e-9, width, 1.0)
        )

    def squared_distances(self, a: Features, b: Features) -> NDArray[np.float64]:
        """Mean squared distance of the standardised descriptors, shape (len(a), len(b))."""
        x = (a.descriptors - self.centre) / self.width
        y = (b.descriptors - self.centre) / self.width
        squares = (x**2).sum(axis=1)[:, np.newaxis] + (y**2).sum(axis=1)[np.newaxis, :]
        return np.asarray(np.maximum(squares - 2 * x @ y.T, 0.0) / x.shape[1])


@dataclass(frozen=True)
class Covariance:
    """Hyper-parameters, in units of the variance of the labels."""

    minmax: float  # s_m
    descriptors: float  # s_d
    lengthscale: float  # l, in standardised descriptor units
    noise: float

    def __call__(
        self, similarity: NDArray[np.float64], distance: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """K without the noise, the shape of ``similarity``.

        Args:
            similarity: MinMax.
            distance: mean squared distance of the standardised descriptors.
        """
        smooth = np.exp(-0.5 * distance / self.lengthscale**2)
        return np.asarray(self.minmax * similarity + self.descriptors * smooth)

    @property
    def prior_variance(self) -> float:
        """Of one molecule, without the noise."""
        return self.minmax + self.descriptors


# For too few labels to learn from: both similarities alike, a tenth noise.
PRIOR = Covariance(minmax=0.5, descriptors=0.5, lengthscale=1.0, noise=0.1)
