"""Which tests stay together where they run in several processes (``pytest -n``)."""

from __future__ import annotations

from pathlib import Path

import pytest

_TOGETHER = {"cluster": "clusters", "faults": "clusters"}
"""Folders whose tests start Ray clusters of several nodes, and kill them: one after the other,
as two such at once starve on two cores. A Ray of one node beside them does not."""


@pytest.hookimpl(tryfirst=True)  # before they are put into the names by which tests are shared out
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        path = item.path.relative_to(here)
        # a file's tests share what its fixtures compute
        item.add_marker(pytest.mark.xdist_group(_TOGETHER.get(path.parts[0], str(path))))
