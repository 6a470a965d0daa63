"""Compiled sums of minima over posting lists.

Rows of (column, count) stand one behind the other, ``start`` saying where each begins;
postings are the same entries in the order of the columns. A column belongs to the
fingerprint ``column // size``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
from numba import njit

F = TypeVar("F", bound=Callable[..., Any])


def _compiled(function: F) -> F:
    # a read-only installation has no place for the machine code; it is then made anew
    try:
        return cast(F, njit(cache=True, nogil=True)(function))
    except RuntimeError:
        return cast(F, njit(nogil=True)(function))


@_compiled
def gather(rows, start, columns, counts, new_start, new_columns, new_counts):  # type: ignore[no-untyped-def]
    """Copy the entries of some rows."""
    for i in range(rows.size):
        to = new_start[i]
        for entry in range(start[rows[i]], start[rows[i] + 1]):
            new_columns[to] = columns[entry]
            new_counts[to] = counts[entry]
            to += 1


@_compiled
def turned(start, columns, counts, width):  # type: ignore[no-untyped-def]
    """Postings: where each column's begin, their rows, their counts."""
    begin = np.zeros(width + 1, dtype=np.int64)
    for entry in range(columns.size):
        begin[columns[entry] + 1] += 1
    for column in range(width):
        begin[column + 1] += begin[column]
    free = begin.copy()
    rows = np.empty(columns.size, dtype=np.int32)
    numbers = np.empty(columns.size, dtype=np.int32)
    for row in range(start.size - 1):
        for entry in range(start[row], start[row + 1]):
            place = free[columns[entry]]
            rows[place] = row
            numbers[place] = counts[entry]
            free[columns[entry]] = place + 1
    return begin, rows, numbers


@_compiled
def minima(start, columns, counts, begin, rows, numbers, size, out):  # type: ignore[no-untyped-def]
    """Add to ``out``, shape (kinds, queries, rows), the sums of the minima."""
    for query in range(start.size - 1):
        for entry in range(start[query], start[query + 1]):
            column = columns[entry]
            count = counts[entry]
            kind = column // size
            for place in range(begin[column], begin[column + 1]):
                out[kind, query, rows[place]] += min(count, numbers[place])


@_compiled
def similarity(  # type: ignore[no-untyped-def]
    start, columns, counts, totals, begin, rows, numbers, row_totals, weights, size, out
):
    """Write to ``out``, shape (sums, queries, rows), weighted sums of the kinds' MinMax."""
    sums, kinds = weights.shape
    n = row_totals.shape[0]
    wanted = np.zeros(kinds, dtype=np.bool_)
    for kind in range(kinds):
        for s in range(sums):
            if weights[s, kind] != 0.0:
                wanted[kind] = True
    shared = np.zeros((kinds, n), dtype=np.int32)
    for query in range(start.size - 1):
        shared[:] = 0
        for entry in range(start[query], start[query + 1]):
            column = columns[entry]
            kind = column // size
            if not wanted[kind]:
                continue
            count = counts[entry]
            for place in range(begin[column], begin[column + 1]):
                shared[kind, rows[place]] += min(count, numbers[place])
        for s in range(sums):
            out[s, query, :] = 0.0
        for kind in range(kinds):
            if not wanted[kind]:
                continue
            for row in range(n):
                joint = totals[query, kind] + row_totals[row, kind] - shared[kind, row]
                alike = shared[kind, row] / joint if joint > 0.0 else 1.0
                for s in range(sums):
                    out[s, query, row] += weights[s, kind] * alike
