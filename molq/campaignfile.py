"""The campaign file: the settings of every part, in one TOML file.

Each package carries the settings model of its own parts; this module only
composes them, reads the file, and says in the file's own words what is wrong
with it.

TOML has no null: an optional key is unset by leaving it out, or, where its
default is a value, by the text ``"none"`` (``solvent = "none"``).
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import NoneType
from typing import Any, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from generative.settings import GeneratorSettings
from molq import diagnosis, overrides, tomlwriter
from molq.errors import CallError
from screening.acquisition import AcquisitionSettings
from screening.filters import FilterSettings
from screening.library import LibrarySettings
from screening.objective import ObjectiveSettings
from screening.settings import CampaignSettings, ComputeSettings
from screening.surrogate import SurrogateSettings
from simulation.settings import SimulationSettings

UNSET = "none"
WEIGHTS_SUFFIX = ".safetensors"


class ReportSettings(BaseModel):
    """What the report shows: the ``[report]`` table of a campaign."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    top: int = Field(default=50, ge=1, le=500, description="leads with a structure and details")
    hit_utility: float = Field(
        default=0.8, gt=0.0, le=1.0, description="utility from which a molecule counts as a hit"
    )


class CampaignFile(BaseModel):
    """Everything a campaign is told.

    Five lines are enough::

        library.path = "library.csv"
        [[objective]]
        name = "warhead-ea"
        transform = "at_least"
        low = -4.95
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    campaign: CampaignSettings = Field(default_factory=CampaignSettings)
    library: LibrarySettings
    generator: GeneratorSettings = Field(default_factory=GeneratorSettings)
    filters: FilterSettings = Field(default_factory=FilterSettings)
    objective: tuple[ObjectiveSettings, ...] = Field(min_length=1)
    simulation: SimulationSettings = Field(default_factory=SimulationSettings)
    surrogate: SurrogateSettings = Field(default_factory=SurrogateSettings)
    acquisition: AcquisitionSettings = Field(default_factory=AcquisitionSettings)
    compute: ComputeSettings = Field(default_factory=ComputeSettings)
    report: ReportSettings = Field(default_factory=ReportSettings)

    @model_validator(mode="before")
    @classmethod
    def _unset_optional_keys(cls, document: Any) -> Any:
        return _without_unset(document, cls) if isinstance(document, Mapping) else document

    @classmethod
    def from_toml(
        cls, path: str | Path, changes: Iterable[str] | Mapping[str, Any] = ()
    ) -> CampaignFile:
        """Read a campaign file; relative paths in it resolve against its folder.

        Args:
            path: of the file.
            changes: settings to change, as ``overrides.apply`` takes them.

        Raises:
            CallError: the file cannot be read or says something wrong, one line each.
        """
        path = Path(path)
        document = overrides.apply(read_toml(path), changes)
        return cls.from_document(document, folder=path.resolve().parent, source=path.name)

    @classmethod
    def from_document(
        cls, document: Mapping[str, Any], *, folder: Path, source: str
    ) -> CampaignFile:
        """Validate a campaign file that was read already.

        Args:
            document: the tables.
            folder: against which relative paths resolve.
            source: what the errors call the file.

        Raises:
            CallError: one line for each problem.
        """
        try:
            file = cls.model_validate(document)
        except ValidationError as error:
            lines = diagnosis.problems(error, cls)
            raise CallError(*(f"{source}: {line}" for line in lines)) from error
        return file._with_paths(folder)

    def _with_paths(self, folder: Path) -> CampaignFile:
        library = self.library.model_copy(update={"path": folder / self.library.path})
        generator = self.generator
        if generator.prior.endswith(WEIGHTS_SUFFIX):
            generator = generator.model_copy(update={"prior": str(folder / generator.prior)})
        return self.model_copy(update={"library": library, "generator": generator})

    def to_document(self) -> dict[str, Any]:
        """The tables as plain values, with every default written out."""
        return {
            name: _plain(getattr(self, name)) for name in type(self).model_fields
        }

    def to_toml(self) -> str:
        """The file as TOML text, with every default; ``from_toml`` reads it back the same."""
        return tomlwriter.dumps(self.to_document())

    @classmethod
    def json_schema(cls) -> dict[str, Any]:
        """The JSON schema of the file, for editors."""
        return {"title": "molq campaign file", **cls.model_json_schema()}


def read_toml(path: Path) -> dict[str, Any]:
    """The tables of a TOML file.

    Raises:
        CallError: it is missing, not UTF-8, or not TOML; the line says where.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise CallError(f"{path} does not exist; check the path") from error
    except UnicodeDecodeError as error:
        raise CallError(f"{path} is not UTF-8 text; save it as UTF-8") from error
    except OSError as error:
        raise CallError(f"{path} cannot be read: {error.strerror}") from error
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise CallError(f"{path} is not valid TOML: {error}") from error


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
                _without_unset(item, inner) if isinstance(item, Mapping) else item
                for item in value
            ]
        else:
            result[key] = value
    return result
