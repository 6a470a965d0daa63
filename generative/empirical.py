"""What was seen, and nothing else: the plain distribution of code words."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from generative.codemodel import drawn

NAME = "empirical"


@dataclass(frozen=True)
class Empirical:
    """A table of probabilities; implements ``codemodel.CodeModel``."""

    table: np.ndarray  # shape: (words,)
    name: str = NAME

    @property
    def parameters(self) -> int:
        """Words that were seen: what the table remembers."""
        return int(np.count_nonzero(self.table))

    def probabilities(self) -> np.ndarray:
        """Of every word. shape: (words,)"""
        return self.table

    def sample(self, n: int, *, seed: int) -> np.ndarray:
        """Words. shape: (n,), int64"""
        return drawn(self.table, n, seed)


@dataclass(frozen=True)
class EmpiricalLearner:
    """Keeps what is wanted as it is, or smoothed; implements ``codemodel.Learner``.

    Smoothing gives a share to the product of the marginals of the word's fields, as an
    interpolated n-gram model backs off to single words.
    """

    fields: tuple[int, ...]  # bits of each field, the lowest first
    smoothing: float = 0.0  # share of the product of marginals
    name: str = field(default=NAME, init=False)

    def fit(self, target: np.ndarray, *, seed: int) -> Empirical:
        """The target itself, smoothed.

        Args:
            target: probabilities; shape (2**bits,), sums to 1.
            seed: without effect.

        Raises:
            ValueError: the fields do not make up the word.
        """
        if 2 ** sum(self.fields) != len(target):
            raise ValueError(f"fields of {self.fields} bits are no word of {len(target)} values")
        if not self.smoothing:
            return Empirical(target)
        table = target.reshape([2**bits for bits in reversed(self.fields)])
        product = np.ones(1)
        for axis in range(table.ndim):
            others = tuple(other for other in range(table.ndim) if other != axis)
            product = np.multiply.outer(product, table.sum(axis=others)).ravel()
        return Empirical((1 - self.smoothing) * target + self.smoothing * product)
