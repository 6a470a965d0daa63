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
def spread_out(begin, rows, numbers, dense_of, out):  # type: ignore[no-untyped-def]
    """Write to ``out``, shape (dense columns, rows), the counts of columns with a place."""
    for column in range(dense_of.size):
        place = dense_of[column]
        if place >= 0:
            for entry in range(begin[column], begin[column + 1]):
                out[place, rows[entry]] = numbers[entry]


@_compiled
def similarity(  # type: ignore[no-untyped-def]
    start,
    columns,
    counts,
    totals,
    begin,
    rows,
    numbers,
    dense_of,
    dense,
    row_totals,
    weights,
    size,
    out,
):
    """Write to ``out``, shape (sums, queries, rows), weighted sums of the kinds' MinMax.

    Columns that many rows hold are read as a whole, ``dense_of`` saying where (-1: not).
    """
    sums, kinds = weights.shape
    n = row_totals.shape[1]
    shared = np.zeros(n, dtype=np.int32)
    for query in range(start.size - 1):
        for s in range(sums):
            out[s, query, :] = 0.0
        entry = start[query]
        for kind in range(kinds):
            # one kind after the other, so that its sums stay in the fastest memory
            shared[:] = 0
            while entry < start[query + 1] and columns[entry] < (kind + 1) * size:
                column = columns[entry]
                count = counts[entry]
                whole = dense_of[column]
                if whole >= 0:
                    line = dense[whole]
                    for row in range(n):
                        shared[row] += min(count, np.int32(line[row]))
                else:
                    for place in range(begin[column], begin[column + 1]):
                        shared[rows[place]] += min(count, numbers[place])
                entry += 1
            own = totals[query, kind]
            line_totals = row_totals[kind]
            for row in range(n):
                joint = own + line_totals[row] - shared[row]
                alike = shared[row] / joint if joint > 0.0 else 1.0
                for s in range(sums):
                    out[s, query, row] += weights[s, kind] * alike
