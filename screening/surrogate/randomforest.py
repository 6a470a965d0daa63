"""A random forest whose trees disagree about what they do not know.

The mean is that of the trees (Breiman 2001). Their spread ranks molecules by how little is
known of them, but has no scale; what it is multiplied by, and the noise that is added, are
the likeliest for the labels each of which is predicted by the trees that did not see it
(out of bag). Noise-free values are taken as jointly normal with the trees' own covariance.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize

from screening.surrogate import foldedcounts
from screening.surrogate.settings import SurrogateSettings
from screening.surrogate.surrogate import (
    Prediction,
    Surrogate,
    fitted,
    further,
    in_one_order,
)

if TYPE_CHECKING:
    from sklearn.ensemble import RandomForestRegressor

TREES = 200
SHARE = 0.3  # of the features each split may choose from
POSITIONS = 1024  # of the counted environments
_CHUNK = 4096  # molecules predicted at a time


@dataclass(frozen=True)
class _Forest:
    """Grown trees, what their leaves say, and how far they are to be believed."""

    trees: RandomForestRegressor
    leaves: tuple[NDArray[np.float64], ...]  # for each tree, value of each node
    counts: tuple[NDArray[np.float64], ...]  # for each tree, labels at each node
    stretch: float  # what the trees' variance is multiplied by
    noise: float  # variance added to it, in the labels' unit squared

    def votes(self, smiles: Sequence[str]) -> NDArray[np.float64]:
        """What each tree says, shape (molecules, TREES)."""
        places = self.trees.apply(foldedcounts.rows(smiles, POSITIONS))
        votes = np.empty(places.shape)
        for tree, values in enumerate(self.leaves):
            votes[:, tree] = values[places[:, tree]]
        return votes


class RandomForest:
    """Regression by the forest; ``fidelities`` are of no use to it."""

    def __init__(self, settings: SurrogateSettings | None = None) -> None:
        self.settings = settings or SurrogateSettings(kind="random-forest")
        self._forest: _Forest | None = None

    def fit(
        self,
        smiles: Sequence[str],
        values: ArrayLike,
        *,
        fidelities: Mapping[str, ArrayLike] | None = None,
    ) -> None:
        """Learn from labelled molecules; see ``Surrogate.fit``."""
        from sklearn.ensemble import RandomForestRegressor

        known, y = in_one_order(smiles, values)
        trees = RandomForestRegressor(
            TREES, max_features=SHARE, bootstrap=True, random_state=0, n_jobs=1
        )
        rows = foldedcounts.rows(known, POSITIONS)
        trees.fit(rows, y)
        floor = self.settings.noise_floor * (float(y.var()) or 1.0)
        # too few to be judged by: as if each new value were drawn like the labels
        stretch, noise = 1.0, float(y.var()) or 1.0
        if len(y) >= self.settings.min_labels:
            stretch, noise = _believed(*_out_of_bag(trees, rows, len(y)), y, floor)
        self._forest = _Forest(
            trees,
            tuple(tree.tree_.value[:, 0, 0].copy() for tree in trees.estimators_),
            tuple(
                tree.tree_.weighted_n_node_samples.astype(np.float64) for tree in trees.estimators_
            ),
            stretch,
            noise,
        )

    def predict(self, smiles: Sequence[str]) -> Prediction:
        """Mean and standard deviation of new values; see ``Surrogate.predict``."""
        forest = fitted(self._forest)
        mean, variance = np.empty(len(smiles)), np.empty(len(smiles))
        for start in range(0, len(smiles), _CHUNK):
            part = slice(start, start + _CHUNK)
            votes = forest.votes(smiles[part])
            mean[part], variance[part] = votes.mean(axis=1), votes.var(axis=1)
        return Prediction(mean, np.sqrt(forest.stretch * variance + forest.noise))

    def sample(self, smiles: Sequence[str], n: int, seed: int) -> NDArray[np.float64]:
        """Draws of the noise-free values, joint over the molecules; see ``Surrogate.sample``."""
        forest = fitted(self._forest)
        weights = np.random.default_rng(seed).standard_normal((n, TREES))
        weights *= np.sqrt(forest.stretch / TREES)
        draws = np.empty((n, len(smiles)))
        for start in range(0, len(smiles), _CHUNK):
            part = slice(start, start + _CHUNK)
            votes = forest.votes(smiles[part])
            mean = votes.mean(axis=1, keepdims=True)
            draws[:, part] = mean.T + weights @ (votes - mean).T
        return draws

    def conditioned(self, smiles: Sequence[str], values: ArrayLike) -> Surrogate:
        """The same trees, their leaves averaged with further labels; see ``Surrogate``."""
        forest = fitted(self._forest)
        y = further(smiles, values)
        other = RandomForest(self.settings)
        other._forest = forest
        if len(y) == 0:
            return other
        places = forest.trees.apply(foldedcounts.rows(smiles, POSITIONS))
        leaves, counts = [], []
        for tree, (old, held) in enumerate(zip(forest.leaves, forest.counts, strict=True)):
            more = np.bincount(places[:, tree], minlength=len(old)).astype(np.float64)
            sums = np.bincount(places[:, tree], weights=y, minlength=len(old))
            counts.append(held + more)
            leaves.append((old * held + sums) / (held + more))
        other._forest = replace(forest, leaves=tuple(leaves), counts=tuple(counts))
        return other


def _out_of_bag(
    forest: RandomForestRegressor, rows: NDArray[np.float32], n: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and variance of the trees that did not see each label; nan where all did."""
    votes = np.full((n, TREES), np.nan)
    for column, (tree, seen) in enumerate(
        zip(forest.estimators_, forest.estimators_samples_, strict=True)
    ):
        unseen = np.setdiff1d(np.arange(n), seen)
        votes[unseen, column] = tree.predict(rows[unseen]) if len(unseen) else np.nan
    voters = np.isfinite(votes).sum(axis=1)
    mean = np.nansum(votes, axis=1) / np.maximum(voters, 1)
    variance = np.nansum((votes - mean[:, np.newaxis]) ** 2, axis=1) / np.maximum(voters, 1)
    mean[voters < 2] = np.nan
    return mean, variance


def _believed(
    mean: NDArray[np.float64],
    variance: NDArray[np.float64],
    values: NDArray[np.float64],
    floor: float,
) -> tuple[float, float]:
    """The likeliest stretch and noise; the prior holds the stretch near 1."""
    seen = np.isfinite(mean)
    error, spread = (values - mean)[seen] ** 2, variance[seen]
    if not len(error):
        return 1.0, floor
    scale = max(float(error.mean()), floor)

    def loss(theta: NDArray[np.float64]) -> float:
        total = np.exp(theta[0]) * spread + scale * np.exp(theta[1])
        return float((error / total + np.log(total)).sum() + theta @ theta)

    low = np.log(floor / scale)
    found = minimize(
        loss, np.array([0.0, max(low, -1.0)]), bounds=[(-5.0, 3.0), (low, max(low, 3.0))]
    )
    return float(np.exp(found.x[0])), float(scale * np.exp(found.x[1]))
