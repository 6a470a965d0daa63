"""Filling a batch one molecule at a time, with a share for the generator."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from screening.candidate import Candidate
from screening.fingerprint import morgan, similarities


@dataclass(frozen=True)
class Pick:
    """One molecule of a batch, in the order of choosing."""

    index: int  # in the sequence of candidates
    value: float  # at the moment of choosing
    nearest: float  # highest Tanimoto similarity to those chosen before, 0 where there are none
    for_share: bool  # worth less than one of the other origin, whose places were full
    crowded: bool  # a near-duplicate, because nothing else was left


def fill(
    candidates: Sequence[Candidate],
    *,
    n: int,
    n_generator: int | None,
    values: Callable[[Sequence[int], NDArray[np.float64]], NDArray[np.float64]],
    similarity_limit: float,
    beside: Sequence[str] = (),
) -> list[Pick]:
    """Choose greedily, each molecule given those already chosen.

    Near-duplicates of a chosen molecule wait until nothing else is left. Each origin
    has its places; those it cannot fill go to the other.

    Args:
        candidates: distinct, in the order in which ties are broken.
        n: places.
        n_generator: places for proposals, the others being the library's; None to
            choose by value whatever the origin.
        values: given the indices chosen so far and the similarity of every
            candidate to its nearest chosen one (shape: (candidates,)), the value of
            choosing each next; shape (candidates,). Chosen ones are ignored.
        similarity_limit: Tanimoto similarity from which two are near-duplicates.
        beside: SMILES of molecules that count as chosen before, such as those being computed.

    Returns:
        min(n, len(candidates)) picks.
    """
    prints = [morgan(candidate.smiles) for candidate in candidates]
    proposed = np.array([candidate.origin == "generator" for candidate in candidates], dtype=bool)
    free = np.ones(len(candidates), dtype=bool)
    nearest: NDArray[np.float64] = np.zeros(len(candidates))
    for smiles in beside:
        nearest = np.maximum(nearest, similarities(morgan(smiles), prints))
    picks: list[Pick] = []
    while len(picks) < n and free.any():
        eligible = free & _open_places(picks, proposed, n, n_generator)
        if not eligible.any():
            eligible = free
        apart = eligible & (nearest < similarity_limit)
        crowded = not apart.any()
        worth = values([pick.index for pick in picks], nearest)
        index = int(np.argmax(np.where(eligible if crowded else apart, worth, -np.inf)))
        rivals = free & (nearest < similarity_limit) & (proposed != proposed[index])
        for_share = bool((worth[rivals] > worth[index]).any())
        picks.append(Pick(index, float(worth[index]), float(nearest[index]), for_share, crowded))
        free[index] = False
        nearest = np.maximum(nearest, similarities(prints[index], prints))
    return picks


def _open_places(
    picks: Sequence[Pick], proposed: NDArray[np.bool_], n: int, n_generator: int | None
) -> NDArray[np.bool_]:
    """Whose origin has a place left; shape (candidates,)."""
    if n_generator is None:
        return np.ones(len(proposed), dtype=bool)
    taken = sum(bool(proposed[pick.index]) for pick in picks)
    return np.where(proposed, taken < n_generator, len(picks) - taken < n - n_generator)
