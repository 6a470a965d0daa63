"""Waiting for devices with a queue, without keeping anybody else waiting.

Jobs are submitted all together and then polled side by side. Whoever runs an
event loop awaits ``collected``; ``collect_all`` does so for everybody else.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from qiskit.primitives import BitArray

from simulation.errors import ResourceError
from simulation.quantum.backends import STEP, PendingMeasurement, QueuedBackend

POLL_S = 5.0  # seconds between two questions about one job


async def collected(
    backend: QueuedBackend,
    pending: PendingMeasurement,
    *,
    deadline: float,
    poll_s: float = POLL_S,
) -> tuple[BitArray, ...]:
    """The bits of a job, as soon as there are any.

    Args:
        backend: that accepted the job.
        pending: the job.
        deadline: on ``time.monotonic``; asked once at least.
        poll_s: seconds between two questions.

    Raises:
        ResourceError: the job still waits at the deadline; names it.
        simulation.errors.SimulationError: the job failed, see the backend.
    """
    while True:
        bits = await asyncio.to_thread(backend.collect, pending)
        if bits is not None:
            return bits
        left = deadline - time.monotonic()
        if left <= 0:
            raise ResourceError(
                STEP,
                f"job {pending.job_id} on {pending.backend} has not run yet; it stays in the "
                "queue, and the same calculation finds it again (simulation.queue_limit_s waits "
                "longer)",
            )
        await asyncio.sleep(min(poll_s, left))


def collect_all(
    backend: QueuedBackend,
    pending: Sequence[PendingMeasurement],
    *,
    limit_s: float,
    poll_s: float = POLL_S,
) -> tuple[tuple[BitArray, ...], ...]:
    """The bits of several jobs, which wait in the queue together.

    Args:
        backend: that accepted the jobs.
        pending: the jobs.
        limit_s: seconds to wait at most, for all of them.
        poll_s: seconds between two questions about one job.

    Raises:
        ResourceError: a job still waits after that time; names it.
        simulation.errors.SimulationError: a job failed, see the backend.
    """
    deadline = time.monotonic() + limit_s

    async def every() -> list[tuple[BitArray, ...]]:
        return await asyncio.gather(
            *(collected(backend, one, deadline=deadline, poll_s=poll_s) for one in pending)
        )

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return tuple(asyncio.run(every()))
    # a notebook's loop runs in this thread: wait in another one
    with ThreadPoolExecutor(1) as pool:
        return tuple(pool.submit(asyncio.run, every()).result())
