"""What a proposed molecule must and must not be."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rdkit import Chem


@dataclass(frozen=True)
class PropertyRange:
    """An interval in which a property of every molecule lies, its ends included."""

    name: str  # one of generative.properties.NAMES
    low: float | None = None
    high: float | None = None

    def check(self) -> None:
        """Refuse an interval that means nothing.

        Raises:
            ValueError: an unknown property, an end that is not a number, no end at all, or
                the ends in the wrong order.
        """
        from generative import properties

        properties.find(self.name)
        ends = [end for end in (self.low, self.high) if end is not None]
        if not ends or any(math.isnan(end) for end in ends):
            raise ValueError(f"the range of {self.name} needs a lower or an upper end, a number")
        if ends != sorted(ends):
            raise ValueError(f"the range of {self.name} ends below its beginning: {self}")

    def holds(self, value: float) -> bool:
        """Whether a value lies in it."""
        return (self.low is None or value >= self.low) and (self.high is None or value <= self.high)

    def __str__(self) -> str:
        low = "" if self.low is None else f"{self.low:g}"
        high = "" if self.high is None else f"{self.high:g}"
        return f"{self.name}:{low}:{high}"


@dataclass(frozen=True)
class Constraints:
    """Hard limits on a proposal; every sampled molecule meets all of them."""

    max_heavy_atoms: int | None = None
    required: tuple[str, ...] = ()  # SMARTS, each must match
    forbidden: tuple[str, ...] = ()  # SMARTS, none may match
    ranges: tuple[PropertyRange, ...] = ()
    max_ring_size: int | None = None  # atoms of the largest ring; none beyond it is grown

    def read(self) -> Requirements:
        """The constraints, read and ready to be checked.

        Raises:
            ValueError: an invalid SMARTS, an unknown property or an impossible limit; the
                message names it.
        """
        for limit in self.ranges:
            limit.check()
        if self.max_ring_size is not None and self.max_ring_size < 3:
            raise ValueError(f"no ring has fewer than 3 atoms: max_ring_size {self.max_ring_size}")
        return Requirements(
            self,
            tuple((text, _pattern(text)) for text in self.required),
            tuple((text, _pattern(text)) for text in self.forbidden),
        )


@dataclass(frozen=True)
class Requirements:
    """Constraints whose SMARTS are read."""

    constraints: Constraints
    required: tuple[tuple[str, Chem.Mol], ...]
    forbidden: tuple[tuple[str, Chem.Mol], ...]

    def refusal(self, mol: Chem.Mol, *, own_rings: int = 0) -> str | None:
        """Why a molecule may not be; None when it meets everything.

        Args:
            mol: sanitised.
            own_rings: how many rings beyond ``max_ring_size`` the kept part brings along.
        """
        limits = self.constraints
        if limits.max_heavy_atoms is not None and mol.GetNumHeavyAtoms() > limits.max_heavy_atoms:
            return f"more than {limits.max_heavy_atoms} heavy atoms"
        if limits.max_ring_size is not None and (
            rings_beyond(mol, limits.max_ring_size) > own_rings
        ):
            return f"a ring of more than {limits.max_ring_size} atoms"
        for text, pattern in self.required:
            if not mol.HasSubstructMatch(pattern):
                return f"required SMARTS {text}"
        for text, pattern in self.forbidden:
            if mol.HasSubstructMatch(pattern):
                return f"forbidden SMARTS {text}"
        if limits.ranges:
            from generative import properties

            for limit in limits.ranges:
                if not limit.holds(properties.value(limit.name, mol)):
                    return f"{limit.name} out of range"
        return None

    def met(self, mol: Chem.Mol) -> bool:
        """Whether a molecule meets everything."""
        return self.refusal(mol) is None


def rings_beyond(mol: Chem.Mol, size: int) -> int:
    """How many rings (of the smallest set) have more atoms than ``size``."""
    return sum(len(ring) > size for ring in mol.GetRingInfo().AtomRings())


def _pattern(text: str) -> Chem.Mol:
    from rdkit import Chem

    pattern = Chem.MolFromSmarts(text)
    if pattern is None or pattern.GetNumAtoms() == 0:
        raise ValueError(f"not a valid SMARTS: {text!r}")
    return pattern
