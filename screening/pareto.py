"""Which molecules nothing surpasses in every wish, and how much of the space they cover.

Wishes are desirabilities, 0 to 1, larger better. A molecule stands on the Pareto front when
no other is at least as good in every wish and better in one. The hypervolume is the share
of the unit cube that lies below the front (Zitzler and Thiele 1998), so 1 is a molecule that
meets every wish altogether. It is exact: by sweeping for two wishes, by exclusive volumes
for more (While, Bradstreet and Barone, IEEE Trans. Evol. Comput. 16 (2012) 86).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

MOST_WISHES = 4  # the work grows exponentially with their number


def front(desirabilities: ArrayLike) -> NDArray[np.int64]:
    """The molecules on the Pareto front.

    Of molecules alike in every wish all stand on it. A molecule with a wish that is not
    known (nan) stands nowhere.

    Args:
        desirabilities: shape (molecules, wishes), larger better.

    Returns:
        Their places, ascending.

    Raises:
        ValueError: not of that shape, or no wish.
    """
    points = _points(desirabilities)
    known = np.flatnonzero(~np.isnan(points).any(axis=1))
    # the largest sums first: what is surpassed is surpassed by one that comes before it
    left = known[np.argsort(-points[known].sum(axis=1), kind="stable")]
    found: list[int] = []
    while len(left):
        best = points[left[0]]
        alike = (points[left] == best).all(axis=1)
        found += left[alike].tolist()
        left = left[(points[left] > best).any(axis=1)]
    return np.array(sorted(found), dtype=np.int64)


def hypervolume(desirabilities: ArrayLike) -> float:
    """The volume below the front, reference point 0.

    Args:
        desirabilities: shape (molecules, wishes), 0..1; rows with nan do not count.

    Returns:
        0..1; 0 for no molecule.

    Raises:
        ValueError: not of that shape, no wish, or more than ``MOST_WISHES`` wishes.
    """
    points = _points(desirabilities)
    if points.shape[1] > MOST_WISHES:
        raise ValueError(
            f"the hypervolume of {points.shape[1]} wishes is not computed; "
            f"at most {MOST_WISHES}, give fewer objectives"
        )
    return _volume(np.unique(np.maximum(points[front(points)], 0.0), axis=0))


def _points(desirabilities: ArrayLike) -> NDArray[np.float64]:
    points = np.asarray(desirabilities, dtype=np.float64)
    if points.ndim != 2 or points.shape[1] == 0:
        raise ValueError(
            f"desirabilities of shape {points.shape}; give one row a molecule, one column a wish"
        )
    return points


def _volume(points: NDArray[np.float64]) -> float:
    """Below mutually non-dominated points, shape (points, wishes)."""
    if len(points) == 0:
        return 0.0
    if points.shape[1] == 1:
        return float(points.max())
    if points.shape[1] == 2:
        x, y = points[np.argsort(-points[:, 0], kind="stable")].T
        return float((x * np.diff(np.concatenate([[0.0], y]))).sum())
    order = points[np.argsort(points[:, 0], kind="stable")]
    total = 0.0
    for i, point in enumerate(order):
        limited = np.minimum(order[i + 1 :], point)  # what the later ones share with it
        shared = np.unique(limited[front(limited)], axis=0)
        total += float(point.prod()) - _volume(shared)
    return total
