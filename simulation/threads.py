"""How many threads the linear algebra of a calculation may have."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def limited(threads: int) -> Iterator[None]:
    """So many threads for BLAS and OpenMP of this process until the block ends.

    A sum that is shared out among threads has other last digits, and a trial state that is
    grown goes on from those to another circuit. With the threads that the settings name a
    calculation in somebody's own process gives the number that a worker gives.

    Args:
        threads: of one calculation, 1 or more.
    """
    # The limit reaches only libraries that are loaded.
    import scipy.linalg  # noqa: F401
    import tblite.interface  # noqa: F401
    from pyscf import lib
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=threads), lib.with_omp_threads(threads):
        yield
