"""Will a calculation fail, and what will it cost?

Two Bayesian linear models on the same description of a molecule: its size, 22 whole-molecule
properties, and counted circular environments folded to a short vector. The logarithm of the
cost is regressed (Bishop, Pattern Recognition and Machine Learning, 2006, section 3.3-3.5),
whether a calculation failed is classified (logistic, by Laplace's approximation with MacKay's
moderated output, ibid. section 4.5), and both choose the strength of their priors by evidence.
The priors carry them where there is little to learn from: cost grows with the square of the
heavy atoms, and one calculation in ten fails.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from screening.surrogate import foldedcounts, linearmodels, properties
from screening.surrogate.linearmodels import Logistic, Prior, Ridge

TICK = 0.01  # s; what a clock of CPU time can tell apart, and the least cost
PRINTS = 128  # positions of the folded environments
EXPONENT = 2.0  # of the heavy atoms in the cost, before any is measured
FAILING = 0.1  # share of calculations that fail, before any was made
# prior std of the properties' coefficients and of the environments', each pair tried
COST_STRENGTHS = tuple((a, b) for a in (0.03, 0.1, 0.3) for b in (0.01, 0.03, 0.1))
FAILURE_STRENGTHS = tuple((a, b) for a in (0.1, 0.4, 1.2) for b in (0.05, 0.2, 0.6))
_CHUNK = 4096  # molecules described at a time
_HEAVY = properties.NAMES.index("heavy atoms")
_SIZE, _FAILED = 1, 2  # columns; 0 is the intercept
_FIRST = 3  # column of the first property


@dataclass(frozen=True)
class Outcomes:
    """What is expected of a calculation for each molecule."""

    success: NDArray[np.float64]  # shape: (molecules,); probability of a score
    core_seconds: NDArray[np.float64]  # shape: (molecules,); expected CPU time, s, failed or not


@dataclass(frozen=True)
class OutcomeModel:
    """What calculations so far say of those to come. The same calculations give the same model."""

    n: int  # calculations learnt from
    failed: int  # of them
    centre: NDArray[np.float64]  # shape: (columns,)
    width: NDArray[np.float64]  # shape: (columns,)
    cost: Ridge  # of log(core seconds / s)
    failure: Logistic

    @staticmethod
    def fit(smiles: Sequence[str], failed: ArrayLike, core_seconds: ArrayLike) -> OutcomeModel:
        """Learn from calculations that came to an end.

        Args:
            smiles: canonical, at least one; a molecule may stand more than once.
            failed: whether it gave no score, shape (calculations,), bool.
            core_seconds: CPU time it took, scored or failed, s, shape (calculations,);
                nan where it is not known.

        Raises:
            ValueError: no calculation, another number of facts than molecules, no known cost,
                a negative one, or a SMILES that is not valid.
        """
        lost = np.asarray(failed, dtype=bool)
        seconds = np.asarray(core_seconds, dtype=np.float64)
        if len(smiles) == 0 or lost.shape != (len(smiles),) or seconds.shape != lost.shape:
            raise ValueError(
                f"{len(smiles)} molecules, outcomes of shape {lost.shape} and costs of shape "
                f"{seconds.shape}; give one of each for each, and at least one"
            )
        known = np.isfinite(seconds)
        if not known.any() or (seconds[known] < 0).any():
            raise ValueError(
                "no cost is known, or one is negative; give core-seconds, nan where not known"
            )
        order = sorted(
            range(len(smiles)), key=lambda i: (smiles[i], lost[i], known[i], seconds[i])
        )  # so that sums round alike in whatever order the calculations came
        lost, seconds, known = lost[order], seconds[order], known[order]
        raw = _described([smiles[i] for i in order])
        centre, width = _standards(raw)
        rows = _rows(raw, centre, width)
        rows[:, _FAILED] = lost
        logs = np.log(np.maximum(seconds[known], TICK))
        return OutcomeModel(
            len(smiles),
            int(lost.sum()),
            centre,
            width,
            linearmodels.ridge(rows[known], logs, _cost_priors(bool(lost[known].any()))),
            linearmodels.logistic(_undecided(rows), lost, _failure_priors()),
        )

    def predict(self, smiles: Sequence[str]) -> Outcomes:
        """Probability of a score and expected cost.

        Args:
            smiles: canonical.

        Raises:
            ValueError: a SMILES is not valid.
        """
        success, seconds = np.empty(len(smiles)), np.empty(len(smiles))
        for start in range(0, len(smiles), _CHUNK):
            part = slice(start, start + _CHUNK)
            rows = _rows(_described(smiles[part]), self.centre, self.width)
            failing = self.failure.probability(_undecided(rows))
            rows[:, _FAILED] = 0.0
            scored = self.cost.expected_exponential(rows)
            rows[:, _FAILED] = 1.0
            lost = self.cost.expected_exponential(rows)
            success[part] = 1.0 - failing
            seconds[part] = (1.0 - failing) * scored + failing * lost
        return Outcomes(success, seconds)


def _described(smiles: Sequence[str]) -> NDArray[np.float64]:
    """shape: (molecules, _FIRST + properties + PRINTS), in raw units."""
    table = foldedcounts.rows(smiles, PRINTS).astype(np.float64)
    prints, numbers = np.log1p(table[:, :PRINTS]), table[:, PRINTS:]
    own = np.zeros((len(table), _FIRST))
    own[:, 0] = 1.0
    own[:, _SIZE] = np.log(np.maximum(numbers[:, _HEAVY], 1.0))
    return np.hstack([own, numbers, prints])


def _standards(raw: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Centre and width of each column; the size keeps its unit, its prior slope has a meaning."""
    centre, width = raw.mean(axis=0), raw.std(axis=0)
    # What no calculation has varied is not known to matter; a floor keeps a first molecule
    # that differs by one atom from being thousands of deviations away.
    centre[0] = centre[_FAILED] = 0.0
    width[:_FIRST] = 1.0
    floor = np.full(len(width), 1.0)
    floor[_FIRST + len(properties.NAMES) :] = 0.3
    return centre, np.where(width > 0.1 * floor, width, floor)


def _rows(
    raw: NDArray[np.float64], centre: NDArray[np.float64], width: NDArray[np.float64]
) -> NDArray[np.float64]:
    rows = (raw - centre) / width
    np.clip(rows[:, _FIRST:], -6.0, 6.0, out=rows[:, _FIRST:])
    return np.asarray(rows)


def _undecided(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.delete(rows, _FAILED, axis=1))


def _stds(*own: float, strengths: tuple[float, float]) -> NDArray[np.float64]:
    of_properties, of_prints = strengths
    return np.array(
        [*own, *[of_properties] * len(properties.NAMES), *[of_prints] * PRINTS], dtype=np.float64
    )


def _cost_priors(failures: bool) -> list[Prior]:
    """Of log cost on (1, size, failed, properties, environments).

    Failures may come at once or at the time limit; of those that nobody has seen, little is
    believed, lest the mean of a log-normal be made of doubt alone.
    """
    mean = np.zeros(_FIRST + len(properties.NAMES) + PRINTS)
    mean[_SIZE] = EXPONENT
    return [
        Prior(mean, _stds(10.0, 0.7, of_failure, strengths=pair))
        for of_failure in ((1.0, 4.0) if failures else (1.0,))
        for pair in COST_STRENGTHS
    ]


def _failure_priors() -> list[Prior]:
    """Of the failure's log odds on (1, size, properties, environments)."""
    mean = np.zeros(_FIRST - 1 + len(properties.NAMES) + PRINTS)
    mean[0] = np.log(FAILING / (1 - FAILING))
    return [Prior(mean, _stds(1.5, 1.0, strengths=pair)) for pair in FAILURE_STRENGTHS]
