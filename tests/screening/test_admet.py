"""ADMET-AI as recipes: a child process in another environment, its limits and its failures.

The environment here is a stand-in with the packages' names, which answers what ADMET-AI 2.0.1
answered for three molecules, or misbehaves when told to.
"""

import os
import stat
import sys
import time

import psutil
import pytest

from screening.admet.endpoints import endpoints
from screening.admet.predictor import PYTHON, Predictor, installed, python
from screening.compute.evaluation import Job, decode
from screening.compute.isolation import Isolation
from simulation.errors import InputError, ResourceError, StochasticError
from simulation.recipes import recipe
from simulation.score import Score
from simulation.settings import SimulationSettings
from simulation.workup import Workup

ASPIRIN = "CC(=O)Oc1ccccc1C(=O)O"
IMATINIB = "Cc1ccc(NC(=O)c2ccc(CN3CCN(C)CC3)cc2)cc1Nc1nccc(-c2cccnc2)n1"
PACKAGE = """
import os, sys, time
import pandas as pd

print("a line that is no answer")
RECORDED = {
    "CC(=O)Oc1ccccc1C(=O)O": {"hERG": 0.0208, "AMES": 0.0801, "VDss_Lombardo": -2.7048},
    "Cc1ccc(NC(=O)c2ccc(CN3CCN(C)CC3)cc2)cc1Nc1nccc(-c2cccnc2)n1": {
        "hERG": 0.9845, "AMES": 0.1832, "VDss_Lombardo": 11.2349},
    "C": {"hERG": 0.01, "AMES": 0.01, "VDss_Lombardo": 0.1},
}

class ADMETModel:
    def __init__(self, include_physchem, drugbank_path, num_workers):
        if os.environ.get("STAND_IN") == "broken":
            raise OSError("weights are missing")
        if os.environ.get("STAND_IN") == "heavy":
            self.weights = b"w" * 150_000_000
            while time.process_time() < 1.0:
                pass

    def predict(self, smiles):
        if "STAND_IN_COUNT" in os.environ:
            with open(os.environ["STAND_IN_COUNT"], "a") as asked:
                asked.write(f"{len(smiles)}\\n")
        if "CCCl" in smiles:
            sys.stderr.write("terrible things\\n")
            sys.stderr.flush()
            os._exit(3)
        if "CCBr" in smiles:
            time.sleep(60)
        if "CCI" in smiles:
            raise ValueError("no iodine today")
        return pd.DataFrame([RECORDED[one] for one in smiles])
"""


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """The Python of an environment with admet-ai, as far as the program sees."""
    folder = tmp_path_factory.mktemp("environment")
    for name, text in {
        "admet_ai": PACKAGE,
        "torch": "def set_num_threads(n): pass",
    }.items():
        (folder / f"{name}.py").write_text(text)
    versions = {"admet-ai": "2.0.1", "chemprop": "2.3.1", "torch": "2.13.0", "rdkit": "2026.3.6"}
    for name, version in versions.items():
        info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    code = (
        f"import sys, runpy; sys.path.insert(0, {str(folder)!r}); "
        "runpy.run_path(sys.argv[2], run_name='__main__')"
    )
    program = folder / "python"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -c "{code}" "$@"\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return str(program)


@pytest.fixture(scope="module")
def model(environment):
    with Predictor(environment, answer_limit_s=20) as running:
        yield running


def test_values_come_from_the_other_environment(model):
    first, second, nothing = model.predict([ASPIRIN, IMATINIB, "no molecule"])
    assert (first["hERG"], second["hERG"], nothing) == (0.0208, 0.9845, None)
    assert model.versions["admet-ai"] == "2.0.1"
    pid = model.pid
    assert model.predict([ASPIRIN]) == [first]
    assert model.pid == pid


def test_a_process_that_ends_is_started_anew(model):
    with pytest.raises(StochasticError, match="process of ADMET-AI ended: terrible things"):
        model.predict(["CCCl"])
    assert model.pid is None
    assert model.predict(["C"])[0]["hERG"] == 0.01


def test_an_error_of_the_model_is_told_and_the_process_stays(model):
    model.predict(["C"])
    pid = model.pid
    with pytest.raises(StochasticError, match="ValueError: no iodine today"):
        model.predict(["CCI"])
    assert model.pid == pid


def test_a_molecule_that_takes_too_long_is_given_up(environment):
    with Predictor(environment, answer_limit_s=1) as slow:
        slow.predict(["C"])
        pid = slow.pid
        with pytest.raises(ResourceError, match="no answer within 1 s"):
            slow.predict(["CCBr"])
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_an_environment_that_does_not_work_is_named(environment, monkeypatch):
    monkeypatch.setenv("STAND_IN", "broken")
    with pytest.raises(InputError, match=r"does not run ADMET-AI: OSError: weights are missing"):
        Predictor(environment).predict(["C"])


def test_the_score_of_a_property(environment, monkeypatch):
    monkeypatch.setenv(PYTHON, environment)
    found = recipe.find("admet:hERG").score(Workup(IMATINIB, SimulationSettings(), seed=1))
    assert (found.value, found.unit, found.recipe) == (0.9845, "probability", "admet:hERG")
    assert found.solver == "none"
    assert found.provenance.versions["admet: chemprop"] == "2.3.1"
    assert found.provenance.convergence["form"] == IMATINIB
    assert found.flags == ()
    assert Score.from_json(found.to_json()) == found
    volume = recipe.find("admet:VDss_Lombardo").score(Workup(ASPIRIN, SimulationSettings(), seed=1))
    assert "worse than the mean of the data" in volume.flags[0]
    content = recipe.find("admet:hERG").content(SimulationSettings())
    assert content.values["versions"]["admet-ai"] == "2.0.1"


def _lives(process):
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_what_the_model_takes_is_counted_to_its_recipe(environment, monkeypatch, tmp_path):
    monkeypatch.setenv(PYTHON, environment)
    monkeypatch.setenv("STAND_IN", "heavy")
    monkeypatch.setenv("STAND_IN_COUNT", str(tmp_path / "predictions"))
    job = Job(
        id=1,
        inchikey="",
        smiles=ASPIRIN,
        recipes=("admet:hERG", "admet:AMES"),
        settings=SimulationSettings().model_dump(mode="json"),
        seed=1,
        time_limit_s=100,
        memory_limit_mb=4000,
    )
    with Isolation() as worker:
        first, second = worker.run(job)
        model = psutil.Process(worker.pid).children()[0]
    assert [decode(one.outcome).value for one in (first, second)] == [0.0208, 0.0801]
    assert first.usage.peak_memory_mb > 200
    assert first.usage.cpu_seconds >= 0.9
    assert (tmp_path / "predictions").read_text() == "1\n"  # one prediction for both
    deadline = time.monotonic() + 20
    while (lives := _lives(model)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not lives


def test_an_environment_without_admet_ai_is_named(tmp_path):
    bare = tmp_path / "python"
    bare.write_text('#!/bin/sh\necho \'{"error": "No package metadata for admet-ai"}\'\n')
    bare.chmod(0o755)
    with pytest.raises(InputError, match=r"holds no ADMET-AI: .*admet-ai; python -m venv admet"):
        installed(str(bare))
    with pytest.raises(InputError, match="/bin/false does not run ADMET-AI"):
        installed("/bin/false")


def test_endpoints_say_how_well_they_are_foretold():
    assert len(endpoints()) == 41
    assert endpoints()["hERG"].validity == (
        "AUROC 0.84 by ADMET-AI's own test (648 molecules, human)"
    )
    worthless = {one.id for one in endpoints().values() if one.is_worthless}
    assert worthless == {"VDss_Lombardo", "Half_Life_Obach"}
    for one in endpoints().values():
        assert (one.auroc is None) != (one.r2 is None)
        assert (one.unit == "probability") == (one.auroc is not None)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("admet", "admet is a family of 41: name one of them, e.g. admet:"),
        ("admet:herg", "did you mean admet:hERG"),
        ("admet:nothing-like-it-at-all", "`molq recipes admet`"),
        ("docking:abl", "docking is one recipe, no family"),
    ],
)
def test_names_of_the_family(name, words):
    with pytest.raises(InputError, match=words):
        recipe.check(name)
    recipe.check("admet:hERG")
    assert recipe.is_installed("admet:hERG")
    assert recipe.better_end("admet:HIA_Hou") == "higher"


def test_without_an_environment_the_remedy_is_named(monkeypatch, tmp_path):
    monkeypatch.delenv(PYTHON, raising=False)
    monkeypatch.setattr("screening.admet.predictor.find_spec", lambda name: None)
    remedy = r"pip install admet-ai, then set MOLQ_ADMET_PYTHON=\$PWD/admet/bin/python"
    with pytest.raises(InputError, match=remedy):
        python()
    monkeypatch.setenv(PYTHON, "admet/bin/python")
    with pytest.raises(
        InputError, match=r"is a relative path; give the whole one: \$PWD/admet/bin"
    ):
        python()
    monkeypatch.setenv(PYTHON, str(tmp_path))
    with pytest.raises(InputError, match="is no program"):
        python()
