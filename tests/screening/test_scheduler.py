import os

import pytest
from faultyrecipe import SOURCE, number_score

from screening.compute import machine
from screening.compute.capacity import local_share
from screening.compute.evaluation import Job
from screening.compute.executor import Inline
from screening.compute.scheduler import Scheduler, SchedulerError
from screening.failure import Failure
from screening.settings import ComputeSettings


def job(smiles, source=SOURCE):
    return Job(1, smiles, smiles, ("faulty",), {}, 5, 10.0, 500, {"faulty": source})


def test_inline_computes_in_order_one_at_a_time():
    executor = Inline(capacity=3)
    for smiles in ("CCO", "CCN"):
        executor.submit(job(smiles))
    executor.submit(job("CCC", source="nonesuch:RECIPE"))
    assert executor.wait(0.0) == []
    done = [executor.wait(1.0) for _ in range(3)]
    assert [len(d) for d in done] == [1, 1, 1]
    outcomes = [d[0].outcomes[0].outcome for d in done]
    assert outcomes[:2] == [number_score(s, 5) for s in ("CCO", "CCN")]
    assert isinstance(outcomes[2], Failure)
    executor.submit(job("CCO"))
    executor.cancel()
    assert executor.wait(1.0) == []


@pytest.mark.parametrize(
    ("slots", "memory_mb", "asked", "workers", "each_mb"),
    [
        (2, 24_000, {}, 2, 8000),  # a small server: the most a molecule needs
        (8, 16_000, {}, 8, 1700),  # a laptop: all cores, shared memory
        (16, 8_000, {}, 4, 1700),  # memory for four only
        (1, 1_000, {}, 1, 850),
        (0, 64_000, {}, 1, 8000),  # more threads asked for than there are cores
        (8, 64_000, {"memory_limit_mb": 20_000}, 2, 20_000),
        (8, 64_000, {"workers": 3}, 3, 8000),
        (2, 8_000, {"workers": 2, "memory_limit_mb": 5000}, 2, 5000),
    ],
)
def test_workers_are_as_many_as_cores_and_memory_allow(slots, memory_mb, asked, workers, each_mb):
    assert local_share(ComputeSettings(**asked), slots, memory_mb) == (workers, each_mb)


def test_a_container_has_what_its_limits_say(tmp_path):
    whole = machine.memory_mb(tmp_path)
    assert machine.cores(tmp_path) == len(os.sched_getaffinity(0))
    (tmp_path / "memory.max").write_text("max\n")
    (tmp_path / "cpu.max").write_text("max 100000\n")
    assert machine.memory_mb(tmp_path) == whole
    assert machine.cores(tmp_path) == len(os.sched_getaffinity(0))
    (tmp_path / "memory.max").write_text(f"{300 * 2**20}\n")
    (tmp_path / "cpu.max").write_text("50000 100000\n")
    assert machine.memory_mb(tmp_path) == 300
    assert machine.cores(tmp_path) == 1


def test_the_address_for_submitting_is_not_the_one_for_joining():
    with (
        pytest.raises(SchedulerError, match=r"http://head:8265 is where jobs are submitted"),
        Scheduler(ComputeSettings(address="http://head:8265")),
    ):
        raise AssertionError("it was joined")


@pytest.mark.parametrize("address", ["127.0.0.1:1", "ray://127.0.0.1:1"])
def test_a_cluster_that_is_not_there_is_said_to_be_none(address):
    with (
        pytest.raises(SchedulerError, match=f"cannot join the Ray cluster at {address}: check"),
        Scheduler(ComputeSettings(address=address)),
    ):
        raise AssertionError("it was joined")
