"""What a proposed molecule must and must not be."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rdkit import Chem


@dataclass(frozen=True)
class PropertyRange:
    """An interval in which a property of every molecule lies, its ends included."""

    name: str  # one of generative.properties.NAMES
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Constraints:
    """Hard limits on a proposal; every sampled molecule meets all of them."""

    max_heavy_atoms: int | None = None
    required: tuple[str, ...] = ()  # SMARTS, each must match
    forbidden: tuple[str, ...] = ()  # SMARTS, none may match
    ranges: tuple[PropertyRange, ...] = ()
    max_ring_size: int | None = None  # atoms of the largest ring; none beyond it is grown

    def patterns(self) -> Patterns:
        """The SMARTS, read.

        Raises:
            ValueError: one of them is not a valid SMARTS; the message names it.
        """
        return Patterns(
            tuple(_pattern(text) for text in self.required),
            tuple(_pattern(text) for text in self.forbidden),
        )


@dataclass(frozen=True)
class Patterns:
    """Substructures that must and must not be there."""

    required: tuple[Chem.Mol, ...]
    forbidden: tuple[Chem.Mol, ...]

    @cached_property
    def _empty(self) -> bool:
        return not (self.required or self.forbidden)

    def met(self, mol: Chem.Mol) -> bool:
        """Whether a molecule has every required and no forbidden substructure."""
        return self._empty or (
            all(mol.HasSubstructMatch(p) for p in self.required)
            and not any(mol.HasSubstructMatch(p) for p in self.forbidden)
        )


def _pattern(text: str) -> Chem.Mol:
    from rdkit import Chem

    pattern = Chem.MolFromSmarts(text)
    if pattern is None or pattern.GetNumAtoms() == 0:
        raise ValueError(f"not a valid SMARTS: {text!r}")
    return pattern
