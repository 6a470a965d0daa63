"""What a run is computed with: versions, machine, container; for its journal."""

from __future__ import annotations

import os
import platform
from contextlib import suppress
from importlib.metadata import distributions, version
from typing import Any

_DEPLOYED = {
    "MOLQ_IMAGE": "image",
    "MOLQ_REVISION": "image_revision",
    "SLURM_JOB_ID": "slurm_job",
}
"""What a container or a batch system says in the environment, by the record's key."""


def environment() -> dict[str, Any]:
    """Versions, machine and container, as plain JSON types."""
    import psutil

    from simulation.provenance import versions

    memory_gb = psutil.virtual_memory().total / 2**30
    deployed = {name: os.environ[key] for key, name in _DEPLOYED.items() if os.environ.get(key)}
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "host": platform.node(),
        "processor": processor(),
        "cores": os.cpu_count(),
        "memory": f"{memory_gb:.1f} GiB",
        **deployed,
        "versions": {
            **versions(),
            **_versions_of("ray", "torch", "torch-geometric", "botorch", "scikit-learn"),
        },
        "packages": _packages(),
    }


def _versions_of(*packages: str) -> dict[str, str]:
    return {package: version(package) for package in packages}


def _packages() -> dict[str, str]:
    """Every installed distribution, as ``pip freeze`` would list them."""
    found = {d.metadata["Name"]: d.version for d in distributions() if d.metadata["Name"]}
    return dict(sorted(found.items(), key=lambda item: item[0].lower()))


def processor() -> str:
    """The processor's model; what the platform calls it where the system does not say."""
    with suppress(OSError), open("/proc/cpuinfo", encoding="utf-8") as lines:
        for line in lines:
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
