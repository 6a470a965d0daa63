"""What a shell is told when the tab key is pressed, by the installed program itself."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from molq.cli.completion import installed

PROGRAM = Path(sys.executable).with_name("molq")


def _offered(line: str) -> list[str]:
    words = line.split(" ")
    environment = {
        **os.environ,
        "_MOLQ_COMPLETE": "complete_bash",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(words) - 1),
    }
    done = subprocess.run(
        [PROGRAM], env=environment, capture_output=True, text=True, check=True, timeout=60
    )
    return done.stdout.split()


def test_a_verb_is_completed() -> None:
    assert "status" in _offered("molq st")
    assert "sample" not in _offered("molq st")


def test_an_option_is_completed() -> None:
    assert _offered("molq screen library.csv --rec") == ["--recipe"]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("molq score C=CC(N)=O --recipe warhead-e", ["warhead-ea"]),
        ("molq score C=CC(N)=O --solver vqe", ["vqe", "vqe-circuit"]),
        ("molq sample --prior zin", ["zinc250k"]),
        ("molq recipes redo", ["redox"]),
        ("molq leads runs/first --format par", ["parquet"]),
    ],
)
def test_a_value_is_completed(line: str, expected: list[str]) -> None:
    assert _offered(line) == expected


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_shell_gets_its_script(shell: str) -> None:
    done = subprocess.run(
        [PROGRAM], env={**os.environ, "_MOLQ_COMPLETE": f"source_{shell}"},
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    assert "_MOLQ_COMPLETE" in done.stdout


def test_a_word_that_nothing_begins_with_offers_nothing() -> None:
    assert installed("recipes")("no-such-recipe") == []
