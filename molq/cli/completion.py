"""What a shell offers for a word that is not finished."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import entry_points


def installed(kind: str) -> Callable[[str], list[str]]:
    """Completes the names of what is installed: ``recipes``, ``solvers``, ``backends``, ...

    The names are read from the packages' metadata, so nothing heavy is imported at a key
    press.
    """

    def names(incomplete: str) -> list[str]:
        known = {entry.name for entry in entry_points(group=f"molq.{kind}")}
        return sorted(name for name in known if name.startswith(incomplete))

    return names
