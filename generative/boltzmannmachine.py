"""A restricted Boltzmann machine over code words, by exact maximum likelihood.

With at most 16 visible units every word is enumerated, so neither the gradient nor the
samples are approximated (no contrastive divergence): what it reaches is what the model can.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from generative.codemodel import drawn, minimised

NAME = "rbm"
STEPS = 300
RATE = 0.05
SPREAD = 0.1  # of the first weights


@dataclass(frozen=True)
class BoltzmannMachine:
    """Weights and biases; implements ``codemodel.CodeModel``.

    p(v) is proportional to exp(b v) prod_j (1 + exp(c_j + (W v)_j)), hidden units summed out.
    """

    weights: np.ndarray  # shape: (hidden, visible)
    visible: np.ndarray  # shape: (visible,), b
    hidden: np.ndarray  # shape: (hidden,), c
    name: str = NAME

    @property
    def parameters(self) -> int:
        """Weights and biases."""
        return self.weights.size + self.visible.size + self.hidden.size

    def probabilities(self) -> np.ndarray:
        """Of every word. shape: (2**visible,)"""
        bits = _bits(len(self.visible))
        log = bits @ self.visible + _softplus(bits @ self.weights.T + self.hidden).sum(axis=1)
        weight = np.exp(log - log.max())
        return np.asarray(weight / weight.sum())

    def sample(self, n: int, *, seed: int) -> np.ndarray:
        """Words. shape: (n,), int64"""
        return drawn(self.probabilities(), n, seed)


@dataclass(frozen=True)
class BoltzmannLearner:
    """Fits a Boltzmann machine; implements ``codemodel.Learner``."""

    hidden: int  # units
    steps: int = STEPS
    rate: float = RATE
    name: str = field(default=NAME, init=False)

    def fit(self, target: np.ndarray, *, seed: int) -> BoltzmannMachine:
        """The machine after ``steps`` of Adam on the exact gradient of the likelihood.

        Args:
            target: probabilities; shape (2**visible,), sums to 1.
            seed: of the first weights.
        """
        visible = len(target).bit_length() - 1
        rng = np.random.default_rng([seed, 7])
        start = np.concatenate(
            [
                rng.normal(scale=SPREAD, size=self.hidden * visible),
                np.zeros(visible + self.hidden),
            ]
        )

        def slope(values: np.ndarray) -> np.ndarray:
            return likelihood_slope(unpacked(values, visible, self.hidden), target)

        found = minimised(slope, start, steps=self.steps, rate=self.rate)
        return unpacked(found, visible, self.hidden)


def hidden_units(visible: int, parameters: int) -> int:
    """As many as come nearest to a number of parameters, at least one."""
    return max(1, round((parameters - visible) / (visible + 1)))


def unpacked(values: np.ndarray, visible: int, hidden: int) -> BoltzmannMachine:
    """The machine of a flat array: weights, visible biases, hidden biases."""
    weights, b, c = np.split(values, [hidden * visible, hidden * visible + visible])
    return BoltzmannMachine(weights.reshape(hidden, visible), b, c)


def likelihood_slope(machine: BoltzmannMachine, target: np.ndarray) -> np.ndarray:
    """Derivative of the Kullback-Leibler divergence by the parameters, flat as ``unpacked``."""
    bits = _bits(len(machine.visible))
    off = machine.probabilities() - target
    active = 1 / (1 + np.exp(-(bits @ machine.weights.T + machine.hidden)))
    weighted = active * off[:, None]
    return np.concatenate([(weighted.T @ bits).ravel(), off @ bits, weighted.sum(axis=0)])


@lru_cache(maxsize=16)
def _bits(visible: int) -> np.ndarray:
    """Every word's bits, the lowest first. shape: (2**visible, visible), 0.0 or 1.0"""
    words = np.arange(2**visible)
    return ((words[:, None] >> np.arange(visible)) & 1).astype(np.float64)


def _softplus(values: np.ndarray) -> np.ndarray:
    return np.logaddexp(0.0, values)
