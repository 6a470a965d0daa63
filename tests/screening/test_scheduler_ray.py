"""What only a real Ray can show of the scheduler."""

import json
import os
import signal
import socket
from pathlib import Path

from faultyrecipe import PLANS, SOURCE, number_score

from screening.compute.evaluation import Job
from screening.compute.raysession import silence
from screening.compute.scheduler import Scheduler
from screening.settings import ComputeSettings
from simulation.score import Score


def test_a_calculation_on_ray_has_the_threads_and_the_place_that_were_asked_for(
    monkeypatch, tmp_path
):
    silence()
    import ray  # it reads that when it is imported, for all tests of this process

    here = Path(__file__).parent
    places = [here, here.parent / "faults", os.environ.get("PYTHONPATH", "")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(map(str, places)))
    (tmp_path / "plans.json").write_text(
        json.dumps({"CCN": {"mode": "large", "bytes": 300_000, "seconds": 0}})
    )
    monkeypatch.setenv(PLANS, str(tmp_path / "plans.json"))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # what this process has is not what is asked for
    before = signal.getsignal(signal.SIGTERM)
    settings = ComputeSettings(workers=2, memory_limit_mb=1500)
    with Scheduler(settings, threads=2) as scheduler:
        assert signal.getsignal(signal.SIGTERM) is before
        assert scheduler.workers == 2
        sources = {"threads": "threadrecipe:RECIPE"}
        scheduler.submit(
            Job(1, "A", "CCO", ("threads",), {}, 5, 60.0, 1500, sources, reserved_mb=512)
        )
        while not (done := scheduler.wait(1.0)):
            pass
        (found,) = done
        assert found.outcomes[0].outcome.message == f"2 {['2'] * 4} 2"
        assert found.node == socket.gethostname()

        # An answer that Ray keeps outside of the driver's memory, and one of a shape of its own.
        plain = {"faulty": SOURCE}
        scheduler.submit(Job(2, "B", "CCN", ("faulty",), {}, 5, 60.0, 1500, plain, cores=0.25))
        while not (done := scheduler.wait(1.0)):
            pass
        (found,) = done
        assert isinstance(found.outcomes[0].outcome, Score), found.outcomes[0].outcome
        assert found.outcomes[0].outcome.value == number_score("CCN", 5).value
        assert len(found.outcomes[0].outcome.provenance.geometry) > 300_000
        assert ray.cluster_resources()["CPU"] == 4
    assert not ray.is_initialized()
