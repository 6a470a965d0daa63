"""What molq tells the person who called it."""

from __future__ import annotations


class MolqError(Exception):
    """The work failed; the message names what, where and the remedy in one line."""


class CallError(MolqError, ValueError):
    """The call or the campaign file is wrong: nothing was started.

    Args:
        problems: one line each.
    """

    def __init__(self, *problems: str) -> None:
        super().__init__(*problems)
        self.problems = problems

    def __str__(self) -> str:
        return "\n".join(self.problems)
