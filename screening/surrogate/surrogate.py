"""The surrogate Protocol and what a prediction is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from screening.surrogate.settings import SurrogateSettings


@dataclass(frozen=True)
class Prediction:
    """What a new value of each molecule is expected to be, in the labels' unit."""

    mean: NDArray[np.float64]  # shape: (molecules,)
    std: NDArray[np.float64]  # shape: (molecules,); of a new value, noise included


class Surrogate(Protocol):
    """A regression with uncertainty. The same labels give the same model."""

    def fit(self, smiles: Sequence[str], values: ArrayLike) -> None:
        """Learn from labelled molecules, replacing what was learnt before.

        Args:
            smiles: canonical, at least one.
            values: shape (molecules,), finite.

        Raises:
            ValueError: no label, another number of values, or one not finite.
        """
        ...

    def predict(self, smiles: Sequence[str]) -> Prediction:
        """Mean and standard deviation of a new value of each molecule.

        Raises:
            ValueError: not fitted yet, or a SMILES is not valid.
        """
        ...

    def sample(self, smiles: Sequence[str], n: int, seed: int) -> NDArray[np.float64]:
        """Draws of the noise-free values, joint over the molecules.

        Returns:
            shape (n, molecules), in the labels' unit.

        Raises:
            ValueError: not fitted yet, or a SMILES is not valid.
        """
        ...


def create(settings: SurrogateSettings | None = None) -> Surrogate:
    """A new, unfitted surrogate."""
    # torch takes seconds to import, and settings are read by commands that need no model
    settings = settings or SurrogateSettings()
    if settings.kind == "sum-kernel":
        from screening.surrogate.sumprocess import SumKernelProcess

        return SumKernelProcess(settings)
    from screening.surrogate.gaussianprocess import GaussianProcess

    return GaussianProcess(settings)
