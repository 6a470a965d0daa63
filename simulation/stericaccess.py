"""How much room a nucleophile finds next to an atom: the buried volume."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

RADIUS = 3.5  # Angstrom, of the sphere
SCALE = 1.17  # of Bondi's radii
_SPACING = 0.2  # Angstrom

# Bondi, J. Phys. Chem. 68, 441 (1964); the rest from Mantina et al., J. Phys. Chem. A 113,
# 5806 (2009). Angstrom.
_RADII = {
    **{5: 1.92, 6: 1.70, 7: 1.55, 8: 1.52, 9: 1.47, 14: 2.10, 15: 1.80, 16: 1.80, 17: 1.75},
    **{32: 2.11, 33: 1.85, 34: 1.90, 35: 1.85, 52: 2.06, 53: 1.98},
}


def buried_volume(
    numbers: NDArray[np.int64], places: NDArray[np.float64], centre: NDArray[np.float64]
) -> float:
    """The share of a sphere around a point that a molecule fills, 0..1.

    Heavy atoms only, as in SambVca: Falivene et al., Nat. Chem. 11, 872 (2019).

    Args:
        numbers: atomic numbers. # shape: (natoms,)
        places: Angstrom. # shape: (natoms, 3)
        centre: of the sphere, Angstrom. # shape: (3,)
    """
    grid = _grid()
    filled = np.zeros(len(grid), dtype=bool)
    for number, place in zip(numbers.tolist(), places - centre, strict=True):
        if number == 1:
            continue
        radius = SCALE * _RADII[number]
        if float(np.linalg.norm(place)) < RADIUS + radius:
            filled |= ((grid - place) ** 2).sum(axis=1) < radius**2
    return float(filled.mean())


@cache
def _grid() -> NDArray[np.float64]:
    axis = np.arange(-RADIUS, RADIUS + _SPACING / 2, _SPACING)
    points = np.stack(np.meshgrid(axis, axis, axis), axis=-1).reshape(-1, 3)
    inside: NDArray[np.float64] = points[(points**2).sum(axis=1) <= RADIUS**2]
    return inside
