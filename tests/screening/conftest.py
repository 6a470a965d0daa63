"""Makes ``faultyrecipe`` importable here as in the tests of faults."""

import sys
from pathlib import Path

FAULTS = str(Path(__file__).parents[1] / "faults")
if FAULTS not in sys.path:
    sys.path.append(FAULTS)
