"""Scorers by name, from the entry points of installed packages.

``novelty`` is a scorer; ``novelty:patents`` is the same one under a name of its own, so that
two of a kind with different settings can stand in one campaign.
"""

from __future__ import annotations

import difflib
from functools import cache, lru_cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import get_args

from pydantic import BaseModel, ValidationError

from screening.intake.standardise import molecule
from screening.scorers.scorer import Configurable, Scorer
from screening.scorersettings import ScorerSettings

GROUP = "molq.scorers"

LABEL = ":"
"""Between the scorer and what a campaign calls it."""

PROFILE = (
    "qed",
    "sa-score",
    "lipinski-violations",
    "veber-violations",
    "pains-alerts",
    "brenk-alerts",
    "nih-alerts",
    "nibr-severity",
)
"""What a medicinal chemist looks at first; none of it needs settings or another package."""


Stamps = tuple[tuple[int, int], ...]
"""Of the files that settings name: time of the last change (ns) and size (bytes)."""


@cache
def names() -> tuple[str, ...]:
    """The installed scorers, in alphabetical order."""
    return tuple(sorted({entry.name for entry in entry_points(group=GROUP)}))


def is_scorer(name: str) -> bool:
    """Whether a name is that of a scorer, with or without a label."""
    return name.partition(LABEL)[0] in names()


def find(name: str, settings: ScorerSettings | None = None) -> Scorer:
    """The scorer of that name.

    Args:
        name: installed, with or without a label.
        settings: of a scorer that takes any; None finds one that has to be told something
            as well, to ask for its unit and summary.

    Raises:
        ValueError: no installed package provides it, or the settings are not its own.
    """
    scorer = _installed(name.partition(LABEL)[0])
    return scorer if settings is None else _configured(name, settings)


@cache
def _installed(name: str) -> Scorer:
    for entry in entry_points(group=GROUP):
        if entry.name == name:
            scorer: Scorer = entry.load()
            return scorer
    near = difflib.get_close_matches(name, names(), n=1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    raise ValueError(f"unknown scorer {name!r}; {hint}installed: {', '.join(names())}")


@lru_cache(maxsize=64)
def _configured(name: str, settings: ScorerSettings) -> Scorer:
    scorer = _installed(name.partition(LABEL)[0])
    if not isinstance(scorer, Configurable):
        if settings.values:
            raise ValueError(f"scorer {name!r} takes no settings; leave settings out")
        return scorer
    try:
        return scorer.configured(scorer.settings_model.model_validate(settings.values))
    except ValidationError as error:
        raise ValueError(_first_problem(name, scorer.settings_model, error)) from error


def _first_problem(name: str, model: type[BaseModel], error: ValidationError) -> str:
    items = error.errors(include_url=False)
    # a misspelt key is missing as well, and that would be said first
    item = next((one for one in items if one["type"] == "extra_forbidden"), items[0])
    key = ".".join(str(part) for part in item["loc"])
    known = ", ".join(model.model_fields)
    if item["type"] == "extra_forbidden":
        near = difflib.get_close_matches(key, list(model.model_fields), n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"the keys are {known}"
        return f"scorer {name!r}: unknown setting {key!r}; {hint}"
    if item["type"] == "missing":
        meaning = model.model_fields[key].description or ""
        return f"scorer {name!r} needs settings.{key}: {meaning}"
    text = str(item["msg"]).removeprefix("Value error, ")
    return f"scorer {name!r}: settings.{key}: {text}" if key else f"scorer {name!r}: {text}"


def check(name: str, settings: ScorerSettings | None = None) -> None:
    """That a scorer can be asked: installed with what it needs, and told what it must be.

    Raises:
        ValueError: it cannot; one line with the remedy.
    """
    ready = getattr(find(name, settings or ScorerSettings()), "ready", None)
    if ready is not None:
        ready()


def _stamps(name: str, settings: ScorerSettings | None) -> Stamps:
    if settings is None or not settings.values:
        return ()
    found = []
    for key in path_keys(name):
        try:
            stamp = Path(settings.values[key]).stat()
        except (KeyError, TypeError, OSError):
            found.append((-1, -1))  # which the scorer itself names
        else:
            found.append((stamp.st_mtime_ns, stamp.st_size))
    return tuple(found)


@cache
def path_keys(name: str) -> tuple[str, ...]:
    """Settings of a scorer that are files; () for one that is not installed or takes none."""
    if not is_scorer(name):
        return ()
    scorer = find(name)
    if not isinstance(scorer, Configurable):
        return ()
    fields = scorer.settings_model.model_fields
    return tuple(
        key for key, field in fields.items()
        if field.annotation is Path or Path in get_args(field.annotation)
    )  # fmt: skip


def value(name: str, smiles: str, settings: ScorerSettings | None = None) -> float:
    """A scorer's value for a good SMILES, remembered until a file of its settings changes.

    Raises:
        ValueError: unknown scorer, wrong settings, or not a valid SMILES.
    """
    return _value(name, smiles, settings, _stamps(name, settings))


@lru_cache(maxsize=200_000)
def _value(name: str, smiles: str, settings: ScorerSettings | None, stamps: Stamps) -> float:
    return find(name, settings or ScorerSettings()).score(molecule(smiles))


def note(name: str, smiles: str, settings: ScorerSettings | None = None) -> str:
    """What a scorer's value rests on, one line; "" where there is nothing to say.

    The alerts that matched, the rules that are broken, the nearest known compound.

    Raises:
        ValueError: unknown scorer, wrong settings, or not a valid SMILES.
    """
    return _note(name, smiles, settings, _stamps(name, settings))


@lru_cache(maxsize=50_000)
def _note(name: str, smiles: str, settings: ScorerSettings | None, stamps: Stamps) -> str:
    explain = getattr(find(name, settings or ScorerSettings()), "note", None)
    return "" if explain is None else str(explain(molecule(smiles)))
