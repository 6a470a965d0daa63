"""Makes ``faultyrecipe`` importable here as in the tests of faults."""

import sys
from pathlib import Path

from hypothesis import settings

FAULTS = str(Path(__file__).parents[1] / "faults")
if FAULTS not in sys.path:
    sys.path.append(FAULTS)

# How busy the machine is says nothing about the code.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")
