"""A funnel and a cache as a user meets them: files, status, report, and what is refused."""

import csv
import json

import pytest

from molq import execution
from molq.campaignfile import CampaignFile, ScreenFile
from molq.errors import CallError
from molq.run import Run
from screening.compute.executor import Inline
from screening.store.database import FILE

FAST = {"basis": "sto-3g", "density_fit": False, "conformers": 1, "solver": "casci"}
FUNNEL = [
    {"stage": "heavy-atoms", "at_least": 3},
    {"stage": "warhead-ea/gfn2_lumo", "top": 2},
]
LIBRARY = """smiles,name
C=CC(N)=O,acrylamide
C=C(C)C(N)=O,methacrylamide
C=CC#N,nitrile
CC,ethane
"""


def file_of(folder, **tables):
    (folder / "library.csv").write_text(LIBRARY)
    document = {"library": {"path": "library.csv"}, "simulation": FAST, **tables}
    return ScreenFile.from_document(document, folder=folder, source="screen.toml")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("funnel")


@pytest.fixture(scope="module")
def screened(folder):
    file = file_of(folder, funnel=FUNNEL)
    execution.check(file)
    execution.begin(file, folder / "run", executor=Inline())
    return Run(folder / "run")


def test_every_row_says_which_stage_cut_it(screened):
    with (screened.directory / "results.csv").open(newline="") as file:
        rows = {row["name"]: row for row in csv.DictReader(file)}
    assert {name: row["status"] for name, row in rows.items()} == {
        "acrylamide": "scored",
        "methacrylamide": "cut",
        "nitrile": "scored",
        "ethane": "cut",
    }
    assert rows["ethane"]["message"] == "heavy-atoms: 2 is below 3"
    assert rows["methacrylamide"]["message"].endswith("where the best 2 end")
    assert float(rows["acrylamide"]["warhead-ea gfn2_lumo [eV]"]) == pytest.approx(
        float(rows["acrylamide"]["warhead-ea/gfn2_lumo [eV]"])
    )


def test_the_status_and_the_report_count_each_stage(screened):
    status = screened.status()
    assert (status.scored, status.failed, status.waiting) == (2, 0, 0)
    assert [(f.stage, f.entered, f.cut, f.failed, f.passed) for f in status.funnel] == [
        ("heavy-atoms", 4, 1, 0, 3),
        ("warhead-ea/gfn2_lumo", 3, 1, 0, 2),
        ("warhead-ea", 2, 0, 0, 2),
    ]
    assert status.funnel[1].core_seconds > 0
    line = "heavy-atoms at least 3: 4 in, 1 cut, 0 failed, 3 out; 0.0 s of CPU time"
    assert ("funnel", line) in status.lines()
    json.dumps(status.to_json())
    page = (screened.directory / "report.html").read_text()
    assert "2 scored, 0 failed, 0 waiting, 2 cut by the funnel." in page
    assert '<section id="funnel">' in page
    assert "warhead-ea/gfn2_lumo" in page
    assert {lead.candidate.name for lead in screened.leads().leads} == {"nitrile", "acrylamide"}


def test_a_second_run_takes_the_scores_over(screened, folder):
    file = file_of(folder, compute={"cache": "run"})
    execution.check(file)
    execution.begin(file, folder / "second", executor=Inline())
    status = Run(folder / "second").status()
    assert status.reused == {str(folder / "run"): 2}
    assert ("taken over", f"2 scores of {folder / 'run'}") in status.lines()
    assert "Scores taken over" in (folder / "second" / "report.html").read_text()


def test_a_cache_that_has_gone_is_noted_and_computed(screened, folder):
    class Stops(Inline):
        def submit(self, job):
            raise KeyboardInterrupt

    (folder / "other").mkdir()
    (folder / "other" / FILE).write_bytes((folder / "run" / FILE).read_bytes())
    file = file_of(folder, compute={"cache": ["other"]}, funnel=FUNNEL[:1])
    execution.check(file)
    with pytest.raises(KeyboardInterrupt):
        execution.begin(file, folder / "third", executor=Stops())
    (folder / "other" / FILE).unlink()
    execution.go_on(folder / "third", executor=Inline())
    status = Run(folder / "third").status()
    assert status.state == "finished"
    assert any("is not a run's folder" in text for _, text in status.events)


@pytest.mark.parametrize(
    ("tables", "words"),
    [
        ({"funnel": [{"stage": "qde", "at_least": 0.5}]}, "did you mean 'qed'"),
        ({"funnel": [{"stage": "qed", "keep": 0.5}]}, 'say best = "higher"'),
        ({"compute": {"cache": "nowhere"}}, "compute.cache: .*nowhere does not exist"),
    ],
)
def test_what_cannot_be_followed_is_refused_before_anything_is_computed(tmp_path, tables, words):
    with pytest.raises(CallError, match=words):
        execution.check(file_of(tmp_path, **tables))


def test_a_campaign_refuses_predictions_as_a_stage(tmp_path):
    (tmp_path / "library.csv").write_text(LIBRARY)
    document = {
        "library": {"path": "library.csv"},
        "objective": [{"name": "warhead-ea", "transform": "maximize", "low": -6, "high": -4}],
        "generator": {"share": 0.0},
        "funnel": [{"stage": "predicted", "keep": 0.1}],
    }
    file = CampaignFile.from_document(document, folder=tmp_path, source="campaign.toml")
    with pytest.raises(CallError, match="is for screens"):
        execution.check(file)
