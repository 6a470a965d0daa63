"""Where a molecule's growth starts, when something else than the prior's own root decides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np


class StartError(ValueError):
    """No start can be drawn; the message says why, in one line."""


@dataclass(frozen=True)
class Start:
    """The root motif of a tree, and what kind of motif grows at each of its attachments."""

    root: int  # motif number in the vocabulary
    classes: tuple[int | None, ...]  # of each attachment, by label; None leaves it free


class StartDistribution(Protocol):
    """Draws starts: a Born machine, a Boltzmann machine, or plain counts."""

    @property
    def name(self) -> str:
        """What kind of distribution it is."""
        ...

    @property
    def action_class(self) -> np.ndarray:
        """Class of each action of the vocabulary. shape: (actions,), int64"""
        ...

    def draw(self, n: int, *, seed: int) -> Sequence[Start]:
        """``n`` starts, the same for the same seed.

        Raises:
            StartError: it can give none.
        """
        ...
