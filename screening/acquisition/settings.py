"""What the choice of molecules can be told: the ``[acquisition]`` table of a campaign."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class AcquisitionSettings(BaseModel):
    """How a batch is chosen: the ``[acquisition]`` table of a campaign."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["qei", "ucb", "greedy", "random"] = Field(
        default="qei",
        description="qei: expected improvement of the batch; ucb: mean + beta std; "
        "greedy: the mean; random",
    )
    samples: int = Field(default=256, ge=16, le=4096, description="posterior draws")
    beta: float = Field(default=1.0, ge=0, description="weight of the uncertainty in ucb")
    diversity: float = Field(
        default=0.95,
        gt=0,
        le=1,
        description="Tanimoto similarity from which two molecules of a batch are "
        "near-duplicates and only one is taken",
    )
