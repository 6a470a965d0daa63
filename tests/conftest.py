"""Which tests stay together where they run in several processes (``pytest -n``)."""

from __future__ import annotations

from pathlib import Path

import pytest

_TOGETHER = {"cluster": "ray clusters", "faults": "ray clusters"}
"""Folders whose tests start Ray clusters: one after the other, as two at once starve."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        path = item.path.relative_to(here)
        # a file's tests share what its fixtures compute
        item.add_marker(pytest.mark.xdist_group(_TOGETHER.get(path.parts[0], str(path))))
