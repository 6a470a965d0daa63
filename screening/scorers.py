"""Properties that are computed exactly and cost next to nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.metadata import entry_points
from typing import Protocol

from rdkit import Chem

from generative import properties
from screening.intake.standardise import molecule

GROUP = "molq.scorers"


class Scorer(Protocol):
    """A property of a molecule that needs no estimate.

    An entry point of the group ``molq.scorers`` names an object with these
    attributes. ``score`` must be a pure function of the molecule.
    """

    @property
    def name(self) -> str:
        """The word used in a campaign file."""
        ...

    @property
    def unit(self) -> str:
        """Unit of the value, ``""`` for none."""
        ...

    @property
    def summary(self) -> str:
        """One line: the definition and its source."""
        ...

    def score(self, mol: Chem.Mol) -> float:
        """The value for a sanitised molecule."""
        ...


@dataclass(frozen=True)
class Property:
    """A scorer made of one RDKit function."""

    name: str
    unit: str
    summary: str
    function: Callable[[Chem.Mol], float]

    def score(self, mol: Chem.Mol) -> float:
        """The value for a sanitised molecule, in ``unit``."""
        return float(self.function(mol))


def _property(name: str) -> Property:
    known = properties.find(name)
    return Property(name, known.unit, known.meaning, known.function)


QED = _property("qed")
MOLECULAR_WEIGHT = _property("molecular-weight")
LOGP = _property("logp")
TPSA = _property("tpsa")
HEAVY_ATOMS = _property("heavy-atoms")
ROTATABLE_BONDS = _property("rotatable-bonds")
SA_SCORE = _property("sa-score")


@cache
def names() -> tuple[str, ...]:
    """The installed scorers, in alphabetical order."""
    return tuple(sorted({entry.name for entry in entry_points(group=GROUP)}))


@cache
def find(name: str) -> Scorer:
    """The scorer of that name.

    Raises:
        ValueError: no installed package provides it.
    """
    for entry in entry_points(group=GROUP):
        if entry.name == name:
            scorer: Scorer = entry.load()
            return scorer
    raise ValueError(f"unknown scorer {name!r}; installed: {', '.join(names())}")


@lru_cache(maxsize=200_000)
def value(name: str, smiles: str) -> float:
    """A scorer's value for a good SMILES, remembered within the process.

    Raises:
        ValueError: unknown scorer, or not a valid SMILES.
    """
    return find(name).score(molecule(smiles))
