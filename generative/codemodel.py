"""Distributions over code words, and how their parameters are found."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
import torch

# Below this a probability is taken for it, so that a loss stays finite.
LEAST = 1e-10
_SLOWEST = 0.1  # of the first step size, at the end


class CodeModel(Protocol):
    """A distribution over the words of a code."""

    @property
    def name(self) -> str:
        """What kind of distribution it is."""
        ...

    @property
    def parameters(self) -> int:
        """Numbers that were fitted."""
        ...

    def probabilities(self) -> np.ndarray:
        """Of every word, without noise and sampling. shape: (words,)"""
        ...

    def sample(self, n: int, *, seed: int) -> np.ndarray:
        """Words, the same for the same seed. shape: (n,), int64"""
        ...


class Learner(Protocol):
    """Fits a distribution to what is wanted of every word."""

    @property
    def name(self) -> str:
        """What kind of distribution it fits."""
        ...

    def fit(self, target: np.ndarray, *, seed: int) -> CodeModel:
        """The distribution nearest to the target.

        Args:
            target: probabilities; shape (2**qubits,), sums to 1.
            seed: of the start of the search.
        """
        ...


def divergence(target: np.ndarray, found: np.ndarray) -> tuple[float, np.ndarray]:
    """Kullback-Leibler divergence of ``found`` from ``target`` in nats, and its slope.

    Args:
        target: probabilities; shape (words,).
        found: probabilities; shape (words,).

    Returns:
        The divergence; its derivative by each probability found, shape (words,).
    """
    wanted = target > 0
    floor = np.maximum(found, LEAST)
    value = float((target[wanted] * np.log(target[wanted] / floor[wanted])).sum())
    return value, -target / floor


def total_variation(one: np.ndarray, other: np.ndarray) -> float:
    """Half the sum of the absolute differences of two distributions, 0..1."""
    return float(np.abs(one - other).sum() / 2)


def minimised(
    gradient: Callable[[np.ndarray], np.ndarray],
    start: np.ndarray,
    *,
    steps: int,
    rate: float,
) -> np.ndarray:
    """Parameters after so many steps of Adam, the step size falling to a tenth.

    Args:
        gradient: of the loss by the parameters, at given ones.
        start: shape (parameters,).
        steps: of the search.
        rate: size of the first step.
    """
    values = torch.from_numpy(np.array(start, dtype=np.float64))
    search = torch.optim.Adam([values], lr=rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(search, steps, eta_min=_SLOWEST * rate)
    for _ in range(steps):
        values.grad = torch.from_numpy(np.asarray(gradient(values.numpy()), dtype=np.float64))
        search.step()
        schedule.step()
    found: np.ndarray = values.numpy().copy()
    return found


def drawn(probabilities: np.ndarray, n: int, seed: int) -> np.ndarray:
    """Words of a distribution that is known. shape: (n,), int64"""
    summed = np.cumsum(probabilities)
    rng = np.random.default_rng([seed, 5])
    found = np.searchsorted(summed, rng.random(n) * summed[-1], side="right")
    return np.minimum(found, len(summed) - 1).astype(np.int64)
