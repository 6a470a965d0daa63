"""Docking, novelty and alerts in a campaign and a screen, as a user writes them."""

import csv
import json
import shutil
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest
from rdkit import Chem

from molq import companions, execution, inputs, jobrun, reproducing, submission
from molq.campaignfile import CampaignFile, ScreenFile
from molq.errors import CallError
from molq.run import Run
from screening import leadfiles
from screening.candidate import Candidate
from screening.compute.evaluation import Job, decode
from screening.compute.executor import Inline
from screening.compute.isolation import Isolation
from screening.ranking import Lead
from screening.scorersettings import ScorerSettings
from screening.store.journal import Journal
from simulation.recipes import recipe
from simulation.score import Score
from simulation.settings import SimulationSettings
from simulation.workup import Workup

POCKET = Path(__file__).parents[2] / "configs" / "receptors" / "abl_pocket.pdb"
LIBRARY = """smiles,name
Cc1ccncc1,picoline
CCc1ccncc1,ethylpyridine
Nc1ccccc1,aniline
O=C1C=CC(=O)C=C1,quinone
c1ccncc1,pyridine
"""
KNOWN = "c1ccncc1 pyridine\nCCO ethanol\n"
DOCKING = {
    "receptor": "pocket.pdb",
    "center": [17.0, 55.5, 14.0],
    "size": [15.0, 15.0, 15.0],
    "exhaustiveness": 1,
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("medchem")
    (made / "library.csv").write_text(LIBRARY)
    (made / "known.smi").write_text(KNOWN)
    (made / "pocket.pdb").write_bytes(POCKET.read_bytes())
    return made


def campaign(folder, **changes):
    document = {
        "campaign": {"seed": 3, "rounds": 1, "batch": 2},
        "library": {"path": "library.csv"},
        "generator": {"share": 0.0},
        "objective": [
            {"name": "docking", "transform": "minimize", "low": -8.0, "high": -3.0},
            {
                "name": "novelty",
                "transform": "at_least",
                "low": 0.2,
                "settings": {"known": "known.smi"},
            },
        ],
        "funnel": [
            {"stage": "pains-alerts", "at_most": 0},
            {"stage": "novelty:hard", "at_least": 0.01, "settings": {"known": "known.smi"}},
        ],
        "simulation": {"docking": DOCKING},
        **changes,
    }
    return CampaignFile.from_document(document, folder=folder, source="campaign.toml")


@pytest.fixture(scope="module")
def finished(folder):
    file = campaign(folder)
    execution.check(file)
    execution.begin(file, folder / "run", executor=Inline())
    return Run(folder / "run")


def test_leads_carry_the_docked_and_the_exact_wishes(finished):
    leads = finished.leads().leads
    assert len(leads) == 2
    for lead in leads:
        assert lead.scores["docking"].unit == "kcal/mol"
        assert -7 < lead.scores["docking"].value < -2
        assert 0.01 <= lead.properties["novelty"] < 1
        assert set(lead.desirabilities) == {"docking", "novelty"}
    names = {lead.candidate.name for lead in leads}
    assert names <= {"picoline", "ethylpyridine", "aniline"}


def test_the_funnel_cut_alerts_and_known_compounds(finished):
    stages = {one.stage: one for one in finished.status().funnel}
    assert (stages["pains-alerts"].entered, stages["pains-alerts"].cut) == (5, 1)
    assert (stages["novelty:hard"].entered, stages["novelty:hard"].cut) == (4, 1)


def test_the_files_hold_the_docking_energies(finished):
    with (finished.directory / "leads.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert float(rows[0]["docking [kcal/mol]"]) < 0
    assert {"novelty", "novelty desirability"} <= set(rows[0])


def test_the_folder_keeps_copies_of_what_the_values_rest_on(finished, folder):
    kept = CampaignFile.from_toml(finished.directory / "campaign.toml")
    copies = finished.directory / "inputs"
    assert kept.simulation.docking.receptor == copies / "pocket.pdb"
    assert kept.objective[1].settings == ScorerSettings(known=str(copies / "known.smi"))
    assert kept.objective[0].settings is None
    assert (copies / "known.smi").read_bytes() == (folder / "known.smi").read_bytes()
    text = (finished.directory / "campaign.toml").read_text()
    assert 'receptor = "inputs/pocket.pdb"' in text
    assert 'known = "inputs/known.smi"' in text
    json.dumps(kept.json_schema())


def test_a_moved_run_computes_its_scores_again(finished, tmp_path):
    moved = tmp_path / "moved"
    shutil.copytree(finished.directory, moved)
    text = (moved / "inputs" / "pocket.pdb").read_text()
    (finished.directory / "inputs" / "pocket.pdb").write_text("REMARK not this one\n")
    try:
        found = reproducing.reproduced(moved, 1)
    finally:
        (finished.directory / "inputs" / "pocket.pdb").write_text(text)
    assert [(one.recipe, one.difference, one.failure) for one in found.scores] == [
        ("docking", 0.0, "")
    ]


def test_a_run_is_not_gone_on_with_another_receptor(finished, tmp_path):
    moved = tmp_path / "moved"
    shutil.copytree(finished.directory, moved)
    file = CampaignFile.from_toml(moved / "campaign.toml")
    with Journal.open(moved, readonly=True) as journal:
        assert inputs.changes(journal, file, version("molq")) == ()
        (moved / "inputs" / "pocket.pdb").write_text("REMARK another\n")
        with pytest.raises(CallError, match=r"pocket.pdb is not the file the run began with"):
            inputs.changes(journal, file, version("molq"))


def test_a_job_takes_its_receptor_and_its_lists_along(folder, tmp_path):
    with submission.package(
        campaign(folder), submission.Order(tmp_path / "run", version("molq")), data="upload"
    ) as packed:
        assert (packed / "pocket.pdb").read_bytes() == POCKET.read_bytes()
        file, order = submission.unpacked(packed)
        assert file.simulation.docking.receptor == packed / "pocket.pdb"
        assert file.objective[1].settings.values["known"] == str(packed / "known.smi")
        settled = jobrun.settled(file, order, passing=packed)
    copies = tmp_path / "run" / "inputs"
    assert settled.simulation.docking.receptor == copies / "pocket.pdb"
    assert settled.objective[1].settings.values["known"] == str(copies / "known.smi")
    assert (copies / "known.smi").read_text() == KNOWN


def test_copies_of_one_name_are_told_apart(folder, tmp_path):
    for place in ("one", "two"):
        (tmp_path / place).mkdir()
        (tmp_path / place / "library.smi").write_text(KNOWN)
    file = campaign(
        folder,
        funnel=[
            {
                "stage": f"novelty:{place}",
                "at_least": 0.01,
                "settings": {"known": str(tmp_path / place / "library.smi")},
            }
            for place in ("one", "two")
        ],
    )
    names = companions.named_apart(companions.paths(file))
    assert len(names) == len(set(names.values())) == 4
    assert "library.smi" not in names.values()


def test_an_entry_of_an_sd_file_has_the_docked_pose_behind_a_score_without_one(folder):
    """Glycine docks as a zwitterion, whose atoms are those of the neutral form bound otherwise."""
    table = {**DOCKING, "receptor": str(folder / "pocket.pdb")}
    settings = SimulationSettings.model_validate({"docking": table})
    docking = recipe.find("docking").score(Workup("NCC(=O)O", settings, seed=5))
    assert docking.provenance.convergence["form"] == "[NH3+]CC(=O)[O-]"
    assert leadfiles.embedded(docking) is None
    bare = replace(docking.provenance, geometry="", convergence={"form": docking.smiles})
    foretold = replace(docking, recipe="admet:hERG", provenance=bare)
    candidate = Candidate(docking.inchikey, docking.smiles, "glycine", "library")
    scores = {"admet:hERG": foretold, "docking": docking}
    entry = leadfiles.entry(Lead(1, candidate, 0.5, {}, scores, {}, None), {})
    assert entry.splitlines()[1].split()[-1] == "3D"
    found = Chem.MolFromMolBlock(entry.partition("$$$$")[0], removeHs=False)
    assert Chem.MolToSmiles(Chem.RemoveHs(found)) == "[NH3+]CC(=O)[O-]"
    places = found.GetConformer().GetPositions()
    for bond in found.GetBonds():
        assert np.linalg.norm(places[bond.GetBeginAtomIdx()] - places[bond.GetEndAtomIdx()]) < 1.7


def test_a_worker_docks_within_its_limits(folder):
    table = {**DOCKING, "receptor": str(folder / "pocket.pdb")}
    settings = SimulationSettings.model_validate({"docking": table})
    job = Job(
        id=1,
        inchikey="",
        smiles="Cc1ccncc1",
        recipes=("docking",),
        settings=settings.model_dump(mode="json"),
        seed=7,
        time_limit_s=60,
        memory_limit_mb=2000,
    )
    with Isolation() as worker:
        (answer,) = worker.run(job)
    found = decode(answer.outcome)
    assert isinstance(found, Score)
    assert found.value < -2
    assert answer.usage.cpu_seconds > 0


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"simulation": {}}, r"recipe docking: docking needs a receptor and a box"),
        (
            {"simulation": {"docking": {**DOCKING, "receptor": "none.pdb"}}},
            r"docking.receptor: .*none.pdb cannot be read",
        ),
        (
            {"simulation": {"docking": {**DOCKING, "recepter": "x"}}},
            r'\[simulation.docking\] unknown key "recepter"; did you mean "receptor"',
        ),
        (
            {"objective": [{"name": "admet", "transform": "at_most", "high": 0.5}]},
            "admet is a family of 41",
        ),
        (
            {"objective": [{"name": "novelty", "transform": "at_least", "low": 0.5}]},
            "objective 'novelty': scorer 'novelty' needs settings.known",
        ),
        (
            {
                "objective": [
                    {
                        "name": "docking",
                        "transform": "at_most",
                        "high": -5,
                        "settings": {"receptor": "x"},
                    }
                ]
            },
            "objective 'docking' is a recipe: its settings are those of",
        ),
        (
            {"funnel": [{"stage": "novelty", "at_least": 0.5}]},
            "funnel stage 'novelty': scorer 'novelty' needs settings.known",
        ),
    ],
)
def test_what_is_missing_is_named_before_anything_is_computed(folder, changes, words):
    with pytest.raises(CallError, match=words):
        execution.check(campaign(folder, **changes))


def test_a_screen_ranks_by_docking(folder):
    file = ScreenFile.from_document(
        {
            "screen": {"recipe": "docking"},
            "library": {"path": "library.csv", "limit": 2},
            "simulation": {"docking": DOCKING},
        },
        folder=folder,
        source="screen.toml",
    )
    execution.check(file)
    execution.begin(file, folder / "screen", executor=Inline())
    leads = Run(folder / "screen").leads().leads
    values = [lead.scores["docking"].value for lead in leads]
    assert len(values) == 2
    assert values == sorted(values)
