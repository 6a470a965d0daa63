"""What is foreseen of molecules: draws of their utility, and what a calculation would take.

Values of recipes are drawn from the surrogates' posteriors and pass through desirability
and geometric mean; exact properties enter as they are. A draw in which a recipe breaks a hard
limit is worth nothing, since such a molecule is no lead (constrained improvement, Gardner et
al., ICML 2014).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit, ndtri

from screening.acquisition.pool import Pool, outside
from screening.objective import ObjectiveSettings, desirability, recipe_names, utility
from screening.surrogate import Prediction, Surrogate

if TYPE_CHECKING:
    from screening.surrogate.outcome import OutcomeModel

LEAST = 1e-6  # utility and its distance from 1 below which log-odds do not tell more


@dataclass(frozen=True)
class Outlook:
    """What is foreseen of some molecules."""

    predicted: Mapping[str, tuple[NDArray[np.float64], NDArray[np.float64]]]  # mean, std
    desirability: NDArray[np.float64]  # shape: (draws, wishes, molecules), 0..1
    utility: NDArray[np.float64]  # shape: (draws, molecules), 0..1; limits not regarded
    allowed: NDArray[np.bool_]  # shape: (draws, molecules); no hard limit broken
    success: NDArray[np.float64]  # shape: (molecules,), 1 where nothing is known
    core_seconds: NDArray[np.float64] | None  # shape: (molecules,)

    def __getitem__(self, rows: slice) -> Outlook:
        """Of a part of the molecules."""
        return Outlook(
            {name: (mean[rows], std[rows]) for name, (mean, std) in self.predicted.items()},
            self.desirability[:, :, rows],
            self.utility[:, rows],
            self.allowed[:, rows],
            self.success[rows],
            None if self.core_seconds is None else self.core_seconds[rows],
        )

    def weighing(self, weights: Sequence[float]) -> Outlook:
        """The same with other weights of the wishes."""
        return replace(self, utility=utility(np.moveaxis(self.desirability, 1, 0), weights))

    @cached_property
    def lead(self) -> NDArray[np.float64]:
        """Utility where it may be a lead, else 0; shape (draws, molecules)."""
        return np.asarray(self.utility * self.allowed)

    @cached_property
    def moments(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Mean and standard deviation of what it is worth as a lead; shape (molecules,) each."""
        return self.lead.mean(axis=0), self.lead.std(axis=0)

    def bound(self, beta: float | NDArray[np.float64]) -> NDArray[np.float64]:
        """Upper confidence bound of the utility, 0..1; shape (molecules,).

        Mean and deviation are taken on the scale of log-odds, where the desirability of a
        maximised property is a straight line: for one such wish this is the desirability of
        mean + beta std of the property itself, and molecules far above or below the curve
        are told apart as well as those amid it. What a hard limit of a recipe leaves is
        multiplied with it.

        Args:
            beta: weight of the deviation, one number or shape (molecules,).
        """
        mean, std = self._odds
        return np.asarray(expit(mean + beta * std) * self.allowed.mean(axis=0))

    @cached_property
    def _odds(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        odds = logit(np.clip(self.utility, LEAST, 1 - LEAST))
        return odds.mean(axis=0), odds.std(axis=0)

    def improvement(self, best: float) -> NDArray[np.float64]:
        """Expected rise above the best utility by each alone; shape (molecules,)."""
        return np.asarray(np.maximum(self.lead - best, 0).mean(axis=0))


@dataclass(frozen=True)
class Basis:
    """The wishes that count and the models that foresee them."""

    objectives: tuple[ObjectiveSettings, ...]  # those that are exact or have a model
    models: Mapping[str, Surrogate]  # recipe -> fitted
    outcomes: OutcomeModel | None = None

    @staticmethod
    def of(
        objectives: Sequence[ObjectiveSettings],
        surrogates: Mapping[str, Surrogate],
        outcomes: OutcomeModel | None = None,
    ) -> Basis:
        """What counts: a recipe without a surrogate (no label yet) does not."""
        recipes = set(recipe_names(objectives))
        known = tuple(o for o in objectives if o.name not in recipes or o.name in surrogates)
        models = {o.name: surrogates[o.name] for o in known if o.name in recipes}
        return Basis(known, models, outcomes)

    def believing(self, smiles: Sequence[str]) -> Basis:
        """The same, told that these molecules come out as predicted."""
        if not smiles or not self.models:
            return self
        models = {
            name: model.conditioned(smiles, model.predict(smiles).mean)
            for name, model in self.models.items()
        }
        return replace(self, models=models)

    def alone(self, pool: Pool, samples: int) -> Outlook:
        """From the predictions of each molecule alone.

        All molecules share the draws: quantiles of the normal distribution at even steps,
        in another order for each recipe, so that molecules are compared without luck.
        """
        smiles = pool.smiles
        normal = _quantiles(samples if self.models else 1, len(self.models))
        predicted, values = {}, {}
        found = _predictions(self.models, smiles)
        for (name, prediction), column in zip(sorted(found.items()), normal, strict=True):
            predicted[name] = (prediction.mean, prediction.std)
            values[name] = prediction.mean + prediction.std * column[:, np.newaxis]
        return self._outlook(pool, predicted, values, normal.shape[1])

    def together(self, pool: Pool, samples: int, seed: int) -> Outlook:
        """From draws of all molecules together."""
        smiles = pool.smiles
        seeds = np.random.SeedSequence(seed).generate_state(max(len(self.models), 1))
        predicted, values = {}, {}
        for (name, model), own in zip(sorted(self.models.items()), seeds, strict=False):
            prediction = model.predict(smiles)
            predicted[name] = (prediction.mean, prediction.std)
            values[name] = model.sample(smiles, samples, int(own))
        return self._outlook(pool, predicted, values, samples if self.models else 1)

    def _outlook(
        self,
        pool: Pool,
        predicted: Mapping[str, tuple[NDArray[np.float64], NDArray[np.float64]]],
        drawn: Mapping[str, NDArray[np.float64]],
        samples: int,
    ) -> Outlook:
        shape = (samples, len(pool))
        wishes = np.empty((samples, len(self.objectives), len(pool)))
        allowed = np.ones(shape, dtype=bool)
        for i, objective in enumerate(self.objectives):
            exact = objective.name in pool.exact
            values = pool.exact[objective.name] if exact else drawn[objective.name]
            wishes[:, i] = desirability(values, objective)
            if objective.hard and not exact:
                allowed &= ~outside(values, objective)
        worth: NDArray[np.float64] = np.ones(shape)
        if self.objectives:  # else only recipes are wished for, and none has a label yet
            worth = utility(np.moveaxis(wishes, 1, 0), [o.weight for o in self.objectives])
        success: NDArray[np.float64] = np.ones(len(pool))
        seconds = None
        if self.outcomes is not None:
            expected = self.outcomes.predict(pool.smiles)
            success, seconds = expected.success, expected.core_seconds
        return Outlook(predicted, wishes, worth, allowed, success, seconds)


def _predictions(models: Mapping[str, Surrogate], smiles: Sequence[str]) -> dict[str, Prediction]:
    if not models:
        return {}
    from screening.surrogate import several  # numba's functions take a second to load

    return several.predictions(models, smiles)


def _quantiles(samples: int, columns: int) -> NDArray[np.float64]:
    """Standard normal numbers, shape (columns, samples), mean 0 and variance 1 each."""
    steps: NDArray[np.float64] = ndtri((np.arange(samples) + 0.5) / samples)
    steps = steps / steps.std() if samples > 1 else steps
    order = np.random.default_rng(samples)  # the same for every choice
    return np.array([order.permutation(steps) for _ in range(columns)]).reshape(columns, samples)
