"""What the surrogate can be told: the ``[surrogate]`` table of a campaign."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class SurrogateSettings(BaseModel):
    """Which model, and when it begins to learn its own hyper-parameters."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["gp", "random-forest", "d-mpnn"] = Field(
        default="gp",
        description="gp: Gaussian process over five count fingerprints and 22 properties, each "
        "with a weight of its own; random-forest; d-mpnn: ensemble of message-passing networks",
    )
    min_labels: int = Field(
        default=8,
        ge=2,
        description="gp: labels below which hyper-parameters stay at their prior values",
    )
    noise_floor: float = Field(
        default=0.01,
        gt=0,
        lt=1,
        description="gp: least noise variance, as a fraction of the variance of the labels",
    )
    max_labels: int = Field(
        default=10_000,
        ge=10,
        description="gp: labels a fit takes; of more, the newest are used",
    )
    exact_labels: int = Field(
        default=3000,
        ge=10,
        description="gp: labels up to which the fit is exact; of more, deviations go through "
        "inducing molecules",
    )
    inducing: int = Field(
        default=1500,
        ge=10,
        description="gp: inducing molecules, chosen among the labelled ones",
    )
    trend: Literal["none", "properties", "descriptors"] = Field(
        default="properties",
        description="gp: broad kernels that carry a trend beyond the labels, over the 22 "
        "properties, or over these and 234 further descriptors whose correlations are taken out "
        "(about a millisecond a molecule more)",
    )
    quantum_kernel: bool = Field(
        default=False,
        description="gp: add the fidelity kernel of a quantum circuit over reduced descriptors",
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.quantum_kernel and self.kind != "gp":
            raise ValueError(
                f"quantum_kernel is a kernel of the Gaussian process, and kind {self.kind!r} has "
                'none: set kind = "gp", or leave quantum_kernel out'
            )
        return self
