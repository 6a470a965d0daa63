"""One real cluster for all of its tests: its start costs seconds."""

import sys
from pathlib import Path

import pytest

HERE = str(Path(__file__).parent)
if HERE not in sys.path:
    sys.path.append(HERE)

import raycluster  # noqa: E402


@pytest.fixture(scope="session")
def cluster():
    started = raycluster.start(1, 2)
    yield started
    started.end()
