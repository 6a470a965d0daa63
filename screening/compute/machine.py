"""What this machine lets this process use: cores and memory, containers heeded."""

from __future__ import annotations

import os
from pathlib import Path

import psutil

_MB = 2**20
_CGROUP = Path("/sys/fs/cgroup")


def cores(cgroup: Path = _CGROUP) -> int:
    """CPU cores this process may run on: by affinity (Slurm, taskset) and by container quota."""
    allowed = len(os.sched_getaffinity(0))
    words = _words(cgroup / "cpu.max")
    if len(words) == 2 and words[0].isdigit():
        allowed = min(allowed, max(1, int(words[0]) // int(words[1])))
    return allowed


def memory_mb(cgroup: Path = _CGROUP) -> int:
    """Memory in MB: the machine's, or the container's or batch job's where that is less."""
    total = int(psutil.virtual_memory().total)
    for name in ("memory.max", "memory/memory.limit_in_bytes"):
        words = _words(cgroup / name)
        if words and words[0].isdigit():
            total = min(total, int(words[0]))
    return total // _MB


def _words(path: Path) -> list[str]:
    try:
        return path.read_text().split()
    except OSError:
        return []
