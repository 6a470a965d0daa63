"""What the generator can be told in a campaign: the ``[generator]`` table."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class GeneratorSettings(BaseModel):
    """Where proposals come from and how large their part of a batch is."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    prior: str = Field(
        default="zinc250k",
        description="installed generator by name, or the path of a trained .safetensors file",
    )
    scaffold: str | None = Field(
        default=None, description="SMILES kept in every proposal; [*] marks where it grows"
    )
    share: float = Field(
        default=0.5, ge=0.0, le=1.0, description="least share of a batch filled by proposals"
    )
    pool: int = Field(default=256, ge=1, description="molecules sampled for each round")
    finetune: bool = Field(default=True, description="learn from the ranked leads of the run")
    finetune_top: int = Field(default=32, ge=1, description="leads the fine-tuning sees")
    max_heavy_atoms: int | None = Field(default=None, ge=2, description="largest proposal")
    required: tuple[str, ...] = Field(default=(), description="SMARTS every proposal matches")
    forbidden: tuple[str, ...] = Field(default=(), description="SMARTS no proposal matches")
