"""What ADMET-AI foretells, in which unit, and how well by its authors' own test."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from pydantic import TypeAdapter

from simulation.recipes.recipe import Better


@dataclass(frozen=True)
class Endpoint:
    """One property."""

    id: str  # ADMET-AI's word for it, e.g. "hERG"
    name: str
    category: str
    unit: str  # "probability" of a yes, or that of a measurement
    better: Better  # the end that a drug project seeks as a rule
    species: str
    molecules: int  # in the data it was trained and tested with
    auroc: float | None  # of a probability
    r2: float | None  # of a measurement
    mae: float | None  # of a measurement, in its unit

    @property
    def validity(self) -> str:
        """How well it is foretold, one line."""
        of = f"{self.molecules} molecules{f', {self.species}' if self.species else ''}"
        if self.auroc is not None:
            return f"AUROC {self.auroc:.2f} by ADMET-AI's own test ({of})"
        line = f"R2 {self.r2:.2f}, mean error {self.mae:.2g} {self.unit}".rstrip()
        poor = "; worse than the mean of the data: not to be used" if self.is_worthless else ""
        return f"{line} by ADMET-AI's own test ({of}){poor}"

    @property
    def is_worthless(self) -> bool:
        """Whether the mean of its data foretells it better."""
        return self.r2 is not None and self.r2 < 0


@cache
def endpoints() -> dict[str, Endpoint]:
    """All of them by their id, in ADMET-AI's order."""
    text = files("screening.admet").joinpath("endpoints.json").read_text(encoding="utf-8")
    found = TypeAdapter(list[Endpoint]).validate_python(json.loads(text)["endpoints"])
    return {one.id: one for one in found}
