"""Which strings an excitation connects, and with which sign.

A determinant is an alpha string times a beta string, so an excitation is
described by one table for the strings of each spin it touches; a table over
determinants, a thousand times longer, is never made.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulation.vqe.ansatz import Excitation
from simulation.vqe.compilation import compiled
from simulation.vqe.determinants import Determinants, Strings

ALPHA, BETA, MIXED = 0, 1, 2


@dataclass(frozen=True)
class ExcitationTables:
    """The string pairs of a list of excitations, end to end in flat arrays.

    Excitation k is of ``kind[k]`` and has the table ``first[k]`` for the alpha
    strings (for the beta strings when it is of kind BETA) and ``second[k]`` for
    the beta strings of a MIXED one. The entries of table t whose source is in
    string group g are ``bounds[t, g]:bounds[t, g + 1]``. An entry says that
    exp(theta G) turns coefficient ``source`` and ``target`` by ``sign * theta``.
    """

    kind: NDArray[np.int64]  # shape: (excitations,)
    first: NDArray[np.int64]  # shape: (excitations,)
    second: NDArray[np.int64]  # shape: (excitations,)
    bounds: NDArray[np.int64]  # shape: (tables, groups + 1)
    source: NDArray[np.uint32]  # shape: (entries,); places among the sorted strings
    target: NDArray[np.uint32]  # shape: (entries,)
    sign: NDArray[np.float64]  # shape: (entries,)


def tabulate(excitations: tuple[Excitation, ...], determinants: Determinants) -> ExcitationTables:
    """Tables of the generators G = i^ a - h.c. and i^ j^ a b - h.c.

    Args:
        excitations: spin-orbital excitations in block order; the emptied and
            the filled indices of one pair have the same spin. They keep the
            symmetry of the determinants.
        determinants: those of the state.
    """
    norb = determinants.norb
    same = determinants.beta is determinants.alpha  # one table then serves both spins
    listed: tuple[dict[tuple[int, ...], int], dict[tuple[int, ...], int]] = ({}, {})
    numbers = (listed[0], listed[0] if same else listed[1])
    kind, first, second = [], [], []
    for emptied, filled in excitations:
        spin, i = divmod(emptied[0], norb)
        a = filled[0] % norb
        if len(emptied) == 1:
            kind.append(spin)
            first.append((spin, numbers[spin].setdefault((a, i, -1, -1), len(numbers[spin]))))
            second.append(0)
            continue
        other, j = divmod(emptied[1], norb)
        b = filled[1] % norb
        if spin == other:
            kind.append(spin)
            first.append((spin, numbers[spin].setdefault((i, a, j, b), len(numbers[spin]))))
            second.append(0)
        else:
            kind.append(MIXED)
            first.append((0, numbers[0].setdefault((i, a, -1, -1), len(numbers[0]))))
            second.append(numbers[1].setdefault((j, b, -1, -1), len(numbers[1])))
    groups = max(determinants.alpha.widths.size, determinants.beta.widths.size)
    parts = [_of_spin(determinants.alpha, tuple(numbers[0]), groups)]
    after = 0  # number of the first table of the beta strings
    if not same:
        parts.append(_of_spin(determinants.beta, tuple(numbers[1]), groups))
        after = len(numbers[0])
        parts[1][0][:] += parts[0][1].size
    bounds, source, target, sign = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    return ExcitationTables(
        kind=np.array(kind, dtype=np.int64),
        first=np.array([n + after * spin for spin, n in first], dtype=np.int64),
        second=np.array(second, dtype=np.int64) + after,
        bounds=bounds,
        source=source,
        target=target,
        sign=sign,
    )


def _of_spin(
    strings: Strings, moves: tuple[tuple[int, ...], ...], groups: int
) -> tuple[NDArray[np.int64], NDArray[np.uint32], NDArray[np.uint32], NDArray[np.float64]]:
    """``bounds``, ``source``, ``target`` and ``sign`` of the tables of one spin."""
    return _string_pairs(
        strings.masks,
        strings.ascending,
        strings.place,
        strings.group,
        np.array(moves, dtype=np.int64).reshape(-1, 4),
        groups,
    )


@compiled
def _string_pairs(
    masks: NDArray[np.int64],
    ascending: NDArray[np.int64],
    place: NDArray[np.int64],
    group: NDArray[np.int64],
    moves: NDArray[np.int64],
    groups: int,
) -> tuple[NDArray[np.int64], NDArray[np.uint32], NDArray[np.uint32], NDArray[np.float64]]:
    """Strings changed by moving electrons p->q (and r->s), what they become, the sign.

    Args:
        masks: with ``ascending``, ``place`` and ``group`` the strings of one spin.
        moves: shape (tables, 4); (p, q, -1, -1) or (p, q, r, s), distinct
            orbitals, for q^ p (s^ r).
        groups: columns of the bounds, less one.
    """
    bounds = np.zeros((moves.shape[0], groups + 1), np.int64)
    most = moves.shape[0] * masks.size
    source = np.empty(most, np.uint32)
    target = np.empty(most, np.uint32)
    sign = np.empty(most, np.float64)
    count = 0
    for table in range(moves.shape[0]):
        at = 0  # group
        bounds[table, 0] = count
        for index in range(masks.size):
            while at < group[index]:
                at += 1
                bounds[table, at] = count
            string = masks[index]
            odd = 0
            for m in range(0, 4, 2):
                p = moves[table, m]
                q = moves[table, m + 1]
                if p < 0:
                    break
                if (string >> p) & 1 == 0 or (string >> q) & 1 == 1:
                    odd = -1
                    break
                for between in range(min(p, q) + 1, max(p, q)):
                    odd ^= (string >> between) & 1
                string ^= (np.int64(1) << p) | (np.int64(1) << q)
            if odd >= 0:
                source[count] = index
                target[count] = place[np.searchsorted(ascending, string)]
                sign[count] = 1.0 - 2.0 * odd
                count += 1
        for after in range(at + 1, groups + 1):
            bounds[table, after] = count
    return bounds, source[:count].copy(), target[:count].copy(), sign[:count].copy()
