"""Faults of the driver and its machine, each a program of its own: scenarios with their records."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import disturbedrun
import psutil
from disturbedrun import PLAN, RUN, Disturbed, acrylamides
from faultrecord import FaultRecord, Ledger, together, undisturbed
from faultyrecipe import EVERY, PLANS, TRACE
from suddendeath import KILLS, Death

from screening.store.journal import Journal

HERE = Path(__file__).parent
TAG = "MOLQ_TEST_TAG"
COMPUTE = {"workers": 2, "memory_limit_mb": 500}

_STEPS = ("intake", "commit", "decision", "waiting", None, "commit", "start of Ray", None)


class Driver:
    """A run of a prepared folder in a process of its own.

    Args:
        folder: prepared; its ``plans.json`` says how calculations misbehave.
        path: further folders for ``PYTHONPATH``, before the others.
        variables: further ones of the environment.
    """

    def __init__(self, folder: Path, *path: str, **variables: str) -> None:
        self.folder = folder
        self.tag = f"{os.getpid()}-{time.time_ns()}"
        python_path = [*path, str(HERE), os.environ.get("PYTHONPATH", "")]
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(p for p in python_path if p),
            TRACE: str(folder / "trace"),
            PLANS: str(folder / "plans.json"),
            TAG: self.tag,
            **variables,
        }
        with (folder / "stderr").open("a") as stderr:
            self.process = subprocess.Popen(
                [sys.executable, str(HERE / "disturbedrun.py"), str(folder)],
                env=environment,
                stdout=subprocess.DEVNULL,
                stderr=stderr,
                start_new_session=True,
            )

    def wait(self, longest_s: float = 180.0) -> int:
        """Its exit status."""
        try:
            return self.process.wait(longest_s)
        finally:
            self.process.kill()

    def complete(self) -> None:
        """Wait for its end.

        Raises:
            RuntimeError: it did not end well; its last words.
        """
        if self.wait() != 0:
            raise RuntimeError(f"status {self.process.returncode}: {self.said()}")

    def said(self) -> str:
        """The end of what the drivers of the folder wrote on stderr."""
        return (self.folder / "stderr").read_text()[-2000:]

    def wait_for(self, condition: Callable[[], object], longest_s: float = 90.0) -> None:
        """Wait for something of the run.

        Raises:
            RuntimeError: the driver ended before; its last words.
            TimeoutError: it takes longer.
        """
        deadline = time.monotonic() + longest_s
        while not condition():
            if self.process.poll() is not None:
                raise RuntimeError(f"the driver ended: {self.said()}")
            if time.monotonic() > deadline:
                self.process.kill()
                raise TimeoutError("the run did not come so far")
            time.sleep(0.02)

    def survivors(self) -> list[psutil.Process]:
        """Living processes that descend from it."""
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                alive = process.status() != psutil.STATUS_ZOMBIE
                if alive and process.environ().get(TAG) == self.tag:
                    found.append(process)
        return found

    def leaves_nothing(self, longest_s: float = 30.0) -> bool:
        """Whether all that descends from it is gone in time."""
        deadline = time.monotonic() + longest_s
        while self.survivors():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.2)
        return True


def prepare(folder: Path, plan: Disturbed, seconds: float = 0.05) -> None:
    """A folder whose calculations take a little time each."""
    disturbedrun.prepare(folder, plan)
    (folder / "plans.json").write_text(json.dumps({EVERY: {"mode": "slow", "seconds": seconds}}))


def killed_drivers(folder: Path, *, times: int = 2, seed: int = 1) -> FaultRecord:
    """``kill -9`` of the driver of a campaign, again and again, until it is through.

    A campaign that is through before it met all its kills is followed by another one.
    """
    plan = Disturbed(120, "campaign", rounds=2, batch=6, compute=COMPUTE)
    if times > 5:
        plan = Disturbed(200, "campaign", rounds=10, batch=8, compute=COMPUTE)
    expected = undisturbed(folder / "undisturbed", plan)
    draw = random.Random(seed)
    deaths = [_death(number, draw) for number in range(times)]
    records: list[FaultRecord] = []
    where: Counter[str] = Counter()
    left = 0
    while (met := sum(record.times for record in records)) < times:
        place = folder / str(len(records))
        record, survivors = _killed(place, plan, expected, deaths[met:])
        records.append(record)
        where.update((place / KILLS).read_text().splitlines() if record.times else [])
        left += survivors
    note = "at " + ", ".join(f"{step} {n}" for step, n in sorted(where.items()))
    return together(records, note + (f"; {left} drivers left processes behind" if left else ""))


def _death(number: int, draw: random.Random) -> Death:
    step = _STEPS[number % len(_STEPS)]
    most = {"intake": 10, "commit": 8, "decision": 20, "start of Ray": 500}.get(step or "", 40)
    return Death(step, draw.getrandbits(32), sightings=most)


def _killed(
    folder: Path, plan: Disturbed, expected: list[tuple[str, float]], deaths: Sequence[Death]
) -> tuple[FaultRecord, int]:
    """A campaign with as many of the deaths as it meets, and the drivers that left processes."""
    ledger = Ledger(folder)
    prepare(folder, plan, seconds=0.2)
    drivers: list[Driver] = []
    kills = 0
    while True:
        ahead = deaths[kills] if kills < len(deaths) else None
        kill = None if ahead is None else dataclasses.asdict(ahead)
        again = dataclasses.replace(plan, kill=kill)
        (folder / PLAN).write_text(json.dumps(dataclasses.asdict(again)))
        drivers.append(Driver(folder))
        status = drivers[-1].wait()
        ledger.settle_journal()
        if status == 0:
            break
        if status == -signal.SIGKILL:
            kills += 1
        elif "cannot start Ray" not in drivers[-1].said() or len(drivers) > 2 * len(deaths) + 2:
            # on a machine that is busy with what the dead left Ray may take too long to start
            raise RuntimeError(f"status {status}: {drivers[-1].said()}")
    record = ledger.record(
        expected,
        fault="the driver is killed",
        injected="`kill -9` at random moments, most of them within a step drawn beforehand",
        times=kills,
    )
    return record, sum(not driver.leaves_nothing() for driver in drivers)


def terminated(folder: Path) -> FaultRecord:
    """SIGTERM to the driver, as batch systems send it before they kill; then a resume."""
    plan = Disturbed(16, compute=COMPUTE)
    expected = undisturbed(folder / "undisturbed", plan)
    ledger = Ledger(folder)
    prepare(folder, plan, seconds=0.2)
    driver = Driver(folder)
    driver.wait_for(lambda: len(ledger.lines()) >= 5)
    driver.process.send_signal(signal.SIGTERM)
    status = driver.wait(60)
    clean = driver.leaves_nothing()
    ledger.settle_journal()
    with Journal.open(folder / RUN, readonly=True) as journal:
        last = journal.events()[-1].message if journal.events() else "nothing"
    Driver(folder).complete()
    return ledger.record(
        expected,
        fault="the batch system ends the job",
        injected="SIGTERM to the driver, then a resume",
        times=1,
        note=f"exit status {status}, its log ends with “{last}”"
        + ("" if clean else ", processes left behind"),
    )


def clock_set_back(folder: Path, *, days: float = 3.0) -> FaultRecord:
    """The wall clock goes back while a screen runs."""
    plan = Disturbed(16, compute=COMPUTE)
    expected = undisturbed(folder / "undisturbed", plan)
    ledger = Ledger(folder)
    prepare(folder, plan, seconds=0.2)
    clock = folder / "clock"
    driver = Driver(folder, str(HERE / "falseclock"), FAULTY_CLOCK=str(clock))
    driver.wait_for(lambda: len(ledger.lines()) >= 6)
    clock.write_text(str(-days * 86400))
    driver.complete()
    with Journal.open(folder / RUN, readonly=True) as journal:
        backwards = sum(
            a.finished is not None and a.finished < a.started for a in journal.attempts()
        )
    return ledger.record(
        expected,
        fault="the clock is set back",
        injected=f"{days:g} days in the middle, for all that is Python: driver, Ray workers, "
        "calculations",
        times=1,
        note=f"{backwards} attempts end before they begin",
    )


def machine_without_memory(folder: Path, *, spare_mb: int = 700) -> FaultRecord:
    """The machine runs short of memory, and Ray's own watch kills a worker.

    Ray is told that the machine is full at what is in use now and ``spare_mb`` more; one
    calculation then takes 1.3 GB, which its own limit allows.
    """
    plan = Disturbed(16, compute={"workers": 2, "memory_limit_mb": 3000})
    expected = undisturbed(folder / "undisturbed", plan)
    ledger = Ledger(folder)
    prepare(folder, plan, seconds=0.2)
    plans = json.loads((folder / "plans.json").read_text())
    first = acrylamides(1)[0]
    (folder / "plans.json").write_text(
        json.dumps({**plans, first: {"mode": "balloon", "times": 1}})
    )
    memory = psutil.virtual_memory()
    full = (memory.total - memory.available + spare_mb * 2**20) / memory.total
    driver = Driver(
        folder, RAY_memory_usage_threshold=f"{full:.4f}", RAY_memory_monitor_refresh_ms="100"
    )
    driver.complete()
    return ledger.record(
        expected,
        fault="the machine runs out of memory",
        injected=f"Ray's memory watch told that the machine is full {spare_mb} MB above what is in "
        "use; one calculation takes 1.3 GB once",
        times=1,
    )


def full_disk(folder: Path) -> FaultRecord:
    """The disk of the run's folder fills, is freed, and the screen is resumed."""
    plan = Disturbed(120)
    expected = undisturbed(folder / "undisturbed", plan)
    ledger = Ledger(folder)
    prepare(folder, plan, seconds=0.0)
    command = [sys.executable, str(HERE / "fulldisk.py"), str(folder)]
    # A user namespace of its own, in which anybody is root and may mount.
    apart = ["unshare", "--user", "--map-root-user", "--mount"]
    words = [*apart, *command, "mount"] if _can([*apart, "true"]) else command
    environment = {**os.environ, TRACE: str(folder / "trace")}
    ended = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=180)
    if ended.returncode:
        raise RuntimeError(ended.stderr[-2000:])
    (folder / RUN).rmdir() if not any((folder / RUN).iterdir()) else shutil.rmtree(folder / RUN)
    (folder / "saved").rename(folder / RUN)
    seen = json.loads((folder / "seen.json").read_text())
    with Journal.open(folder / RUN, readonly=True) as journal:
        kept = [r for r in journal.results() if r.candidate.inchikey in seen["kept"]]
    how = {
        "tmpfs": "a tmpfs of 12 MB in a mount namespace, filled after the third result",
        "PRAGMA max_page_count": "SQLite told of a full disk (max_page_count)",
    }[seen["filled"]]
    record = ledger.record(
        expected,
        fault="the disk is full",
        injected=f"{how}; freed, then a resume",
        times=1,
        note=f"{len(kept)} results kept; said: “{_reason(seen['said'])}”",
    )
    lost = len(set(seen["kept"])) - len(kept)
    return dataclasses.replace(record, lost=record.lost + lost)


def _can(words: list[str]) -> bool:
    """Whether a command can be run here."""
    if shutil.which(words[0]) is None:
        return False
    return subprocess.run(words, capture_output=True).returncode == 0


def _reason(line: str) -> str:
    """The line without the path it begins with."""
    return line.partition(": ")[2].partition(", then")[0] or line


SCENARIOS: tuple[Callable[[Path], FaultRecord], ...] = (
    killed_drivers,
    terminated,
    clock_set_back,
    full_disk,
    machine_without_memory,
)
