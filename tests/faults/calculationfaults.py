"""Faults in and around one calculation, on one real Ray: scenarios, each giving its record."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import disturbedrun
import psutil
from disturbedrun import Disturbed, acrylamides
from faultrecord import FaultRecord, Ledger, undisturbed
from faultyrecipe import EVERY, PLANS, TRACE

from screening.compute import flight
from screening.compute import scheduler as scheduling
from screening.compute.scheduler import Scheduler
from screening.settings import ComputeSettings

HERE = Path(__file__).parent
TIME_LIMIT_S = 2.0
MEMORY_LIMIT_MB = 250

Plans = dict[str, dict[str, Any]]


@contextlib.contextmanager
def environment(**variables: str) -> Iterator[None]:
    """Variables that Ray's workers and their children get, and where they find ``faultyrecipe``."""
    path = os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
    with mock.patch.dict(os.environ, {"PYTHONPATH": path, **variables}):
        yield


@dataclass(frozen=True)
class FaultyRay:
    """A running Ray whose calculations misbehave as planned."""

    scheduler: Scheduler
    plans: Path
    trace: Path

    def perform(
        self,
        folder: Path,
        plans: Plans,
        *,
        fault: str,
        injected: str,
        times: int,
        molecules: int = 8,
        meanwhile: Callable[[Ledger], None] | None = None,
        sessions: int = 1,
    ) -> FaultRecord:
        """A screen with these plans, in so many sessions of which the last has no plan left.

        Args:
            folder: a new one.
            plans: as of ``faultyrecipe``.
            fault: for the record.
            injected: for the record.
            times: for the record.
            molecules: of the library.
            meanwhile: runs in a thread of its own beside the screen, when it has begun.
            sessions: the first ends by itself; each of the others resumes the run.
        """
        plan = Disturbed(molecules)
        expected = undisturbed(folder / "undisturbed", plan)
        ledger = Ledger(folder, self.trace)
        disturbedrun.prepare(folder, plan)
        for session in range(sessions):
            self.plans.write_text(json.dumps(plans if session == 0 else {}))
            if session == 0:
                self.trace.write_text("")
            thread = None
            if meanwhile is not None and session == 0:
                thread = threading.Thread(target=meanwhile, args=(ledger,))
                thread.start()
            disturbedrun.perform(folder, self.scheduler, lambda result: ledger.settle([result]))
            if thread is not None:
                thread.join()
        return ledger.record(expected, fault=fault, injected=injected, times=times)


@contextlib.contextmanager
def faulty_ray(folder: Path, workers: int = 2) -> Iterator[FaultyRay]:
    """Start one on this machine: its start costs seconds, so scenarios share it."""
    plans, trace = folder / "plans.json", folder / "trace"
    plans.write_text("{}")
    trace.write_text("")
    settings = ComputeSettings(
        workers=workers, time_limit_s=TIME_LIMIT_S, memory_limit_mb=MEMORY_LIMIT_MB
    )
    # a lost job goes out again at once, and not after a second, then two, then four
    eager = mock.patch.object(flight, "_FIRST_PAUSE_S", 0.02)
    variables = {PLANS: str(plans), TRACE: str(trace)}
    with eager, environment(**variables), Scheduler(settings) as scheduler:
        yield FaultyRay(scheduler, plans, trace)


def once(*modes: str) -> Plans:
    """Each of so many first molecules meets its fault in its first calculation alone."""
    return {s: {"mode": m, "times": 1} for s, m in zip(acrylamides(len(modes)), modes, strict=True)}


def always(mode: str, molecules: int = 1) -> Plans:
    return {smiles: {"mode": mode} for smiles in acrylamides(molecules)}


def crashed(ray: FaultyRay, folder: Path) -> FaultRecord:
    return ray.perform(
        folder,
        once("crash", "killed", "exit"),
        fault="a calculation's process crashes",
        injected="SIGSEGV, SIGKILL (as the kernel's out-of-memory killer sends it) and exit(3)",
        times=3,
    )


def hung(ray: FaultyRay, folder: Path) -> FaultRecord:
    first, second = acrylamides(2)
    return ray.perform(
        folder,
        {first: {"mode": "hang", "times": 1}, second: {"mode": "hang"}},
        fault="a calculation hangs",
        injected=f"sleeps for ever, deaf to SIGTERM, one molecule once and one always; "
        f"time limit {TIME_LIMIT_S:g} s",
        times=3,
    )


def out_of_memory(ray: FaultyRay, folder: Path) -> FaultRecord:
    first, second = acrylamides(2)
    return ray.perform(
        folder,
        {first: {"mode": "hog", "times": 1}, second: {"mode": "hog"}},
        fault="a calculation takes all memory",
        injected=f"allocates without end, one molecule once and one always; "
        f"limit {MEMORY_LIMIT_MB} MB",
        times=3,
    )


def corrupted(ray: FaultyRay, folder: Path) -> FaultRecord:
    return ray.perform(
        folder,
        once("garble", "half", "unreadable"),
        fault="a message of a calculation is corrupted",
        injected="bytes that are no message, half a message, a message that holds no score",
        times=3,
    )


def unconverged(ray: FaultyRay, folder: Path) -> FaultRecord:
    first, second = acrylamides(2)
    return ray.perform(
        folder,
        {first: {"mode": "unconverged", "times": 1}, second: {"mode": "unconverged"}},
        fault="an SCF does not converge",
        injected="PySCF on acrylamide's GFN2 geometry with three cycles to converge, one molecule "
        "once and one always",
        times=4,
    )


def poisonous(ray: FaultyRay, folder: Path) -> FaultRecord:
    return ray.perform(
        folder,
        always("worker"),
        fault="a molecule kills every worker it meets",
        injected="its calculation sends SIGKILL to the Ray worker",
        times=5,
    )


def full_queue(ray: FaultyRay, folder: Path) -> FaultRecord:
    return ray.perform(
        folder,
        always("queue", 3),
        fault="a remote device's queue is full",
        injected="the backend's own error, raised for three molecules in the first of two sessions",
        times=3,
        sessions=2,
    )


def killed_workers(
    ray: FaultyRay, folder: Path, *, times: int = 2, molecules: int = 16
) -> FaultRecord:
    """Ray workers killed at random moments."""
    draw = random.Random(times)

    def kill(ledger: Ledger) -> None:
        for _ in range(times):
            begun = len(ledger.lines())
            _wait(lambda before=begun: len(ledger.lines()) > before, 10)
            time.sleep(draw.uniform(0.0, 0.3))
            _wait(lambda: bool(workers()))
            _signal(draw.choice(workers()), signal.SIGKILL)

    return ray.perform(
        folder,
        {EVERY: {"mode": "slow", "seconds": 0.4}},
        fault="Ray workers are killed",
        injected="SIGKILL to a worker process drawn at random, at random moments",
        times=times,
        molecules=molecules,
        meanwhile=kill,
    )


def hung_worker(ray: FaultyRay, folder: Path) -> FaultRecord:
    """A Ray worker that is itself stuck; the scheduler's patience is shortened for it."""
    with mock.patch.multiple(scheduling, _GRACE_S=1.0, _LOOK_S=0.5):
        return ray.perform(
            folder,
            once("stop-worker", "stop-worker"),
            fault="all Ray workers hang",
            injected="SIGSTOP to both worker processes; the driver's 600 s of patience cut to 1 s",
            times=2,
        )


SCENARIOS: tuple[Callable[[FaultyRay, Path], FaultRecord], ...] = (
    crashed,
    hung,
    out_of_memory,
    corrupted,
    unconverged,
    poisonous,
    full_queue,
    killed_workers,
    hung_worker,
)


def workers() -> list[psutil.Process]:
    """Ray's workers of this process that have a calculation's process."""
    found = []
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            parent = process.parent()
            if "screening.compute.calculator" in process.cmdline() and parent is not None:
                found.append(parent)
    return found


def _signal(process: psutil.Process, number: int) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        process.send_signal(number)


def _wait(condition: Callable[[], bool], longest_s: float = 60.0) -> None:
    deadline = time.monotonic() + longest_s
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("the run did not come so far")
        time.sleep(0.01)
