"""The process through inducing molecules, for more labels than an exact fit can take.

The fully independent training conditional of Snelson and Ghahramani (NeurIPS 2005): labels
know of each other only through m of their own molecules, and what these leave unexplained
of a label's prior variance counts as its noise,

    y ~ N(0, Q + D),   Q = K_nm K_mm^-1 K_mn,   D = diag(K - Q) + noise.

Hyper-parameters learnt by the exact likelihood keep their meaning in it, since each label's
variance is that of the exact process. The inducing molecules are those of the greatest
variance given the ones before (pivoted Cholesky; Burt, Rasmussen and van der Wilk, JMLR 21
(2020) 131), so the work is m^2 for each label and m^2 for each prediction.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_solve, solve_triangular

from screening.surrogate.countprints import Index
from screening.surrogate.regression import Scale
from screening.surrogate.sumkernel import Molecules, SumCovariance

EXPLAINED = 1e-6  # of the prior variance; a molecule with less left induces nothing new


@dataclass(frozen=True)
class InducingPosterior:
    """The process conditioned on labels through some of their molecules."""

    covariance: SumCovariance
    molecules: Molecules  # the inducing ones, m of them
    index: Index  # of their prints
    scale: Scale
    chosen: NDArray[np.int64]  # shape: (m,); their places among the labelled
    weights: NDArray[np.float64]  # shape: (m,), of the inducing molecules in the mean
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
        chosen, seen = _pivots(covariance, molecules, size)
        factor = np.tril(seen[:, chosen].T)  # of K_mm, lower
        noise = np.maximum(covariance.prior_variance - np.einsum("ij,ij->j", seen, seen), 0.0)
        noise += covariance.noise
        if variances is not None:
            noise += variances / scale.spread**2
        labels = scale.standardised(values)
        known = seen / np.sqrt(noise)
        total = np.eye(len(chosen)) + known @ known.T
        lower = np.linalg.cholesky(total)
        solved = cho_solve((lower, True), seen @ (labels / noise))
        inverse = cho_solve((lower, True), np.eye(len(chosen)))
        gained = np.linalg.cholesky(np.eye(len(chosen)) * (1 + 1e-10) - inverse)
        root = solve_triangular(factor, gained, lower=True, trans="T", check_finite=False).T
        weights = solve_triangular(factor, solved, lower=True, trans="T", check_finite=False)
        basis = molecules[chosen]
        return InducingPosterior(
            covariance,
            basis,
            Index(basis.prints),
            scale,
            chosen,
            weights,
            root,
            seen,
            noise,
            labels,
        )

    def half(self, cross: NDArray[np.float64]) -> NDArray[np.float64]:
        """What the labels explain of covariances, shape (m, molecules).

        The posterior covariance of a and b is K(a, b) - half(a)^T half(b).

        Args:
            cross: covariance of the molecules with the inducing ones, (molecules, m).
        """
        return np.asarray(self.root @ cross.T)

    def back(self, halves: NDArray[np.float64]) -> NDArray[np.float64]:
        """The weights of the inducing molecules that stand for ``half(.)^T halves``."""
        return np.asarray(self.root.T @ halves)

    def left_out(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Mean and variance of each label from all others, the inducing molecules kept.

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
    covariance: SumCovariance, molecules: Molecules, size: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Places of the inducing molecules, shape (m,), and L^-1 K_mn, shape (m, molecules)."""
    n = len(molecules)
    index = Index(molecules.prints)
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
