"""A molecule whose process was killed, tried again by the same worker."""

import dataclasses
import os
import signal
import threading
import time
from pathlib import Path

import pytest

from screening.compute.evaluation import Job, decode
from screening.compute.isolation import Isolation
from screening.failure import Failure
from simulation.score import Score
from simulation.settings import SimulationSettings

MOLECULE = "C=CC(=O)Nc1ccc(OCCN2CCOCC2)cc1"
KEY = "AAAAAAAAAAAAAA-UHFFFAOYSA-N"


@pytest.mark.slow
def test_the_retry_of_a_killed_calculation_goes_on_where_it_stood(tmp_path: Path) -> None:
    folder = tmp_path / KEY
    job = Job(
        id=1,
        inchikey=KEY,
        smiles=MOLECULE,
        recipes=("warhead-ea",),
        settings=SimulationSettings(conformers=20).model_dump(mode="json"),
        seed=1,
        time_limit_s=3600.0,
        memory_limit_mb=8000,
        checkpoint=str(folder),
    )

    def kill(child: Isolation) -> None:
        while not any(folder.glob("*.npz")):
            time.sleep(0.05)
        assert child.pid is not None
        os.kill(child.pid, signal.SIGKILL)

    with Isolation() as child:
        threading.Thread(target=kill, args=(child,), daemon=True).start()
        (killed,) = child.run(job)
        failure = decode(killed.outcome)
        assert isinstance(failure, Failure)
        assert (failure.kind, failure.step) == ("resource", "process")
        (resumed,) = child.run(job)
        (plain,) = child.run(dataclasses.replace(job, checkpoint=None))
    score, whole = decode(resumed.outcome), decode(plain.outcome)
    assert isinstance(score, Score)
    assert isinstance(whole, Score)
    assert any(" resumed " in line for line in score.provenance.convergence["checkpoint"])
    assert score.provenance.geometry == whole.provenance.geometry
    assert score.value == pytest.approx(whole.value, abs=2e-8)  # eV: 1e-9 Hartree
