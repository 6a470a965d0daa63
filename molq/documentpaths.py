"""Paths in a campaign's tables: they count from the file's folder."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from screening import scorers
from screening.intake.datasource import is_uri

UNSET = "none"
"""What stands for null, which TOML has not."""

WEIGHTS_SUFFIX = ".safetensors"


def absolute(document: Mapping[str, Any], folder: Path) -> dict[str, Any]:
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
