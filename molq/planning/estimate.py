"""A number that is not known yet, with the interval it lies in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

COVERAGE = 0.90
"""Share of runs whose figure is to lie between the ends of a foretold interval."""

_ENDS = (50 * (1 - COVERAGE), 50.0, 50 * (1 + COVERAGE))


@dataclass(frozen=True)
class Estimate:
    """The middle of what is expected, and an interval around it."""

    low: float
    middle: float
    high: float

    @staticmethod
    def of(draws: ArrayLike) -> Estimate:
        """Median and ``COVERAGE`` interval of draws."""
        low, middle, high = np.percentile(np.asarray(draws, dtype=np.float64), _ENDS)
        return Estimate(float(low), float(middle), float(high))

    @staticmethod
    def exactly(value: float) -> Estimate:
        """A number that is known."""
        return Estimate(value, value, value)

    @staticmethod
    def among(values: Sequence[float]) -> Estimate:
        """Lowest, median and highest of what was measured."""
        return Estimate(float(min(values)), float(np.median(values)), float(max(values)))

    def times(self, factor: float) -> Estimate:
        """The same in another unit, or so many of it; the factor is known."""
        return Estimate(self.low * factor, self.middle * factor, self.high * factor)

    @property
    def is_known(self) -> bool:
        """Whether it is a number without an interval."""
        return self.low == self.high
