"""The campaign file: the settings of every part, in one TOML file.

Each package carries the settings model of its own parts; this module only
composes them and says in the file's own words what is wrong with it.

TOML has no null: an optional key is unset by leaving it out, or, where its
default is a value, by the text ``"none"`` (``solvent = "none"``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from types import NoneType
from typing import Any, Self, get_args

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from generative.settings import GeneratorSettings
from molq import diagnosis, documentpaths, overrides, tomlreader, tomlwriter
from molq.documentpaths import UNSET
from molq.errors import CallError
from screening.acquisition import AcquisitionSettings
from screening.filters import FilterSettings
from screening.funnel.funnel import Funnel, FunnelStage
from screening.intake.library import LibrarySettings
from screening.objective import ObjectiveSettings, recipe_names
from screening.ranking import RankingSettings
from screening.review.settings import ReviewSettings
from screening.settings import CampaignSettings, ComputeSettings
from screening.surrogate import SurrogateSettings
from simulation.settings import SimulationSettings


class ReportSettings(BaseModel):
    """What the report shows: the ``[report]`` table of a campaign."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    top: int = Field(default=50, ge=1, le=500, description="leads with a structure and details")
    hit_utility: float = Field(
        default=0.8, gt=0.0, le=1.0, description="utility from which a molecule counts as a hit"
    )


class ScreenSettings(BaseModel):
    """What is computed of a library: the ``[screen]`` table."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(default="screen", min_length=1, description="what reports call the run")
    seed: int = Field(
        default=0, ge=0, lt=2**63, description="the one seed of everything random in the run"
    )
    recipe: tuple[str, ...] = Field(
        default=("warhead-ea",),
        min_length=1,
        description="what is computed; of several recipes the first one ranks",
    )

    @field_validator("recipe", mode="before")
    @classmethod
    def _one_is_a_list_of_one(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value


class _TomlFile(BaseModel):
    """Reading and writing, the same for a campaign and a screen."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _unset_optional_keys(cls, document: Any) -> Any:
        return _without_unset(document, cls) if isinstance(document, Mapping) else document

    @classmethod
    def from_toml(cls, path: str | Path, changes: Iterable[str] | Mapping[str, Any] = ()) -> Self:
        """Read a file; relative paths in it resolve against its folder.

        Args:
            path: of the file.
            changes: settings to change, as ``overrides.apply`` takes them.

        Raises:
            CallError: the file cannot be read or says something wrong, one line each.
        """
        path = Path(path)
        document = overrides.apply(tomlreader.read(path), changes)
        return cls.from_document(document, folder=path.resolve().parent, source=path.name)

    @classmethod
    def from_document(cls, document: Mapping[str, Any], *, folder: Path, source: str) -> Self:
        """Validate tables that were read already.

        Args:
            document: the tables.
            folder: against which relative paths resolve.
            source: what the errors call the file.

        Raises:
            CallError: one line for each problem.
        """
        tomlreader.check_contents(document, source)
        document = documentpaths.absolute(document, folder)
        try:
            return cls.model_validate(document)
        except ValidationError as error:
            lines = diagnosis.problems(error, cls)
            raise CallError(*(f"{source}: {line}" for line in lines)) from error

    def to_document(self) -> dict[str, Any]:
        """The tables as plain values, with every default written out."""
        values = {name: getattr(self, name) for name in type(self).model_fields}
        return {name: _plain(value) for name, value in values.items() if value is not None}

    def to_toml(self) -> str:
        """The file as TOML text, with every default; ``from_toml`` reads it back the same."""
        return tomlwriter.dumps(self.to_document())

    @classmethod
    def json_schema(cls) -> dict[str, Any]:
        """The JSON schema of the file, for editors."""
        return {**cls.model_json_schema(), "title": "molq campaign file"}


class CampaignFile(_TomlFile):
    """Everything a campaign is told.

    Five lines are enough::

        library.path = "library.csv"
        [[objective]]
        name = "warhead-ea"
        transform = "at_least"
        low = -4.95
    """

    campaign: CampaignSettings = Field(default_factory=CampaignSettings)
    library: LibrarySettings | None = None
    generator: GeneratorSettings = Field(default_factory=GeneratorSettings)
    filters: FilterSettings = Field(default_factory=FilterSettings)
    objective: tuple[ObjectiveSettings, ...] = Field(min_length=1)
    funnel: tuple[FunnelStage, ...] = ()
    simulation: SimulationSettings = Field(default_factory=SimulationSettings)
    surrogate: SurrogateSettings = Field(default_factory=SurrogateSettings)
    acquisition: AcquisitionSettings = Field(default_factory=AcquisitionSettings)
    ranking: RankingSettings = Field(default_factory=RankingSettings)
    compute: ComputeSettings = Field(default_factory=ComputeSettings)
    review: ReviewSettings = Field(default_factory=ReviewSettings)
    report: ReportSettings = Field(default_factory=ReportSettings)

    @model_validator(mode="before")
    @classmethod
    def _a_backend_says_its_solver(cls, document: Any) -> Any:
        # What is left out would be filled in without a word; a campaign's file says it.
        table = document.get("simulation") if isinstance(document, Mapping) else None
        if isinstance(table, Mapping) and "solver" not in table:
            backend = table.get("backend", "exact")
            if backend != "exact":
                raise ValueError(
                    f'[simulation] backend = "{backend}" needs the solver that runs circuits '
                    'on it: add solver = "vqe-circuit"'
                )
        return document

    @model_validator(mode="after")
    def _some_source(self) -> Self:
        if self.library is None and self.generator.share == 0:
            raise ValueError(
                "no molecules to choose from: add a [library] table, or a share above 0 "
                "in [generator]"
            )
        return self

    @property
    def name(self) -> str:
        """What reports call the run."""
        return self.campaign.name

    @property
    def seed(self) -> int:
        """The one seed of the run."""
        return self.campaign.seed

    @property
    def recipes(self) -> tuple[str, ...]:
        """What is computed of each molecule."""
        return recipe_names(self.objective)

    @property
    def way(self) -> Funnel:
        """The stages of the funnel, and what is computed at its end."""
        return Funnel(self.funnel, self.recipes)


class ScreenFile(_TomlFile):
    """Everything a screen is told; ``molq screen`` makes it from its options."""

    screen: ScreenSettings = Field(default_factory=ScreenSettings)
    library: LibrarySettings
    filters: FilterSettings = Field(default_factory=FilterSettings)
    objective: tuple[ObjectiveSettings, ...] = ()
    funnel: tuple[FunnelStage, ...] = ()
    simulation: SimulationSettings = Field(default_factory=SimulationSettings)
    surrogate: SurrogateSettings = Field(default_factory=SurrogateSettings)
    ranking: RankingSettings = Field(default_factory=RankingSettings)
    compute: ComputeSettings = Field(default_factory=ComputeSettings)
    report: ReportSettings = Field(default_factory=ReportSettings)

    @property
    def name(self) -> str:
        """What reports call the run."""
        return self.screen.name

    @property
    def seed(self) -> int:
        """The one seed of the run."""
        return self.screen.seed

    @property
    def recipes(self) -> tuple[str, ...]:
        """What is computed of each molecule."""
        return self.screen.recipe

    @property
    def way(self) -> Funnel:
        """The stages of the funnel, and what is computed at its end."""
        return Funnel(self.funnel, self.recipes)


RunFile = CampaignFile | ScreenFile


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    assert isinstance(value, BaseModel)
    dumped = value.model_dump(mode="json")
    for name, field in type(value).model_fields.items():
        if dumped[name] is None and field.get_default(call_default_factory=True) is not None:
            dumped[name] = UNSET
    return dumped


def _without_unset(document: Mapping[str, Any], model: type[BaseModel]) -> dict[str, Any]:
    """The document with ``"none"`` read as null wherever a key may be null."""
    result: dict[str, Any] = {}
    for key, value in document.items():
        field = model.model_fields.get(key)
        annotation = field.annotation if field is not None else None
        inner = diagnosis.model_in(annotation)
        if value == UNSET and NoneType in get_args(annotation):
            result[key] = None
        elif inner is not None and isinstance(value, Mapping):
            result[key] = _without_unset(value, inner)
        elif inner is not None and isinstance(value, list):
            result[key] = [
                _without_unset(item, inner) if isinstance(item, Mapping) else item for item in value
            ]
        else:
            result[key] = value
    return result
