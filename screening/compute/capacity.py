"""How many calculations fit on the machines at hand, and what each may use."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from screening.compute.costmodel import Demand
from screening.compute.executor import MOST_PER_JOB_MB, Limits
from screening.settings import ComputeSettings

LEAST_PER_JOB_MB = 1500
MEMORY_SHARE = 0.85
CHECKPOINTS = Path("checkpoints")  # in the run's folder

_AHEAD = 8
_MOST_EACH = 32  # jobs ahead for each worker
_MOST_AHEAD = 4096  # of all: a job in flight takes some 10 kB of the driver
_BUFFER_S = 1.0


@dataclass(frozen=True)
class Machine:
    """What a node of the cluster lends to calculations."""

    name: str
    cores: float
    memory_mb: int


def places(machines: Sequence[Machine], demand: Demand) -> int:
    """Jobs of this demand that run at a time, by cores and by memory."""
    return sum(
        min(int(m.cores / demand.cores + 1e-9), m.memory_mb // demand.memory_mb) for m in machines
    )


def ahead(workers: int, seconds: float | None) -> int:
    """Jobs to have queued beyond those at work, so that no worker waits for the driver.

    Args:
        workers: jobs at a time.
        seconds: that a job takes, None while it is not known. Short ones are wanted in
            number: a second of work lies ready.
    """
    few = min(workers, _AHEAD)
    if seconds is None:
        return few
    wanted = math.ceil(workers * _BUFFER_S / max(seconds, 1e-3))
    return max(few, min(wanted, _MOST_EACH * workers, _MOST_AHEAD))


def limits(settings: ComputeSettings, machines: Sequence[Machine], threads: int) -> Limits | None:
    """Of one calculation, on these machines; None where none has cores and memory for one.

    Raises:
        ValueError: the memory limit asked for is more than any machine has; one line.
    """
    shares = [(int(m.cores) // threads, m.memory_mb) for m in machines]
    shares = [(slots, memory) for slots, memory in shares if slots and memory]
    if not shares:
        return None
    largest = max(memory for _, memory in shares)
    limit = settings.memory_limit_mb
    if limit is None:
        roomiest = max(memory // slots for slots, memory in shares)
        limit = min(MOST_PER_JOB_MB, max(LEAST_PER_JOB_MB, roomiest), largest)
    if limit > largest:
        raise ValueError(
            f"[compute] memory_limit_mb = {limit} is more than any machine has "
            f"({largest} MB): lower it"
        )
    folder = settings.checkpoint_folder or CHECKPOINTS
    return Limits(settings.time_limit_s, limit, largest, folder if settings.checkpoints else None)


def local_share(settings: ComputeSettings, slots: int, total_mb: int) -> tuple[int, int]:
    """Workers on this machine and the memory limit of each, in MB, before anything is learned.

    As many as cores allow, but never more than memory does: with less than
    1.5 GB each a molecule of drug size does not fit.

    Args:
        settings: what was asked for; it is obeyed where given.
        slots: calculations that the cores of the machine have room for.
        total_mb: memory of the machine.
    """
    usable = int(total_mb * MEMORY_SHARE)
    limit = settings.memory_limit_mb
    workers = settings.workers or max(1, min(slots, usable // (limit or LEAST_PER_JOB_MB)))
    return workers, limit or min(MOST_PER_JOB_MB, max(64, usable // workers))
