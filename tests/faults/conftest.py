"""Makes ``faultyrecipe`` importable in tests, their children and Ray workers."""

import sys
from pathlib import Path

FAULTS = str(Path(__file__).parent)
if FAULTS not in sys.path:
    sys.path.append(FAULTS)
