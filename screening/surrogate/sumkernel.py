"""A sum of kernels of molecules, and the process over it conditioned on labels.

    K(x, y) = c + sum_f w_f MinMax_f(x, y) + w_p exp(-1/2 sum_j (p_j(x) - p_j(y))^2 / l_j^2)
                + sum_s w_s k_s(x, y)

with one weight for each fingerprint of ``countprints``, one length for each property of
``properties``, and one weight for each further summand (``summand.Summand``), if any. The
constant c is an unknown mean integrated out. ``hyperparameters`` learns the rest on a part
of the labels; new labels extend the Cholesky factor without learning anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from screening.surrogate import features
from screening.surrogate.countprints import CountPrints, Index
from screening.surrogate.featurestore import FeatureStore
from screening.surrogate.properties import NAMES
from screening.surrogate.regression import Regression, Scale
from screening.surrogate.summand import Summand
from screening.surrogate.trend import Trend

MEAN_VARIANCE = 1.0  # c, in units of the variance of the labels


@dataclass(frozen=True)
class Molecules:
    """What the kernels see."""

    prints: CountPrints
    properties: NDArray[np.float64]  # shape: (molecules, len(NAMES)); raw units
    extra: tuple[NDArray[np.float64], ...] = ()  # of each further summand, (molecules, d)

    def __len__(self) -> int:
        return len(self.properties)

    def __getitem__(self, chosen: slice | NDArray[np.int64]) -> Molecules:
        return Molecules(
            self.prints[chosen], self.properties[chosen], tuple(x[chosen] for x in self.extra)
        )


def _none() -> NDArray[np.float64]:
    return np.empty(0)


@dataclass(frozen=True)
class SumCovariance:
    """Hyper-parameters, in units of the variance of the labels."""

    weights: NDArray[np.float64]  # shape: (len(KINDS),)
    properties: float  # w_p
    noise: float
    lengths: NDArray[np.float64]  # shape: (len(NAMES),), in raw units of each property
    summands: tuple[Summand, ...] = ()
    shares: NDArray[np.float64] = field(default_factory=_none)  # shape: (len(summands),), w_s

    @property
    def prior_variance(self) -> float:
        """Of one molecule, without the noise."""
        return (
            MEAN_VARIANCE
            + float(self.weights.sum())
            + self.properties
            + float(np.asarray(self.shares).sum())
        )

    def __call__(
        self,
        a: Molecules,
        index: Index,
        b: Molecules,
        similarity: NDArray[np.float64] | None = None,
    ) -> NDArray[np.float64]:
        """K without the noise, shape (len(a), len(b)).

        Args:
            a: rows.
            index: of the prints of ``b``.
            b: columns.
            similarity: the sum over the fingerprints where it is known already; overwritten.
        """
        total = index.combined(a.prints, self.weights) if similarity is None else similarity
        total += self.properties * np.exp(
            -0.5 * squares(a.properties / self.lengths, b.properties / self.lengths)
        )
        for share, kernel, x, y in zip(self.shares, self.summands, a.extra, b.extra, strict=True):
            total += share * kernel.covariance(x, y)
        total += MEAN_VARIANCE
        return total


def squares(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Squared distances of rows, shape (len(x), len(y))."""
    sums = (x**2).sum(axis=1)[:, np.newaxis] + (y**2).sum(axis=1)
    return np.asarray(np.maximum(sums - 2 * x @ y.T, 0.0))


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
        covariance: SumCovariance,
        molecules: Molecules,
        values: NDArray[np.float64],
        variances: NDArray[np.float64] | None = None,
    ) -> Posterior:
        """Conditioned on labelled molecules.

        Args:
            covariance: the hyper-parameters.
            molecules: at least one.
            values: shape (molecules,), in the labels' unit.
            variances: of errors of the values beside the noise, in their unit squared, shape
                (molecules,).
        """
        index = Index(molecules.prints)
        regression = Regression.of(
            covariance(molecules, index, molecules),
            covariance.noise,
            values,
            Scale.of(values),
            variances,
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
    def weights(self) -> NDArray[np.float64]:
        """Of the molecules in the standardised mean, shape (labels,)."""
        return self.regression.weights

    def half(self, cross: NDArray[np.float64]) -> NDArray[np.float64]:
        """What the labels explain of covariances, shape (labels, molecules).

        The posterior covariance of a and b is K(a, b) - half(a)^T half(b).

        Args:
            cross: covariance of the molecules with the labelled ones, (molecules, labels).
        """
        return self.regression.half(cross)

    def back(self, halves: NDArray[np.float64]) -> NDArray[np.float64]:
        """The weights of the labelled molecules that stand for ``half(.)^T halves``."""
        return self.regression.back(halves)

    def left_out(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Mean and variance of each label from all others; see ``Regression.left_out``."""
        return self.regression.left_out()

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
        tuple(np.concatenate([x, y]) for x, y in zip(a.extra, b.extra, strict=True)),
    )


def molecules_of(
    smiles: Sequence[str],
    summands: Sequence[Summand] = (),
    store: FeatureStore | None = None,
) -> Molecules:
    """The molecules of good SMILES.

    Args:
        smiles: canonical.
        summands: further ones, whose features join.
        store: where the features are kept; None for a cache of the last 50,000 in memory.

    Raises:
        ValueError: one is not valid.
    """
    if store is not None:
        prints, values = store.features(smiles)
    else:
        seen = [features.described(text) for text in smiles]
        prints = CountPrints.of([counts for counts, _ in seen])
        values = np.array([values for _, values in seen]).reshape(-1, len(NAMES))
    extra = (
        kernel.points(values)
        if isinstance(kernel, Trend) and kernel.takes_properties
        else np.asarray(kernel.features(smiles), dtype=np.float64)
        for kernel in summands
    )
    return Molecules(prints, values, tuple(extra))
