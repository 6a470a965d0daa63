"""Makes ``faultyrecipe`` importable here as in the tests of faults, and follows what it does."""

import sys
from pathlib import Path

import pytest
from hypothesis import settings

FAULTS = str(Path(__file__).parents[1] / "faults")
if FAULTS not in sys.path:
    sys.path.append(FAULTS)

# How busy the machine is says nothing about the code.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")


@pytest.fixture
def trace(tmp_path, monkeypatch):
    """A file with one line for each calculation that ``faultyrecipe`` begins."""
    from faultyrecipe import TRACE

    path = tmp_path / "trace"
    path.touch()
    monkeypatch.setenv(TRACE, str(path))
    return path


@pytest.fixture
def unpriced(monkeypatch):
    """What a calculation will cost is not learned; it takes longest to learn."""
    from screening.surrogate.outcome import OutcomeModel

    monkeypatch.setattr(OutcomeModel, "fit", lambda *facts: None)
