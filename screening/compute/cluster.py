"""The machines of a Ray that was started or joined, as they come and go."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Collection
from importlib.metadata import version
from typing import Any

from screening.compute import capacity
from screening.compute.capacity import Machine
from screening.compute.costmodel import Demand
from screening.compute.evaluation import one_line
from screening.compute.executor import MOST_PER_JOB_MB, Limits
from screening.compute.raysession import RaySession, SchedulerError
from screening.compute.rayworker import identity
from screening.settings import ComputeSettings

_MB = 2**20
_ARRIVAL_S = 120.0  # that a cluster is given to have its first machine
_VERSIONS_S = 60.0  # that machines are given to say what they have
_MOST_ASKED = 64  # machines


class Cluster:
    """What the nodes lend to calculations, and the limits of one.

    Args:
        settings: the ``[compute]`` table.
        threads: of one calculation, and the cores it takes.
    """

    def __init__(self, settings: ComputeSettings, threads: int) -> None:
        self._settings = settings
        self._threads = threads
        self._session = RaySession(settings, threads)
        self._machines: tuple[Machine, ...] = ()
        self._limits: Limits | None = None
        self._seen = 0.0  # monotonic time, s, when there was a machine for a calculation

    def begin(self) -> None:
        """Start Ray or join it, and measure its machines.

        Raises:
            SchedulerError: it cannot be, or no machine has room for a calculation.
        """
        self._session.begin()
        self.look()
        if not self._machines:
            self._await()
        if not self._session.is_local:
            self._check_versions()
        try:
            self._limits = capacity.limits(self._settings, self._machines, self._threads)
        except ValueError as error:
            raise SchedulerError(str(error)) from error
        if self._limits is None:
            raise SchedulerError(
                f"no machine of the cluster has {self._threads} free cores; lower "
                "[simulation] threads, or start a worker node first"
            )

    def end(self) -> None:
        """Leave Ray, or stop it where it was started here."""
        self._session.end()

    @property
    def limits(self) -> Limits:
        """Of one calculation, the same as long as the run lasts."""
        if self._limits is not None:
            return self._limits
        asked = self._settings.memory_limit_mb or MOST_PER_JOB_MB
        return Limits(self._settings.time_limit_s, asked, asked)

    @property
    def largest_mb(self) -> int | None:
        """Memory of the largest machine with cores for a calculation, None while there is none."""
        fit = (m.memory_mb for m in self._machines if m.cores >= self._threads)
        return max(fit, default=None)

    @property
    def absence_s(self) -> float:
        """Seconds since there was a machine with cores for a calculation."""
        return 0.0 if self.largest_mb is not None else time.monotonic() - self._seen

    def look(self) -> None:
        """See which machines there are now.

        Raises:
            Exception: of many kinds, when Ray cannot be asked.
        """
        import ray

        self._machines = _machines(ray.nodes())
        if self.largest_mb is not None:
            self._seen = time.monotonic()

    def room(self, recent: Collection[Demand]) -> int:
        """Jobs like these that the machines have room for at a time; one at least.

        Args:
            recent: what jobs reserve, of late; empty for a job that reserves its limit.
        """
        cores, memory = float(self._threads), self.limits.memory_limit_mb
        if recent:
            cores = sum(demand.cores for demand in recent) / len(recent)
            memory = sum(demand.memory_mb for demand in recent) // len(recent)
        return max(1, capacity.places(self._machines, Demand(cores, memory)))

    def is_capped(self, room: int) -> bool:
        """Whether fewer workers are asked for than there is room for: Ray would run more."""
        asked = self._settings.workers
        return asked is not None and not self._session.is_local and room > asked

    def _check_versions(self) -> None:
        """That the machines compute with this very molq; one that is slow to answer passes.

        Raises:
            SchedulerError: one has another, or none.
        """
        import ray
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        asked = [
            ray.remote(identity)
            .options(
                num_cpus=0,
                max_retries=0,
                name="version",
                scheduling_strategy=NodeAffinitySchedulingStrategy(machine.name, soft=False),
            )
            .remote()
            for machine in self._machines[:_MOST_ASKED]
        ]
        if not asked:
            return
        answered, _ = ray.wait(asked, num_returns=len(asked), timeout=_VERSIONS_S)
        here = version("molq")
        for answer in answered:
            try:
                host, found = ray.get(answer)
            except ray.exceptions.RayTaskError as error:
                reason = str(error).strip().splitlines()[-1]
                raise SchedulerError(
                    one_line(
                        f"a machine of the cluster cannot run molq ({reason}): install "
                        f"molq {here} on every node"
                    )
                ) from error
            except ray.exceptions.RayError:
                continue  # it has gone meanwhile
            if found != here:
                raise SchedulerError(
                    f"{host} of the cluster has molq {found}, this machine has {here}: "
                    "install the same on every node"
                )

    def _await(self) -> None:
        """Give a cluster that grows on demand the time to bring its first machine."""
        _request(self._threads)
        deadline = time.monotonic() + _ARRIVAL_S
        while not self._machines and time.monotonic() < deadline:
            time.sleep(0.5)
            self.look()
        _request(0)  # from here on the jobs that wait ask for themselves


def _request(cores: int) -> None:
    with contextlib.suppress(Exception):  # a cluster without an autoscaler
        from ray.autoscaler.sdk import request_resources

        request_resources(num_cpus=cores)


def _machines(nodes: list[dict[str, Any]]) -> tuple[Machine, ...]:
    """The living nodes that have cores to lend; a head may have none."""
    found = []
    for node in nodes:
        resources = node["Resources"] if node["Alive"] else {}
        memory = int(resources.get("memory", 0)) // _MB
        if resources.get("CPU", 0) and memory:
            found.append(Machine(str(node["NodeID"]), float(resources["CPU"]), memory))
    return tuple(found)
