"""Broad kernels over descriptors: a trend that goes on beyond the labels.

The kernels of structures know a molecule by the labelled ones that it is like, and fall back
to the mean where it is like none. A Gaussian kernel that is wide against the labelled
molecules,

    k(x, y) = exp(-|f(x) - f(y)|^2 / (2 L^2)),    L = 2 root mean square lengths of f,

is nearly linear over them, so that a steady rise with a property is carried on to molecules
unlike any that has a label: of a docking score with size and rings, say. Two kinds of f are
offered: the standardised properties as they are, and a longer list of descriptors whose
correlations are taken out (the Mahalanobis metric of the labelled molecules, with a ridge),
so that a direction in which molecules vary little counts as much as molecular size.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from rdkit.Chem import rdMolDescriptors

from screening.intake.standardise import molecule
from screening.surrogate import properties

WIDTH = 2.0  # L, in root mean square lengths of the labelled molecules
RIDGE = 0.3  # added to the variance of each axis, in variances of one standardised descriptor
FARTHEST = 4.0  # standard deviations; what lies beyond counts as that far


@lru_cache(maxsize=50_000)
def described(smiles: str) -> NDArray[np.float32]:
    """Descriptors of one good SMILES: properties, MQN and 2D autocorrelations.

    The molecular quantum numbers (Nguyen et al., ChemMedChem 4 (2009) 1803) count atoms,
    bonds, polar groups and rings; the autocorrelations (Todeschini and Consonni 2009) say how
    mass, size, polarisability and the like are spread over the graph. What is not defined for
    a molecule is 0.

    Returns:
        shape (descriptors,), raw units.

    Raises:
        ValueError: it is not valid.
    """
    mol = molecule(smiles)
    values = np.concatenate(
        [
            properties.of_molecule(mol),
            rdMolDescriptors.MQNs_(mol),
            rdMolDescriptors.CalcAUTOCORR2D(mol),
        ]
    )
    return np.where(np.isfinite(values), values, 0.0).astype(np.float32)


@dataclass(frozen=True)
class _Axes:
    """What descriptors are compared along."""

    centre: NDArray[np.float64]  # shape: (descriptors,)
    width: NDArray[np.float64]  # shape: (descriptors,); infinite where all are equal
    turned: NDArray[np.float64]  # shape: (descriptors, axes)

    def __call__(self, raw: NDArray[np.float64]) -> NDArray[np.float64]:
        """Points, shape (molecules, axes)."""
        scaled = np.clip((raw - self.centre) / self.width, -FARTHEST, FARTHEST)
        return np.asarray(scaled @ self.turned)


@dataclass(frozen=True)
class Trend:
    """Implements ``Summand``.

    Args:
        name: what it is called in tables.
        describe: raw values of one good SMILES, shape (descriptors,).
        whitened: whether the correlations of the descriptors are taken out.
        axes: None until fitted.
    """

    name: str
    describe: Callable[[str], NDArray]
    whitened: bool
    axes: _Axes | None = None

    def fitted(self, smiles: Sequence[str], labels: NDArray[np.float64]) -> Trend:
        """The same with the axes of these molecules; the labels do not count."""
        # in one order, so that sums round alike in whatever order the labels came
        raw = self._raw(sorted(smiles))
        spread = raw.std(axis=0)
        axes = _Axes(
            raw.mean(axis=0),
            np.where(spread > 1e-6 * np.maximum(1.0, np.abs(raw).max(axis=0)), spread, np.inf),
            np.eye(raw.shape[1]),
        )
        points = axes(raw)
        if self.whitened:
            _, sizes, across = np.linalg.svd(points, full_matrices=False)
            axes = replace(axes, turned=across.T / np.sqrt(sizes**2 / len(raw) + RIDGE))
            points = axes(raw)
        length = np.sqrt((points**2).sum(axis=1).mean()) or 1.0
        return replace(self, axes=replace(axes, turned=axes.turned / (WIDTH * length)))

    def features(self, smiles: Sequence[str]) -> NDArray[np.float64]:
        """Points, shape (molecules, axes), in units of L.

        Raises:
            ValueError: not fitted yet, or a SMILES is not valid.
        """
        if len(smiles) == 0:
            return np.empty((0, self._located().turned.shape[1]))
        return self.points(self._raw(smiles))

    @property
    def takes_properties(self) -> bool:
        """Whether the raw values are ``properties.values``, which a caller may have already."""
        return self.describe is properties.values

    def points(self, raw: NDArray[np.float64]) -> NDArray[np.float64]:
        """The features of raw values that are known, shape (molecules, descriptors).

        Raises:
            ValueError: not fitted yet.
        """
        return self._located()(raw)

    def _located(self) -> _Axes:
        if self.axes is None:
            raise ValueError(f"the kernel {self.name!r} has no axes yet; call fitted first")
        return self.axes

    def covariance(self, a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
        """k of features, shape (len(a), len(b))."""
        squares = (a**2).sum(axis=1)[:, np.newaxis] + (b**2).sum(axis=1) - 2 * a @ b.T
        return np.asarray(np.exp(-0.5 * np.maximum(squares, 0.0)))

    def _raw(self, smiles: Sequence[str]) -> NDArray[np.float64]:
        return np.array([self.describe(text) for text in smiles], dtype=np.float64)


def trends(which: Literal["none", "properties", "descriptors"]) -> tuple[Trend, ...]:
    """None, one over the properties, or with it one over all descriptors, whitened."""
    over_properties = Trend("trend over properties", properties.values, whitened=False)
    over_descriptors = Trend("trend over descriptors", described, whitened=True)
    return {
        "none": (),
        "properties": (over_properties,),
        "descriptors": (over_properties, over_descriptors),
    }[which]
