"""A policy that watches the tests' own campaign, through the face of molq."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import molq
from molq.cli import silent
from molq.errors import CallError


def _state(folder: Path) -> dict[str, tuple[str, int]]:
    return {
        path.name: (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns)
        for path in folder.iterdir()
    }


def test_the_table_and_the_files_tell_one_story(
    campaign_run: Any, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = _state(campaign_run.directory)
    out = tmp_path / "new" / "silent"
    silent.command(
        folder / "campaign.toml", campaign_run.directory, out, ["acquisition.kind=random"], True
    )
    assert _state(campaign_run.directory) == before
    told = json.loads(capsys.readouterr().out)
    assert told == json.loads((out / "silent.json").read_text())
    assert told["run"]["chosen"] == told["policy"]["chosen"] == 4
    assert told["ranked"] == 4

    frame = pd.read_csv(out / "silent.csv")
    both = (
        frame["place in the run's choice"].notna() & frame["place in the policy's choice"].notna()
    )
    assert int(both.sum()) == told["overlap"]
    leads = {
        lead.candidate.inchikey: lead for lead in molq.Run.open(campaign_run.directory).leads()
    }
    for key, utility in zip(frame["inchikey"], frame["realised utility"], strict=True):
        assert utility == pytest.approx(leads[key].utility)


def test_a_round_has_its_line_and_the_run_the_last(
    campaign_run: Any, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    silent.command(folder / "campaign.toml", campaign_run.directory)
    written = capsys.readouterr()
    lines = [line.split() for line in written.out.splitlines() if line.strip()]
    assert [line[0] for line in lines[-3:]] == ["1", "2", "all"]
    assert lines[-1][1:3] == ["4", "4"]  # its own policy chooses the same
    assert "Of 4 molecules that the run chose, the policy would have chosen 4" in written.err


def test_what_cannot_be_watched_is_one_line(
    campaign_run: Any, screen_run: Path, folder: Path, tmp_path: Path
) -> None:
    file = folder / "campaign.toml"
    for against, said in (
        (tmp_path / "nowhere", "does not exist"),
        (file, "is not a run's folder"),
        (screen_run, "a screen chooses nothing"),
    ):
        with pytest.raises(CallError, match=said):
            molq.silent_trial(file, against)
    with pytest.raises(CallError, match="the run that is watched"):
        molq.silent_trial(file, campaign_run.directory, campaign_run.directory)
    with pytest.raises(CallError, match="is a file: choose another --out"):
        molq.silent_trial(file, campaign_run.directory, file)
    circuits = {"acquisition.batch": "qaoa", "acquisition.backend": "fake:nowhere"}
    with pytest.raises(CallError, match=r"\[acquisition\] backend: unknown device"):
        molq.silent_trial(file, campaign_run.directory, set=circuits)
    with pytest.raises(CallError, match="computed warhead-ea and not redox"):
        molq.silent_trial(file, campaign_run.directory, set={"objective.0.name": "redox"})
    with pytest.raises(CallError, match="did you mean 'warhead-ea'"):
        molq.silent_trial(file, campaign_run.directory, set={"objective.0.name": "warhead_ea"})
