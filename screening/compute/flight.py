"""Jobs in Ray's hands, and what is held back until its time."""

from __future__ import annotations

import heapq
import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from screening.compute.costmodel import Demand
from screening.compute.evaluation import Job
from screening.compute.executor import Completed

_FIRST_PAUSE_S = 1.0  # before a lost job goes out again, doubled each time
_LONGEST_PAUSE_S = 30.0


@dataclass
class Flight:
    """A job in Ray's hands."""

    job: Job
    demand: Demand
    overdue: float  # monotonic time, s
    moves: int = 0  # from machines that went away
    squeezed: int = 0  # times that its machine had no memory left
    mates: list[Flight] = field(default_factory=list)  # short ones in the same Ray task

    def parted(self) -> list[Flight]:
        """This one and its mates, from here on each by itself."""
        together, self.mates = [self, *self.mates], []
        return together


class HeldBack:
    """Losses to be told and jobs to be sent again, each after a pause."""

    def __init__(self) -> None:
        self._entries: list[tuple[float, int, Completed | Flight]] = []
        self._counter = itertools.count()

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def soonest(self) -> float:
        """Monotonic time (s) when the first has waited enough; infinite where there is none."""
        return self._entries[0][0] if self._entries else float("inf")

    def add(self, what: Completed | Flight, times: int) -> None:
        """Hold something back.

        Args:
            what: a loss, or a job.
            times: how often that happened to it by now; the pause doubles with each.
        """
        pause = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2 ** (times - 1))
        heapq.heappush(self._entries, (time.monotonic() + pause, next(self._counter), what))

    def due(self) -> Iterator[Completed | Flight]:
        """Those that have waited their time, each taken out as it is given."""
        while self.soonest <= time.monotonic():
            yield heapq.heappop(self._entries)[2]

    def clear(self) -> None:
        """Forget all."""
        self._entries.clear()
