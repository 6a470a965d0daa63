"""A job's log, followed to its end, and the exit code that it leaves."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from molq.cli.console import note
from molq.terminaltext import shown

if TYPE_CHECKING:
    from molq.jobserver import JobServer, JobState

FAILED, STOPPED = 1, 130

_NOT_THERE = (126, 127)  # a shell's: the command cannot be run


def follow(server: JobServer, id: str) -> int:
    """Write a job's log until it is over; its exit code.

    Raises:
        MolqError: there is no such job, or the server is gone.
    """
    return conclude(server.follow(id, _write))


def conclude(state: JobState) -> int:
    """Say how a job ended; its exit code."""
    if state.state == "SUCCEEDED":
        note(f"molq: {state.id} is done: {state.run}")
        return 0
    if state.state == "STOPPED":
        note(f"molq: {state.id} was stopped; submit it again with --out {state.run} to go on")
        return STOPPED
    if state.exit_code in _NOT_THERE:
        note(
            f"molq: {state.id}: the head node finds no python with molq: start Ray there in "
            "molq's environment, or set MOLQ_PYTHON to its python before `ray start`"
        )
        return FAILED
    note(f"molq: {state.id} failed: {state.message or 'its log says why'}")
    return state.exit_code if state.exit_code is not None and state.exit_code > 0 else FAILED


def _write(text: str) -> None:
    sys.stdout.write(shown(text))
    sys.stdout.flush()
