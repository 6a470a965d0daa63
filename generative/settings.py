"""What the generator can be told in a campaign, and what a training is told."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from generative.constraints import Constraints, PropertyRange

# Priors over where molecules start, grown by another prior's network.
START_PRIORS = ("qcbm", "rbm", "empirical")


class HandSettings(BaseModel):
    """How often each hand proposes before anything is known of their success."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    prior: float = Field(default=0.4, ge=0.0, description="sampled from the taught prior")
    crossover: float = Field(default=0.25, ge=0.0, description="of two scored molecules")
    mutation: float = Field(default=0.2, ge=0.0, description="of a scored molecule")
    edit: float = Field(
        default=0.15, ge=0.0, description="one place of a scored molecule, scored by the network"
    )

    @model_validator(mode="after")
    def _some(self) -> Self:
        if not 0 < self.prior + self.crossover + self.mutation + self.edit < float("inf"):
            raise ValueError("the shares of the hands are all zero or too large; give one a share")
        return self


class GeneratorSettings(BaseModel):
    """Where proposals come from and how large their part of a batch is."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    prior: str = Field(
        default="zinc250k",
        description="installed generator by name, or the path of a trained .safetensors file; "
        "qcbm, rbm and empirical learn where molecules start (quantum-prior.md)",
    )
    base: str = Field(
        default="zinc250k",
        description="network that grows the molecules of qcbm, rbm and empirical: its name, or "
        "the path of a trained .safetensors file",
    )
    qubits: int = Field(
        default=12, ge=8, le=16, description="bits of the word that says where a molecule starts"
    )
    layers: int = Field(
        default=6,
        ge=1,
        le=32,
        description="of qcbm's entangling gates; rbm gets as many parameters",
    )
    shots: int = Field(
        default=4096, ge=1, description="words measured each time qcbm, rbm or empirical learns"
    )
    backend: str = Field(
        default="exact",
        description="where the circuit of qcbm is sampled: exact, aer, fake:<device>, ibm:<device>",
    )
    queue_limit_s: int = Field(
        default=3000, ge=0, description="how long qcbm waits for a remote device, in seconds"
    )
    scaffold: str | None = Field(
        default=None, description="SMILES kept in every proposal; [*] marks where it grows"
    )
    share: float = Field(
        default=0.5,
        ge=0.0,
        le=1.0,
        description="share of a batch filled by proposals; the library fills the rest",
    )
    pool: int = Field(default=256, ge=1, description="molecules proposed in each round")
    hands: HandSettings = Field(
        default_factory=HandSettings, description="what proposes them, and how often each"
    )
    adapt: bool = Field(
        default=True, description="let the hands' shares follow the success of what they proposed"
    )
    generations: int = Field(
        default=3,
        ge=0,
        description="of the evolution under the acquisition, once there is a surrogate",
    )
    offspring: int = Field(default=200, ge=1, description="molecules of each generation")
    finetune: bool = Field(default=True, description="learn from the ranked leads of the run")
    finetune_top: int = Field(
        default=32,
        ge=1,
        description="best leads of all rounds that the fine-tuning replays and the hands start "
        "from",
    )
    kl: float = Field(
        default=0.5,
        ge=0.0,
        description="weight of the divergence from the prior in the fine-tuning; larger stays "
        "nearer to it",
    )
    per_scaffold: int = Field(
        default=25,
        ge=1,
        description="scored and proposed molecules of one Murcko scaffold, before others are "
        "preferred",
    )
    max_heavy_atoms: int | None = Field(default=None, ge=2, description="largest proposal")
    max_ring_size: int | None = Field(
        default=None, ge=3, description="atoms of the largest ring that is grown"
    )
    ranges: dict[str, tuple[float, float]] = Field(
        default_factory=dict,
        description="lowest and highest value of a property of every proposal, as in "
        "ranges = { logp = [1, 4], sa-score = [1, 4] }; -inf and inf leave an end open",
    )
    required: tuple[str, ...] = Field(default=(), description="SMARTS every proposal matches")
    forbidden: tuple[str, ...] = Field(default=(), description="SMARTS no proposal matches")

    def constraints(self) -> Constraints:
        """What every proposal meets."""
        return Constraints(
            max_heavy_atoms=self.max_heavy_atoms,
            required=self.required,
            forbidden=self.forbidden,
            ranges=tuple(PropertyRange(name, *ends) for name, ends in self.ranges.items()),
            max_ring_size=self.max_ring_size,
        )

    @field_validator("ranges")
    @classmethod
    def _meaningful(cls, value: dict[str, tuple[float, float]]) -> dict[str, tuple[float, float]]:
        for name, ends in value.items():
            PropertyRange(name, *ends).check()
        return value

    @property
    def network(self) -> str:
        """The trained network that grows the molecules, by its name or path."""
        return self.base if self.prior in START_PRIORS else self.prior


class TrainingSettings(BaseModel):
    """A training of a prior: one TOML file for ``molq train``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(default="prior", min_length=1, description="name of the prior")
    data: str = Field(description="zinc250k, moses, or the path of a .smi or .csv file (also .gz)")
    limit: int | None = Field(default=None, ge=2, description="use the first molecules only")
    neutralise: bool = Field(
        default=True, description="add or remove protons that make a molecule neutral"
    )
    output: Path = Field(description="the .safetensors file to write")
    run: Path = Field(description="folder of the checkpoints and the TensorBoard log")
    cache: Path = Field(
        default_factory=lambda: Path.home() / ".cache" / "molq",
        description="folder of downloaded wheels and of molecules already cut",
    )
    seed: int = Field(default=1, ge=0, description="of the whole training")
    threads: int = Field(default=1, ge=1, description="CPU threads")
    processes: int = Field(default=1, ge=1, description="CPU processes that cut the molecules")
    precision: Literal["auto", "float32", "bfloat16"] = Field(
        default="auto",
        description="of matrix products and messages; auto: bfloat16 where the CPU has it",
    )

    min_acyclic: int = Field(
        default=10, ge=1, description="rarer acyclic motifs are built from units"
    )
    min_unit: int = Field(default=3, ge=1, description="rarer units are built from atoms")
    min_environment: int = Field(
        default=30, ge=1, description="rarer surroundings of an attachment are not told apart"
    )

    width: int = Field(default=192, ge=8, description="width of the network")
    layers: int = Field(default=3, ge=1, description="GINE layers")
    tail_width: int = Field(default=64, ge=2, description="width of the softmax of rare actions")
    head_actions: int = Field(
        default=3000, ge=1, description="frequent actions with a logit of their own"
    )
    named_motifs: int = Field(
        default=8000, ge=1, description="frequent motifs with a learned vector"
    )

    epochs: int = Field(default=4, ge=1, description="passes over the molecules")
    batch: int = Field(default=128, ge=1, description="molecules in a batch")
    steps_per_molecule: int = Field(
        default=6, ge=1, description="growth steps learned from a molecule in one pass"
    )
    fine_share: float = Field(
        default=0.2,
        ge=0.0,
        le=1.0,
        description="share of molecules shown with every acyclic group cut into units",
    )
    canonical_share: float = Field(
        default=0.5,
        ge=0.0,
        le=1.0,
        description="share of molecules shown in canonical order, the one of free sampling",
    )
    learning_rate: float = Field(default=2e-3, gt=0.0, description="highest, after the warm-up")
    warmup: int = Field(default=200, ge=1, description="batches of warm-up")
    weight_decay: float = Field(default=1e-4, ge=0.0, description="of AdamW")
    validation: int = Field(default=2000, ge=1, description="molecules held out")
    checkpoint_every: int = Field(default=500, ge=1, description="batches between checkpoints")

    @classmethod
    def from_toml(cls, path: str | Path) -> TrainingSettings:
        """Read a training file; relative paths are meant from the working folder.

        Raises:
            ValueError: the file cannot be read, or holds an unknown or impossible value.
        """
        try:
            with Path(path).open("rb") as file:
                return cls.model_validate(tomllib.load(file))
        except OSError as error:
            raise ValueError(f"{path}: {error.strerror or error}") from error
        except tomllib.TOMLDecodeError as error:
            raise ValueError(f"{path}: not valid TOML ({error})") from error
        except ValidationError as error:
            problems = "; ".join(
                f"{'.'.join(str(x) for x in e['loc'])}: {e['msg']}" for e in error.errors()
            )
            raise ValueError(f"{path}: {problems}") from error
