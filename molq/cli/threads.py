"""How many threads the numerical libraries may start."""

from __future__ import annotations

import os

_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")


def limit(threads: int) -> None:
    """Set the libraries' thread variables; only works before they are imported.

    What the environment already says is left alone: somebody meant it.
    """
    for variable in _VARIABLES:
        os.environ.setdefault(variable, str(threads))
