"""Colour is for a terminal: a pipe, a file and NO_COLOR get plain text."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys

ESCAPE = b"\x1b["
COLOUR = re.compile(rb"\x1b\[[0-9;]*(?:3[0-7]|9[0-7])[0-9;]*m")


def _on_a_terminal(*arguments: str, **variables: str) -> bytes:
    """What a program writes to a pseudo-terminal."""
    mine, its = pty.openpty()
    kept = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "FORCE_COLOR")}
    program = subprocess.Popen(
        [sys.executable, "-m", "molq", *arguments],
        stdin=its, stdout=its, stderr=its, env={**kept, "TERM": "xterm-256color", **variables},
    )  # fmt: skip
    os.close(its)
    written = b""
    while True:
        try:
            part = os.read(mine, 65536)
        except OSError:  # the other end is closed
            break
        if not part:
            break
        written += part
    os.close(mine)
    assert program.wait(timeout=60) == 0
    return written


def test_a_terminal_gets_colour_unless_it_wants_none() -> None:
    assert COLOUR.search(_on_a_terminal("--help"))
    assert not COLOUR.search(_on_a_terminal("--help", NO_COLOR="1"))


def test_a_pipe_gets_plain_text() -> None:
    for arguments in (["--help"], ["recipes"], ["score", "--help"]):
        done = subprocess.run(
            [sys.executable, "-m", "molq", *arguments], capture_output=True, check=True, timeout=60
        )
        assert done.stdout
        assert ESCAPE not in done.stdout + done.stderr
