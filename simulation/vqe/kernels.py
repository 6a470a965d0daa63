"""Compiled sweeps over the factors of the trial state.

The state is the matrix of CI coefficients C (alpha strings x beta strings).
exp(theta G) turns each connected pair of coefficients (x, y), x on the source
and y on the target determinant, by a plane rotation

    x' = x cos(theta) - s y sin(theta),   y' = y cos(theta) + s x sin(theta).

Pairs of one excitation are disjoint, so a factor is applied in place.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulation.vqe.compilation import compiled


@compiled
def _turn_rows(c, source, target, sign, cosine, sine):  # type: ignore[no-untyped-def]
    for k in range(source.size):
        x = c[source[k]]
        y = c[target[k]]
        s = sine * sign[k]
        for b in range(c.shape[1]):
            u = x[b]
            v = y[b]
            x[b] = cosine * u - s * v
            y[b] = cosine * v + s * u


@compiled
def _turn_columns(c, source, target, sign, cosine, sine):  # type: ignore[no-untyped-def]
    for a in range(c.shape[0]):
        row = c[a]
        for k in range(source.size):
            s = sine * sign[k]
            u = row[source[k]]
            v = row[target[k]]
            row[source[k]] = cosine * u - s * v
            row[target[k]] = cosine * v + s * u


@compiled
def _turn_pairs(c, source, target, sign, source2, target2, sign2, cosine, sine):  # type: ignore[no-untyped-def]
    for k in range(source.size):
        x = c[source[k]]
        y = c[target[k]]
        for m in range(source2.size):
            s = sine * sign[k] * sign2[m]
            u = x[source2[m]]
            v = y[target2[m]]
            x[source2[m]] = cosine * u - s * v
            y[target2[m]] = cosine * v + s * u


@compiled
def _return_rows(c, w, source, target, sign, cosine, sine):  # type: ignore[no-untyped-def]
    total = 0.0
    for k in range(source.size):
        x = c[source[k]]
        y = c[target[k]]
        p = w[source[k]]
        q = w[target[k]]
        s = -sine * sign[k]
        part = 0.0
        for b in range(c.shape[1]):
            u = x[b]
            v = y[b]
            f = p[b]
            g = q[b]
            part += g * u - f * v
            x[b] = cosine * u - s * v
            y[b] = cosine * v + s * u
            p[b] = cosine * f - s * g
            q[b] = cosine * g + s * f
        total += sign[k] * part
    return total


@compiled
def _return_columns(c, w, source, target, sign, cosine, sine):  # type: ignore[no-untyped-def]
    total = 0.0
    for a in range(c.shape[0]):
        row = c[a]
        dual = w[a]
        for k in range(source.size):
            i = source[k]
            j = target[k]
            s = -sine * sign[k]
            u = row[i]
            v = row[j]
            f = dual[i]
            g = dual[j]
            total += sign[k] * (g * u - f * v)
            row[i] = cosine * u - s * v
            row[j] = cosine * v + s * u
            dual[i] = cosine * f - s * g
            dual[j] = cosine * g + s * f
    return total


@compiled
def _return_pairs(c, w, source, target, sign, source2, target2, sign2, cosine, sine):  # type: ignore[no-untyped-def]
    total = 0.0
    for k in range(source.size):
        x = c[source[k]]
        y = c[target[k]]
        p = w[source[k]]
        q = w[target[k]]
        for m in range(source2.size):
            i = source2[m]
            j = target2[m]
            e = sign[k] * sign2[m]
            s = -sine * e
            u = x[i]
            v = y[j]
            f = p[i]
            g = q[j]
            total += e * (g * u - f * v)
            x[i] = cosine * u - s * v
            y[j] = cosine * v + s * u
            p[i] = cosine * f - s * g
            q[j] = cosine * g + s * f
    return total


@compiled
def prepare(
    c: NDArray[np.float64],
    kind: NDArray[np.int64],
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    source: NDArray[np.int32],
    target: NDArray[np.int32],
    sign: NDArray[np.float64],
    angles: NDArray[np.float64],
) -> None:
    """Apply every factor to ``c`` in place, the first angle first.

    ``angles`` may hold several layers: factor k uses the tables of excitation
    ``k % kind.size``.
    """
    for k in range(angles.size):
        n = k % kind.size
        cosine = np.cos(angles[k])
        sine = np.sin(angles[k])
        a = first[n, 0]
        b = first[n, 1]
        if kind[n] == 0:
            _turn_rows(c, source[a:b], target[a:b], sign[a:b], cosine, sine)
        elif kind[n] == 1:
            _turn_columns(c, source[a:b], target[a:b], sign[a:b], cosine, sine)
        else:
            p = second[n, 0]
            q = second[n, 1]
            _turn_pairs(
                c, source[a:b], target[a:b], sign[a:b], source[p:q], target[p:q], sign[p:q],
                cosine, sine,
            )  # fmt: skip


@compiled
def adjoint_sweep(
    c: NDArray[np.float64],
    w: NDArray[np.float64],
    kind: NDArray[np.int64],
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    source: NDArray[np.int32],
    target: NDArray[np.int32],
    sign: NDArray[np.float64],
    angles: NDArray[np.float64],
    gradient: NDArray[np.float64],
) -> None:
    """Undo every factor on C and on W = H C, collecting <W|G_k|C> on the way.

    Both matrices are overwritten; C ends as the reference. The derivative of
    the energy with respect to angle k is twice ``gradient[k]``.
    """
    for k in range(angles.size - 1, -1, -1):
        n = k % kind.size
        cosine = np.cos(angles[k])
        sine = np.sin(angles[k])
        a = first[n, 0]
        b = first[n, 1]
        if kind[n] == 0:
            gradient[k] = _return_rows(c, w, source[a:b], target[a:b], sign[a:b], cosine, sine)
        elif kind[n] == 1:
            gradient[k] = _return_columns(c, w, source[a:b], target[a:b], sign[a:b], cosine, sine)
        else:
            p = second[n, 0]
            q = second[n, 1]
            gradient[k] = _return_pairs(
                c, w, source[a:b], target[a:b], sign[a:b], source[p:q], target[p:q], sign[p:q],
                cosine, sine,
            )  # fmt: skip
