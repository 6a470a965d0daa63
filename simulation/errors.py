"""Typed errors of a calculation, sorted by whether another attempt can help.

The four kinds are the ones the screening loop acts on: ``input`` is never
retried, ``convergence`` is tried again on the next rung of a ladder,
``resource`` again with more time or memory (once), ``random`` again as it is.
"""

from __future__ import annotations

from typing import ClassVar, Literal

ErrorKind = Literal["input", "convergence", "resource", "random"]


class SimulationError(Exception):
    """A calculation that gives no result, and where it stopped.

    Args:
        step: the step that failed, by its module's word (``geometry``,
            ``meanfield``, ``activespace``, ``solver``, ``recipe``).
        message: one line for the person who sent the molecule: the reason and,
            where there is one, the remedy.
    """

    kind: ClassVar[ErrorKind]

    def __init__(self, step: str, message: str) -> None:
        super().__init__(step, message)
        self.step = step
        self.message = message

    def __str__(self) -> str:
        return f"{self.step}: {self.message}"


class InputError(SimulationError):
    """The molecule is outside what the recipe or the method can describe."""

    kind = "input"


class ConvergenceError(SimulationError):
    """An iteration ended without reaching its criterion on any rung."""

    kind = "convergence"


class ResourceError(SimulationError):
    """A limit of time or memory was reached."""

    kind = "resource"


class StochasticError(SimulationError):
    """A random step (embedding, sampling) failed with this seed."""

    kind = "random"
