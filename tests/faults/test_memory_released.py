"""What a mean field took is free when it is let go of: a warm process computes thousands."""

import gc
import weakref

import pytest

from simulation.checkpoint import Checkpoint
from simulation.meanfield import solve
from simulation.settings import SimulationSettings
from simulation.workup import Workup

SETTINGS = SimulationSettings(conformers=1, basis="6-31g", solvent=None)


@pytest.fixture(scope="module")
def geometry():
    return Workup("CO", SETTINGS, seed=0).geometry


@pytest.mark.parametrize("kept", [False, True])
def test_a_mean_field_leaves_nothing_behind(geometry, tmp_path, kept):
    gc.disable()  # numpy's megabytes count for nothing with the collector, which may never run
    try:
        field = solve(geometry, SETTINGS, checkpoint=Checkpoint(tmp_path) if kept else None)
        integrals = weakref.ref(field.factors)
        del field
        assert integrals() is None
    finally:
        gc.enable()
