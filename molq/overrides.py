"""``--set table.key=value``: single settings changed without editing the file."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from typing import Any

from molq.errors import CallError

_DEEPEST = 10  # tables and lists inside of each other


def parse(text: str) -> tuple[tuple[str, ...], Any]:
    """``"simulation.conformers=3"`` as its path and its value.

    The value is read as TOML; what TOML cannot read is taken as text, so that
    ``simulation.solver=casci`` needs no quotes.

    Raises:
        CallError: there is no ``=`` or the path has an empty part.
    """
    path, equals, value = text.partition("=")
    parts = tuple(part.strip() for part in path.split("."))
    if not equals or not all(parts) or len(parts) > _DEEPEST:
        raise CallError(f"--set {text}: write it as table.key=value, e.g. simulation.conformers=3")
    return parts, _toml_value(value.strip())


def parse_all(texts: Iterable[str]) -> dict[str, Any]:
    """``"a.b=c"`` texts as a mapping from ``"a.b"`` to the value; a later one wins.

    Raises:
        CallError: a text is no setting.
    """
    return {".".join(path): value for path, value in map(parse, texts)}


def _toml_value(text: str) -> Any:
    try:
        document = tomllib.loads(f"value = {text}")
    except (tomllib.TOMLDecodeError, RecursionError):
        return text
    return document["value"] if len(document) == 1 else text


def apply(document: dict[str, Any], settings: Iterable[str] | Mapping[str, Any]) -> dict[str, Any]:
    """A copy of the document with the settings put in their places.

    Args:
        document: a campaign file as read.
        settings: ``"a.b=c"`` texts, or a mapping from ``"a.b"`` to the value.

    Raises:
        CallError: a path leads through something that is not a table, or names
            an entry of a list that is not there.
    """
    values = settings if isinstance(settings, Mapping) else parse_all(settings)
    for path, value in values.items():
        document = _with(document, tuple(path.split(".")), value, path)
    return document


def _with(node: Any, path: tuple[str, ...], value: Any, whole: str) -> Any:
    if not path:
        return value
    head, rest = path[0], path[1:]
    if isinstance(node, list):
        if not head.isdigit() or int(head) >= len(node):
            held = f"0 to {len(node) - 1}" if node else "none"
            raise CallError(f"--set {whole}: no entry {head!r} in the list; its entries: {held}")
        index = int(head)
        return [_with(old, rest, value, whole) if i == index else old for i, old in enumerate(node)]
    if isinstance(node, dict):
        return {**node, head: _with(node.get(head, {}), rest, value, whole)}
    raise CallError(f"--set {whole}: {node!r} is a value, not a table that holds {head!r}")
