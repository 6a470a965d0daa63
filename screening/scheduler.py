"""Jobs on Ray: bounded, isolated, accounted for by memory, lost to nobody.

Ray places a job, and nothing else is asked of it: limits are the child
process's (``screening.isolation``), retries the journal's (``screening.dispatch``).
"""

from __future__ import annotations

import contextlib
import functools
import os
import socket
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from screening import isolation, machine
from screening.evaluation import (
    LOST_WORKER,
    Evaluated,
    Job,
    Usage,
    decode,
    one_line,
)
from screening.executor import MOST_PER_JOB_MB, Completed, Limits
from screening.failure import Failure
from screening.isolation import Isolation
from screening.scratchfolder import ScratchFolder, sweep
from screening.settings import ComputeSettings

_MB = 2**20
_LEAST_PER_JOB_MB = 1500
_MEMORY_SHARE = 0.85
_OBJECT_STORE_MB = 80
_GRACE_S = 600.0
_KNOCK_S = 10.0
_AHEAD = 8
_FOLDER = "molq-ray-"  # sockets and logs of a local Ray


class SchedulerError(RuntimeError):
    """Ray cannot be started or joined; one line with the remedy."""


class Scheduler:
    """The ``Executor`` on Ray: starts it on this machine, or joins a cluster.

    Use it as a context manager. A Ray that was running in this process already
    is used as it is and left running.

    Args:
        settings: the ``[compute]`` table. Without an ``address`` that of the
            environment variable ``RAY_ADDRESS`` is joined, if there is one.
        threads: of one calculation, and the cores it takes.

    Raises:
        SchedulerError: on entering, when Ray cannot be started or joined.
    """

    def __init__(self, settings: ComputeSettings | None = None, *, threads: int = 1) -> None:
        self.settings = settings or ComputeSettings()
        self._threads = threads
        self._owned = False
        self._folder: ScratchFolder | None = None
        self._workers = 1
        self._limits = Limits(self.settings.time_limit_s, MOST_PER_JOB_MB, MOST_PER_JOB_MB)
        self._task: Any = None
        self._flying: dict[Any, tuple[Job, float]] = {}  # Ray reference -> job, submitted (s)
        self._delivered: list[Any] = []

    @property
    def workers(self) -> int:
        """Calculations at a time."""
        return self._workers

    @property
    def capacity(self) -> int:
        """The workers, and a few jobs ahead so that none waits for the driver."""
        return self._workers + min(self._workers, _AHEAD)

    @property
    def limits(self) -> Limits:
        """Of one calculation."""
        return self._limits

    def __enter__(self) -> Scheduler:
        # Read by Ray at its import. What it would print of lost workers, on standard
        # output, stands in the journal.
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        os.environ.setdefault("RAY_DEDUP_LOGS_SKIP_REGEX", ".")
        if self._address:
            _use_token()
        import ray

        try:
            if not ray.is_initialized():
                self._start()
            self._measure()
            self._task = ray.remote(_work)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exc: object) -> None:
        import ray

        try:
            self.cancel()
        finally:
            if self._owned:
                ray.shutdown()
                self._owned = False
            if self._folder is not None:
                self._folder.remove()
                self._folder = None
                # Ray's workers are gone, and what their calculations left with them.
                sweep(Path(tempfile.gettempdir()), isolation.FOLDER)

    def submit(self, job: Job) -> None:
        """Hand the job to Ray."""
        threads = self._threads
        reference = self._task.options(
            num_cpus=threads,
            memory=job.memory_limit_mb * _MB,
            max_retries=0,
            name=f"{' '.join(job.recipes)} {job.inchikey}",
        ).remote(asdict(job), threads)
        self._flying[reference] = (job, time.monotonic())

    def wait(self, timeout_s: float) -> list[Completed]:
        """What is done, waiting for the first up to so many seconds."""
        import ray

        for reference in self._delivered:
            self._flying.pop(reference, None)
        self._delivered = []
        references = list(self._flying)
        if not references:
            return []
        first, _ = ray.wait(references, num_returns=1, timeout=timeout_s)
        ready: list[Any] = []
        if first:
            ready, _ = ray.wait(references, num_returns=len(references), timeout=0)
        done = [self._completed(self._flying[reference][0], reference) for reference in ready]
        overdue = self._overdue(set(ready))
        done += [_failed(job, _lost("gave no answer in time")) for _, job in overdue]
        self._delivered = [*ready, *(reference for reference, _ in overdue)]
        return done

    def cancel(self) -> None:
        """Kill every job in flight."""
        import ray

        references, self._flying, self._delivered = list(self._flying), {}, []
        if not ray.is_initialized():
            return
        for reference in references:
            with contextlib.suppress(Exception):  # it may have ended; the cluster may be gone
                ray.cancel(reference, force=True)

    def _completed(self, job: Job, reference: Any) -> Completed:
        import ray

        try:
            answers = ray.get(reference)
            outcomes = tuple(
                Evaluated(recipe, decode(text), Usage(*usage)) for recipe, text, *usage in answers
            )
        except ray.exceptions.OutOfMemoryError:
            reason = "the machine ran out of memory; give [compute] fewer workers"
            return _failed(job, Failure("resource", LOST_WORKER, reason))
        except ray.exceptions.RayError as error:
            text = str(error).strip().splitlines()[-1] if str(error).strip() else ""
            reason = f"{type(error).__name__}: {text}"
            return _failed(job, _lost(f"was lost ({reason})"))
        except ValueError as error:
            return _failed(job, _lost(f"sent an answer that cannot be read ({error})"))
        return Completed(job, outcomes)

    def _overdue(self, ready: set[Any]) -> list[tuple[Any, Job]]:
        """Jobs of workers that hang themselves: the child's limit has long passed."""
        import ray

        now = time.monotonic()
        overdue = []
        for reference, (job, submitted) in self._flying.items():
            # One job may have waited in the queue behind another one.
            limit = 2 * job.time_limit_s * len(job.recipes) + _GRACE_S
            if reference not in ready and now - submitted > limit:
                with contextlib.suppress(Exception):
                    ray.cancel(reference, force=True)
                overdue.append((reference, job))
        return overdue

    @property
    def _address(self) -> str | None:
        return self.settings.address or os.environ.get("RAY_ADDRESS") or None

    def _start(self) -> None:
        import ray

        address = self._address
        quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
        if address:
            if address.startswith(("http://", "https://")):
                raise SchedulerError(
                    f"{address} is where jobs are submitted, not where a driver joins; "
                    "give host:6379 or ray://host:10001"
                )
            try:
                _knock(address)
                ray.init(address=address, **quiet)
            except Exception as error:  # Ray raises many kinds; each means the same here
                raise SchedulerError(
                    f"cannot join the Ray cluster at {address}: check that it runs there, and "
                    "that its token is on this machine (RAY_AUTH_TOKEN_PATH or ~/.ray/auth_token)"
                ) from error
            self._owned = True
            return
        workers, memory = local_share(
            self.settings, machine.cores() // self._threads, machine.memory_mb()
        )
        self._folder = ScratchFolder(_FOLDER, short=True)
        self._owned = True
        try:
            ray.init(
                address="local",
                num_cpus=workers * self._threads,
                num_gpus=0,
                include_dashboard=False,
                object_store_memory=_OBJECT_STORE_MB * _MB,
                _memory=max(workers * memory, int(machine.memory_mb() * _MEMORY_SHARE)) * _MB,
                _temp_dir=str(self._folder.path),
                **quiet,
            )
        except Exception as error:
            raise SchedulerError(one_line(f"cannot start Ray here: {error}")) from error

    def _measure(self) -> None:
        """Workers and limits from what the nodes have."""
        import ray

        threads = self._threads
        nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
        shares = [
            (int(node.get("CPU", 0)) // threads, int(node.get("memory", 0)) // _MB)
            for node in nodes
        ]
        shares = [(slots, memory) for slots, memory in shares if slots and memory]
        if not shares:
            raise SchedulerError(
                f"no machine of the cluster has {threads} free cores; lower [simulation] threads"
            )
        largest = max(memory for _, memory in shares)
        limit = self.settings.memory_limit_mb
        if limit is None:
            roomiest = max(memory // slots for slots, memory in shares)
            limit = min(MOST_PER_JOB_MB, max(_LEAST_PER_JOB_MB, roomiest), largest)
        if limit > largest:
            raise SchedulerError(
                f"[compute] memory_limit_mb = {limit} is more than any machine has "
                f"({largest} MB): lower it"
            )
        workers = sum(min(slots, memory // limit) for slots, memory in shares)
        self._workers = min(workers, self.settings.workers or workers)
        self._limits = Limits(self.settings.time_limit_s, limit, largest)


def local_share(settings: ComputeSettings, slots: int, total_mb: int) -> tuple[int, int]:
    """Workers on this machine and the memory of each, in MB.

    As many as cores allow, but never more than memory does: with less than
    1.5 GB each a molecule of drug size does not fit.

    Args:
        settings: what was asked for; it is obeyed where given.
        slots: calculations that the cores of the machine have room for.
        total_mb: memory of the machine.
    """
    usable = int(total_mb * _MEMORY_SHARE)
    limit = settings.memory_limit_mb
    workers = settings.workers or max(1, min(slots, usable // (limit or _LEAST_PER_JOB_MB)))
    return workers, limit or min(MOST_PER_JOB_MB, max(64, usable // workers))


def _knock(address: str) -> None:
    """Ask whether anything listens there: Ray itself tries for minutes.

    Raises:
        OSError: nothing does.
    """
    host, colon, port = address.rpartition("//")[2].rpartition(":")
    if colon and port.isdigit():
        socket.create_connection((host.strip("[]"), int(port)), timeout=_KNOCK_S).close()


def _use_token() -> None:
    """Have Ray show its token when it joins a cluster; by itself it does so only at home."""
    if "RAY_AUTH_MODE" in os.environ:
        return
    named = os.environ.get("RAY_AUTH_TOKEN") or os.environ.get("RAY_AUTH_TOKEN_PATH")
    if named or (Path.home() / ".ray" / "auth_token").is_file():
        os.environ["RAY_AUTH_MODE"] = "token"


def _lost(what: str) -> Failure:
    return Failure("random", LOST_WORKER, one_line(f"the worker {what}"))


def _failed(job: Job, failure: Failure) -> Completed:
    return Completed(job, tuple(Evaluated(recipe, failure, Usage()) for recipe in job.recipes))


def _work(job: dict[str, Any], threads: int) -> list[tuple[str, str, float, float, float]]:
    """The body of a Ray task; plain types in and out."""
    return [
        (a.recipe, a.outcome, a.usage.wall_seconds, a.usage.cpu_seconds, a.usage.peak_memory_mb)
        for a in _child(threads).run(Job(**job))
    ]


@functools.lru_cache(maxsize=1)
def _child(threads: int) -> Isolation:
    # One warm child for the life of the Ray worker process, with which it dies.
    return Isolation(threads=threads)
