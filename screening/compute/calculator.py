"""The program of the child process: reads jobs, computes, writes answers.

``python -m screening.compute.calculator PARENT_PID``, started by ``screening.compute.isolation``.
One JSON line a message. In: ``{"number": ..., "job": ...}``. Out, each with the number
of the request: ``{"started": true}`` once the recipes' packages are loaded (the time
limit counts from there), then for each recipe in order
``{"recipe": ..., "outcome": ..., "cpu_seconds": ..., "peak_memory_mb": ...}``.
"""

from __future__ import annotations

import contextlib
import ctypes
import faulthandler
import glob
import json
import os
import resource
import signal
import sys
import threading
import time
from typing import IO, Any

from screening.childprocess import take_stdout

_PR_SET_PDEATHSIG = 1
_PARENT_POLL_S = 2.0
_TICKS = os.sysconf("SC_CLK_TCK")  # of the CPU times in /proc, a second


def main(arguments: list[str]) -> int:
    """Serve jobs until the pipe closes or the parent dies."""
    _die_with(int(arguments[0]))
    _offer_to_the_oom_killer()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # gigabytes a crash, in the user's folder
    answers = take_stdout()
    faulthandler.enable(file=sys.stderr)
    for line in sys.stdin.buffer:
        request = json.loads(line)
        _serve(request["job"], request["number"], answers)
    return 0


def _serve(job: dict[str, Any], number: int, answers: IO[str]) -> None:
    from screening.compute import evaluation
    from screening.compute.gate import Gate, ends_job
    from simulation.errors import SimulationError
    from simulation.settings import SimulationSettings

    settings = SimulationSettings.model_validate(job["settings"])
    sources = job["sources"]
    for recipe in job["recipes"]:
        with contextlib.suppress(SimulationError):  # its evaluation says so
            evaluation.resolve(recipe, sources.get(recipe))
    _write(answers, {"number": number, "started": True})
    molecule = evaluation.Evaluation(
        job["smiles"], settings, job["seed"], checkpoint=job["checkpoint"]
    )
    for recipe in job["recipes"]:
        _reset_peak_memory()
        before = _cpu_seconds()
        outcome = molecule.outcome(recipe, sources.get(recipe))
        limits = job["gates"].get(recipe)
        ends = limits is not None and ends_job(outcome, Gate(*limits))
        _write(
            answers,
            {
                "number": number,
                "recipe": recipe,
                "outcome": evaluation.encode(outcome),
                "cpu_seconds": _cpu_seconds() - before,
                "peak_memory_mb": _peak_memory_mb(),
                "last": ends,
            },
        )
        if ends:
            return


def _write(answers: IO[str], message: dict[str, Any]) -> None:
    answers.write(json.dumps(message) + "\n")
    answers.flush()


def _die_with(parent: int) -> None:
    """Have the kernel kill this process when its parent dies, however it dies."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    threading.Thread(target=_watch, args=(parent,), daemon=True).start()


def _watch(parent: int) -> None:
    # Where the kernel cannot be asked, and for a parent that died before it was.
    while os.getppid() == parent:
        time.sleep(_PARENT_POLL_S)
    os.killpg(0, signal.SIGKILL)


def _offer_to_the_oom_killer() -> None:
    # When the machine runs out, one molecule must go and not the run.
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as score:
        score.write("1000")


def _reset_peak_memory() -> None:
    for pid in _family():
        with contextlib.suppress(OSError), open(f"/proc/{pid}/clear_refs", "w") as refs:
            refs.write("5")


def _peak_memory_mb() -> float:
    found = [mb for mb in map(_own_peak_mb, _family()) if mb is not None]
    return sum(found) if found else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _own_peak_mb(pid: int) -> float | None:
    with contextlib.suppress(OSError), open(f"/proc/{pid}/status") as status:
        for line in status:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return None


def _cpu_seconds() -> float:
    times = os.times()
    ended = times.user + times.system + times.children_user + times.children_system
    return ended + sum(map(_living_cpu_seconds, _family()[1:]))


def _living_cpu_seconds(pid: int) -> float:
    """Of a process and of its children that have ended."""
    with contextlib.suppress(OSError, ValueError), open(f"/proc/{pid}/stat") as stat:
        # the name in parentheses may hold anything; behind it are the fields from the third on
        fields = stat.read().rpartition(")")[2].split()
        return sum(map(int, fields[11:15])) / _TICKS
    return 0.0


def _family() -> list[int]:
    """This process and those it started that live: a recipe may keep a model in one of them."""
    found = [os.getpid()]
    for pid in found:
        for listed in glob.glob(f"/proc/{pid}/task/*/children"):
            with contextlib.suppress(OSError), open(listed) as children:
                found += map(int, children.read().split())
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
