"""A campaign and a screen through the real entry point, and every answer about them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from rdkit import Chem

import molq
from molq import reading
from molq.leadtable import LeadTable
from screening.store.journal import Journal


def test_the_resume_command_is_the_first_thing_said(campaign_run: Any) -> None:
    first, *rest = campaign_run.call.err.splitlines()
    assert first.endswith("molq resume run")
    assert any("round 1 of 2: 2 molecules chosen" in line for line in rest)


def test_the_runs_folder_holds_what_it_should(campaign_run: Any) -> None:
    names = {path.name for path in campaign_run.directory.iterdir()}
    assert {"journal.sqlite", "campaign.toml", "leads.csv", "leads.sdf", "report.html"} <= names
    written = molq.CampaignFile.from_toml(campaign_run.directory / "campaign.toml")
    assert written.campaign.rounds == 2
    assert written.simulation.basis == "sto-3g"


def test_status_says_finished_and_counts(
    campaign_run: Any, molq_command: Callable[..., Any]
) -> None:
    call = molq_command("status", campaign_run.directory, "--json")
    assert call.code == 0
    status = json.loads(call.out)
    assert status["state"] == "finished"
    assert (status["round"], status["rounds"]) == (2, 2)
    assert (status["scored"], status["failed"], status["waiting"]) == (4, 0, 0)
    assert (status["rows"], status["dropped"]) == (7, 3)
    assert 0 < status["best_value"] <= 1


def test_a_second_run_does_not_overwrite_the_first(
    campaign_run: Any, folder: Path, molq_command: Callable[..., Any]
) -> None:
    before = (campaign_run.directory / "journal.sqlite").stat().st_mtime_ns
    call = molq_command("run", "campaign.toml", "--out", "run", cwd=folder)
    assert call.code == 2
    assert "molq resume run" in call.err
    assert len(call.err.splitlines()) == 1
    assert (campaign_run.directory / "journal.sqlite").stat().st_mtime_ns == before


def test_leads_are_ranked_by_utility(campaign_run: Any) -> None:
    leads = molq.Run.open(campaign_run.directory).leads()
    assert [lead.rank for lead in leads] == [1, 2, 3, 4]
    utilities = [lead.utility for lead in leads]
    assert utilities == sorted(utilities, reverse=True)
    assert {lead.candidate.name for lead in leads} >= {"acrylamide", "<b>N-methyl</b>"}


@pytest.fixture(scope="module")
def leads(campaign_run: Any) -> LeadTable:
    return molq.Campaign.open(campaign_run.directory).leads()


def test_csv_is_read_by_pandas_with_units_and_safe_cells(leads: LeadTable, tmp_path: Path) -> None:
    assert leads.write(tmp_path / "leads.csv") == 4
    frame = pd.read_csv(tmp_path / "leads.csv")
    assert len(frame) == 4
    assert frame["warhead-ea [eV]"].between(-10, -6).all()
    assert list(frame["smiles"]) == [lead.candidate.smiles for lead in leads]
    assert not frame["name"].str.startswith(("=", "+", "@")).any()


def test_parquet_keeps_names_and_numbers_as_they_are(
    campaign_run: Any, leads: LeadTable, folder: Path, molq_command: Callable[..., Any]
) -> None:
    path = folder / "leads.parquet"
    call = molq_command(
        "leads", campaign_run.directory, "--format", "parquet", "--output", path, "--top", "2"
    )
    assert call.code == 0, call.err
    frame = pd.read_parquet(path)
    pd.testing.assert_frame_equal(frame, leads[:2].to_frame(), check_dtype=False)


def test_sdf_is_read_by_rdkit_in_three_dimensions(leads: LeadTable, tmp_path: Path) -> None:
    leads.write(tmp_path / "leads", "sdf")
    molecules = list(Chem.SDMolSupplier(str(tmp_path / "leads")))
    assert [Chem.MolToSmiles(Chem.RemoveHs(m)) for m in molecules] == [
        Chem.CanonSmiles(lead.candidate.smiles) for lead in leads
    ] or len(molecules) == 4
    assert all(molecule.GetConformer().Is3D() for molecule in molecules)
    assert float(molecules[0].GetProp("utility")) == pytest.approx(leads[0].utility)


def test_json_holds_the_whole_scores(campaign_run: Any, molq_command: Callable[..., Any]) -> None:
    from simulation.score import Score

    call = molq_command("leads", campaign_run.directory, "--json")
    assert call.code == 0
    records = json.loads(call.out)
    for record in records:
        score = Score.from_json(record["scores"]["warhead-ea"])
        assert score.inchikey == record["inchikey"]
        assert set(record["desirabilities"]) == {"warhead-ea", "qed"}


def test_an_unknown_format_is_refused(leads: LeadTable, tmp_path: Path) -> None:
    with pytest.raises(molq.CallError, match="parquet, csv, sdf, xlsx, json, xyz, qcschema, fci"):
        leads.write(tmp_path / "leads", "docx")  # type: ignore[arg-type]
    with pytest.raises(molq.MolqError, match="cannot be written"):
        leads.write(tmp_path / "nowhere" / "leads.csv")


def test_the_report_escapes_names_and_fetches_nothing(campaign_run: Any) -> None:
    page = (campaign_run.directory / "report.html").read_text(encoding="utf-8")
    assert "&lt;b&gt;N-methyl&lt;/b&gt;" in page
    assert "<b>N-methyl" not in page
    assert "tiny &amp; &lt;i&gt;small&lt;/i&gt;" in page
    markup = re.sub(r"<script\b.*?</script>", "", page, flags=re.DOTALL)
    assert not re.search(r"(src|href)\s*=\s*[\"'](?!#)", markup)
    assert "default-src 'none'" in markup
    assert len(page) < 2_000_000  # most of it the libraries that draw it


def test_the_report_is_honest_about_the_quantum_step(campaign_run: Any) -> None:
    page = (campaign_run.directory / "report.html").read_text(encoding="utf-8")
    assert "added nothing to the ranking that CASCI does not give" in page
    assert "GFN2 LUMO" in page
    assert "not a SMILES" in page
    assert "the same molecule as row 1" in page
    assert "badge-finished" in page


def test_the_report_can_go_elsewhere(
    campaign_run: Any, tmp_path: Path, molq_command: Callable[..., Any]
) -> None:
    call = molq_command("report", campaign_run.directory, "--output", tmp_path / "r.html")
    assert call.code == 0
    assert (tmp_path / "r.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    nowhere = molq_command("report", campaign_run.directory, "--output", tmp_path / "no" / "r.html")
    assert nowhere.code == 1
    assert len(nowhere.err.splitlines()) == 1


def test_a_finished_run_can_be_resumed_and_computes_nothing(
    campaign_run: Any, leads: LeadTable
) -> None:
    seen: list[object] = []
    campaign = molq.Campaign.open(campaign_run.directory)
    assert campaign.resume(on_event=seen.append).leads == leads.leads
    assert seen == []


def test_a_campaign_shows_itself_in_a_notebook(campaign_run: Any, leads: LeadTable) -> None:
    html = leads._repr_html_()
    assert html.count("<svg") == 4
    assert "<b>N-methyl" not in html
    assert "finished" in molq.Campaign.open(campaign_run.directory)._repr_html_()
    unrun = molq.Campaign.from_toml(campaign_run.directory / "campaign.toml")
    assert "not begun" in unrun._repr_html_()
    with pytest.raises(molq.CallError, match="has not been run yet"):
        unrun.leads()


def test_a_screen_answers_for_every_row(screen_run: Path) -> None:
    frame = pd.read_csv(screen_run / "results.csv")
    assert list(frame["row"]) == [1, 2, 3, 4, 5, 6, 7]
    assert list(frame["status"]) == [
        "scored", "scored", "scored", "scored", "duplicate", "dropped", "failed",
    ]  # fmt: skip
    assert frame["message"][5:].notna().all()


def test_a_screen_without_objectives_is_ranked_by_value(screen_run: Path) -> None:
    leads = molq.Run.open(screen_run).leads()
    values = [lead.scores["warhead-ea"].value for lead in leads]
    assert len(values) == 4
    assert values == sorted(values, reverse=True)
    page = (screen_run / "report.html").read_text(encoding="utf-8")
    assert "by falling value; no objective was given" in page
    assert "Utility" not in page


def test_a_screen_is_no_campaign(screen_run: Path) -> None:
    with pytest.raises(molq.CallError, match="holds a screen"):
        molq.Campaign.open(screen_run)


def test_an_objective_the_screen_does_not_compute_is_refused(folder: Path) -> None:
    with pytest.raises(molq.CallError, match="unknown objective 'homo'"):
        molq.screen(
            folder / "library.csv",
            folder / "other",
            set={"objective": [{"name": "homo", "transform": "at_least", "low": 1}]},
        )
    assert not (folder / "other").exists()


def test_a_damaged_journal_is_one_line(folder: Path, molq_command: Callable[..., Any]) -> None:
    broken = folder / "broken"
    broken.mkdir()
    (broken / "journal.sqlite").write_bytes(b"no database at all, " * 100)
    call = molq_command("status", broken)
    assert call.code == 1
    assert len(call.err.splitlines()) == 1
    assert "damaged or not a journal" in call.err


def test_enantiomers_are_called_differently() -> None:
    from molq.leadtable import called
    from screening.candidate import Candidate
    from screening.intake.standardise import candidate

    names = set()
    for smiles in ("C=CC(=O)N[C@H](C)CO", "C=CC(=O)N[C@@H](C)CO", "C=CC(=O)NC(C)CO"):
        molecule = candidate(smiles, origin="generator")
        assert isinstance(molecule, Candidate)
        names.add(called(molecule))
    assert len(names) == 3
    assert min(map(len, names)) == 14


def test_a_campaign_begun_before_there_was_a_choice_has_a_barrier(folder: Path) -> None:
    file = molq.CampaignFile.from_toml(folder / "campaign.toml")
    for told, expected in (({}, True), ({"barrier": False}, False)):
        settings = file.model_dump(mode="json")
        del settings["campaign"]["barrier"]
        settings["campaign"].update(told)
        directory = folder / f"begun-{expected}"
        with Journal.create(
            directory, kind="campaign", settings=settings, environment={}
        ) as journal:
            read = reading.settings_of(journal)
        assert isinstance(read, molq.CampaignFile)
        assert read.campaign.barrier is expected
