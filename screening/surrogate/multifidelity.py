"""Cheap values that tell of dear ones: the autoregressive model of fidelities.

    f_t(x) = rho_t f_{t-1}(x) + d_t(x)

(Kennedy and O'Hagan, Biometrika 87 (2000) 1), the levels in ascending correlation with the
value, which is the last. Each level is fitted on its own, given the one below it (Le Gratiet
and Garnier, Int. J. Uncertainty Quantification 4 (2014) 365); rho_t is the generalised
least-squares slope. The level below stands in as it was computed; where it was not, its
prediction does, and its variance counts as an error of that label. So the value is a sum of
independent processes, and molecules of which only a cheap value is known teach it too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import cho_solve

from screening.surrogate.countprints import Index
from screening.surrogate.regression import Scale
from screening.surrogate.sumkernel import Molecules, SumCovariance
from screening.surrogate.summedposterior import SummedPosterior, Term

MOST_FIDELITIES = 2  # those that correlate best with the value
LEAST_CORRELATION = 0.2  # with the value, absolute; a cheap value with less says too little


class Trainer(Protocol):
    """How one level is fitted."""

    def learnt(
        self,
        rows: NDArray[np.int64],
        values: NDArray[np.float64],
        variances: NDArray[np.float64] | None = None,
    ) -> tuple[SumCovariance, NDArray[np.int64]]:
        """Hyper-parameters, and the places among ``rows`` that they were learnt from."""
        ...

    def conditioned(
        self,
        covariance: SumCovariance,
        rows: NDArray[np.int64],
        values: NDArray[np.float64],
        variances: NDArray[np.float64] | None = None,
    ) -> tuple[Term, NDArray[np.int64]]:
        """The process conditioned, and the places among ``rows`` that it holds."""
        ...


@dataclass(frozen=True)
class Levels:
    """The chain of levels up to one of them, and what it says of each molecule unseen."""

    posterior: SummedPosterior
    mean: NDArray[np.float64]  # shape: (molecules,); its own labels left out
    variance: NDArray[np.float64]  # shape: (molecules,); of a new value, noise included
    # the same where its own values of the levels below are known
    informed_mean: NDArray[np.float64]  # shape: (molecules,)
    informed_variance: NDArray[np.float64]  # shape: (molecules,)

    @staticmethod
    def lowest(
        trainer: Trainer, molecules: Molecules, rows: NDArray[np.int64], values: NDArray[np.float64]
    ) -> Levels:
        """A single level.

        Args:
            trainer: how it is fitted.
            molecules: all of them.
            rows: those with a value.
            values: shape (len(rows),).
        """
        covariance, _ = trainer.learnt(rows, values)
        term, kept = trainer.conditioned(covariance, rows, values)
        mean, variance = _unseen(term, molecules, rows[kept])
        return Levels(SummedPosterior((term,)), mean, variance, mean, variance)

    def above(
        self,
        trainer: Trainer,
        molecules: Molecules,
        rows: NDArray[np.int64],
        values: NDArray[np.float64],
        below: NDArray[np.float64],
    ) -> Levels:
        """With one more level.

        Args:
            trainer: how it is fitted.
            molecules: all of them.
            rows: those with a value of the new level.
            values: shape (len(rows),).
            below: values of the level below, shape (molecules,), nan where not known.
        """
        known = ~np.isnan(below[rows])
        lower = np.where(known, below[rows], self.mean[rows])
        doubt = np.where(known, 0.0, self.variance[rows])
        slope = np.polyfit(lower[known], values[known], 1)[0]
        covariance, part = trainer.learnt(rows, values - slope * lower, slope**2 * doubt)
        slope = _slope(
            covariance,
            molecules[rows[part]],
            lower[part],
            values[part],
            slope**2 * doubt[part] / Scale.of((values - slope * lower)[part]).spread ** 2,
        )
        term, kept = trainer.conditioned(covariance, rows, values - slope * lower, slope**2 * doubt)
        mean, variance = _unseen(term, molecules, rows[kept])
        terms = tuple(
            Term(slope * t.coefficient, t.posterior, t.smiles) for t in self.posterior.terms
        )
        return Levels(
            SummedPosterior((*terms, term)),
            slope * self.mean + mean,
            slope**2 * self.variance + variance,
            slope * np.where(np.isnan(below), self.mean, below) + mean,
            slope**2 * np.where(np.isnan(below), self.variance, 0.0) + variance,
        )

    def density(
        self, rows: NDArray[np.int64], values: NDArray[np.float64], informed: float
    ) -> float:
        """Mean logarithm of the predictive density of values left out, nats but a constant.

        Args:
            rows: of the values.
            values: shape (len(rows),).
            informed: share of the molecules to be predicted whose cheap value is known, 0..1.
        """
        total = 0.0
        for share, mean, variance in (
            (1 - informed, self.mean[rows], self.variance[rows]),
            (informed, self.informed_mean[rows], self.informed_variance[rows]),
        ):
            total -= (
                share * 0.5 * float(((values - mean) ** 2 / variance + np.log(variance)).mean())
            )
        return total


def _slope(
    covariance: SumCovariance,
    molecules: Molecules,
    lower: NDArray[np.float64],
    values: NDArray[np.float64],
    variances: NDArray[np.float64],
) -> float:
    """Generalised least squares; the constant of the kernel takes the place of an intercept."""
    if np.ptp(lower) == 0:
        return 0.0
    total = covariance(molecules, Index(molecules.prints), molecules)
    total[np.diag_indices(len(values))] += covariance.noise + variances
    # centred, so that the constant of the kernel is wide in the units of both
    x, y = Scale.of(lower), Scale.of(values)
    lower, values = x.standardised(lower), y.standardised(values)
    solved = cho_solve((np.linalg.cholesky(total), True), lower)
    return float(solved @ values / (solved @ lower)) * y.spread / x.spread


def _unseen(
    term: Term, molecules: Molecules, rows: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and variance of a new value of every molecule, labels at ``rows`` left out."""
    mean, variance = np.empty(len(molecules)), np.empty(len(molecules))
    others = np.setdiff1d(np.arange(len(molecules)), rows)
    if len(others):
        single = SummedPosterior((term,))
        outlook = single.outlook(molecules[others])
        mean[others], variance[others] = outlook.mean, outlook.variance + single.noise
    mean[rows], variance[rows] = term.posterior.left_out()
    return mean, variance


def helpful(
    fidelities: Mapping[str, ArrayLike], values: NDArray[np.float64], least: int
) -> tuple[dict[str, NDArray[np.float64]], list[str]]:
    """Cheap values as arrays, and the names of those to use, the best correlated last.

    Args:
        fidelities: by name, shape (molecules,) each, nan where not known.
        values: shape (molecules,), nan where not known.
        least: molecules that must have both.

    Raises:
        ValueError: another number of cheap values than of molecules, or one infinite.
    """
    arrays: dict[str, NDArray[np.float64]] = {}
    judged: list[tuple[float, str]] = []
    for name in sorted(fidelities):
        cheap = np.asarray(fidelities[name], dtype=np.float64)
        if cheap.shape != values.shape or np.isinf(cheap).any():
            raise ValueError(
                f"fidelity {name!r}: give one finite value, or nan, for each of "
                f"{len(values)} molecules"
            )
        arrays[name] = cheap
        if not _common(cheap, values, least):
            continue
        both = ~np.isnan(cheap) & ~np.isnan(values)
        correlation = abs(float(np.corrcoef(cheap[both], values[both])[0, 1]))
        if correlation >= LEAST_CORRELATION:
            judged.append((correlation, name))
    ranked = [name for _, name in sorted(judged)]
    kept = ranked[-1:]
    for name in reversed(ranked[:-1]):
        if len(kept) < MOST_FIDELITIES and _common(arrays[name], arrays[kept[0]], least):
            kept.insert(0, name)
    return arrays, kept


def _common(a: NDArray[np.float64], b: NDArray[np.float64], least: int) -> bool:
    """Whether one level can be regressed on the other."""
    both = ~np.isnan(a) & ~np.isnan(b)
    return bool(both.sum() >= least and np.ptp(a[both]) > 0 and np.ptp(b[both]) > 0)


def chain(
    trainer: Trainer,
    molecules: Molecules,
    cheap: Sequence[NDArray[np.float64]],
    rows: NDArray[np.int64],
    values: NDArray[np.float64],
) -> Levels:
    """All levels, the value above them.

    Args:
        trainer: how each is fitted.
        molecules: with a value of any level.
        cheap: values of each lower level in order, shape (molecules,), nan where not known.
        rows: molecules with a value.
        values: shape (len(rows),).
    """
    known = np.flatnonzero(~np.isnan(cheap[0]))
    levels = Levels.lowest(trainer, molecules, known, cheap[0][known])
    for below, level in pairwise(cheap):
        known = np.flatnonzero(~np.isnan(level))
        levels = levels.above(trainer, molecules, known, level[known], below)
    return levels.above(trainer, molecules, rows, values, cheap[-1])
