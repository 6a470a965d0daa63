"""Uncertainties made honest by the errors that were seen (split conformal prediction).

The errors of predictions made before their values came, in units of the predicted
standard deviation, say by how much deviations must be widened for an interval of the
stated level to hold: the method of Papadopoulos et al. (ECML 2002) with the
difficulty-normalised errors of Lei et al. (J. Am. Stat. Assoc. 2018, section 5.2). For
values exchangeable with those errors the interval holds with at least that level,
whatever the model is worth. A batch chosen for being promising is not exchangeable with
what came before it, so within a campaign the level is aimed at, and not promised.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

from screening.surrogate.surrogate import Prediction, Surrogate

LEVEL = 0.95  # of the interval that is made to hold


@dataclass(frozen=True)
class Conformal:
    """A factor on every standard deviation; 1 where too few errors are known."""

    factor: float  # what standard deviations are multiplied by
    n: int  # errors it rests on
    level: float = LEVEL

    @property
    def corrects(self) -> bool:
        """Whether there were errors enough for the level; if not, the factor is 1."""
        return self.n >= fewest(self.level)

    @property
    def width(self) -> float:
        """Half the width of the interval of ``level``, in corrected standard deviations."""
        return NormalDist().inv_cdf(0.5 + self.level / 2)

    @staticmethod
    def of(
        mean: ArrayLike, std: ArrayLike, values: ArrayLike, *, level: float = LEVEL
    ) -> Conformal:
        """The factor for which ``mean +- width * factor * std`` holds the level.

        Args:
            mean: predicted without sight of the values, shape (molecules,).
            std: standard deviation of each, positive, shape (molecules,).
            values: what came, shape (molecules,). May be empty.
            level: of the interval, within (0, 1).

        Raises:
            ValueError: shapes that differ, a standard deviation that is not positive, a
                number that is not finite, or a level outside (0, 1).
        """
        if not 0 < level < 1:
            raise ValueError(f"a level of {level} is no probability; give one like {LEVEL}")
        m, s, y = (np.asarray(x, dtype=np.float64) for x in (mean, std, values))
        if not (m.shape == s.shape == y.shape and m.ndim == 1):
            raise ValueError(
                f"means, deviations and values of shapes {m.shape}, {s.shape} and {y.shape}; "
                "give one of each for each molecule"
            )
        if not (np.isfinite(m).all() and np.isfinite(s).all() and np.isfinite(y).all()):
            raise ValueError("a mean, deviation or value is not finite; leave it out")
        if (s <= 0).any():
            raise ValueError("a standard deviation is not positive; leave it out")
        errors = np.sort(np.abs(y - m) / s)
        nothing = Conformal(1.0, len(errors), level)
        if not nothing.corrects:
            return nothing
        bound = float(errors[_rank(len(errors), level) - 1])
        # Errors that are all zero ask for no width at all, which nothing downstream survives.
        return Conformal(max(bound / nothing.width, 1e-6), len(errors), level)

    def corrected(self, prediction: Prediction) -> Prediction:
        """The same means with honest deviations."""
        return Prediction(prediction.mean, self.factor * prediction.std)

    def interval(self, prediction: Prediction) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Lower and upper end of the level's interval, shape (molecules,) each.

        Of a prediction as the model made it, not yet corrected.
        """
        half = self.width * self.factor * prediction.std
        return prediction.mean - half, prediction.mean + half


class Calibrated:
    """A surrogate whose deviations a conformal factor corrects; itself a surrogate."""

    def __init__(self, surrogate: Surrogate, conformal: Conformal) -> None:
        self.surrogate = surrogate
        self.conformal = conformal

    def fit(
        self,
        smiles: Sequence[str],
        values: ArrayLike,
        *,
        fidelities: Mapping[str, ArrayLike] | None = None,
    ) -> None:
        """Fits the surrogate within; the factor stays. See ``Surrogate.fit``."""
        self.surrogate.fit(smiles, values, fidelities=fidelities)

    def predict(self, smiles: Sequence[str]) -> Prediction:
        """Corrected predictions; see ``Surrogate.predict``."""
        return self.conformal.corrected(self.surrogate.predict(smiles))

    def sample(self, smiles: Sequence[str], n: int, seed: int) -> NDArray[np.float64]:
        """Draws as far from the mean as the factor says; see ``Surrogate.sample``."""
        draws = self.surrogate.sample(smiles, n, seed)
        mean = self.surrogate.predict(smiles).mean
        return np.asarray(mean + self.conformal.factor * (draws - mean))

    def conditioned(self, smiles: Sequence[str], values: ArrayLike) -> Surrogate:
        """The same with more labels; see ``Surrogate.conditioned``."""
        return Calibrated(self.surrogate.conditioned(smiles, values), self.conformal)


def fewest(level: float = LEVEL) -> int:
    """Errors below which no finite interval holds the level: 19 for 0.95."""
    # a product like 20 * 0.95 is a whole number but for its last bit
    return math.ceil(level / (1 - level) - 1e-9)


def _rank(n: int, level: float) -> int:
    return math.ceil((n + 1) * level - 1e-9)


def held_out(
    create: Callable[[], Surrogate],
    smiles: Sequence[str],
    values: ArrayLike,
    *,
    folds: int = 5,
    seed: int = 0,
) -> Prediction:
    """Each label predicted by a model that saw only the other folds.

    What ``Conformal.of`` needs when no past predictions are at hand. A model of all labels
    is a little better than these, so that the factor errs to the wide side.

    Args:
        create: makes a new, unfitted surrogate.
        smiles: labelled molecules, at least ``folds``.
        values: shape (molecules,), finite.
        folds: at least 2.
        seed: of the partition.

    Returns:
        shape (molecules,), in the order given.

    Raises:
        ValueError: fewer labels than folds, fewer than two folds, or what ``fit`` refuses.
    """
    y = np.asarray(values, dtype=np.float64)
    if folds < 2 or len(smiles) < folds:
        raise ValueError(
            f"{len(smiles)} labels do not make {folds} folds; give at least 2 folds "
            "and a label for each"
        )
    if y.shape != (len(smiles),):
        raise ValueError(
            f"{len(smiles)} molecules and values of shape {y.shape}; give one value for each"
        )
    order = np.random.default_rng(seed).permutation(len(smiles))
    mean, std = np.empty(len(y)), np.empty(len(y))
    for part in np.array_split(order, folds):
        rest = np.setdiff1d(order, part)
        model = create()
        model.fit([smiles[i] for i in rest], y[rest])
        prediction = model.predict([smiles[i] for i in part])
        mean[part], std[part] = prediction.mean, prediction.std
    return Prediction(mean, std)
