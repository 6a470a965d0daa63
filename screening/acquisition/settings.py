"""What the choice of molecules can be told: the ``[acquisition]`` table of a campaign."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Kind = Literal["ucb", "ei", "thompson", "qei", "qnehvi", "greedy", "random"]
BatchRule = Literal["sequential", "greedy", "annealing", "exact", "qaoa"]


class AcquisitionSettings(BaseModel):
    """How a batch is chosen: the ``[acquisition]`` table of a campaign."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Kind = Field(
        default="ucb",
        description="ucb: upper confidence bound; ei: expected improvement of one molecule; "
        "thompson: the best of a draw; qei: expected improvement of the batch; qnehvi: expected "
        "growth of the Pareto front; greedy: the mean; random",
    )
    samples: int = Field(default=256, ge=16, le=4096, description="posterior draws")
    beta: float = Field(
        default=1.0, ge=0, allow_inf_nan=False, description="weight of the uncertainty in ucb"
    )
    beta_decades: float = Field(
        default=0.0,
        ge=0,
        le=4,
        description="each place of the batch has its own weight, `beta` times ten to a power drawn "
        "evenly from -beta_decades to beta_decades; 0 for one weight",
    )
    cost_aware: bool = Field(
        default=False,
        description="divide a molecule's value by the core-seconds that its calculation is "
        "expected to take",
    )
    diversity: float = Field(
        default=0.95,
        gt=0,
        le=1,
        description="Tanimoto similarity from which two molecules of a batch are "
        "near-duplicates and only one is taken",
    )
    batch: BatchRule = Field(
        default="sequential",
        description="sequential: one molecule after the other, each given those before; else the "
        "batch as a whole, as a quadratic binary problem of quality and similarity, solved by "
        "greedy, annealing, exact or qaoa",
    )
    spread: float = Field(
        default=0.5,
        ge=0,
        allow_inf_nan=False,
        description="price of similarity in a batch chosen as a whole: what a mean similarity of "
        "1 costs, as a share of the range of the values",
    )
    backend: str = Field(
        default="exact",
        min_length=1,
        description="where qaoa runs: exact, aer, `fake:<device>`, `ibm:<device>`",
    )

    @model_validator(mode="after")
    def _consistent(self) -> AcquisitionSettings:
        if self.kind == "qnehvi" and self.batch != "sequential":
            raise ValueError(
                f"kind 'qnehvi' chooses one molecule after the other, not by {self.batch!r}; "
                'set batch = "sequential"'
            )
        return self
