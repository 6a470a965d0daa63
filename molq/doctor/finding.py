"""One thing that was looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "warn", "fail"]


@dataclass(frozen=True)
class Finding:
    """What was found, and what to do about it."""

    area: str  # "installation", "machine", "calculation", "ray" or "access"
    name: str  # what was looked at
    state: State
    said: str  # what was found, one line
    remedy: str = ""  # "" where all is well


def ok(area: str, name: str, said: str) -> Finding:
    """All is well."""
    return Finding(area, name, "ok", said)


def warn(area: str, name: str, said: str, remedy: str) -> Finding:
    """It works, but not as well as it might."""
    return Finding(area, name, "warn", said, remedy)


def fail(area: str, name: str, said: str, remedy: str) -> Finding:
    """It does not work."""
    return Finding(area, name, "fail", said, remedy)
