"""The torsion grid as a QUBO: states in domain-wall form, and the assignments read back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulation.quantum.qubo import QUBO
from simulation.torsions import TorsionGrid


@dataclass(frozen=True)
class Encoding:
    """Some torsions of a grid as binary variables, the others held.

    A torsion of k states takes k - 1 variables, a row of ones and then zeros
    whose length is the state (Chancellor, Quantum Sci. Technol. 4, 045004
    (2019)): one qubit fewer than one-hot, and a single flip moves to a
    neighbouring state.
    """

    grid: TorsionGrid
    chosen: tuple[int, ...]  # torsions that are variables
    held: tuple[int, ...]  # state of every torsion; that of the chosen ones is not used

    @property
    def variables(self) -> int:
        """Binary variables, and qubits."""
        return sum(len(self.grid.own[t]) - 1 for t in self.chosen)

    def _starts(self) -> list[int]:
        sizes = [len(self.grid.own[t]) - 1 for t in self.chosen]
        return [int(s) for s in np.concatenate([[0], np.cumsum(sizes)])]

    def qubo(self) -> QUBO:
        """The grid's energy, kcal/mol, with a penalty on rows that are no state."""
        n = self.variables
        linear, square = np.zeros(n), np.zeros((n, n))
        offset = sum(
            float(own[s])
            for t, (own, s) in enumerate(zip(self.grid.own, self.held, strict=True))
            if t not in self.chosen
        )
        starts = self._starts()
        place = {t: starts[i] for i, t in enumerate(self.chosen)}

        def add(energies: NDArray[np.float64], t: int) -> float:
            linear[place[t] : place[t] + len(energies) - 1] += np.diff(energies)
            return float(energies[0])

        for t in self.chosen:
            offset += add(self.grid.own[t], t)
        for (i, j), table in self.grid.pairs.items():
            if i in place and j in place:
                # e(s, r) = e(0, 0) + steps along each + the mixed differences of both
                offset += float(table[0, 0])
                add(table[:, 0] - table[0, 0], i)
                add(table[0] - table[0, 0], j)
                mixed = np.diff(np.diff(table, axis=0), axis=1)
                rows = slice(place[i], place[i] + mixed.shape[0])
                columns = slice(place[j], place[j] + mixed.shape[1])
                if place[i] < place[j]:
                    square[rows, columns] += mixed
                else:
                    square[columns, rows] += mixed.T
            elif i in place:
                offset += add(table[:, self.held[j]], i)
            elif j in place:
                offset += add(table[self.held[i]], j)
            else:
                offset += float(table[self.held[i], self.held[j]])
        penalty = self.penalty()
        for t in self.chosen:
            for z in range(place[t], place[t] + len(self.grid.own[t]) - 2):
                linear[z + 1] += penalty
                square[z, z + 1] -= penalty
        return QUBO(linear, square, offset)

    def penalty(self) -> float:
        """More than any torsion gains by leaving its states, kcal/mol."""
        reach = {t: float(np.ptp(self.grid.own[t])) for t in self.chosen}
        for (i, j), table in self.grid.pairs.items():
            for t in (i, j):
                if t in reach:
                    reach[t] += float(np.ptp(table))
        return 2.0 * max(reach.values(), default=0.0) + 1.0

    def states(self, bits: NDArray[np.int8]) -> tuple[int, ...] | None:
        """The state of every torsion; None where a row is no state.

        Args:
            bits: one assignment. # shape: (variables,)
        """
        found = list(self.held)
        starts = self._starts()
        for t, start, end in zip(self.chosen, starts[:-1], starts[1:], strict=True):
            row = bits[start:end]
            if (np.diff(row.astype(int)) > 0).any():
                return None
            found[t] = int(row.sum())
        return tuple(found)


def whole(grid: TorsionGrid) -> Encoding:
    """Every torsion a variable."""
    everything = tuple(range(len(grid.torsions)))
    return Encoding(grid, everything, (0,) * len(everything))


def blocks(grid: TorsionGrid, most: int) -> list[tuple[int, ...]]:
    """Torsions in groups of at most ``most`` variables, the most strongly coupled first.

    Raises:
        ValueError: one torsion alone has more variables.
    """
    sizes = [len(own) - 1 for own in grid.own]
    if max(sizes, default=0) > most:
        raise ValueError(f"a torsion of {max(sizes)} variables, and room for {most}")
    left = set(range(len(sizes)))
    found = []
    while left:
        group: list[int] = []

        def coupling(t: int, beside: set[int]) -> float:
            return sum(
                float(np.ptp(table))
                for pair, table in grid.pairs.items()
                if t in pair and (set(pair) - {t}) <= beside
            )

        while True:
            room = most - sum(sizes[t] for t in group)
            fitting = [t for t in sorted(left) if sizes[t] <= room]
            if not fitting:
                break
            beside = set(group) or left
            best = max(fitting, key=lambda t: (coupling(t, beside), -t))
            group.append(best)
            left.remove(best)
        found.append(tuple(sorted(group)))
    return found


def greedy(grid: TorsionGrid, start: Sequence[int] | None = None) -> tuple[int, ...]:
    """A state that no single torsion can lower."""
    states = [int(own.argmin()) for own in grid.own] if start is None else list(start)
    energy = grid.energy(states)
    while True:
        lowered = False
        for t, own in enumerate(grid.own):
            for state in range(len(own)):
                trial = [*states[:t], state, *states[t + 1 :]]
                found = grid.energy(trial)
                if found < energy - 1e-9:
                    states, energy, lowered = trial, found, True
        if not lowered:
            return tuple(states)
