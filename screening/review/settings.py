"""What reviewers may ask of a run: the ``[review]`` table of a campaign."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class ReviewSettings(BaseModel):
    """Whether molecules wait for people, and how much their judgement weighs."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    required: bool = Field(
        default=False,
        description="compute no molecule before a reviewer has approved it; what is approved "
        "goes on meanwhile",
    )
    patience_h: float | None = Field(
        default=None,
        gt=0,
        allow_inf_nan=False,
        description="hours for which a run with nothing else to do waits for an approval before "
        "it stops, to be resumed; null for as long as it takes",
    )
    weight: float = Field(
        default=0.3,
        ge=0,
        le=1,
        description="share that reviewers' judgement has in what a lead teaches the generator, "
        "the rest being its utility; 0 for none",
    )
