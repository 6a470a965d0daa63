"""Few numbers for a molecule: principal components of its standardised properties."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from screening.surrogate import features
from screening.surrogate.properties import NAMES

FARTHEST = 4.0  # components beyond are read as this; the width of one is 1 on average


@dataclass(frozen=True)
class ReducedDescriptors:
    """The properties of ``properties``, standardised, turned to their principal axes, cut."""

    centre: NDArray[np.float64]  # shape: (len(NAMES),), in raw units
    axes: NDArray[np.float64]  # shape: (len(NAMES), components), over raw units

    @staticmethod
    def of(smiles: Sequence[str], components: int) -> ReducedDescriptors:
        """The axes along which these molecules differ most.

        Components keep their ratio; their mean variance over these molecules is 1. Axes
        along which nothing differs are zero.

        Args:
            smiles: at least one.
            components: at most len(NAMES).

        Raises:
            ValueError: too many components, or a SMILES is not valid.
        """
        if not 1 <= components <= len(NAMES):
            raise ValueError(
                f"{components} components of {len(NAMES)} properties; take 1 to {len(NAMES)}"
            )
        raw = _raw(smiles)
        centre, width = raw.mean(axis=0), raw.std(axis=0)
        usable = width > 1e-9
        scale = np.where(usable, 1 / np.where(usable, width, 1.0), 0.0)
        _, lengths, axes = np.linalg.svd((raw - centre) * scale, full_matrices=False)
        kept = np.zeros((len(NAMES), components))
        count = min(components, len(axes))
        axes = axes[:count] * (lengths[:count, np.newaxis] > 1e-9)
        # the sign of an axis is the library's whim
        heaviest = np.abs(axes).argmax(axis=1)
        axes = axes * np.where(axes[np.arange(count), heaviest] < 0, -1.0, 1.0)[:, np.newaxis]
        size = np.sqrt((lengths[:count] ** 2).sum() / (len(raw) * components)) or 1.0
        kept[:, :count] = (axes * scale).T / size
        return ReducedDescriptors(centre, kept)

    def __call__(self, smiles: Sequence[str]) -> NDArray[np.float64]:
        """Of each molecule. # shape: (molecules, components)

        Raises:
            ValueError: a SMILES is not valid.
        """
        found = (_raw(smiles) - self.centre) @ self.axes
        return np.asarray(np.clip(found, -FARTHEST, FARTHEST))


def _raw(smiles: Sequence[str]) -> NDArray[np.float64]:
    seen = [features.described(text)[1] for text in smiles]
    return np.array(seen, dtype=np.float64).reshape(-1, len(NAMES))
