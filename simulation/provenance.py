"""What a number was computed with: versions of the software, time spent."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version

PACKAGES = (
    "molq",
    "rdkit",
    "tblite",
    "pyscf",
    "qiskit",
    "qiskit-nature",
    "numba",
    "numpy",
    "scipy",
)


def versions() -> dict[str, str]:
    """Version of every package that the result may depend on."""
    found = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:  # optional, or run from a source tree
            found[package] = "not installed"
    return found


class StepClock:
    """CPU seconds of the named steps of one calculation, and wall seconds of it all."""

    def __init__(self) -> None:
        self._start = time.perf_counter()
        self._seconds: dict[str, float] = {}

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Add the CPU time of the block to ``name``."""
        start = time.process_time()
        try:
            yield
        finally:
            spent = time.process_time() - start
            self._seconds[name] = self._seconds.get(name, 0.0) + spent

    @property
    def timings(self) -> dict[str, float]:
        """Step -> CPU seconds, rounded to a millisecond."""
        return {name: round(spent, 3) for name, spent in self._seconds.items()}

    @property
    def wall_seconds(self) -> float:
        """Since the clock was made, rounded to a millisecond."""
        return round(time.perf_counter() - self._start, 3)
