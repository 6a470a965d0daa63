"""What is to be computed, how, and what was computed before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from screening.candidate import Candidate
from screening.compute.gate import Gate
from screening.store.records import Result
from simulation.settings import SimulationSettings


@dataclass(frozen=True)
class Task:
    """A molecule and the recipes that want a final result for it."""

    candidate: Candidate
    recipes: tuple[str, ...]
    round: int | None = None
    continues: bool = False  # a later task of the molecule goes on from its checkpoint


@dataclass(frozen=True)
class Calculation:
    """What all evaluations of a run share."""

    seed: int  # the run's
    settings: SimulationSettings = field(default_factory=SimulationSettings)
    max_attempts: int = 3
    sources: dict[str, str] = field(default_factory=dict)  # recipe -> "module:attribute"
    gates: Mapping[str, Gate] = field(default_factory=dict)  # recipe -> what goes on behind it


@dataclass(frozen=True)
class Found:
    """A calculation that was done before, in this run's folder or another's."""

    result: Result
    source: str  # where it stands, one line for the journal
    address: str = ""  # its own, where it is not the one that was asked for


class Archive(Protocol):
    """Calculations done before, by the address of their content."""

    def address(self, candidate: Candidate, recipe: str) -> str:
        """The content address of a calculation, "" for one that has none."""
        ...

    def find(self, address: str) -> Found | None:
        """The calculation of that address, None when it was not done before."""
        ...
