"""The process for more labels than an exact fit can take: exact means, cheaper deviations.

Covariances go through m inducing molecules, in the fully independent training conditional of
Snelson and Ghahramani (NeurIPS 2005): labels know of each other only through m of their own
molecules, and what these leave unexplained of a label's prior variance counts as its noise,

    y ~ N(0, Q + D),   Q = K_nm K_mm^-1 K_mn,   D = diag(K - Q) + noise.

Hyper-parameters learnt by the exact likelihood keep their meaning in it, since each label's
variance is that of the exact process. The inducing molecules are those of the greatest
variance given the ones before (pivoted Cholesky; Burt, Rasmussen and van der Wilk, JMLR 21
(2020) 131). Similarities of count vectors decay slowly, so that means through inducing
molecules lose much; the mean is therefore that of the exact process, (K + noise) w = y solved
by conjugate gradients, which (Q + D)^-1 makes few of (as Gardner et al., NeurIPS 2018, do
with a pivoted Cholesky factor).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_solve, solve_triangular

from screening.surrogate.countprints import Index
from screening.surrogate.regression import Scale
from screening.surrogate.sumkernel import Molecules, SumCovariance

ITERATIONS = 100  # most of the conjugate gradients
RESIDUAL = 1e-4  # of the labels' length, at which they end
EXPLAINED = 1e-6  # of the prior variance; a molecule with less left induces nothing new

_ROWS = 1024  # of the covariance, made at a time


@dataclass(frozen=True)
class InducingPosterior:
    """The process conditioned on labels through some of their molecules."""

    covariance: SumCovariance
    molecules: Molecules  # the labelled ones
    index: Index  # of their prints
    scale: Scale
    chosen: NDArray[np.int64]  # shape: (m,); places of the inducing ones among them
    weights: NDArray[np.float64]  # shape: (labels,), in the standardised mean
    root: NDArray[np.float64]  # shape: (m, m), R^T R = K_mm^-1 - (K_mm + K_mn D^-1 K_nm)^-1
    # what leaving a label out asks for
    seen: NDArray[np.float64]  # shape: (m, labels), L^-1 K_mn with L the factor of K_mm
    noise: NDArray[np.float64]  # shape: (labels,), D
    labels: NDArray[np.float64]  # shape: (labels,), standardised

    @staticmethod
    def of(
        covariance: SumCovariance,
        molecules: Molecules,
        values: NDArray[np.float64],
        size: int,
        variances: NDArray[np.float64] | None = None,
    ) -> InducingPosterior:
        """Conditioned on labelled molecules.

        Args:
            covariance: the hyper-parameters.
            molecules: with a label.
            values: shape (molecules,), in the labels' unit.
            size: most inducing molecules; fewer where they already explain all.
            variances: of errors of the values beside the noise, in their unit squared, shape
                (molecules,).
        """
        scale = Scale.of(values)
        index = Index(molecules.prints)
        chosen, seen = _pivots(covariance, molecules, index, size)
        factor = np.tril(seen[:, chosen].T)  # of K_mm, lower
        unexplained = covariance.prior_variance - np.einsum("ij,ij->j", seen, seen)
        errors = np.full(len(values), covariance.noise)
        if variances is not None:
            errors += variances / scale.spread**2
        noise = np.maximum(unexplained, 0.0) + errors
        known = seen / np.sqrt(noise)
        lower = np.linalg.cholesky(np.eye(len(chosen)) + known @ known.T)
        inverse = cho_solve((lower, True), np.eye(len(chosen)))
        gained = np.linalg.cholesky(np.eye(len(chosen)) * (1 + 1e-10) - inverse)
        root = solve_triangular(factor, gained, lower=True, trans="T", check_finite=False).T
        labels = scale.standardised(values)

        def roughly(y: NDArray[np.float64]) -> NDArray[np.float64]:
            scaled = y / np.sqrt(noise)
            pull = cho_solve((lower, True), known @ scaled, check_finite=False)
            return np.asarray((scaled - pull @ known) / np.sqrt(noise))

        full = _matrix(covariance, molecules, index)
        weights = _solved(lambda w: full @ w.astype(np.float32) + errors * w, roughly, labels)
        return InducingPosterior(
            covariance, molecules, index, scale, chosen, weights, root, seen, noise, labels
        )

    def half(self, cross: NDArray[np.float64]) -> NDArray[np.float64]:
        """What the labels explain of covariances, shape (m, molecules).

        The posterior covariance of a and b is K(a, b) - half(a)^T half(b).

        Args:
            cross: covariance of the molecules with the labelled ones, (molecules, labels).
        """
        return np.asarray(self.root @ cross[:, self.chosen].T)

    def back(self, halves: NDArray[np.float64]) -> NDArray[np.float64]:
        """The weights of the labelled molecules that stand for ``half(.)^T halves``."""
        weights = np.zeros(len(self.weights))
        weights[self.chosen] = self.root.T @ halves
        return weights

    def left_out(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Mean and variance of each label from all others, both through the inducing ones.

        In the labels' unit; the variance is of a new value, noise included.
        """
        known = self.seen / np.sqrt(self.noise)
        total = np.linalg.cholesky(np.eye(len(known)) + known @ known.T)
        # (Q + D)^-1 by Woodbury
        half = solve_triangular(total, known, lower=True, check_finite=False)
        precision = (1 - np.einsum("ij,ij->j", half, half)) / self.noise
        scaled = self.labels / np.sqrt(self.noise)
        pull = (scaled - half.T @ (half @ scaled)) / np.sqrt(self.noise)
        mean = self.labels - pull / precision
        scale = self.scale
        return scale.offset + scale.spread * mean, scale.spread**2 / precision


def _pivots(
    covariance: SumCovariance, molecules: Molecules, index: Index, size: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Places of the inducing molecules, shape (m,), and L^-1 K_mn, shape (m, molecules)."""
    n = len(molecules)
    remaining = np.full(n, covariance.prior_variance)
    seen = np.empty((min(size, n), n))
    chosen: list[int] = []
    while len(chosen) < len(seen):
        pivot = int(np.argmax(remaining))
        if remaining[pivot] <= EXPLAINED * covariance.prior_variance:
            break
        j = len(chosen)
        row = covariance(molecules[pivot : pivot + 1], index, molecules)[0]
        row -= seen[:j, pivot] @ seen[:j]
        row /= np.sqrt(remaining[pivot])
        row[chosen] = 0.0  # rounding would leave a little
        seen[j] = row
        remaining -= row**2
        remaining[pivot] = 0.0
        chosen.append(pivot)
    return np.array(chosen, dtype=np.int64), seen[: len(chosen)]


def _matrix(covariance: SumCovariance, molecules: Molecules, index: Index) -> NDArray[np.float32]:
    """K of the labelled molecules, in single precision, since it is large."""
    n = len(molecules)
    full = np.empty((n, n), dtype=np.float32)
    for start in range(0, n, _ROWS):
        part = slice(start, start + _ROWS)
        full[part] = covariance(molecules[part], index, molecules)
    return full


def _solved(
    product: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    roughly: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    y: NDArray[np.float64],
) -> NDArray[np.float64]:
    """A^-1 y by conjugate gradients, preconditioned; the best found after ITERATIONS."""
    w = roughly(y)
    left = y - product(w)
    z = roughly(left)
    direction, reach = z, float(left @ z)
    for _ in range(ITERATIONS):
        if np.linalg.norm(left) <= RESIDUAL * np.linalg.norm(y):
            break
        image = product(direction)
        step = reach / float(direction @ image)
        w = w + step * direction
        left = left - step * image
        z = roughly(left)
        reach, before = float(left @ z), reach
        direction = z + reach / before * direction
    return w
