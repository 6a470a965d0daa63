"""The shipped quickstart campaign, cut short, on real chemistry and real Ray."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import molq
from screening.store.journal import Journal

QUICKSTART = Path(__file__).parents[2] / "configs" / "quickstart.toml"
SHORT = (
    "campaign.rounds=2",
    "campaign.batch=4",
    "campaign.barrier=true",  # without it a killed run is whole, but may have other leads
    "simulation.conformers=3",
)
MOLQ = (sys.executable, "-m", "molq")

pytestmark = pytest.mark.slow


def begin(folder: Path) -> subprocess.Popen[bytes]:
    changes = [part for change in SHORT for part in ("--set", change)]
    return subprocess.Popen(
        [*MOLQ, "run", str(QUICKSTART), "--out", str(folder), *changes],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def journalled(folder: Path) -> int:
    if not (folder / "journal.sqlite").exists():
        return 0
    with Journal.open(folder, readonly=True) as journal:
        return len(journal.results())


def test_a_killed_quickstart_ends_with_the_leads_of_an_undisturbed_one(tmp_path: Path) -> None:
    undisturbed, killed = tmp_path / "undisturbed", tmp_path / "killed"
    assert begin(undisturbed).wait(timeout=1200) == 0

    driver = begin(killed)
    deadline = time.monotonic() + 600
    while journalled(killed) < 2:
        assert driver.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.2)
    os.kill(driver.pid, signal.SIGKILL)
    driver.wait()
    kept = journalled(killed)
    assert 2 <= kept < 8
    assert subprocess.run([*MOLQ, "resume", str(killed)], check=False).returncode == 0

    first, second = (molq.Campaign.open(folder).leads() for folder in (undisturbed, killed))
    assert len(first.leads) == 8
    assert [lead.candidate for lead in first.leads] == [lead.candidate for lead in second.leads]
    assert [lead.utility for lead in first.leads] == [lead.utility for lead in second.leads]
    assert {lead.candidate.origin for lead in first.leads} == {"library", "generator"}
    for lead in first.leads:
        score = lead.scores["warhead-ea"]
        assert score.solver == "vqe"
        assert abs(score.casci_deviation_mha) < 0.1  # target_error_mha, the default
        assert -7 < score.value < -3.5
