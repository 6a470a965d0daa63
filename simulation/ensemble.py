"""The conformers of a molecule with their Boltzmann weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.constants import calorie, gas_constant

from simulation.atomicunits import HARTREE_KCAL
from simulation.geometry import Geometry

ROOM_TEMPERATURE = 298.15  # K


@dataclass(frozen=True)
class Ensemble:
    """Every distinct optimised conformer of a molecule, lowest energy first.

    The energies are GFN2-xTB's with the solvent's free energy, without
    vibrations: weights by energy, not by free energy.
    """

    geometries: tuple[Geometry, ...]  # never empty

    def __post_init__(self) -> None:
        if not self.geometries:
            raise ValueError("an ensemble needs at least one conformer")
        absolute = [g.energy for g in self.geometries]
        if absolute != sorted(absolute):
            raise ValueError("the conformers of an ensemble come lowest first")

    def __len__(self) -> int:
        return len(self.geometries)

    @property
    def lowest(self) -> Geometry:
        """The conformer of the lowest energy."""
        return self.geometries[0]

    @cached_property
    def energies(self) -> NDArray[np.float64]:
        """Above the lowest, kcal/mol. # shape: (n,)"""
        absolute = np.array([g.energy for g in self.geometries])
        energies: NDArray[np.float64] = (absolute - absolute[0]) * HARTREE_KCAL
        return energies

    def weights(self, temperature: float = ROOM_TEMPERATURE) -> NDArray[np.float64]:
        """Boltzmann weights, which sum to one. # shape: (n,)

        Args:
            temperature: K, above zero.
        """
        if not temperature > 0:
            raise ValueError(f"a temperature above 0 K, not {temperature}")
        factors = np.exp(-self.energies * 1000 * calorie / (gas_constant * temperature))
        weights: NDArray[np.float64] = factors / factors.sum()
        return weights

    def average(
        self, values: ArrayLike | Sequence[float], temperature: float = ROOM_TEMPERATURE
    ) -> float:
        """Boltzmann average of one value for each conformer, in the values' unit.

        Args:
            values: in the order of ``geometries``. # shape: (n,)
            temperature: K.

        Raises:
            ValueError: not one value for each conformer.
        """
        column = np.asarray(values, dtype=float)
        if column.shape != (len(self),):
            raise ValueError(f"{len(self)} conformers, and values of the shape {column.shape}")
        return float(self.weights(temperature) @ column)

    def within(self, kcal: float) -> Ensemble:
        """The conformers up to ``kcal`` (kcal/mol) above the lowest."""
        kept = [g for g, e in zip(self.geometries, self.energies, strict=True) if e <= kcal]
        return Ensemble(tuple(kept) or self.geometries[:1])
