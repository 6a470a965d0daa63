"""What the surrogate can be told: the ``[surrogate]`` table of a campaign."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class SurrogateSettings(BaseModel):
    """Which model, and when it begins to learn its own hyper-parameters."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["gp", "sum-kernel"] = Field(
        default="gp",
        description="exact Gaussian process; gp: one count fingerprint (MinMax) plus descriptors; "
        "sum-kernel: five count fingerprints and 22 properties, each with a weight of its own",
    )
    min_labels: int = Field(
        default=8,
        ge=2,
        description="labels below which hyper-parameters stay at their prior values",
    )
    noise_floor: float = Field(
        default=0.01,
        gt=0,
        lt=1,
        description="least noise variance, as a fraction of the variance of the labels",
    )
    max_labels: int = Field(
        default=2000,
        ge=10,
        description="labels an exact fit takes; of more, the newest are used",
    )
