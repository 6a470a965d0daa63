"""How the tests run what the documentation shows: smaller, where it takes hours."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict

RULES = Path(__file__).with_name("howtorun.toml")


class Rule(BaseModel):
    """What is done with the commands that match."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    match: tuple[str, ...]
    """Beginnings of commands; the first rule of the file with one of them counts."""
    replace: dict[str, str] = {}
    """Parts of the command that are exchanged."""
    also: str = ""
    """Arguments added at the end that make it small."""
    after: tuple[str, ...] = ()
    """Commands that have to come before it."""
    slow: bool = False
    alone: bool = False
    """In a process of its own: it changes what the process is."""
    code: int = 0
    prints: str = ""
    """A regular expression that its output meets."""
    makes: str = ""
    """A file that is there afterwards and not empty."""
    elsewhere: str = ""
    """Why it is not run here, and what proves it instead: a file of the checkout first."""


@dataclass(frozen=True)
class Rules:
    """All rules, in the order of the file."""

    rules: tuple[Rule, ...]

    @classmethod
    def read(cls) -> Rules:
        """The rules of ``howtorun.toml``."""
        document = tomllib.loads(RULES.read_text(encoding="utf-8"))
        return cls(tuple(Rule.model_validate(rule) for rule in document["rule"]))

    def of(self, command: str) -> Rule | None:
        """The rule for a command; None where none matches."""
        for rule in self.rules:
            if any(command.startswith(beginning) for beginning in rule.match):
                return rule
        return None

    def unused(self, commands: list[str]) -> list[str]:
        """Beginnings that decide about no command."""
        decided = {
            beginning
            for command in commands
            if (rule := self.of(command)) is not None
            for beginning in rule.match
            if command.startswith(beginning)
        }
        return [b for rule in self.rules for b in rule.match if b not in decided]
