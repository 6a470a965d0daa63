"""A Ray cluster on this machine that does what it is told: ``clusternodes.py CPUS...``.

A head without cores and a node for each number of cores, in ``ray.cluster_utils.Cluster``. Prints
the address, then answers ``done`` to each line of its input: ``raylet`` kills the raylet of the
node that computes most, ``lose`` all that this node consists of, object store and workers
included; both wait until there is such a node.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time

import psutil
from ray._private import ray_constants
from ray.cluster_utils import Cluster

OBJECT_STORE = 80 << 20
MEMORY = 2000 << 20


def calculations(raylet: psutil.Process) -> int:
    """Processes of calculations that live on the node."""
    found = 0
    for process in raylet.children(recursive=True):
        with contextlib.suppress(psutil.Error):
            found += "screening.compute.calculator" in process.cmdline()
    return found


def main() -> int:
    cluster = Cluster(
        initialize_head=True,
        head_node_args={
            "num_cpus": 0,
            "object_store_memory": OBJECT_STORE,
            "include_dashboard": False,
        },
    )
    nodes = [
        cluster.add_node(num_cpus=int(cpus), object_store_memory=OBJECT_STORE, memory=MEMORY)
        for cpus in sys.argv[1:]
    ]
    print(cluster.address, flush=True)
    raylets = []
    for node in nodes:
        (raylet,) = node.all_processes[ray_constants.PROCESS_TYPE_RAYLET]
        raylets.append(raylet.process)
    for line in sys.stdin:
        while True:
            living = [psutil.Process(p.pid) for p in raylets if p.poll() is None]
            raylet = max(living, key=calculations)
            if calculations(raylet):
                break
            time.sleep(0.05)
        family = [raylet]
        if line.strip() == "lose":
            family += raylet.children(recursive=True)
        for process in family:
            os.kill(process.pid, signal.SIGKILL)
        for process in raylets:
            if process.pid == raylet.pid:
                process.wait()  # a zombie would look alive to Ray
        print("done", flush=True)
    cluster.shutdown()
    return 0


if __name__ == "__main__":
    sys.exit(main())
