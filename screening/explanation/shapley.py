"""Aumann-Shapley shares of the kernels of a Gaussian process's mean.

A mean is a sum over known molecules, f(x) = sum_i a_i k(x, x_i). Along the straight path
z(t) from a reference to x, each coordinate's share

    s_j = int_0^1 (x_j - z_j(0)) df/dz_j (z(t)) dt

adds up with the others to f(x) - f(reference), exactly (Aumann and Shapley, *Values of
Non-Atomic Games*, 1974; as integrated gradients: Sundararajan, Taly and Yan, ICML 2017).

Counts of substructures begin at none of them: the kernel MinMax is piecewise rational
along the path and is integrated in closed form. Properties begin at those of the
reference: the Gaussian is integrated by Gauss-Legendre panels.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from screening.surrogate.countprints import KINDS, SIZE, CountPrints, Row

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(16)
_SERIES = 0.01  # argument below which a difference of logarithms would lose digits
_TERMS = 10


@dataclass(frozen=True)
class Shares:
    """f at the reference, and what each coordinate adds to it."""

    reference: float
    parts: NDArray[np.float64]  # shape: (coordinates,)


def of_counts(
    query: Row,
    prints: CountPrints,
    coefficients: NDArray[np.float64],
    kinds: NDArray[np.float64],
) -> Shares:
    """Shares of a molecule's counted substructures in sum_i a_i sum_f w_f MinMax_f(x, x_i).

    The reference is the limit of few substructures: nothing in common with any known
    molecule. Where neither x nor a known molecule has a substructure of a kind, the two
    are alike in it on the whole path, which counts for the reference.

    Args:
        query: x.
        prints: the known molecules, n of them.
        coefficients: a, shape (n,).
        kinds: w, shape (len(KINDS),).

    Returns:
        one part for each entry of ``query``.
    """
    reference = 0.0
    parts = np.zeros(len(query.columns))
    shared = _dense(query, prints)
    for kind in range(len(KINDS)):
        own = query.columns // SIZE == kind
        totals = prints.totals[:, kind]
        filled = totals > 0
        if not own.any():
            reference += kinds[kind] * float(coefficients[~filled].sum())
            continue
        weighted = kinds[kind] * coefficients[filled]
        counts = query.counts[own].astype(np.float64)
        parts[own] = _minmax(counts, shared[np.ix_(filled, own)], totals[filled], weighted)
    return Shares(reference, parts)


def of_properties(
    query: NDArray[np.float64],
    reference: NDArray[np.float64],
    known: NDArray[np.float64],
    coefficients: NDArray[np.float64],
    lengths: NDArray[np.float64],
) -> Shares:
    """Shares of properties in sum_i a_i exp(-1/2 sum_j (p_j - p_ij)^2 / l_j^2).

    Args:
        query: p, shape (properties,).
        reference: where the path begins, shape (properties,).
        known: shape (n, properties).
        coefficients: a, shape (n,).
        lengths: l, shape (properties,).
    """
    scaled = known / lengths  # shape: (n, properties)
    begin, step = reference / lengths, (query - reference) / lengths
    panels = 1 + math.ceil(float(np.linalg.norm(step)))  # the Gaussian is one length wide
    edges = np.linspace(0, 1, panels + 1)
    half = 0.5 / panels
    parts = np.zeros(len(query))
    for left in edges[:-1]:
        for node, weight in zip(_NODES, _WEIGHTS, strict=True):
            away = begin + (left + half * (1 + node)) * step - scaled
            pull = coefficients * np.exp(-0.5 * np.einsum("ij,ij->i", away, away))
            parts -= weight * half * step * (pull @ away)
    away = begin - scaled
    start = float(coefficients @ np.exp(-0.5 * np.einsum("ij,ij->i", away, away)))
    return Shares(start, parts)


def _dense(query: Row, prints: CountPrints) -> NDArray[np.float64]:
    """How often the known molecules have what the query has, shape (n, entries)."""
    shared = np.zeros((len(prints), len(query.columns)))
    if shared.size == 0:
        return shared
    place = np.minimum(np.searchsorted(query.columns, prints.columns), len(query.columns) - 1)
    held = np.flatnonzero(query.columns[place] == prints.columns)
    rows = np.searchsorted(prints.start, held, side="right") - 1
    shared[rows, place[held]] = prints.counts[held]
    return shared


def _minmax(
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    totals: NDArray[np.float64],
    coefficients: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Shares of each count in sum_i a_i M_i / (t X + Y_i - M_i), t from 0 to 1.

    With M the sum of the minima and D the denominator, the derivative by a count is
    (D + M) / D^2 where the known molecule has more of it and less M / D^2 everywhere;
    between the points t where a count overtakes a known one, M and D are linear.

    Args:
        x: counts, shape (k,).
        y: the known molecules' counts of the same, shape (n, k).
        totals: Y, positive, shape (n,).
        coefficients: shape (n,).

    Returns:
        shape (k,).
    """
    n = len(y)
    overtaken = np.minimum(y / x, 1.0)
    levels = np.unique(np.concatenate([[0.0, 1.0], overtaken.ravel()]))
    pieces = len(levels) - 1
    until = np.searchsorted(levels, overtaken)  # a count is in the minimum below this piece
    flat = (np.arange(n)[:, np.newaxis] * (pieces + 1) + until).ravel()
    ending = np.bincount(flat, weights=np.tile(x, n), minlength=n * (pieces + 1))
    slopes: NDArray[np.float64] = np.cumsum(
        ending.reshape(n, pieces + 1)[:, :0:-1], axis=1, dtype=np.float64
    )[:, ::-1]
    steps = np.diff(levels)
    shared = np.concatenate([np.zeros((n, 1)), np.cumsum(slopes * steps, axis=1)], axis=1)
    total = float(x.sum())
    both = levels * total + totals[:, np.newaxis]  # D + M
    below = both - shared  # D
    growth: NDArray[np.float64] = total - slopes
    gained = _over_square(both[:, :-1], total, below[:, :-1], growth, steps)
    lost = _over_square(shared[:, :-1], slopes, below[:, :-1], growth, steps).sum(axis=1)
    reached = np.concatenate([np.zeros((n, 1)), np.cumsum(gained, axis=1)], axis=1)
    each = np.take_along_axis(reached, until, axis=1) - lost[:, np.newaxis]  # shape: (n, k)
    return np.asarray(x * (coefficients @ each))


def _over_square(
    p: NDArray[np.float64],
    q: NDArray[np.float64] | float,
    d: NDArray[np.float64],
    e: NDArray[np.float64],
    h: NDArray[np.float64],
) -> NDArray[np.float64]:
    """int_0^h (p + q u) / (d + e u)^2 du with d > 0, e >= 0."""
    r = e * h / d
    safe = np.maximum(r, _SERIES)
    closed = (np.log1p(safe) - safe / (1 + safe)) / safe**2
    powers = np.arange(_TERMS)
    series = np.polynomial.polynomial.polyval(
        np.minimum(r, _SERIES), (-1.0) ** powers * (powers + 1) / (powers + 2)
    )
    curved = np.where(r < _SERIES, series, closed)
    return np.asarray(p * h / (d * d * (1 + r)) + q * (h / d) ** 2 * curved)
