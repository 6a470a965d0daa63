"""The campaign file: the settings of every part, in one TOML file.

Each package carries the settings model of its own parts; this module only
composes them, reads the file, and says in the file's own words what is wrong
with it.

TOML has no null: an optional key is unset by leaving it out, or, where its
default is a value, by the text ``"none"`` (``solvent = "none"``).
"""

from __future__ import annotations

import re
import tomllib
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
from molq import diagnosis, overrides, tomlwriter
from molq.errors import CallError
from screening import scorers
from screening.acquisition import AcquisitionSettings
from screening.filters import FilterSettings
from screening.funnel.funnel import Funnel, FunnelStage
from screening.intake.datasource import is_uri
from screening.intake.library import LibrarySettings
from screening.objective import ObjectiveSettings, recipe_names
from screening.ranking import RankingSettings
from screening.review.settings import ReviewSettings
from screening.settings import CampaignSettings, ComputeSettings
from screening.surrogate import SurrogateSettings
from simulation.redaction import redacted, without_known
from simulation.settings import SimulationSettings

UNSET = "none"
WEIGHTS_SUFFIX = ".safetensors"

_DEEPEST = 10
_LARGEST = 2**20  # bytes
_URI = re.compile(r"\b[a-z][a-z0-9+.-]*://[^\s\"']*", re.IGNORECASE)
_NO_SECRETS = (
    "this looks like a token or a password, and everything a run is told is written into its "
    "folder; leave it out, and give the token by the environment (QISKIT_IBM_TOKEN) or by a "
    "saved account"
)


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
        document = overrides.apply(read_toml(path), changes)
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
        _check_contents(document, source)
        document = _with_paths(document, folder)
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


def read_toml(path: Path) -> dict[str, Any]:
    """The tables of a TOML file.

    Raises:
        CallError: it is missing, not UTF-8, or not TOML; the line says where.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(_LARGEST + 1)
        if len(raw) > _LARGEST:
            raise CallError(f"{path} is larger than {_LARGEST >> 20} MB: no campaign file is")
        text = raw.decode("utf-8-sig").replace("\r\n", "\n")
    except FileNotFoundError as error:
        raise CallError(f"{path} does not exist; check the path") from error
    except UnicodeDecodeError as error:
        raise CallError(f"{path} is not UTF-8 text; save it as UTF-8") from error
    except OSError as error:
        raise CallError(f"{path} cannot be read: {error.strerror}") from error
    if not _is_public(text):
        numbers = (n for n, line in enumerate(text.splitlines(), start=1) if not _is_public(line))
        raise CallError(f"{path.name}, line {next(numbers, 1)}: {_NO_SECRETS}")
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise CallError(f"{path} is not valid TOML: {error}") from error
    except ValueError as error:  # an integer of thousands of digits
        raise CallError(f"{path} holds a number that cannot be read: {error}") from error
    except RecursionError as error:
        raise CallError(f"{path}: its values are nested too deeply to be read") from error


def _check_contents(value: Any, place: str, depth: int = 0) -> None:
    """Refuse what may not stand in a run's folder, where all settings are written.

    Raises:
        CallError: there is a secret, of which it names the place, or no end of tables.
    """
    if depth > _DEEPEST:
        raise CallError(f"{place}: tables and lists more than {_DEEPEST} deep; no key needs them")
    is_library = place.endswith(": library")  # what is wrong with its URI its own check says
    if isinstance(value, str) and not _is_public(value, with_uris=not is_library):
        raise CallError(f"{place}: {_NO_SECRETS}")
    if isinstance(value, Mapping):
        for key, item in value.items():
            if isinstance(item, str):
                _check_contents(f"{key} = {item}", place, depth + 1)
            else:
                _check_contents(item, f"{place}: {key}", depth + 1)
    elif isinstance(value, list | tuple):
        for item in value:
            _check_contents(item, place, depth + 1)


def _is_public(text: str, *, with_uris: bool = False) -> bool:
    """Whether there is no secret in it, known or by its looks; of URIs only a known one."""
    if without_known(text) != text:
        return False
    bare = text if with_uris else _URI.sub("", text)
    return redacted(bare) == bare


def _with_paths(document: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """The document with its paths made absolute; what is no text is left to validation."""
    result = dict(document)
    library, generator = result.get("library"), result.get("generator")
    path = library.get("path") if isinstance(library, Mapping) else None
    if isinstance(library, Mapping) and isinstance(path, str) and not is_uri(path):
        result["library"] = {**library, "path": str(folder / path)}
    if isinstance(generator, Mapping):
        files = {
            key: str(folder / value)
            for key in ("prior", "base")
            if isinstance(value := generator.get(key), str) and value.endswith(WEIGHTS_SUFFIX)
        }
        result["generator"] = {**generator, **files}
    compute = result.get("compute")
    cache = compute.get("cache") if isinstance(compute, Mapping) else None
    if isinstance(compute, Mapping) and cache is not None:
        paths = [cache] if isinstance(cache, str) else cache
        if isinstance(paths, list | tuple) and all(isinstance(path, str) for path in paths):
            result["compute"] = {**compute, "cache": [str(folder / path) for path in paths]}
    return _with_scorers_paths(_with_docking_paths(result, folder), folder)


def _with_docking_paths(document: dict[str, Any], folder: Path) -> dict[str, Any]:
    simulation = document.get("simulation")
    docking = simulation.get("docking") if isinstance(simulation, Mapping) else None
    if not isinstance(simulation, Mapping) or not isinstance(docking, Mapping):
        return document
    files = _absolute(docking, ("receptor", "ligand"), folder)
    return {**document, "simulation": {**simulation, "docking": {**docking, **files}}}


def _with_scorers_paths(document: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Files among the settings of scorers, in objectives and stages of the funnel."""
    for table, name in (("objective", "name"), ("funnel", "stage")):
        entries = document.get(table)
        if isinstance(entries, list | tuple):
            document[table] = [_with_scorer_paths(entry, name, folder) for entry in entries]
    return document


def _with_scorer_paths(entry: Any, name: str, folder: Path) -> Any:
    settings = entry.get("settings") if isinstance(entry, Mapping) else None
    if not isinstance(settings, Mapping) or not isinstance(entry.get(name), str):
        return entry
    files = _absolute(settings, scorers.path_keys(entry[name]), folder)
    return {**entry, "settings": {**settings, **files}}


def _absolute(table: Mapping[str, Any], keys: Iterable[str], folder: Path) -> dict[str, str]:
    texts = {key: table[key] for key in keys if isinstance(table.get(key), str)}
    return {key: str(folder / text) for key, text in texts.items() if text != UNSET}


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
