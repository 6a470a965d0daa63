"""A Ray cluster on this machine that does what it is told: ``clusternodes.py CPUS...``.

A head without cores and a node for each number of cores, in ``ray.cluster_utils.Cluster``. Prints
the address, then answers ``done`` to each line of its input: ``raylet N`` kills that node's raylet,
``lose N`` all that the node consists of, its object store and workers included; both wait until
the node computes something.
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


def computes(raylet: psutil.Process) -> bool:
    """Whether a calculation's process lives on the node."""
    for process in raylet.children(recursive=True):
        with contextlib.suppress(psutil.Error):
            if "screening.calculator" in process.cmdline():
                return True
    return False


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
    for line in sys.stdin:
        verb, number = line.split()
        node = nodes[int(number)]
        (raylet,) = node.all_processes[ray_constants.PROCESS_TYPE_RAYLET]
        family = [psutil.Process(raylet.process.pid)]
        while not computes(family[0]):
            time.sleep(0.05)
        if verb == "lose":
            family += family[0].children(recursive=True)
        for process in family:
            os.kill(process.pid, signal.SIGKILL)
        raylet.process.wait()  # a zombie would look alive to Ray
        print("done", flush=True)
    cluster.shutdown()
    return 0


if __name__ == "__main__":
    sys.exit(main())
