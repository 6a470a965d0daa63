"""``python -m molq`` is ``molq``."""

from molq.cli import main

main()
