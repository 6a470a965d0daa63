"""Validation errors in the words of the file they come from.

One line for each problem: the table, the key, what is wrong, and for a key
that does not exist the nearest one that does.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

Path = tuple[int | str, ...]


def problems(error: ValidationError, model: type[BaseModel]) -> list[str]:
    """One line for each problem that pydantic found in a document of ``model``."""
    return describe(error.errors(include_url=False), model)


def describe(errors: Iterable[Mapping[str, Any]], model: type[BaseModel]) -> list[str]:
    """One line for each of pydantic's error records, placed in ``model``."""
    errors = list(errors)
    places = [item["loc"] for item in errors]
    # a list whose entries are wrong is also found too short, which says nothing
    own = [
        item
        for item in errors
        if not any(at != item["loc"] and at[: len(item["loc"])] == item["loc"] for at in places)
    ]
    return [
        _unknown_key(item["loc"], model)
        if item["type"] == "extra_forbidden"
        else _wrong_value(item["loc"], item)
        for item in own
    ]


def unknown_name(kind: str, name: str, installed: Sequence[str]) -> str:
    """One line about a name that is not installed, with the nearest that is."""
    near = difflib.get_close_matches(name, installed, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}?" if near else f"installed: {', '.join(installed)}"
    return f"unknown {kind} {name!r}; {hint}"


def _unknown_key(loc: Path, model: type[BaseModel]) -> str:
    key = str(loc[-1])
    owner = _model_at(model, loc[:-1])
    known = list(owner.model_fields) if owner else []
    near = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
    is_flat = all(model_in(field.annotation) is None for field in model.model_fields.values())
    if len(loc) == 1 and not is_flat:
        headers = {name: _header((name,), model) for name in known}
        line = f"unknown table [{key}]"
        elsewhere = _elsewhere(key, (), model)
        if elsewhere:
            return f'unknown key "{key}" outside every table; it belongs in {elsewhere}'
        if near:
            return f"{line}; did you mean {headers[near[0]]}?"
        from screening import scorers

        if "objective" in known and scorers.is_scorer(key):
            return (
                f"{line}: {key} is a scorer, whose settings stand in the [[objective]] or "
                "[[funnel]] table that asks for it: settings = { ... }"
            )
        return f"{line}; the tables are {', '.join(headers.values())}"
    place = "" if is_flat else f"{_header(loc[:-1], model)} "
    line = f'{place}unknown key "{key}"'
    elsewhere = _elsewhere(key, loc[:-1], model)
    if elsewhere:
        return f"{line}; it belongs in {elsewhere}"
    if near:
        return f'{line}; did you mean "{near[0]}"?'
    return f"{line}; the keys are {', '.join(known)}" if known else line


# What Python calls a type, in the words of TOML; longer words first.
_WORDS = {
    "a valid tuple": "a list",
    "a valid list": "a list",
    "a valid dictionary": "a table",
    "a valid boolean, unable to interpret input": "true or false",
    "a valid boolean": "true or false",
    "a valid integer, unable to parse string as an integer": "a whole number",
    "a valid integer, got a number with a fractional part": "a whole number",
    "a valid integer": "a whole number",
    "a valid number, unable to parse string as a number": "a number",
    "a valid number": "a number",
    "a valid string": "text in quotes",
}


def _wrong_value(loc: Path, item: Mapping[str, Any]) -> str:
    message = str(item["msg"]).removeprefix("Value error, ")
    for python, toml in _WORDS.items():
        message = message.replace(python, toml)
    message = re.sub(r"a table or instance of \w+", "a table", message)
    if item["type"] == "missing":
        return f"{_dotted(loc)}: this key is required"
    if item["type"] in {"value_error", "assertion_error"} and not isinstance(
        item["input"], str | int | float
    ):
        return f"{_dotted(loc)}: {message}" if loc else message
    message = message[:1].lower() + message[1:]
    return f"{_dotted(loc)}: {message}, got {_short(item['input'])}"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _dotted(loc: Path) -> str:
    return ".".join(str(part) for part in loc)


def _header(loc: Path, model: type[BaseModel]) -> str:
    """``[simulation]``, or ``[[objective]] no. 1`` for an entry of a list."""
    name = ".".join(str(part) for part in loc if isinstance(part, str))
    index = next((part for part in loc if isinstance(part, int)), None)
    if index is not None:
        return f"[[{name}]] no. {index + 1}:"
    field = model.model_fields.get(name)
    holds_list = field is not None and any(
        isinstance(argument, type) and issubclass(argument, BaseModel)
        for argument in get_args(field.annotation)
    ) and field.annotation is not None and getattr(field.annotation, "__origin__", None) in {
        tuple, list
    }  # fmt: skip
    return f"[[{name}]]" if holds_list else f"[{name}]"


def _model_at(model: type[BaseModel], loc: Path) -> type[BaseModel] | None:
    current: type[BaseModel] | None = model
    for part in loc:
        if isinstance(part, int) or current is None:
            continue
        field = current.model_fields.get(part)
        current = model_in(field.annotation) if field is not None else None
    return current


def model_in(annotation: Any) -> type[BaseModel] | None:
    """The settings model that an annotation holds, alone or in a list."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in get_args(annotation):
        found = model_in(argument)
        if found is not None:
            return found
    return None


def _elsewhere(key: str, here: Path, model: type[BaseModel]) -> str | None:
    for name, field in model.model_fields.items():
        inner = model_in(field.annotation)
        if inner is not None and key in inner.model_fields and (name,) != here[:1]:
            return _header((name,), model)
    return None
