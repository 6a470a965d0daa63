"""What the loop and its machines can be told: ``[campaign]`` and ``[compute]``."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator


class CampaignSettings(BaseModel):
    """The shape of a campaign: how many rounds of how many molecules."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(default="campaign", min_length=1, description="what reports call the run")
    seed: int = Field(
        default=0, ge=0, lt=2**63, description="the one seed of everything random in the run"
    )
    rounds: int = Field(default=3, ge=1, description="rounds of propose, choose and evaluate")
    batch: int = Field(default=8, ge=1, description="molecules evaluated in a round")
    initial_batch: int | None = Field(
        default=None, ge=1, description="molecules of the first round; null for the batch"
    )
    budget: int | None = Field(
        default=None, ge=1, description="most molecules evaluated in all; null for no bound"
    )
    barrier: bool = Field(
        default=False,
        description="begin a round only when the one before it has all its results, and choose "
        "its batch at once: workers wait, and an interrupted run ends with the leads of one "
        "that was not",
    )
    known_share: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="without a barrier, share of a round's molecules whose results are in "
        "before the next round begins",
    )
    stop_below: float | None = Field(
        default=None,
        ge=0,
        allow_inf_nan=False,
        description="begin no further round when the next choice is expected to raise the best "
        "utility by less than this for each core-hour; null for no such rule",
    )
    patience: int | None = Field(
        default=None,
        ge=1,
        description="begin no further round after so many without a rise of the best utility; "
        "null for no such rule",
    )


class ComputeSettings(BaseModel):
    """Where calculations run and what each one may use."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    address: str | None = Field(
        default=None,
        description="address of a Ray cluster to join, e.g. head:6379; null for that of "
        "RAY_ADDRESS, or Ray started here; local starts it here in any case",
    )
    workers: int | None = Field(
        default=None,
        ge=1,
        description="molecules computed at a time; null for as many as cores and memory allow",
    )
    time_limit_s: float = Field(
        default=3600.0,
        gt=0,
        description="hard wall-clock limit of one recipe of one molecule, in seconds",
    )
    memory_limit_mb: int | None = Field(
        default=None,
        ge=64,
        description="hard memory limit of one molecule's process, in MB; null shares the machine's",
    )
    max_attempts: int = Field(
        default=3, ge=1, description="attempts at one molecule before it counts as failed"
    )
    checkpoints: bool = Field(
        default=True,
        description="keep what a long calculation has finished, so that its retry goes on there",
    )
    checkpoint_folder: Path | None = Field(
        default=None,
        description="where, on a file system that all machines share; null for checkpoints/ in "
        "the run's folder",
    )
    cache: tuple[Path, ...] = Field(
        default=(),
        description="folders of earlier runs, whose scores are taken over where they were "
        "computed from the same molecule, method, versions and seed",
    )
    cache_seeds: Literal["same", "any"] = Field(
        default="same",
        description="any: take over scores of another seed as well, hence of other conformers; "
        "the score says so",
    )

    @field_validator("cache", mode="before")
    @classmethod
    def _one_is_a_list_of_one(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str | Path) else value
