"""Failures are data: why a molecule has no score."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

FailureKind = Literal["input", "convergence", "resource", "random"]


@dataclass(frozen=True)
class Failure:
    """Why a molecule has no score, sorted by whether a retry can help.

    ``input`` is never retried; ``convergence`` is tried again on the next rung
    of the ladder; ``resource`` again with more time or memory, at most once;
    ``random`` again.
    """

    kind: FailureKind
    step: str  # "library", "filters", "geometry", "meanfield", ...
    message: str  # one line: the reason and, where there is one, the remedy
