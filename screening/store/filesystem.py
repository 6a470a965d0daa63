"""On what kind of file system a folder is."""

from __future__ import annotations

from pathlib import Path

import psutil

NETWORK = frozenset(
    ("nfs", "nfs4", "cifs", "smb3", "fuse.sshfs", "lustre", "beegfs", "ceph", "gpfs", "afs")
)
"""Kinds that several machines may write at a time."""


def kind(folder: Path) -> str:
    """The kind of the mount that holds a folder, as the kernel calls it; ``unknown`` for none."""
    place = str(folder.resolve())
    mounts = [
        part
        for part in psutil.disk_partitions(all=True)
        if place == part.mountpoint or place.startswith(part.mountpoint.rstrip("/") + "/")
    ]
    return max(mounts, key=lambda part: len(part.mountpoint)).fstype if mounts else "unknown"
