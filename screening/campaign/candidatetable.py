"""The molecules that a campaign chooses from, in little memory.

A library of a million molecules is chosen from again and again. As objects its molecules take
four times the memory of their texts; here the texts stand in one block and an object is made
when a molecule is asked for. Parts of a table share the block.
"""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np
from numpy.typing import NDArray

from screening.candidate import Candidate

_APART = "\0"  # between the texts of a molecule; the last one may hold it
_NO_ROW = -1
_PACKED = 1 << 14  # InChIKeys that are put together


@dataclass(frozen=True)
class _Block:
    """All molecules of the tables that share it."""

    text: bytearray  # InChIKey, SMILES and name of the library's molecules, one after the other
    starts: NDArray[np.int64]  # shape: (library + 1,); where each one's text begins
    rows: NDArray[np.int64]  # shape: (library,); of the file, -1 for none
    others: tuple[Candidate, ...]  # the generator's
    keys: NDArray[np.bytes_]  # shape: (library + others,); InChIKeys

    def candidate(self, place: int) -> Candidate:
        if place >= len(self.rows):
            return self.others[place - len(self.rows)]
        begin, end = int(self.starts[place]), int(self.starts[place + 1])
        text = self.text[begin:end].decode("utf-8")
        key, smiles, name = text.split(_APART, 2)
        row = int(self.rows[place])
        return Candidate(key, smiles, name, "library", None if row == _NO_ROW else row)


class CandidateTable(Sequence[Candidate]):
    """Molecules in an order. Use ``of``.

    Args:
        block: that holds them.
        places: of the molecules in the block, shape (molecules,).
    """

    def __init__(self, block: _Block, places: NDArray[np.int64]) -> None:
        self._block = block
        self._places = places

    @classmethod
    def of(cls, candidates: Iterable[Candidate]) -> CandidateTable:
        """The molecules in the order given; they are looked at once."""
        if isinstance(candidates, CandidateTable):
            return candidates
        text, starts, rows = bytearray(), array("q", [0]), array("q")
        others: list[Candidate] = []
        order = array("q")  # a place in the library, or minus one in the others, counted down
        keys: list[bytes] = []
        packed: list[NDArray[np.bytes_]] = []  # so many keys as objects would take twice the room
        for candidate in candidates:
            if candidate.origin == "library" and not candidate.hand and not candidate.parents:
                order.append(len(rows))
                keys.append(candidate.inchikey.encode())
                parts = (candidate.inchikey, candidate.smiles, candidate.name)
                text += _APART.join(parts).encode("utf-8")
                starts.append(len(text))
                rows.append(_NO_ROW if candidate.row is None else candidate.row)
                if len(keys) == _PACKED:
                    packed.append(np.array(keys, dtype=np.bytes_))
                    keys.clear()
            else:
                others.append(candidate)
                order.append(-len(others))
        places = _numbers(order)
        places = np.where(places < 0, len(rows) - 1 - places, places)
        keys += [candidate.inchikey.encode() for candidate in others]
        packed.append(np.array(keys, dtype=np.bytes_))
        block = _Block(
            text, _numbers(starts), _numbers(rows), tuple(others), np.concatenate(packed)
        )
        return cls(block, places)

    def __len__(self) -> int:
        return len(self._places)

    @overload
    def __getitem__(self, index: int) -> Candidate: ...
    @overload
    def __getitem__(self, index: slice) -> CandidateTable: ...
    def __getitem__(self, index: int | slice) -> Candidate | CandidateTable:
        if isinstance(index, slice):
            return CandidateTable(self._block, self._places[index])
        return self._block.candidate(int(self._places[index]))

    def __iter__(self) -> Iterator[Candidate]:
        return (self._block.candidate(place) for place in self._places.tolist())

    def take(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> CandidateTable:
        """The molecules at these places of this table, in their order."""
        return CandidateTable(self._block, self._places[rows])

    @property
    def proposed(self) -> NDArray[np.bool_]:
        """Which come from the generator; shape (molecules,)."""
        if not self._block.others:
            return np.zeros(len(self), dtype=bool)
        made = np.array([c.origin == "generator" for c in self._block.others], dtype=bool)
        library = len(self._block.rows)
        found = np.zeros(len(self), dtype=bool)
        beyond = self._places >= library
        found[beyond] = made[self._places[beyond] - library]
        return found

    def without(self, inchikeys: Collection[str]) -> CandidateTable:
        """The molecules that are none of these, in their order."""
        if not inchikeys or not len(self):
            return self
        taken = np.array([key.encode() for key in inchikeys], dtype=np.bytes_)
        return self.take(~np.isin(self._block.keys[self._places], taken))

    def holding(self, inchikeys: Collection[str]) -> CandidateTable:
        """The molecules that are one of these, in their order."""
        wanted = np.array([key.encode() for key in inchikeys], dtype=np.bytes_)
        return self.take(np.isin(self._block.keys[self._places], wanted))

    def distinct(self) -> CandidateTable:
        """Each InChIKey once and sorted by it; of several the library's, then the first SMILES."""
        keys = self._block.keys[self._places]
        order = np.argsort(keys, kind="stable")
        same = keys[order][1:] == keys[order][:-1]
        if same.any():
            order = np.array(self._first_of_each(order, same), dtype=np.int64)
        return self.take(order)

    def _first_of_each(self, order: NDArray[np.int64], same: NDArray[np.bool_]) -> list[int]:
        kept: list[int] = []
        for place, repeats in zip(order.tolist(), [False, *same.tolist()], strict=True):
            if not repeats:
                kept.append(place)
            elif _rank(self[place]) < _rank(self[kept[-1]]):
                kept[-1] = place
        return kept


def _numbers(values: array[int]) -> NDArray[np.int64]:
    """The array's own memory, seen as NumPy's."""
    return np.frombuffer(values, dtype=np.int64) if values else np.empty(0, dtype=np.int64)


def _rank(candidate: Candidate) -> tuple[bool, str]:
    return candidate.origin != "library", candidate.smiles
