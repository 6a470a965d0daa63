"""Whether Ray starts here and answers, in a process of its own and within a bounded time."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator

from molq.doctor.finding import Finding, fail, ok, warn
from screening import childprocess
from screening.compute.machine import cores

AREA = "ray"
LIMIT_S = 60.0
"""Since its start. On two cores Ray took 14 s at a load of 2.4, and 32 s at one of 6.5."""

_SLOW_S = 30.0
_READ_S = 5.0  # for what a process that has ended has said
_PROGRAM = """
import sys, time
begun = time.monotonic()
from screening.compute.raysession import RaySession
from screening.compute import rayworker
from screening.settings import ComputeSettings
session = RaySession(ComputeSettings(address="local", workers=1), 1)
session.begin()
import ray
host, version = ray.get(ray.remote(rayworker.identity).remote(), timeout=60)
session.end()
sys.stdout.write(f"{ray.__version__} {version} {time.monotonic() - begun:.1f}")
"""


@contextlib.contextmanager
def started() -> Iterator[RayCheck]:
    """Start Ray as a run would, in a process that goes with the block.

    A cluster that ``RAY_ADDRESS`` names is not asked; see ``access``.
    """
    environment = {**childprocess.environment(1), "RAY_ADDRESS": "local"}
    child = subprocess.Popen(
        [sys.executable, "-c", _PROGRAM],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
        start_new_session=True,
        text=True,
    )
    try:
        yield RayCheck(child)
    finally:
        if child.poll() is None:
            _end(child)


class RayCheck:
    """A Ray that starts, has one task answer, and is stopped again.

    Args:
        child: the process that it starts in.
    """

    def __init__(self, child: subprocess.Popen[str]) -> None:
        self._child = child
        self._begun = time.monotonic()

    def seconds_left(self, limit_s: float = LIMIT_S) -> float:
        """How long it is waited for at most; 0 where it has come to its end."""
        if self._child.poll() is not None:
            return 0.0
        return max(0.0, limit_s - (time.monotonic() - self._begun))

    def finding(self, limit_s: float = LIMIT_S) -> Finding:
        """What became of it.

        Args:
            limit_s: since its start, after which it is ended.
        """
        left = _READ_S if self._child.poll() is not None else self.seconds_left(limit_s)
        try:
            said, complaint = self._child.communicate(timeout=left)
        except subprocess.TimeoutExpired:
            _end(self._child)
            return _silent(limit_s, os.getloadavg()[0], cores())
        words = said.split()
        if self._child.returncode or len(words) != 3:
            lines = [line.strip() for line in complaint.splitlines() if line.strip()]
            return fail(
                AREA, "Ray", _shortened(lines[-1] if lines else "ended without a word"),
                "if the machine is busy, wait and run molq doctor again; else free what the line "
                "names, or pip install --upgrade 'ray[default]'",
            )  # fmt: skip
        version, _, seconds = words
        text = f"{version} started here and a task answered in {seconds} s"
        if float(seconds) > _SLOW_S:
            return warn(
                AREA, "Ray", text, "the machine is busy or its disk slow; runs begin as late"
            )
        return ok(AREA, "Ray", text)


def _silent(limit_s: float, load: float, cores: int) -> Finding:
    """Ray has given no answer: which is no wonder where the cores are busy."""
    said = f"did not answer within {limit_s:g} s"
    if load > 1.5 * cores:
        return warn(
            AREA, "Ray", f"{said}; the machine is busy (load {load:.1f} on {cores} cores)",
            "run molq doctor again when it is less so: a run waits longer for Ray than this",
        )  # fmt: skip
    return fail(
        AREA, "Ray", said,
        "look for a firewall between this machine's own addresses, a full /dev/shm, or "
        "other Ray processes (ray stop)",
    )  # fmt: skip


def _shortened(line: str) -> str:
    """An exception's last line without the name of its class, cut between words."""
    text = re.sub(r"^[\w.]+(?:Error|Exception): ", "", line)
    return textwrap.shorten(text, 200, placeholder=" ...")


def _end(child: subprocess.Popen[str]) -> None:
    """The child with everything it started: Ray's daemons end with their driver."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.communicate()
