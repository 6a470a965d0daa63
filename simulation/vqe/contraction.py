"""The Hamiltonian applied to a state: H C without the matrix of H.

The electrons of one spin among themselves need no more than a matrix between
the strings of that spin, so

    H C = F_alpha C + C F_beta + sum_pq,rs (pq|rs) E^alpha_pq C E^beta_rs.

The last sum is done one alpha string at a time (Knowles and Handy, Chem. Phys.
Lett. 111, 315 (1984)), with two savings: only the occupied-empty pairs of that
string and one row for all its occupied orbitals together enter the product with
the integrals, 26 of 55 pairs for five electrons in ten orbitals, and symmetry
splits that product into one for each label of a pair. Nothing larger than one
string's intermediate is kept.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulation.hamiltonian import Hamiltonian
from simulation.vqe.compilation import compiled
from simulation.vqe.determinants import Determinants
from simulation.vqe.parity import ParitySymmetry


class Contraction:
    """The product of one Hamiltonian with vectors of one sector."""

    def __init__(self, hamiltonian: Hamiltonian, determinants: Determinants) -> None:
        d = determinants
        norb = d.norb
        symmetry = ParitySymmetry.of(hamiltonian)
        row, column = np.tril_indices(norb)
        pairs = hamiltonian.two_body[row[:, None], column[:, None], row, column]
        label = np.array([symmetry.label(1 << p) for p in range(norb)], dtype=np.int64)
        # Pair k = (p, q) is number ``within[k]`` of those with its label.
        labels, kind = np.unique(label[row] ^ label[column], return_inverse=True)
        kind = kind.reshape(-1)
        members = [np.flatnonzero(kind == m) for m in range(labels.size)]
        within = np.empty(kind.size, dtype=np.int64)
        for group in members:
            within[group] = np.arange(group.size)
        counts = np.array([group.size for group in members], dtype=np.int64)

        one_body = hamiltonian.one_body - 0.5 * np.einsum("prrq->pq", hamiltonian.two_body)
        alpha = _links(d.alpha.masks, d.alpha.ascending, d.alpha.place, norb)
        beta = _links(d.beta.masks, d.beta.ascending, d.beta.place, norb)
        triangle = np.ascontiguousarray(one_body[row, column])
        self._same = []
        for rows, columns, part in d.blocks():
            shape = (rows.stop - rows.start, columns.stop - columns.start)
            of_alpha = _one_spin(d.alpha.masks, *alpha, triangle, pairs, rows.start, shape[0])
            of_beta = _one_spin(d.beta.masks, *beta, triangle, pairs, columns.start, shape[1])
            self._same.append((part, shape, of_alpha, of_beta))

        # For rows of alpha group g and pairs of kind m: the alpha group they come
        # from, and where the intermediate (pairs x beta strings) stands.
        table = (d.partner.size, labels.size)
        origin = np.full(table, -1, dtype=np.int64)
        offset, width = np.zeros(table, dtype=np.int64), np.zeros(table, dtype=np.int64)
        first = np.zeros(table, dtype=np.int64)  # the beta string of column 0
        alpha_group = {value: g for g, value in enumerate(d.alpha.labels)}
        beta_group = {value: g for g, value in enumerate(d.beta.labels)}
        for g, value in enumerate(d.alpha.labels):
            after = 0
            for m, change in enumerate(labels.tolist()):
                h = beta_group.get(d.label ^ value ^ change, -1)
                origin[g, m] = alpha_group.get(value ^ change, -1)
                offset[g, m] = after
                if h >= 0:
                    width[g, m] = d.beta.widths[h]
                    first[g, m] = d.beta.starts[h]
                    after += int(counts[m] * d.beta.widths[h])
        self._arguments: tuple[Any, ...] = (
            d.row,
            d.alpha.group,
            *_sorted_links(alpha, kind, within, labels.size),
            _occupied_sums(d.alpha.masks, pairs[:, members[0]], norb),
            np.concatenate([pairs[np.ix_(g, g)].ravel() for g in members]),
            counts,
            origin,
            offset,
            width,
            *_gather_table(d, beta, kind, within, offset, width, first),
        )

    def applied(self, vector: NDArray[np.float64]) -> NDArray[np.float64]:
        """H C without the core energy.

        Args:
            vector: shape (determinants,).

        Returns:
            shape (determinants,), Hartree.
        """
        image = np.empty_like(vector)
        for part, shape, alpha, beta in self._same:
            block = vector[part].reshape(shape)
            target = image[part].reshape(shape)
            np.dot(alpha, block, out=target)
            target += block @ beta
        _opposite_spins(vector, image, *self._arguments)
        return image


@compiled
def _links(
    masks: NDArray[np.int64], ascending: NDArray[np.int64], place: NDArray[np.int64], norb: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """E_qp on every string, p occupied and q empty.

    Returns:
        the pair (triangular index), the string reached and the sign, each of
        shape (strings, occupied * empty).
    """
    electrons = 0
    for p in range(norb):
        electrons += (masks[0] >> p) & 1
    number = int(electrons * (norb - electrons))
    pair = np.empty((masks.size, number), np.int64)
    target = np.empty((masks.size, number), np.int64)
    sign = np.empty((masks.size, number))
    for index in range(masks.size):
        mask = masks[index]
        k = 0
        for p in range(norb):
            if (mask >> p) & 1 == 0:
                continue
            for q in range(norb):
                if (mask >> q) & 1 == 1:
                    continue
                low = min(p, q)
                high = max(p, q)
                odd = 0
                for between in range(low + 1, high):
                    odd ^= (mask >> between) & 1
                pair[index, k] = high * (high + 1) // 2 + low
                target[index, k] = place[
                    np.searchsorted(ascending, mask ^ (np.int64(1) << p) ^ (np.int64(1) << q))
                ]
                sign[index, k] = 1.0 - 2.0 * odd
                k += 1
    return pair, target, sign


@compiled
def _one_spin(
    masks: NDArray[np.int64],
    pair: NDArray[np.int64],
    target: NDArray[np.int64],
    sign: NDArray[np.float64],
    one_body: NDArray[np.float64],
    pairs: NDArray[np.float64],
    start: int,
    size: int,
) -> NDArray[np.float64]:
    """The Hamiltonian between strings of one spin in one group.

    Args:
        masks: shape (strings,).
        pair: with ``target`` and ``sign`` what ``_links`` returns.
        one_body: shape (norb pairs,); h_pq - 1/2 sum_r (pr|rq).
        pairs: shape (norb pairs, norb pairs); (pq|rs).
        start: of the group.
        size: of the group.

    Returns:
        shape (size, size), Hartree.
    """
    matrix = np.zeros((size, size))
    for local in range(size):
        first = start + local
        mask = masks[first]
        occupied = np.empty(64, np.int64)
        count = 0
        for p in range(63):
            if (mask >> p) & 1:
                occupied[count] = p * (p + 3) // 2  # the pair (p, p)
                count += 1
        diagonal = 0.0
        for m in range(count):
            diagonal += one_body[occupied[m]]
            for n in range(count):
                diagonal += 0.5 * pairs[occupied[m], occupied[n]]
        matrix[local, local] += diagonal
        for k in range(pair.shape[1]):
            middle = target[first, k]
            outer = sign[first, k]
            value = one_body[pair[first, k]]
            for m in range(count):
                value += 0.5 * pairs[pair[first, k], occupied[m]]
            changed = masks[middle]
            for p in range(63):
                if (changed >> p) & 1:
                    value += 0.5 * pairs[pair[first, k], p * (p + 3) // 2]
            if start <= middle < start + size:
                matrix[middle - start, local] += outer * value
            for n in range(pair.shape[1]):
                last = target[middle, n]
                if start <= last < start + size:
                    matrix[last - start, local] += (
                        0.5 * outer * sign[middle, n] * pairs[pair[first, k], pair[middle, n]]
                    )
    return matrix


def _sorted_links(
    links: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]],
    kind: NDArray[np.int64],
    within: NDArray[np.int64],
    kinds: int,
) -> tuple[Any, ...]:
    """The links of every alpha string in the order of their pair's kind.

    Returns:
        number within the kind, string reached and sign, each of shape (strings,
        links), and where each kind begins, shape (strings, kinds + 1).
    """
    pair, target, sign = links
    order = np.argsort(kind[pair], axis=1, kind="stable")
    sorted_pair = np.take_along_axis(pair, order, axis=1)
    bounds = np.zeros((pair.shape[0], kinds + 1), dtype=np.int64)
    for m in range(kinds):
        bounds[:, m + 1] = (kind[sorted_pair] <= m).sum(axis=1)
    return (
        within[sorted_pair],
        np.take_along_axis(target, order, axis=1),
        np.take_along_axis(sign, order, axis=1),
        bounds,
    )


def _occupied_sums(
    masks: NDArray[np.int64], pairs: NDArray[np.float64], norb: int
) -> NDArray[np.float64]:
    """sum_p (pp|rs) over the occupied orbitals p of each string.

    Args:
        masks: shape (strings,).
        pairs: shape (norb pairs, symmetric pairs).

    Returns:
        shape (strings, symmetric pairs), Hartree.
    """
    diagonal = np.array([p * (p + 3) // 2 for p in range(norb)])
    occupied = (masks[:, None] >> np.arange(norb) & 1).astype(np.float64)
    return np.ascontiguousarray(occupied @ pairs[diagonal])


def _gather_table(
    d: Determinants,
    links: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]],
    kind: NDArray[np.int64],
    within: NDArray[np.int64],
    offset: NDArray[np.int64],
    width: NDArray[np.int64],
    first: NDArray[np.int64],
) -> tuple[Any, ...]:
    """Which entries of the intermediate each beta string collects.

    Returns:
        for every alpha group its first beta string, and for every beta string
        the places in the intermediate and their signs, shape (strings, links);
        the first of them, of the occupied orbitals, all have the sign +1.
    """
    pair, target, sign = links
    strings, norb = d.beta.masks.size, d.norb
    alpha_of = np.full(len(d.beta.labels), -1, dtype=np.int64)
    for g, h in enumerate(d.partner.tolist()):
        if h >= 0:
            alpha_of[h] = g
    occupied = np.nonzero(d.beta.masks[:, None] >> np.arange(norb) & 1)[1].reshape(strings, -1)
    pair = np.hstack([occupied * (occupied + 3) // 2, pair])
    target = np.hstack([np.repeat(np.arange(strings)[:, None], d.n_beta, axis=1), target])
    sign = np.hstack([np.ones((strings, d.n_beta)), sign])
    group, m = alpha_of[d.beta.group][:, None], kind[pair]
    place = offset[group, m] + within[pair] * width[group, m] + target - first[group, m]
    place[alpha_of[d.beta.group] < 0] = 0  # strings that no row of the state has
    start = np.append(d.beta.starts, 0)[d.partner]
    return start.astype(np.int64), place.astype(np.int32), sign


@compiled
def _opposite_spins(  # type: ignore[no-untyped-def]
    vector, image, row, group, within, target, sign, bounds, diagonal, integrals,
    counts, origin, offset, width, start, place, weight,
):  # fmt: skip
    """Add the interaction of alpha with beta electrons to ``image``, row by row."""
    kinds = counts.size
    largest = 0
    widest = 0
    for g in range(offset.shape[0]):
        total = 0
        for m in range(kinds):
            total += counts[m] * width[g, m]
            widest = max(widest, width[g, m])
        largest = max(largest, total)
    links = within.shape[1] + 1
    integral = np.empty(counts.max() * links)
    rows = np.empty(links * widest)
    middle = np.empty(largest)
    for a in range(group.size):
        columns = row[a + 1] - row[a]
        if columns == 0:
            continue
        g = group[a]
        base = 0
        for m in range(kinds):
            n = counts[m]
            w = width[g, m]
            o = offset[g, m]
            low = bounds[a, m]
            number = bounds[a, m + 1] - low
            whole = number + (m == 0)
            if origin[g, m] < 0 or w == 0 or whole == 0:
                middle[o : o + n * w] = 0.0
            else:
                matrix = integral[: n * whole].reshape(n, whole)
                block = rows[: whole * w].reshape(whole, w)
                for k in range(number):
                    s = sign[a, low + k]
                    from_row = row[target[a, low + k]]
                    pair = within[a, low + k]
                    for r in range(n):
                        matrix[r, k] = s * integrals[base + pair * n + r]
                    for b in range(w):
                        block[k, b] = vector[from_row + b]
                if m == 0:
                    for r in range(n):
                        matrix[r, number] = diagonal[a, r]
                    for b in range(w):
                        block[number, b] = vector[row[a] + b]
                np.dot(matrix, block, middle[o : o + n * w].reshape(n, w))
            base += n * n
        for b in range(columns):
            total_of_b = 0.0
            for k in range(place.shape[1]):
                total_of_b += weight[start[g] + b, k] * middle[place[start[g] + b, k]]
            image[row[a] + b] += total_of_b
