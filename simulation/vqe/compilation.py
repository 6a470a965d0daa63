"""Compilation of the numerical kernels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

F = TypeVar("F", bound=Callable[..., Any])


def compiled(function: F) -> F:
    """Compile, keeping the machine code on disk where a folder for it can be written.

    numba looks for one beside the module, then in NUMBA_CACHE_DIR and the
    user's cache folder, and gives up with RuntimeError when all are read-only
    (a container without a home); compiling anew in each process still works.
    """
    try:
        return cast(F, njit(cache=True, fastmath=True, nogil=True)(function))
    except RuntimeError:
        return cast(F, njit(fastmath=True, nogil=True)(function))
