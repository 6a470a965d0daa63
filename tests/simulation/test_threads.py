"""Threads of a calculation in somebody's own process."""

from __future__ import annotations

from pyscf import lib
from threadpoolctl import threadpool_info, threadpool_limits

from simulation.threads import limited


def pools() -> dict[str, int]:
    return {pool["filepath"]: pool["num_threads"] for pool in threadpool_info()}


def test_a_calculation_has_the_threads_of_its_settings_and_the_process_its_own() -> None:
    with threadpool_limits(limits=2), lib.with_omp_threads(2):
        before = pools()
        with limited(1):
            assert set(pools().values()) == {1}
            assert lib.num_threads() == 1
        assert pools() | before == pools()
        assert 2 in before.values()
        assert lib.num_threads() == 2
