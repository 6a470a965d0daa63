"""Proposed molecules and the scored ones they come from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

# What a molecule promises (an acquisition value, larger is better); shape: (molecules,)
Worth = Callable[[Sequence[str]], np.ndarray]


@dataclass(frozen=True)
class Scored:
    """A molecule whose value is known; those of a run in the order they were scored."""

    smiles: str
    value: float  # larger is better
    hand: str = ""  # that proposed it; "" for a molecule of a library


@dataclass(frozen=True)
class Proposal:
    """A molecule that may be evaluated next, and which hand made it."""

    smiles: str
    hand: str  # prior, crossover, mutation, edit
    parents: tuple[str, ...] = ()  # it started from; under an acquisition some are not scored
