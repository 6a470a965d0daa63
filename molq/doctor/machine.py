"""Cores, threads, memory and disks, as a run will find them."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

import psutil

from molq.doctor.finding import Finding, fail, ok, warn
from screening.compute.machine import cores, memory_mb
from screening.store import filesystem

AREA = "machine"

THREAD_VARIABLES = (
    "OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS",
)  # fmt: skip

_LEAST_MB = 1500  # of one calculation of drug size
_LITTLE_DISK_MB, _NO_DISK_MB = 2000, 200
_SHARED_MB = 100  # what Ray's object store takes on this machine, and some more
_MB = 2**20


def findings(folder: Path, environment: Mapping[str, str] | None = None) -> Iterator[Finding]:
    """What the machine has.

    Args:
        folder: in which runs would be made.
        environment: variables; those of this process where None.
    """
    variables = os.environ if environment is None else environment
    yield _cores()
    yield _threads(variables)
    yield _memory()
    yield _disk("disk, this folder", folder)
    yield _disk("disk, temporary files", Path(tempfile.gettempdir()))
    yield _shared(Path("/dev/shm"))
    yield _journal(folder)


def _cores() -> Finding:
    usable, all_of_them = cores(), os.cpu_count() or 1
    less = "" if usable == all_of_them else f" of {all_of_them}: affinity or a quota allows no more"
    return ok(AREA, "cores", f"{usable}{less}")


def _threads(variables: Mapping[str, str]) -> Finding:
    told = {name: variables[name] for name in THREAD_VARIABLES if variables.get(name)}
    many = {n: v for n, v in told.items() if v.isdigit() and int(v) > cores()}
    if many:
        shown = ", ".join(f"{name}={value}" for name, value in many.items())
        return warn(
            AREA, "threads", f"{shown} with {cores()} cores: threads will wait for each other",
            f"unset {' '.join(many)}; molq gives each calculation simulation.threads",
        )  # fmt: skip
    shown = ", ".join(f"{name}={value}" for name, value in told.items()) or "no variable is set"
    return ok(AREA, "threads", f"{shown}; each calculation gets simulation.threads, 1 by default")


def _memory() -> Finding:
    total, free = memory_mb(), psutil.virtual_memory().available // _MB
    said = f"{total / 1024:.1f} GB, {free / 1024:.1f} GB free, {cores()} cores"
    if total < _LEAST_MB:
        return fail(
            AREA, "memory", said, f"a molecule of drug size needs {_LEAST_MB} MB: a larger machine"
        )
    if total < _LEAST_MB * cores() or free < _LEAST_MB:
        workers = max(1, min(total, free) // _LEAST_MB)
        return warn(
            AREA, "memory", said,
            f"there is room for about {workers} calculations of drug size at a time; "
            "molq starts no more, see [compute] workers",
        )  # fmt: skip
    return ok(AREA, "memory", said)


def _disk(name: str, folder: Path) -> Finding:
    try:
        usage = shutil.disk_usage(folder)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"molq")
    except OSError as error:
        return fail(
            AREA, name, f"{folder} cannot be written ({error.strerror or error})",
            "change its permissions, or work in another folder (TMPDIR for temporary files)",
        )  # fmt: skip
    free = usage.free / _MB
    said = f"{free / 1024:.1f} GB free in {folder}"
    if free < _NO_DISK_MB:
        return fail(AREA, name, said, "free some space: a journal stops when the disk is full")
    if free < _LITTLE_DISK_MB:
        return warn(AREA, name, said, "free some space: a large run takes gigabytes, see molq plan")
    return ok(AREA, name, said)


def _shared(folder: Path) -> Finding:
    try:
        free = shutil.disk_usage(folder).free / _MB
    except OSError:
        return warn(
            AREA, "shared memory", f"there is no {folder}", "Ray takes slower temporary files"
        )
    said = f"{free:,.0f} MB free in {folder}"
    if free < _SHARED_MB:
        return warn(AREA, "shared memory", said, "start the container with --shm-size=1g")
    return ok(AREA, "shared memory", said)


def _journal(folder: Path) -> Finding:
    """A journal needs locks and shared memory maps, which not every file system has."""
    kind = filesystem.kind(folder)
    try:
        with (
            tempfile.TemporaryDirectory(dir=folder, prefix=".molq-doctor-") as place,
            closing(sqlite3.connect(Path(place) / "journal.sqlite")) as journal,
        ):
            (mode,) = journal.execute("PRAGMA journal_mode=WAL").fetchone()
            journal.execute("CREATE TABLE seen (id INTEGER)")
            journal.commit()
    except (sqlite3.Error, OSError) as error:
        return fail(
            AREA, "journal", f"cannot be kept in {folder}: {error}",
            "make runs on a local disk (--out)",
        )  # fmt: skip
    if mode.lower() != "wal" or kind in filesystem.NETWORK:
        return warn(
            AREA, "journal", f"{folder} is on {kind or 'a file system without shared maps'}",
            "make runs on a local disk: over a network file system locks may not hold",
        )  # fmt: skip
    return ok(AREA, "journal", f"SQLite {sqlite3.sqlite_version} with write-ahead log on {kind}")
