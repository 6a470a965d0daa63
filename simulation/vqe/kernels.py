"""Compiled sweeps over the factors of the trial state.

The state is a vector of blocks (see ``determinants``): the coefficients of alpha
string a with the beta strings of one group stand together from ``row[a]`` on.
exp(theta G) turns each connected pair of coefficients (x, y), x on the source
and y on the target determinant, by a plane rotation

    x' = x cos(theta) - s y sin(theta),   y' = y cos(theta) + s x sin(theta).

Pairs of one excitation are disjoint, so a factor is applied in place.

``layout`` and ``tables`` are the tuples that ``sector`` makes of a
``Determinants`` and of ``ExcitationTables``:

    row, group, partner, start        of the determinants; ``start`` of the beta groups
    kind, first, second, bounds, source, target, sign     of the tables
"""

from __future__ import annotations

import numpy as np

from simulation.vqe.compilation import compiled


@compiled
def _turn(c, layout, tables, n, cosine, sine):  # type: ignore[no-untyped-def]
    row, group, partner, start = layout
    kind, first, second, bounds, source, target, sign = tables
    t = first[n]
    if kind[n] == 1:
        for a in range(group.size):
            h = partner[group[a]]
            if h < 0:
                continue
            base = np.uint64(row[a] - start[h])
            for k in range(bounds[t, h], bounds[t, h + 1]):
                i = base + source[k]
                j = base + target[k]
                s = sine * sign[k]
                u = c[i]
                v = c[j]
                c[i] = cosine * u - s * v
                c[j] = cosine * v + s * u
        return
    for k in range(bounds[t, 0], bounds[t, -1]):
        a = source[k]
        b = target[k]
        if kind[n] == 0:
            s = sine * sign[k]
            x = c[row[a] : row[a + 1]]
            y = c[row[b] : row[b + 1]]
            for m in range(x.size):
                u = x[m]
                v = y[m]
                x[m] = cosine * u - s * v
                y[m] = cosine * v + s * u
        else:
            h = partner[group[a]]
            g = partner[group[b]]
            if h < 0 or g < 0:
                continue
            from_base = np.uint64(row[a] - start[h])
            to_base = np.uint64(row[b] - start[g])
            r = second[n]
            s1 = sine * sign[k]
            low = bounds[r, h]
            high = bounds[r, h + 1]
            sources = source[low:high]
            targets = target[low:high]
            signs = sign[low:high]
            for m in range(sources.size):
                i = from_base + sources[m]
                j = to_base + targets[m]
                s = s1 * signs[m]
                u = c[i]
                v = c[j]
                c[i] = cosine * u - s * v
                c[j] = cosine * v + s * u


@compiled
def _return(c, w, layout, tables, n, cosine, sine):  # type: ignore[no-untyped-def]
    row, group, partner, start = layout
    kind, first, second, bounds, source, target, sign = tables
    t = first[n]
    total = 0.0
    if kind[n] == 1:
        for a in range(group.size):
            h = partner[group[a]]
            if h < 0:
                continue
            base = np.uint64(row[a] - start[h])
            for k in range(bounds[t, h], bounds[t, h + 1]):
                i = base + source[k]
                j = base + target[k]
                s = -sine * sign[k]
                u = c[i]
                v = c[j]
                f = w[i]
                g = w[j]
                total += sign[k] * (g * u - f * v)
                c[i] = cosine * u - s * v
                c[j] = cosine * v + s * u
                w[i] = cosine * f - s * g
                w[j] = cosine * g + s * f
        return total
    for k in range(bounds[t, 0], bounds[t, -1]):
        a = source[k]
        b = target[k]
        part = 0.0
        if kind[n] == 0:
            s = -sine * sign[k]
            x = c[row[a] : row[a + 1]]
            y = c[row[b] : row[b + 1]]
            p = w[row[a] : row[a + 1]]
            q = w[row[b] : row[b + 1]]
            for m in range(x.size):
                u = x[m]
                v = y[m]
                f = p[m]
                g = q[m]
                part += g * u - f * v
                x[m] = cosine * u - s * v
                y[m] = cosine * v + s * u
                p[m] = cosine * f - s * g
                q[m] = cosine * g + s * f
        else:
            h = partner[group[a]]
            e = partner[group[b]]
            if h < 0 or e < 0:
                continue
            from_base = np.uint64(row[a] - start[h])
            to_base = np.uint64(row[b] - start[e])
            r = second[n]
            s1 = -sine * sign[k]
            low = bounds[r, h]
            high = bounds[r, h + 1]
            sources = source[low:high]
            targets = target[low:high]
            signs = sign[low:high]
            for m in range(sources.size):
                i = from_base + sources[m]
                j = to_base + targets[m]
                s = s1 * signs[m]
                u = c[i]
                v = c[j]
                f = w[i]
                g = w[j]
                part += signs[m] * (g * u - f * v)
                c[i] = cosine * u - s * v
                c[j] = cosine * v + s * u
                w[i] = cosine * f - s * g
                w[j] = cosine * g + s * f
        total += sign[k] * part
    return total


@compiled
def _slope(c, w, diagonal, layout, tables, n):  # type: ignore[no-untyped-def]
    row, group, partner, start = layout
    kind, first, second, bounds, source, target, sign = tables
    t = first[n]
    slope = 0.0
    bend = 0.0
    if kind[n] == 1:
        for a in range(group.size):
            h = partner[group[a]]
            if h < 0:
                continue
            base = np.uint64(row[a] - start[h])
            for k in range(bounds[t, h], bounds[t, h + 1]):
                i = base + source[k]
                j = base + target[k]
                u = c[i]
                v = c[j]
                slope += sign[k] * (w[j] * u - w[i] * v)
                bend += u * (u * diagonal[j] - w[i]) + v * (v * diagonal[i] - w[j])
        return slope, bend
    for k in range(bounds[t, 0], bounds[t, -1]):
        a = source[k]
        b = target[k]
        part = 0.0
        if kind[n] == 0:
            for m in range(row[a + 1] - row[a]):
                i = row[a] + m
                j = row[b] + m
                u = c[i]
                v = c[j]
                part += w[j] * u - w[i] * v
                bend += u * (u * diagonal[j] - w[i]) + v * (v * diagonal[i] - w[j])
        else:
            h = partner[group[a]]
            e = partner[group[b]]
            if h < 0 or e < 0:
                continue
            from_base = np.uint64(row[a] - start[h])
            to_base = np.uint64(row[b] - start[e])
            r = second[n]
            low = bounds[r, h]
            high = bounds[r, h + 1]
            sources = source[low:high]
            targets = target[low:high]
            signs = sign[low:high]
            for m in range(sources.size):
                i = from_base + sources[m]
                j = to_base + targets[m]
                u = c[i]
                v = c[j]
                part += signs[m] * (w[j] * u - w[i] * v)
                bend += u * (u * diagonal[j] - w[i]) + v * (v * diagonal[i] - w[j])
        slope += sign[k] * part
    return slope, bend


@compiled
def prepare(c, layout, tables, factors, angles):  # type: ignore[no-untyped-def]
    """Apply every factor to ``c`` in place, the first angle first.

    Args:
        c: shape (determinants,).
        layout: see the module.
        tables: see the module.
        factors: shape (factors,); the number of each one's excitation.
        angles: shape (factors,), rad.
    """
    for k in range(angles.size):
        _turn(c, layout, tables, factors[k], np.cos(angles[k]), np.sin(angles[k]))


@compiled
def adjoint_sweep(c, w, layout, tables, factors, angles, gradient):  # type: ignore[no-untyped-def]
    """Undo every factor on C and on W = H C, collecting <W|G_k|C> on the way.

    Both vectors are overwritten; C ends as the reference. The derivative of the
    energy with respect to angle k is twice ``gradient[k]``.
    """
    for k in range(angles.size - 1, -1, -1):
        gradient[k] = _return(
            c, w, layout, tables, factors[k], np.cos(angles[k]), np.sin(angles[k])
        )


@compiled
def slopes(c, w, diagonal, layout, tables, slope, bend):  # type: ignore[no-untyped-def]
    """<W|G_n|C> of every excitation of the tables, and half its second derivative.

    With G_n as one more factor the energy would change by 2 slope theta + bend
    theta^2, where in <G C|H|G C> only the diagonal of H is taken.

    Args:
        c: shape (determinants,).
        w: shape (determinants,); H C.
        diagonal: shape (determinants,); of H.
        layout: see the module.
        tables: see the module.
        slope: shape (excitations,), overwritten.
        bend: shape (excitations,), overwritten.
    """
    for n in range(slope.size):
        slope[n], bend[n] = _slope(c, w, diagonal, layout, tables, n)
