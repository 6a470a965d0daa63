"""A real Ray cluster on this machine, by ``ray start``: token on, dashboard on loopback."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

import psutil

FAULTS = Path(__file__).parents[1] / "faults"
STORE_BYTES = 80_000_000
MEMORY_BYTES = 3_000_000_000
CANARIES = {"MOLQ_TEST_DEVICE_TOKEN": "canary-5f1d0a77c3e9"}  # of the nodes' own environment


@dataclass
class RayCluster:
    """A head without cores, and nodes of different sizes."""

    folder: Path
    token: str
    environment: dict[str, str]
    port: int = 0
    dashboard: int = 0
    nodes: list[subprocess.Popen[bytes]] = field(default_factory=list)
    family: dict[int, psutil.Process] = field(default_factory=dict)

    @property
    def address(self) -> str:
        """Where a driver joins."""
        return f"{self.ip}:{self.port}"

    @property
    def server(self) -> str:
        """Where jobs are submitted."""
        return f"http://127.0.0.1:{self.dashboard}"

    @property
    def ip(self) -> str:
        return "127.0.0.1"

    def call(self, *arguments: str | Path, **changes: str | None) -> subprocess.Popen[str]:
        """The command line of molq, begun with the cluster's token."""
        environment = {**self.environment, **{k: v for k, v in changes.items() if v is not None}}
        for gone in (key for key, value in changes.items() if value is None):
            environment.pop(gone, None)
        return subprocess.Popen(
            [sys.executable, "-m", "molq", *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
            cwd=self.folder,
            # a shell starts what it runs in the background with SIGINT ignored
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )

    def run(self, *arguments: str | Path, **changes: str | None) -> tuple[int, str, str]:
        """Exit code, output and errors of a call that ends by itself."""
        process = self.call(*arguments, **changes)
        try:
            out, err = process.communicate(timeout=240)
        finally:
            process.kill()
        return process.returncode, out, err

    def plan(self, **modes: str) -> None:
        """What the recipe ``faulty`` does with these molecules; with all others, its work."""
        plans = {smiles: {"mode": mode} for smiles, mode in modes.items()}
        path = self.folder / "plans.json.new"
        path.write_text(json.dumps(plans))
        path.replace(self.folder / "plans.json")

    def start_node(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Begin ``ray start --block`` with these arguments; the node lives as long as it."""
        log = (self.folder / f"node{len(self.nodes)}.log").open("wb")
        with log:
            node = subprocess.Popen(
                [
                    str(Path(sys.executable).with_name("ray")), "start", "--block",
                    "--object-store-memory", str(STORE_BYTES),
                    "--dashboard-agent-listen-port", str(free_port()),
                    "--metrics-export-port", str(free_port()),
                    *arguments,
                ],
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**self.environment, **CANARIES},
                start_new_session=True,
            )  # fmt: skip
        self.nodes.append(node)
        return node

    def remember(self) -> None:
        """Note all processes of the cluster, to end them by number and no other."""
        for node in self.nodes:
            with contextlib.suppress(psutil.Error):
                for process in psutil.Process(node.pid).children(recursive=True):
                    self.family[process.pid] = process

    def end(self) -> None:
        """End every process of the cluster."""
        self.remember()
        for node in self.nodes:
            node.terminate()
        for node in self.nodes:
            with contextlib.suppress(subprocess.TimeoutExpired):
                node.wait(timeout=10)
        living = [*self.family.values()]
        for node in self.nodes:
            if node.poll() is None:
                node.kill()
        for process in living:
            with contextlib.suppress(psutil.Error):
                living += process.children(recursive=True)
        for process in living:
            with contextlib.suppress(psutil.Error):  # it is gone, or its number is another's now
                process.kill()
        psutil.wait_procs(living, timeout=10)
        shutil.rmtree(self.folder, ignore_errors=True)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def start(*cores: int) -> RayCluster:
    """Start a head without cores and a node for each number of cores."""
    folder = Path(tempfile.mkdtemp(prefix="molq-c-", dir="/tmp"))  # sockets want a short path
    token = secrets.token_hex(32)
    (folder / "token").write_text(token)
    (folder / "token").chmod(0o600)
    environment = {
        key: value
        for key, value in os.environ.items()
        if key not in ("RAY_ADDRESS", "RAY_API_SERVER_ADDRESS", "RAY_AUTH_TOKEN")
    }
    plugin = folder / "plugin" / "faulty-0.dist-info"
    plugin.mkdir(parents=True)
    (plugin / "METADATA").write_text("Metadata-Version: 2.1\nName: faulty\nVersion: 0\n")
    (plugin / "entry_points.txt").write_text("[molq.recipes]\nfaulty = faultyrecipe:RECIPE\n")
    (folder / "plans.json").write_text("{}")
    environment.update(
        # a recipe of somebody's own package, that does what its plans say
        PYTHONPATH=os.pathsep.join(
            [str(folder / "plugin"), str(FAULTS), environment.get("PYTHONPATH", "")]
        ),
        FAULTY_RECIPE_PLANS=str(folder / "plans.json"),
        PATH=os.pathsep.join([str(Path(sys.executable).parent), environment.get("PATH", "")]),
        HOME=str(folder),  # no token of the user's is found by chance
        RAY_AUTH_MODE="token",
        RAY_AUTH_TOKEN_PATH=str(folder / "token"),
        RAY_USAGE_STATS_ENABLED="0",
        OMP_NUM_THREADS="1",
        COLUMNS="120",
    )
    cluster = RayCluster(folder, token, environment, free_port(), free_port())
    try:
        cluster.start_node(
            "--head", "--num-cpus", "0", "--port", str(cluster.port),
            "--dashboard-host", "127.0.0.1", "--dashboard-port", str(cluster.dashboard),
            "--ray-client-server-port", str(free_port()), "--temp-dir", str(folder / "ray"),
        )  # fmt: skip
        _await(cluster, lambda: _answers(cluster.port))
        for number in cores:
            cluster.start_node(*worker(cluster, number))
        _await(cluster, lambda: _serves(cluster))
        for place, number in enumerate(cores, start=1):
            _join(cluster, place, number)
    except BaseException:
        cluster.end()
        raise
    cluster.remember()
    return cluster


def status_of(url: str, token: str | None) -> int:
    """What a server answers to a call with this token: the HTTP status, 0 for nothing."""
    call = urllib.request.Request(url)
    if token is not None:
        call.add_header("Authorization", f"Bearer {token}")
    try:
        with urllib.request.urlopen(call, timeout=5) as answer:
            status: int = answer.status
            return status
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def _serves(cluster: RayCluster) -> bool:
    return status_of(f"{cluster.server}/api/jobs/", cluster.token) == 200


def worker(cluster: RayCluster, cores: int) -> tuple[str, ...]:
    """What ``ray start`` is told to add a node."""
    return (
        "--address", cluster.address, "--num-cpus", str(cores),
        "--memory", str(MEMORY_BYTES * cores),
    )  # fmt: skip


def _join(cluster: RayCluster, place: int, cores: int) -> None:
    """Wait until a node is part of the cluster; on a busy machine Ray gives up on some."""
    log = cluster.folder / f"node{place}.log"
    tries = 3
    deadline = time.monotonic() + 240
    while "Ray runtime started" not in (text := log.read_text(errors="replace")):
        if cluster.nodes[place].poll() is not None:
            tries -= 1
            assert tries, text[-2000:]
            cluster.start_node(*worker(cluster, cores))
            log = cluster.folder / f"node{len(cluster.nodes) - 1}.log"
            cluster.nodes[place], cluster.nodes[-1] = cluster.nodes[-1], cluster.nodes[place]
        assert time.monotonic() < deadline, "a node did not start in time"
        time.sleep(0.2)


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _await(cluster: RayCluster, condition) -> None:  # type: ignore[no-untyped-def]
    deadline = time.monotonic() + 120
    while not condition():
        head = (cluster.folder / "node0.log").read_text(errors="replace")
        assert cluster.nodes[0].poll() is None, head[-2000:]
        assert time.monotonic() < deadline, "the cluster did not start in time"
        time.sleep(0.2)
