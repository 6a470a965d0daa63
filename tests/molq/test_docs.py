"""The pages say what the program does: every command parses, every name is there."""

from __future__ import annotations

import ast
import re
import shlex
from pathlib import Path

import pytest
import typer

import molq
from molq.cli.entry import app

DOCS = Path(__file__).parents[2] / "docs"
_COMMANDS = sorted(set(re.findall(r"^molq .*$", (DOCS / "cli.md").read_text(), re.MULTILINE)))


@pytest.mark.parametrize("line", _COMMANDS)
def test_every_command_of_the_page_parses(line: str) -> None:
    verb, *arguments = shlex.split(line)[1:]
    command = typer.main.get_command(app)
    while hasattr(command, "commands"):  # a group: `molq validate` has verbs of its own
        assert verb in command.commands
        command = command.commands[verb]
        if hasattr(command, "commands"):
            verb, *arguments = arguments
    assert command.make_context(verb, arguments).params


def test_every_verb_has_a_section() -> None:
    page = (DOCS / "cli.md").read_text()
    verbs = set(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
    assert set(re.findall(r"^## `molq (\w+)", page, re.MULTILINE)) == verbs


def test_every_option_of_a_help_example_is_one() -> None:
    from molq.cli import entry

    for verb in (entry.score, entry.run, entry.sample, entry.leads):
        line = verb.EPILOG.removeprefix("Example: ")
        command = typer.main.get_command(app).commands[verb.NAME]  # type: ignore[attr-defined]
        assert command.make_context(verb.NAME, shlex.split(line)[2:]).params


def test_the_python_examples_use_names_that_exist() -> None:
    page = (DOCS / "python-api.md").read_text()
    blocks = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    assert len(blocks) == 5
    for block in blocks:
        for node in ast.walk(ast.parse(block)):
            if (
                isinstance(node, ast.Attribute)
                and isinstance(node.value, ast.Name)
                and node.value.id == "molq"
            ):
                assert node.attr in molq.__all__
