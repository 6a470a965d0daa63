"""Faults of a cluster of several nodes, with token authentication: scenarios with their records."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import disturbedrun
import driverfaults
import psutil
from disturbedrun import RUN, Disturbed
from driverfaults import Driver
from faultrecord import FaultRecord, Ledger, undisturbed
from faultyrecipe import EVERY, PLANS, TRACE

from screening.compute.executor import Inline
from screening.store.journal import Journal

HERE = Path(__file__).parent


@dataclass(frozen=True)
class FaultyCluster:
    """A running cluster: node 0 has two cores, node 1 and node 2 have one each."""

    address: str
    token: Path
    plans: Path
    trace: Path
    _input: IO[str]
    _output: IO[str]

    def tell(self, order: str) -> None:
        """Kill a raylet or lose a node, as ``clusternodes`` says."""
        self._input.write(order + "\n")
        self._input.flush()
        assert self._output.readline().strip() == "done"

    def variables(self, token: Path | None = None) -> dict[str, str]:
        """What a driver that joins has in its environment."""
        return {
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN_PATH": str(token or self.token),
            PLANS: str(self.plans),
            TRACE: str(self.trace),
        }

    def prepare(self, folder: Path, plan: Disturbed, every: dict[str, object]) -> Ledger:
        """A run of this cluster whose calculations all behave so."""
        disturbedrun.prepare(folder, plan)
        self.plans.write_text(json.dumps({EVERY: every}))
        self.trace.write_text("")
        return Ledger(folder, self.trace)


@contextlib.contextmanager
def faulty_cluster(folder: Path, cpus: tuple[int, ...] = (2, 1, 1)) -> Iterator[FaultyCluster]:
    """Start one: it takes seconds, so scenarios share it."""
    token, plans, trace = folder / "token", folder / "plans.json", folder / "trace"
    token.write_text(secrets.token_hex(16))
    plans.write_text("{}")
    trace.write_text("")
    with tempfile.TemporaryDirectory(prefix="molq-nodes-", dir="/tmp") as short:
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(
                p for p in (str(HERE), os.environ.get("PYTHONPATH", "")) if p
            ),
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN_PATH": str(token),
            "RAY_USAGE_STATS_ENABLED": "0",
            "RAY_TMPDIR": short,
            # a dead node is noticed in seconds, not in half a minute
            "RAY_health_check_period_ms": "500",
            "RAY_health_check_failure_threshold": "3",
            "RAY_health_check_initial_delay_ms": "1000",
            PLANS: str(plans),
            TRACE: str(trace),
        }
        with (folder / "nodes.log").open("w") as log:
            nodes = subprocess.Popen(
                [sys.executable, str(HERE / "clusternodes.py"), *map(str, cpus)],
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        assert nodes.stdin is not None
        assert nodes.stdout is not None
        family: list[psutil.Process] = []
        try:
            address = nodes.stdout.readline().strip()
            if not address:
                raise RuntimeError((folder / "nodes.log").read_text()[-2000:])
            family = psutil.Process(nodes.pid).children(recursive=True)
            yield FaultyCluster(address, token, plans, trace, nodes.stdin, nodes.stdout)
        finally:
            with contextlib.suppress(BrokenPipeError):
                nodes.stdin.close()
            with contextlib.suppress(subprocess.TimeoutExpired):
                nodes.wait(20)
            nodes.kill()
            for process in family:
                with contextlib.suppress(psutil.Error):
                    process.kill()


def wrong_token(cluster: FaultyCluster, folder: Path) -> FaultRecord:
    """A driver with another token is turned away; with the right one the run is done."""
    plan = Disturbed(8, compute={"address": cluster.address, "workers": 2})
    expected = undisturbed(folder / "undisturbed", plan)
    ledger = cluster.prepare(folder, plan, {"mode": "slow", "seconds": 0.0})
    foreign = folder / "foreign"
    foreign.write_text(secrets.token_hex(16))
    refused = Driver(folder, **cluster.variables(foreign))
    status = refused.wait()
    said = (folder / "stderr").read_text().strip().splitlines()
    Driver(folder, **cluster.variables()).complete()
    note = f"exit status {status}; said: “{_without_address(said[-1], cluster)}”" if said else ""
    return ledger.record(
        expected,
        fault="the cluster's token is wrong",
        injected="a driver with another token, then one with the right token",
        times=1,
        note=note,
    )


def raylet_killed(cluster: FaultyCluster, folder: Path) -> FaultRecord:
    """A node's raylet dies, and with it what it ran."""
    compute = {"address": cluster.address, "time_limit_s": 60.0, "memory_limit_mb": 500}
    plan = Disturbed(12, compute=compute)
    expected = undisturbed(folder / "undisturbed", plan)
    # Long enough for a worker to notice that its raylet is gone: it goes too.
    ledger = cluster.prepare(folder, plan, {"mode": "slow", "seconds": 2.0})
    driver = Driver(folder, **cluster.variables())
    driver.wait_for(lambda: len(ledger.lines()) >= 3)
    ledger.settle_journal()
    cluster.tell("raylet")
    driver.complete()
    return ledger.record(
        expected,
        fault="a node's raylet is killed",
        injected="SIGKILL to the raylet of the busiest of three nodes",
        times=1,
    )


def node_lost(cluster: FaultyCluster, folder: Path) -> FaultRecord:
    """A node is lost when its calculations are done and nobody has fetched their results."""
    compute = {"address": cluster.address, "time_limit_s": 60.0, "memory_limit_mb": 500}
    plan = Disturbed(12, compute=compute)
    expected = undisturbed(folder / "undisturbed", plan)
    # Larger than what Ray sends along with an answer: it stays in the node's object store.
    every: dict[str, object] = {"mode": "large", "bytes": 300_000, "seconds": 0.7}
    ledger = cluster.prepare(folder, plan, every)
    driver = Driver(folder, **cluster.variables())
    driver.wait_for(ledger.lines)
    driver.process.send_signal(signal.SIGSTOP)  # it fetches nothing
    try:
        begun = -1
        while len(ledger.lines()) > begun:
            begun = len(ledger.lines())
            time.sleep(2.0)
        cluster.tell("lose")
    finally:
        driver.process.send_signal(signal.SIGCONT)
    driver.complete()
    return ledger.record(
        expected,
        fault="a node is lost with its objects",
        injected="SIGKILL to all processes of the busiest of three nodes, object store included, "
        "while SIGSTOP keeps the driver from fetching the results that lie there",
        times=1,
        note=f"{begun} calculations were done by then",
    )


def own_raylet_killed(folder: Path) -> FaultRecord:
    """The Ray of a driver on this machine dies under it."""
    plan = Disturbed(16, compute=driverfaults.COMPUTE)
    expected = undisturbed(folder / "undisturbed", plan)
    ledger = Ledger(folder)
    driverfaults.prepare(folder, plan, seconds=0.3)
    driver = Driver(folder)
    driver.wait_for(lambda: len(ledger.lines()) >= 4)
    for process in driver.survivors():
        with contextlib.suppress(psutil.Error):
            if process.name() == "raylet":
                process.send_signal(signal.SIGKILL)
    status = driver.wait()
    said = [x for x in (folder / "stderr").read_text().splitlines() if x.strip()]
    clean = driver.leaves_nothing()
    ledger.settle_journal()
    with Journal.open(folder / RUN, readonly=True) as journal:
        finished = journal.finished
    if not finished:
        os.environ[TRACE] = str(folder / "trace")
        try:
            disturbedrun.perform(folder, Inline())
        finally:
            del os.environ[TRACE]
    note = f"exit status {status}" + (f"; said: “{said[-1][:200]}”" if said else "")
    return ledger.record(
        expected,
        fault="Ray dies under its driver",
        injected="SIGKILL to the raylet of a Ray on one machine, then a resume",
        times=1,
        note=note + ("" if clean else "; processes left behind"),
    )


SCENARIOS: tuple[Callable[[FaultyCluster, Path], FaultRecord], ...] = (
    wrong_token,
    raylet_killed,
    node_lost,
)


def _without_address(line: str, cluster: FaultyCluster) -> str:
    return line.replace(cluster.address, "HOST:PORT")
