"""Which tests stay together where they run in several processes (``pytest -n``)."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

_CLUSTERS = {"cluster", "faults"}
"""Folders whose tests start Ray clusters of several nodes, and kill them: one after the other,
as two such at once starve on two cores. A Ray of one node beside them does not."""


class _ByFile(LoadFileScheduling):
    """A file's tests, which share what its fixtures compute, go to one process."""

    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        return "clusters" if _CLUSTERS & set(PurePosixPath(file).parts) else file


@pytest.hookimpl
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> _ByFile | None:
    return _ByFile(config, log) if config.getvalue("dist") == "loadfile" else None
