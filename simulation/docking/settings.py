"""Where and how molecules are docked: the ``[simulation.docking]`` table of a campaign."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Vector = tuple[float, float, float]

LONGEST = 60.0  # Angstrom; Vina's maps of a larger box take gigabytes


class DockingSettings(BaseModel):
    """A receptor, the box that is searched, and how hard."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    receptor: Path = Field(
        description="the protein: a PDB file with its hydrogens, or a PDBQT file (used as it is)"
    )
    ligand: Path | None = Field(
        default=None,
        description="a molecule that sits in the pocket (SDF, PDB or PDBQT): the box encloses it",
    )
    padding: float = Field(
        default=5.0, ge=0, le=20, description="Angstrom between the ligand and the box's sides"
    )
    center: Vector | None = Field(
        default=None, description="of the box, where no ligand is given; Angstrom"
    )
    size: Vector | None = Field(
        default=None, description="edges of the box, where no ligand is given; Angstrom"
    )
    scoring: Literal["vina", "vinardo"] = Field(default="vina", description="scoring function")
    exhaustiveness: int = Field(
        default=8,
        ge=1,
        le=256,
        description="independent searches; time grows with it, and scores of fewer than 8 are "
        "flagged",
    )
    ph: float | None = Field(
        default=7.4,
        ge=0,
        le=14,
        description="molecules are docked in the form that dominates at this pH; null for the "
        "form as it is given",
    )

    @model_validator(mode="after")
    def _one_box(self) -> DockingSettings:
        by_hand = self.center is not None or self.size is not None
        if self.ligand is not None and by_hand:
            raise ValueError("the box is given twice: leave out ligand, or center and size")
        if self.ligand is None and (self.center is None or self.size is None):
            raise ValueError(
                "no box: give ligand (a molecule in the pocket), or center and size in Angstrom"
            )
        if self.size is not None and not all(0 < edge <= LONGEST for edge in self.size):
            raise ValueError(f"size: edges above 0 and at most {LONGEST:g} Angstrom")
        return self
