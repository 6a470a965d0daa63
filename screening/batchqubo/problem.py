"""Which k molecules of n together: good ones that differ, as one number to maximise.

    value(S) = mean of q_i over S  -  diversity * mean of s_ij over the pairs in S,   |S| = k

with a quality q_i for each molecule and a similarity s_ij in [0, 1]. As a quadratic form over
z in {0, 1}^n with sum z = k, quality stands on the diagonal and similarity off it. Since k is
fixed, 1 - s_ij may stand in place of -s_ij, which makes it max-sum dispersion with a
cardinality (Ravi, Rosenkrantz and Tayi, Oper. Res. 42, 299 (1994); Borodin, Jain, Lee and Ye,
ACM Trans. Algorithms 13, 41 (2017)).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simulation.quantum.qubo import QUBO

_ASYMMETRY = 1e-9


@dataclass(frozen=True, eq=False)
class BatchProblem:
    """Choose exactly ``k`` of n molecules.

    Raises:
        ValueError: shapes that do not fit, a number that is not finite, a similarity that is
            not symmetric or outside [0, 1], ``k`` outside 1..n, or a negative ``diversity``.
    """

    quality: NDArray[np.float64]  # shape: (n,), in any one unit
    similarity: NDArray[np.float64]  # shape: (n, n), 0..1; its diagonal does not count
    k: int
    diversity: float = 0.5  # quality, as its mean over the batch, that a mean similarity of 1 costs

    def __post_init__(self) -> None:
        n = len(self.quality)
        if self.quality.shape != (n,) or self.similarity.shape != (n, n):
            raise ValueError(
                f"qualities of shape {self.quality.shape} and similarities of shape "
                f"{self.similarity.shape}; give (n,) and (n, n)"
            )
        if not np.isfinite(self.quality).all():
            raise ValueError("a quality is not finite; leave molecules without one out")
        if not 1 <= self.k <= n:
            raise ValueError(f"a batch of {self.k} cannot be chosen from {n} molecules")
        if not (np.isfinite(self.diversity) and self.diversity >= 0):
            raise ValueError(f"diversity must be 0 or more, not {self.diversity}")
        off = self.similarity[~np.eye(n, dtype=bool)]
        if not (np.isfinite(off).all() and (off >= 0).all() and (off <= 1).all()):
            raise ValueError("a similarity is not a number between 0 and 1")
        if np.abs(self.similarity - self.similarity.T).max(initial=0.0) > _ASYMMETRY:
            raise ValueError("the similarities are not symmetric")

    @staticmethod
    def scaled(
        quality: ArrayLike, similarity: ArrayLike, k: int, diversity: float = 0.5
    ) -> BatchProblem:
        """The problem with qualities moved to 0 (the least) .. 1 (the greatest).

        ``diversity`` then means the same for every criterion: what a mean similarity of 1
        costs, as a share of the range of the qualities. Equal qualities become 0.

        Raises:
            ValueError: as the class says.
        """
        q = np.asarray(quality, dtype=np.float64)
        width = float(np.ptp(q)) if q.size else 0.0
        moved = (q - q.min()) / width if width > 0 else np.zeros_like(q)
        return BatchProblem(moved, np.asarray(similarity, dtype=np.float64), k, diversity)

    def beside(self, similarity: ArrayLike) -> BatchProblem:
        """The same with other molecules in the batch already, such as those being computed.

        The k molecules that are chosen and the others count as one batch of K: every pair
        weighs as one of its K (K - 1) / 2, up to the factor K / k that keeps the mean quality
        of the chosen. Pairs of the others are a constant and left out. Give all of them at
        once.

        Args:
            similarity: to each of the others. # shape: (n, others)

        Raises:
            ValueError: another number of molecules, or a similarity outside [0, 1].
        """
        others = np.asarray(similarity, dtype=np.float64)
        if others.ndim != 2 or len(others) != self.n:
            raise ValueError(f"similarities of shape {others.shape}; give ({self.n}, others)")
        if not (np.isfinite(others).all() and (others >= 0).all() and (others <= 1).all()):
            raise ValueError("a similarity is not a number between 0 and 1")
        if others.shape[1] == 0:
            return self
        reach = self.diversity / (self.k + others.shape[1] - 1)
        return BatchProblem(
            self.quality - 2 * reach * others.sum(axis=1),
            self.similarity,
            self.k,
            reach * (self.k - 1),
        )

    @property
    def n(self) -> int:
        """How many molecules there are to choose from."""
        return len(self.quality)

    @property
    def rounding(self) -> float:
        """Differences of value below this are none."""
        return 1e-12 * (float(np.abs(self.quality).max()) + self.diversity)

    @property
    def linear(self) -> NDArray[np.float64]:
        """What each molecule adds alone. # shape: (n,)"""
        return self.quality / self.k

    @property
    def pairs(self) -> NDArray[np.float64]:
        """What each pair adds: zero or less. # shape: (n, n), symmetric, zero on the diagonal"""
        count = self.k * (self.k - 1) / 2
        weights = (self.similarity + self.similarity.T) * (-self.diversity / (2 * max(count, 1)))
        np.fill_diagonal(weights, 0.0)
        return np.asarray(weights if count else np.zeros_like(weights))

    def value(self, indices: Iterable[int]) -> float:
        """Of a batch, in the unit of the quality; larger is better.

        Raises:
            ValueError: not ``k`` different molecules of this problem.
        """
        chosen = self._checked(indices)
        mean = float(self.quality[chosen].mean())
        return mean - self.diversity * self.crowding(chosen)

    def crowding(self, indices: Iterable[int]) -> float:
        """Mean similarity over the pairs of a batch; 0 for a batch of one.

        Raises:
            ValueError: not ``k`` different molecules of this problem.
        """
        chosen = self._checked(indices)
        if self.k == 1:
            return 0.0
        within = self.similarity[np.ix_(chosen, chosen)]
        return float(within[np.triu_indices(self.k, 1)].mean())

    def dispersion(self, indices: Iterable[int]) -> float:
        """The value moved by a constant so that no term is negative.

        mean of (q_i - least q) + diversity * mean of (1 - s_ij). It is what the guarantee of
        the greedy choice is stated in.

        Raises:
            ValueError: not ``k`` different molecules of this problem.
        """
        moved = -float(self.quality.min()) + (self.diversity if self.k > 1 else 0.0)
        return self.value(indices) + moved

    def qubo(self, *, penalty: float | None = None) -> QUBO:
        """-value(z) + penalty (sum z - k)^2, to be minimised over z in {0, 1}^n.

        Args:
            penalty: in the unit of the quality; where None large enough that no assignment
                of another cardinality lies below the lowest of cardinality k.
        """
        linear, pairs = self.linear, self.pairs
        if penalty is None:
            # a hundredth more than one flip can change the value by
            penalty = 1.01 * float((np.abs(linear) - pairs.sum(axis=1)).max()) or 1.0
        quadratic = np.triu(-pairs + 2 * penalty, 1)
        return QUBO(penalty * (1 - 2 * self.k) - linear, quadratic, penalty * self.k**2)

    def bits(self, indices: Iterable[int]) -> NDArray[np.int8]:
        """A batch as zeros and ones. # shape: (n,)

        Raises:
            ValueError: not ``k`` different molecules of this problem.
        """
        found = np.zeros(self.n, dtype=np.int8)
        found[self._checked(indices)] = 1
        return found

    def _checked(self, indices: Iterable[int]) -> NDArray[np.int64]:
        chosen = np.array(sorted(indices), dtype=np.int64)
        if (
            len(chosen) != self.k
            or len(set(chosen.tolist())) != self.k
            or (chosen < 0).any()
            or (chosen >= self.n).any()
        ):
            raise ValueError(f"a batch is {self.k} different molecules of {self.n}")
        return chosen
