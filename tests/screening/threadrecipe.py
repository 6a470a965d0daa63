"""A recipe that says how many threads a calculation has."""

import os

from simulation.errors import InputError


class ThreadRecipe:
    name = "threads"

    def score(self, work):
        import numpy as np
        from pyscf import lib
        from threadpoolctl import threadpool_info

        np.ones((8, 8)) @ np.ones((8, 8))
        most = max(pool["num_threads"] for pool in threadpool_info())
        named = [os.environ[f"{name}_NUM_THREADS"] for name in ("OMP", "MKL", "OPENBLAS", "NUMBA")]
        raise InputError("recipe", f"{most} {named} {lib.num_threads()}")


RECIPE = ThreadRecipe()
