"""Random choices from one generator, cheaper than its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

T = TypeVar("T")


def one_of(options: Sequence[T], rng: np.random.Generator) -> T:
    """One of them, each as likely as the others."""
    return options[int(rng.random() * len(options))]


def weighted(cumulative: np.ndarray, rng: np.random.Generator) -> int:
    """A place, with the probability of its step in cumulative weights. shape: (places,)"""
    target = rng.random() * cumulative[-1]
    return min(int(np.searchsorted(cumulative, target, side="right")), len(cumulative) - 1)
