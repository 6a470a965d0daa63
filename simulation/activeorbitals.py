"""The orbitals of an active space in a form that a record can hold, and a page can draw.

A localised orbital needs few of a molecule's basis functions. The natural orbitals of the
exact state are kept as those functions that make up nearly all of each, chosen by the size of
their coefficients; what is left out is told as the squared overlap with the whole orbital.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulation.casci import CIState
from simulation.score import ActiveOrbital, OrbitalSet

LEAST_KEPT = 0.995  # squared overlap of the kept terms with the whole orbital
_DIGITS = 4  # of a coefficient, after the point


def natural_orbitals(
    molecule: Any, coefficients: NDArray[np.float64], state: CIState
) -> OrbitalSet:
    """The natural orbitals of a state in an active space, as few terms as will do.

    Args:
        molecule: PySCF's, whose functions the coefficients belong to.
        coefficients: of the active orbitals. # shape: (nao, norb)
        state: in these orbitals.
    """
    occupations, rotation = np.linalg.eigh(state.density_matrix())
    occupations, rotation = occupations[::-1], rotation[:, ::-1]
    orbitals = coefficients @ rotation
    orbitals = orbitals * np.sign(orbitals[np.abs(orbitals).argmax(axis=0), range(state.norb)])
    overlap = molecule.intor_symmetric("int1e_ovlp")
    highest = (state.n_alpha + state.n_beta) // 2 - 1
    return OrbitalSet(
        basis=dict(molecule.basis),
        functions=int(orbitals.shape[0]),
        orbitals=tuple(
            _sparse(orbital, overlap, _label(place, highest), float(occupation))
            for place, (orbital, occupation) in enumerate(zip(orbitals.T, occupations, strict=True))
        ),
    )


def _label(place: int, highest: int) -> str:
    """Named from the highest occupied and the lowest unoccupied natural orbital."""
    if place <= highest:
        return "HONO" if place == highest else f"HONO-{highest - place}"
    return "LUNO" if place == highest + 1 else f"LUNO+{place - highest - 1}"


def _sparse(
    orbital: NDArray[np.float64], overlap: NDArray[np.float64], label: str, occupation: float
) -> ActiveOrbital:
    """The fewest functions, the largest coefficients first, that keep ``LEAST_KEPT``.

    Args:
        orbital: normalised. # shape: (nao,)
        overlap: of the functions. # shape: (nao, nao)
    """
    order = np.argsort(-np.abs(orbital), kind="stable")
    chosen = orbital[order]
    products = chosen[:, None] * overlap[np.ix_(order, order)] * chosen
    shared = np.cumsum(products.sum(axis=1))  # with the whole orbital, of the first terms
    own = np.cumsum(2 * np.tril(products, -1).sum(axis=1) + np.diagonal(products))
    kept = shared**2 / np.maximum(own, np.finfo(float).tiny)
    terms = int(np.argmax(kept >= LEAST_KEPT)) + 1 if kept.max() >= LEAST_KEPT else order.size
    functions = np.sort(order[:terms])
    return ActiveOrbital(
        label=label,
        occupation=round(occupation, _DIGITS),
        functions=tuple(functions.tolist()),
        coefficients=tuple(round(c, _DIGITS) for c in orbital[functions].tolist()),
        kept=round(float(kept[terms - 1]), _DIGITS),
    )
