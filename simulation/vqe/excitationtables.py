"""Which strings an excitation connects, and with which sign.

A determinant is an alpha string times a beta string, so an excitation is
described by one table for the strings of each spin it touches; a table over
determinants, a thousand times longer, is never made. Strings are bit masks in
PySCF's order (ascending), orbital p on bit p.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pyscf.fci import cistring

from simulation.vqe.ansatz import Excitation
from simulation.vqe.compilation import compiled

ALPHA, BETA, MIXED = 0, 1, 2


@dataclass(frozen=True)
class ExcitationTables:
    """The string pairs of a list of excitations, end to end in flat arrays.

    Excitation k is of ``kind[k]``; ``first[k]`` bounds its entries for the
    alpha strings (for the beta strings when it is of kind BETA), ``second[k]``
    those for the beta strings of a MIXED one. An entry says that exp(theta G)
    turns coefficient ``source`` and ``target`` by ``sign * theta``.
    """

    kind: NDArray[np.int64]  # shape: (excitations,)
    first: NDArray[np.int64]  # shape: (excitations, 2)
    second: NDArray[np.int64]  # shape: (excitations, 2)
    source: NDArray[np.int32]  # shape: (entries,)
    target: NDArray[np.int32]  # shape: (entries,)
    sign: NDArray[np.float64]  # shape: (entries,)


def tabulate(
    excitations: tuple[Excitation, ...], norb: int, n_alpha: int, n_beta: int
) -> ExcitationTables:
    """Tables of the generators G = i^ a - h.c. and i^ j^ a b - h.c.

    Args:
        excitations: spin-orbital excitations in block order; the occupied and
            the empty indices of one pair have the same spin.
    """
    strings = [
        np.asarray(cistring.make_strings(range(norb), n), dtype=np.int64) for n in (n_alpha, n_beta)
    ]
    same = n_alpha == n_beta  # one table then serves the strings of both spins
    bounds: dict[tuple[int, tuple[int, ...]], tuple[int, int]] = {}
    sources: list[NDArray[np.int32]] = []
    targets: list[NDArray[np.int32]] = []
    signs: list[NDArray[np.float64]] = []
    length = 0

    def entries(spin: int, *moves: int) -> tuple[int, int]:
        nonlocal length
        key = (0 if same else spin, moves)
        if key not in bounds:
            source, target, sign = _string_pairs(strings[spin], moves)
            sources.append(source)
            targets.append(target)
            signs.append(sign)
            bounds[key] = (length, length + source.size)
            length += source.size
        return bounds[key]

    kind, first, second = [], [], []
    for occupied, empty in excitations:
        spins = [index // norb for index in occupied]
        i, a = occupied[0] % norb, empty[0] % norb
        if len(occupied) == 1:
            kind.append(spins[0])
            first.append(entries(spins[0], a, i))
            second.append((0, 0))
            continue
        j, b = occupied[1] % norb, empty[1] % norb
        if spins[0] == spins[1]:
            kind.append(spins[0])
            first.append(entries(spins[0], i, a, j, b))
            second.append((0, 0))
        else:
            kind.append(MIXED)
            first.append(entries(0, i, a))
            second.append(entries(1, j, b))
    return ExcitationTables(
        kind=np.array(kind, dtype=np.int64),
        first=np.array(first, dtype=np.int64).reshape(-1, 2),
        second=np.array(second, dtype=np.int64).reshape(-1, 2),
        source=np.concatenate([np.empty(0, np.int32), *sources]),
        target=np.concatenate([np.empty(0, np.int32), *targets]),
        sign=np.concatenate([np.empty(0), *signs]),
    )


@compiled
def _string_pairs(
    strings: NDArray[np.int64], moves: tuple[int, ...]
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float64]]:
    """Strings changed by moving electrons p->q (and r->s), what they become, the sign.

    Args:
        strings: shape (strings,), ascending bit masks of one spin.
        moves: (p, q) or (p, q, r, s), distinct orbitals, for q^ p (s^ r).
    """
    source = np.empty(strings.size, np.int32)
    target = np.empty(strings.size, np.int32)
    sign = np.empty(strings.size, np.float64)
    count = 0
    for index in range(strings.size):
        string = strings[index]
        odd = 0
        for m in range(0, len(moves), 2):
            p = moves[m]
            q = moves[m + 1]
            if (string >> p) & 1 == 0 or (string >> q) & 1 == 1:
                odd = -1
                break
            for between in range(min(p, q) + 1, max(p, q)):
                odd ^= (string >> between) & 1
            string ^= (1 << p) | (1 << q)
        if odd >= 0:
            source[count] = index
            target[count] = np.searchsorted(strings, string)
            sign[count] = 1.0 - 2.0 * odd
            count += 1
    return source[:count].copy(), target[:count].copy(), sign[:count].copy()
