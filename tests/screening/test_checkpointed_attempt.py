"""A molecule that reached its time limit, tried again with a wider one by the same run."""

import dataclasses
from pathlib import Path

import pytest

from screening.evaluation import Job, decode
from screening.failure import Failure
from screening.isolation import Isolation
from simulation.score import Score
from simulation.settings import SimulationSettings

IBRUTINIB = "C=CC(=O)N1CCC[C@@H](n2nc(-c3ccc(Oc4ccccc4)cc3)c3c(N)ncnc32)C1"


@pytest.mark.slow
def test_the_retry_of_a_drug_goes_on_where_the_time_was_up(tmp_path: Path) -> None:
    folder = tmp_path / "GZQKNULLWNGMCW-PWQABINMSA-N"
    job = Job(
        id=1,
        inchikey=folder.name,
        smiles=IBRUTINIB,
        recipes=("warhead-ea",),
        settings=SimulationSettings(conformers=5).model_dump(mode="json"),
        seed=1,
        time_limit_s=25.0,
        memory_limit_mb=8000,
        checkpoint=str(folder),
    )
    with Isolation() as child:
        (killed,) = child.run(job)
        failure = decode(killed.outcome)
        assert isinstance(failure, Failure)
        assert (failure.kind, failure.step) == ("resource", "process")
        assert any(folder.glob("*.npz"))
        (resumed,) = child.run(dataclasses.replace(job, time_limit_s=3600.0))
        (plain,) = child.run(dataclasses.replace(job, time_limit_s=3600.0, checkpoint=None))
    score, whole = decode(resumed.outcome), decode(plain.outcome)
    assert isinstance(score, Score)
    assert isinstance(whole, Score)
    assert "checkpoint" in score.provenance.convergence
    assert score.provenance.geometry == whole.provenance.geometry
    assert score.value == pytest.approx(whole.value, abs=2e-8)  # eV: 1e-9 Hartree
    assert resumed.usage.cpu_seconds < plain.usage.cpu_seconds
