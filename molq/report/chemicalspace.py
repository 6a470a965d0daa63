"""A map of molecules: alike ones near each other, by their Morgan fingerprints.

Tanimoto distances of the fingerprints are laid out on the plane by t-SNE (van der Maaten and
Hinton, J. Mach. Learn. Res. 9 (2008) 2579), begun from classical scaling (Torgerson 1952), as
Kobak and Berens (Nat. Commun. 10 (2019) 5416) advise, so that the map does not depend on
chance. A few molecules, for which t-SNE has too few neighbours, stand where classical scaling
puts them. How far a map can be trusted is a number of its own (Venna and Kaski 2001).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh

from screening.fingerprint import morgan, similarities

SEED = 0
PERPLEXITY = 30.0  # neighbours that count, where there are enough molecules
FEWEST = 12  # molecules below which t-SNE has too little to go by
NEAR = 5  # neighbours that are looked at to judge a map
METHODS = {
    "tsne": "t-SNE of Tanimoto distances between Morgan fingerprints",
    "scaling": "classical scaling of Tanimoto distances between Morgan fingerprints",
}


@dataclass(frozen=True)
class ChemicalMap:
    """Molecules on a plane."""

    places: NDArray[np.float64]  # shape: (molecules, 2); distances have no unit
    method: str  # of ``METHODS``
    trustworthiness: float | None  # 0..1, of ``NEAR`` neighbours; None for too few molecules


def chemical_map(smiles: Sequence[str]) -> ChemicalMap:
    """The map of molecules, the same for the same molecules in the same order.

    Args:
        smiles: good ones; time and memory grow with the square of their number.

    Raises:
        ValueError: one of them is not a valid SMILES.
    """
    distances = _distances(smiles)
    scaled = _classical_scaling(distances)
    number = len(smiles)
    if number < FEWEST or scaled.std() == 0:
        return ChemicalMap(scaled, "scaling", _trustworthiness(distances, scaled))
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits

    start = scaled / (scaled[:, 0].std() or 1.0) * 1e-4
    # its threads wait for each other more than they work, above all beside a running campaign
    with threadpool_limits(limits=1):
        places = TSNE(
            n_components=2,
            metric="precomputed",
            init=start.astype(np.float32),
            perplexity=min(PERPLEXITY, (number - 1) / 3),
            random_state=SEED,
            n_jobs=1,
        ).fit_transform(distances)
    found = np.asarray(places, dtype=np.float64)
    found -= found.mean(axis=0)
    found /= np.abs(found).max() or 1.0
    return ChemicalMap(found, "tsne", _trustworthiness(distances, found))


def _distances(smiles: Sequence[str]) -> NDArray[np.float64]:
    prints = [morgan(text) for text in smiles]
    found = np.zeros((len(prints), len(prints)))  # shape: (molecules, molecules)
    for place, one in enumerate(prints[:-1]):
        found[place, place + 1 :] = 1 - similarities(one, prints[place + 1 :])
    return found + found.T


def _classical_scaling(distances: NDArray[np.float64]) -> NDArray[np.float64]:
    """Principal coordinates of a distance matrix, shape (molecules, 2), largest spread first."""
    number = len(distances)
    if number < 2:
        return np.zeros((number, 2))
    squares = distances**2
    centred = -0.5 * (
        squares - squares.mean(axis=0) - squares.mean(axis=1)[:, None] + squares.mean()
    )
    values, vectors = eigh(centred, subset_by_index=[number - 2, number - 1])
    found = vectors[:, ::-1] * np.sqrt(np.clip(values[::-1], 0.0, None))
    # an eigenvector's sign is open: the largest entry is positive, on every machine
    largest = np.abs(found).argmax(axis=0)
    return np.asarray(found * np.where(found[largest, [0, 1]] < 0, -1.0, 1.0))


def _trustworthiness(distances: NDArray[np.float64], places: NDArray[np.float64]) -> float | None:
    if len(places) <= 2 * NEAR or places.std() == 0:
        return None
    from sklearn.manifold import trustworthiness

    return float(trustworthiness(distances, places, n_neighbors=NEAR, metric="precomputed"))
