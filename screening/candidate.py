"""A molecule that the loop may score."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Origin = Literal["library", "generator", "reviewer"]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A standardised molecule, identified by its InChIKey."""

    inchikey: str
    smiles: str  # canonical, standardised (largest fragment, neutralised)
    name: str  # the library's name for it, or ""
    origin: Origin
    row: int | None = None  # first row of the library it stands in, counted from 1
    hand: str = ""  # who proposed it: the generator's prior, crossover, ...; a reviewer's name
    parents: tuple[str, ...] = ()  # SMILES of the molecules that the hand started from
