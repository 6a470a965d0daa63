"""What a calculation can be told: the ``[simulation]`` table of a campaign."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class SimulationSettings(BaseModel):
    """Geometry, mean field and solver of every recipe.

    The defaults are the ones the recipes' validity was measured with.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    conformers: int = Field(
        default=10, ge=1, le=300, description="ETKDGv3 conformers embedded and each optimised"
    )
    embed_timeout_s: int = Field(
        default=60, ge=1, description="time limit of the embedding of one molecule, in seconds"
    )
    solvent: str | None = Field(
        default="water", description="ALPB solvent of the GFN2-xTB optimisation; null for vacuum"
    )
    basis: str = Field(default="6-31g*", description="Gaussian basis of the mean field")
    density_fit: bool = Field(
        default=True, description="density-fitted two-electron integrals in the mean field"
    )
    solver: str = Field(
        default="vqe", description="active-space solver by name: vqe, vqe-circuit, casci"
    )
    ansatz: Literal["uccsd"] = Field(default="uccsd", description="form of the VQE trial state")
    layers: int = Field(
        default=2,
        ge=1,
        le=8,
        description="repetitions of the ansatz; two are exact in (4e,4o), one is within 0.3 mHa",
    )
    backend: str = Field(
        default="exact", description="where vqe-circuit runs its circuit: exact, aer"
    )
    threads: int = Field(
        default=1, ge=1, description="threads of one calculation, and the CPU cores it takes"
    )
    max_heavy_atoms: int = Field(
        default=80, ge=2, description="larger molecules are refused before anything is computed"
    )
