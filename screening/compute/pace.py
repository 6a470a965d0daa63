"""How long and how large jobs have been of late, and what follows for those to come."""

from __future__ import annotations

from collections import deque

from screening.compute import capacity
from screening.compute.costmodel import Demand
from screening.compute.rayworker import LOAD_S

_RECENT = 64
_MOST_TOGETHER = 8
_SHORT_AFTER = 100  # answers before jobs are held to be short
_WEIGHT = 1 / 8  # of the last job in the mean


class Pace:
    """The recent jobs of a run."""

    def __init__(self) -> None:
        self.demands: deque[Demand] = deque(maxlen=_RECENT)
        self._answered = 0
        self._seconds: float | None = None

    def count(self, seconds: float) -> None:
        """Take in how long a job took."""
        self._answered += 1
        before = seconds if self._seconds is None else self._seconds
        self._seconds = before + (seconds - before) * _WEIGHT

    def ahead(self, workers: int) -> int:
        """Jobs to have in flight beyond the workers."""
        return capacity.ahead(workers, self._seconds)

    @property
    def together(self) -> int:
        """Jobs that go to a worker at a time: one, unless jobs are short.

        Ray takes milliseconds for each task.
        """
        if self._seconds is None or self._answered < _SHORT_AFTER:
            return 1
        return max(1, min(_MOST_TOGETHER, int(LOAD_S / max(self._seconds, 1e-3))))
