"""What runs in a Ray worker: the body of a task, and its one warm child process."""

from __future__ import annotations

import functools
import socket
import time
from importlib.metadata import version
from typing import Any

from screening.compute.evaluation import Job
from screening.compute.isolation import Isolation

LOAD_S = 0.5
"""Seconds of short jobs that go to a worker together."""

_Answer = tuple[str, str, float, float, float]  # recipe, outcome, wall s, CPU s, peak MB


def work(jobs: list[dict[str, Any]], threads: int) -> tuple[str, list[list[_Answer]]]:
    """Compute jobs, one after the other; plain types in and out.

    Jobs behind one that took longer than was thought are left to others.

    Args:
        jobs: each a ``Job``, as a dictionary.
        threads: of a calculation.

    Returns:
        The host, and the answers of each job that was begun.
    """
    begun, answered = time.monotonic(), []
    for job in jobs:
        answers = [
            (a.recipe, a.outcome, a.usage.wall_seconds, a.usage.cpu_seconds, a.usage.peak_memory_mb)
            for a in _child(threads).run(Job(**job))
        ]
        answered.append(answers)
        if time.monotonic() - begun > 2 * LOAD_S:
            break
    return socket.gethostname(), answered


def identity() -> tuple[str, str]:
    """Host and version of molq: what a worker that is well can say."""
    return socket.gethostname(), version("molq")


@functools.lru_cache(maxsize=1)
def _child(threads: int) -> Isolation:
    # One warm child for the life of the Ray worker process, with which it dies.
    return Isolation(threads=threads)
