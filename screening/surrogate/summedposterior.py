"""A weighted sum of independent processes, each conditioned on labels of its own.

    f(x) = sum_t c_t g_t(x)

One term with c = 1 is an ordinary Gaussian process; levels of fidelity make several. Values
of f that come later condition the sum without touching what its terms have learnt.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_solve, solve_triangular

from screening.surrogate.countprints import Index
from screening.surrogate.inducing import InducingPosterior
from screening.surrogate.sumkernel import Molecules, Posterior, SumCovariance, joined


@dataclass(frozen=True)
class Representers:
    """A mean written as a sum over molecules: offset + spread K(x, molecules) weights."""

    molecules: Molecules
    smiles: tuple[str, ...]
    weights: NDArray[np.float64]  # shape: (molecules,), standardised
    offset: float  # in the labels' unit
    spread: float  # in the labels' unit
    covariance: SumCovariance

    def mean(self, molecules: Molecules) -> NDArray[np.float64]:
        """Of any molecules, in the labels' unit, shape (molecules,)."""
        cross = self.covariance(molecules, Index(self.molecules.prints), self.molecules)
        return np.asarray(self.offset + self.spread * (cross @ self.weights))


@dataclass(frozen=True)
class Term:
    """One process of the sum."""

    coefficient: float  # c_t
    posterior: Posterior | InducingPosterior
    smiles: tuple[str, ...]  # of the posterior's molecules

    @property
    def size(self) -> float:
        """What its standardised deviations are multiplied by, in the unit of f."""
        return abs(self.coefficient) * self.posterior.scale.spread


@dataclass(frozen=True)
class Further:
    """Values of the sum itself that came later."""

    molecules: Molecules
    smiles: tuple[str, ...]
    index: Index
    halves: NDArray[np.float64]  # shape: (rank of the terms, molecules)
    factor: NDArray[np.float64]  # (molecules, molecules), lower, of their covariance and noise
    weights: NDArray[np.float64]  # shape: (molecules,), in the inverse unit of f


@dataclass(frozen=True)
class SumOutlook:
    """What the sum says of some molecules, in the unit of f."""

    molecules: Molecules
    mean: NDArray[np.float64]  # shape: (molecules,)
    variance: NDArray[np.float64]  # shape: (molecules,), of the noise-free value
    halves: NDArray[np.float64]  # shape: (rank, molecules); prior minus H^T H is posterior


@dataclass(frozen=True)
class SummedPosterior:
    """The sum, conditioned."""

    terms: tuple[Term, ...]
    further: Further | None = None

    @property
    def noise(self) -> float:
        """Variance of a value about f, in its unit squared."""
        return sum(t.size**2 * t.posterior.covariance.noise for t in self.terms)

    @property
    def prior_variance(self) -> float:
        """Of f at one molecule before any label, in its unit squared."""
        return sum(t.size**2 * t.posterior.covariance.prior_variance for t in self.terms)

    def prior(self, a: Molecules, index: Index, b: Molecules) -> NDArray[np.float64]:
        """Covariance before any label, shape (len(a), len(b))."""
        total = np.zeros((len(a), len(b)))
        for term in self.terms:
            total += term.size**2 * term.posterior.covariance(a, index, b)
        return total

    def outlook(
        self, molecules: Molecules, similarities: Sequence[NDArray[np.float64]] | None = None
    ) -> SumOutlook:
        """Mean and variance of other molecules.

        Args:
            molecules: any.
            similarities: for each term, the sum over the fingerprints where it is known
                already, shape (molecules, molecules of the term); overwritten.
        """
        mean = np.zeros(len(molecules))
        halves = []
        for place, term in enumerate(self.terms):
            posterior, scale = term.posterior, term.posterior.scale
            alike = None if similarities is None else similarities[place]
            cross = posterior.covariance(molecules, posterior.index, posterior.molecules, alike)
            mean += term.coefficient * (scale.offset + scale.spread * (cross @ posterior.weights))
            halves.append(term.size * posterior.half(cross))
        # one term is the rule, and its half by far the largest array here
        together = halves[0] if len(halves) == 1 else np.concatenate(halves)
        variance = self.prior_variance - np.einsum("ij,ij->j", together, together)
        if self.further is not None:
            more = self.further
            cross = self.prior(molecules, more.index, more.molecules) - together.T @ more.halves
            mean += cross @ more.weights
            half = solve_triangular(more.factor, cross.T, lower=True, check_finite=False)
            variance -= np.einsum("ij,ij->j", half, half)
            together = np.concatenate([together, half])
        return SumOutlook(
            molecules, mean, np.maximum(variance, 1e-12 * self.prior_variance), together
        )

    def joint(self, outlook: SumOutlook) -> NDArray[np.float64]:
        """Posterior covariance of an outlook's molecules, shape (molecules, molecules)."""
        some = outlook.molecules
        own = self.prior(some, Index(some.prints), some)
        return np.asarray(own - outlook.halves.T @ outlook.halves)

    def knowing(
        self, molecules: Molecules, smiles: Sequence[str], values: NDArray[np.float64]
    ) -> SummedPosterior:
        """Conditioned on further values of f, shape (molecules,), at least one."""
        names = tuple(smiles)
        plain = replace(self, further=None)
        outlook = plain.outlook(molecules)
        gaps = values - outlook.mean
        if self.further is not None:
            before = self.further
            molecules = joined(before.molecules, molecules)
            names = (*before.smiles, *names)
            outlook = plain.outlook(molecules)
            known = before.factor @ (before.factor.T @ before.weights)
            gaps = np.concatenate([known, gaps])
        total = plain.joint(outlook)
        total[np.diag_indices(len(gaps))] += self.noise
        factor = np.asarray(np.linalg.cholesky(total))
        weights = cho_solve((factor, True), gaps, check_finite=False)
        further = Further(
            molecules, names, Index(molecules.prints), outlook.halves, factor, weights
        )
        return SummedPosterior(self.terms, further)

    def representers(self) -> tuple[Representers, ...]:
        """The terms of the mean; the means they stand for sum up to it."""
        found = []
        row = 0
        for term in self.terms:
            posterior, scale = term.posterior, term.posterior.scale
            molecules, smiles = posterior.molecules, term.smiles
            weights = np.sign(term.coefficient) * posterior.weights
            if self.further is not None:
                more = self.further
                rank = row + len(posterior.weights)
                halves = more.halves[row:rank] @ more.weights
                row = rank
                weights = np.concatenate(
                    [weights - posterior.back(halves), term.size * more.weights]
                )
                molecules, smiles = joined(molecules, more.molecules), (*smiles, *more.smiles)
            found.append(
                Representers(
                    molecules,
                    smiles,
                    weights,
                    term.coefficient * scale.offset,
                    term.size,
                    posterior.covariance,
                )
            )
        return tuple(found)
