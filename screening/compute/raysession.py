"""Ray started on this machine, or joined where it runs, and left as it was found."""

from __future__ import annotations

import os
import signal
import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from screening.compute import capacity, isolation, machine
from screening.compute.clustertoken import show_token
from screening.compute.evaluation import one_line
from screening.compute.scratchfolder import ScratchFolder, sweep
from screening.settings import ComputeSettings

_MB = 2**20
_OBJECT_STORE_MB = 80
_KNOCK_S = 10.0
_HERE = "local"  # also where RAY_ADDRESS names a cluster
_FOLDER = "molq-ray-"  # sockets and logs of a local Ray


class SchedulerError(RuntimeError):
    """Ray cannot be started or joined, or is gone; one line with the remedy."""


def silence() -> None:
    """Have Ray print nothing on standard output; it reads this when it is imported.

    What it would say of lost workers stands in the journal.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_DEDUP_LOGS_SKIP_REGEX", ".")


class RaySession:
    """The connection of this process to Ray.

    A Ray that was running in this process already is used as it is and left running.

    Args:
        settings: the ``[compute]`` table. Without an ``address`` that of the
            environment variable ``RAY_ADDRESS`` is joined, if there is one; ``local``
            starts Ray here in any case.
        threads: of one calculation, and the cores it takes.
    """

    def __init__(self, settings: ComputeSettings, threads: int) -> None:
        self._settings = settings
        self._threads = threads
        self._owned = False
        self._folder: ScratchFolder | None = None

    @property
    def is_local(self) -> bool:
        """Whether this machine alone computes."""
        return self._folder is not None

    def begin(self) -> None:
        """Start Ray or join it.

        Raises:
            SchedulerError: it cannot be.
        """
        silence()
        address = self._settings.address or os.environ.get("RAY_ADDRESS") or _HERE
        if address != _HERE:
            show_token()
        import ray

        if ray.is_initialized():
            return
        with _own_termination():
            if address != _HERE:
                self._join(address)
            else:
                self._start()

    def end(self) -> None:
        """Leave Ray, or stop it where it was started here."""
        import ray

        if self._owned:
            ray.shutdown()
            self._owned = False
        if self._folder is not None:
            self._folder.remove()
            self._folder = None
            # Ray's workers are gone, and what their calculations left with them.
            sweep(Path(tempfile.gettempdir()), isolation.FOLDER)

    def _join(self, address: str) -> None:
        import ray

        if address.startswith(("http://", "https://")):
            raise SchedulerError(
                f"{address} is where jobs are submitted, not where a driver joins; "
                "give host:6379 or ray://host:10001"
            )
        try:
            _knock(address)
            ray.init(address=address, **_QUIET)
        except Exception as error:  # Ray raises many kinds; each means the same here
            raise SchedulerError(
                f"cannot join the Ray cluster at {address}: check that it runs there, and "
                "that its token is on this machine (RAY_AUTH_TOKEN_PATH or ~/.ray/auth_token)"
            ) from error
        self._owned = True

    def _start(self) -> None:
        import ray

        slots = machine.cores() // self._threads
        total = machine.memory_mb()
        workers, memory = capacity.local_share(self._settings, slots, total)
        folder = self._folder = ScratchFolder(_FOLDER, short=True)
        self._owned = True

        def begin() -> None:
            ray.init(
                address="local",
                # More may run at a time than the limit of memory has room for, when they
                # turn out to take less.
                num_cpus=(self._settings.workers or max(1, slots)) * self._threads,
                num_gpus=0,
                include_dashboard=False,
                object_store_memory=_OBJECT_STORE_MB * _MB,
                _memory=max(workers * memory, int(total * capacity.MEMORY_SHARE)) * _MB,
                _temp_dir=str(folder.path),
                **_QUIET,
            )

        try:
            begin()
        except Exception:  # a busy machine keeps Ray waiting for its own processes
            ray.shutdown()
            try:
                begin()
            except Exception as error:
                text = f"cannot start Ray here, tried twice: {error}"
                raise SchedulerError(
                    f"{one_line(text)} If the machine is busy, give the same command again later; "
                    "molq doctor looks at it"
                ) from error


_QUIET: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}


@contextmanager
def _own_termination() -> Iterator[None]:
    """Keep the caller's way of ending: Ray puts its own in its place."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handler = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, handler)


def _knock(address: str) -> None:
    """Ask whether anything listens there: Ray itself tries for minutes.

    Raises:
        OSError: nothing does.
    """
    host, colon, port = address.rpartition("//")[2].rpartition(":")
    if colon and port.isdigit():
        socket.create_connection((host.strip("[]"), int(port)), timeout=_KNOCK_S).close()
