"""Makes the corpus importable, and ``faultyrecipe`` as in the tests of faults."""

import sys
from pathlib import Path

for folder in (Path(__file__).parent, Path(__file__).parents[1] / "faults"):
    if str(folder) not in sys.path:
        sys.path.append(str(folder))
