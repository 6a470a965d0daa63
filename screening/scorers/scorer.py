"""What a scorer is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from pydantic import BaseModel
from rdkit import Chem


class Scorer(Protocol):
    """A property of a molecule that needs no estimate.

    An entry point of the group ``molq.scorers`` names an object with these
    attributes. ``score`` must be a pure function of the molecule. Two more methods
    are asked where an object has them: ``note(mol) -> str``, one line on what the value
    rests on (``""`` for nothing to say), and ``ready() -> None``, which raises a
    ``ValueError`` that names the remedy where a package or a file is missing.
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


@runtime_checkable
class Configurable(Protocol):
    """A scorer that has to be told something first, e.g. a list to compare with.

    ``settings_model`` names the keys; those of the type ``pathlib.Path`` are files.
    """

    settings_model: type[BaseModel]

    def configured(self, settings: BaseModel) -> Scorer:
        """The scorer with its settings, an instance of ``settings_model``."""
        ...


@dataclass(frozen=True)
class Property:
    """A scorer made of one function."""

    name: str
    unit: str
    summary: str
    function: Callable[[Chem.Mol], float]
    explain: Callable[[Chem.Mol], str] | None = None  # what the value rests on, one line

    def score(self, mol: Chem.Mol) -> float:
        """The value for a sanitised molecule, in ``unit``."""
        return float(self.function(mol))

    def note(self, mol: Chem.Mol) -> str:
        """What the value rests on, "" where there is nothing to say."""
        return "" if self.explain is None else self.explain(mol)
