"""What the surrogate sees of a molecule: counted substructures and whole-molecule properties."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from screening.intake.standardise import molecule
from screening.surrogate import countprints, properties
from screening.surrogate.countprints import Row

REMEMBERED = 50_000  # molecules whose features stay in memory


@lru_cache(maxsize=REMEMBERED)
def described(smiles: str) -> tuple[Row, NDArray[np.float64]]:
    """Counts and properties of one good SMILES.

    Raises:
        ValueError: it is not valid.
    """
    mol = molecule(smiles)
    return countprints.of_molecule(mol), properties.of_molecule(mol)
