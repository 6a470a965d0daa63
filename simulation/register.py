"""Recipes, solvers and backends by name, from the entry points of installed packages."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import Any

from simulation.errors import InputError


def names(group: str) -> tuple[str, ...]:
    """What is installed in an entry-point group, in alphabetical order."""
    return tuple(sorted({entry.name for entry in entry_points(group=group)}))


def load(group: str, name: str, *, kind: str, step: str) -> Any:
    """The object that an entry point names.

    Args:
        group: of entry points, e.g. ``molq.recipes``.
        name: in the group.
        kind: the word for it in an error, e.g. ``recipe``.
        step: of the error.

    Raises:
        InputError: no installed package provides it; says which names there are.
    """
    for entry in entry_points(group=group):
        if entry.name == name:
            return entry.load()
    raise InputError(step, f"unknown {kind} {name!r}; installed: {', '.join(names(group))}")
