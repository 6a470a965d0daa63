"""Every example runs as it stands: the plugin installed, REINVENT's calls as it makes them."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"


def run(
    *arguments: str | Path, cwd: Path, stdin: str | None = None, **variables: str
) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "COLUMNS": "100", **variables}
    return subprocess.run(
        [sys.executable, *map(str, arguments)], cwd=cwd, input=stdin, env=environment,
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The plugin as pip installs it, in a folder of its own."""
    folder = tmp_path_factory.mktemp("plugin")
    source = folder / "source"
    source.mkdir()
    for file in (EXAMPLES / "plugin").iterdir():
        if file.is_file():
            (source / file.name).write_bytes(file.read_bytes())
    done = run(
        "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index",
        "--disable-pip-version-check", "--target", folder / "site", source, cwd=folder,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return folder / "site"


def test_a_plugin_is_ten_lines() -> None:
    text = (EXAMPLES / "plugin" / "fraction_sp3.py").read_text(encoding="utf-8")
    assert len([line for line in text.splitlines() if line.strip()]) <= 10


def test_the_plugin_is_installed_and_used(installed: Path, tmp_path: Path) -> None:
    paths = os.pathsep.join([str(installed), str(ROOT)])
    done = run(
        "-m", "molq", "score", "CCO", "Cc1ccccc1", "--scorer", "fraction-sp3", "--json",
        cwd=tmp_path, PYTHONPATH=paths,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert [item["value"] for item in json.loads(done.stdout)] == [1.0, pytest.approx(1 / 7)]
    campaign = (
        '[[objective]]\nname = "fraction-sp3"\ntransform = "at_least"\nlow = 0.5\n'
        '[library]\npath = "library.csv"\n'
    )
    (tmp_path / "campaign.toml").write_text(campaign)
    done = run(
        "-c",
        "from molq.campaignfile import CampaignFile as C; from screening.objective import validate;"
        "f = C.from_toml('campaign.toml'); validate(f.objective); print(f.objective[0].name)",
        cwd=tmp_path, PYTHONPATH=paths,
    )  # fmt: skip
    assert done.stdout == "fraction-sp3\n", done.stderr


def test_without_it_the_name_is_not_known(tmp_path: Path) -> None:
    done = run("-m", "molq", "score", "CCO", "--scorer", "fraction-sp3", cwd=tmp_path)
    assert done.returncode == 2
    assert "unknown scorer 'fraction-sp3'" in done.stderr


def test_the_pipeline_predicts_better_than_a_mean(tmp_path: Path) -> None:
    done = run(EXAMPLES / "sklearn_pipeline.py", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    found = re.search(r"mean error ([\d.]+), of the mean of all ([\d.]+)", done.stdout)
    assert found is not None
    assert float(found[1]) < float(found[2]) / 2


def test_a_geometry_of_ase_is_scored(tmp_path: Path) -> None:
    done = run(EXAMPLES / "ase_geometry.py", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "C=CC=C: singlet-triplet gap" in done.stdout
    assert "the geometry was given and is not optimised" in done.stdout
    assert done.stdout.count(" Hartree") == 2


def called_by_reinvent(endpoints: list[dict[str, Any]], smiles: list[str], folder: Path) -> Any:
    """What REINVENT 4 does with the endpoints of an ``ExternalProcess`` component.

    As its ``comp_external_process`` and ``run_program``: one executable and one line of
    arguments for all endpoints, SMILES without a last end of line, an exit code of 0, a JSON
    document on standard output, an array of numbers for each property.
    """
    (call,) = {(one["params"]["executable"], one["params"]["args"]) for one in endpoints}
    executable, arguments = call
    assert executable == "/path/to/molq"
    fast = "--set basis=sto-3g --set density_fit=false --conformers 1"
    done = run(
        "-m", "molq", *shlex.split(f"{arguments} {fast}"), cwd=folder, stdin="\n".join(smiles)
    )
    assert done.returncode == 0, done.stderr
    data = json.loads(done.stdout)
    assert data["version"] == 1
    payload = data["payload"]
    assert all(len(column) == len(smiles) for column in payload.values())
    return payload, [np.array(payload[one["params"]["property"]]) for one in endpoints]


SMILES = ["C=CC(N)=O", "CCO", "NC(=O)C=C"]


def test_reinvent_learns_from_a_campaigns_utility(tmp_path: Path) -> None:
    folder = EXAMPLES / "reinvent"
    text = (folder / "staged_learning.toml").read_text(encoding="utf-8")
    (component,) = tomllib.loads(text)["stage"][0]["scoring"]["component"]
    payload, (utility,) = called_by_reinvent(
        component["ExternalProcess"]["endpoint"], SMILES, folder
    )
    assert utility.dtype == np.float64
    assert 0 < utility[0] < 1
    assert utility[2] == utility[0]
    assert utility[1] == 0.0  # no warhead, and so no lead
    assert payload["predictions"] == payload["utility"]
    assert payload["failure"][0] == ""
    assert "no alpha,beta-unsaturated group" in payload["failure"][1]
    assert payload["warhead-ea desirability"][1] == 0.0


def test_reinvent_reads_raw_values(tmp_path: Path) -> None:
    folder = EXAMPLES / "reinvent"
    document = tomllib.loads((folder / "scoring.toml").read_text(encoding="utf-8"))
    (component,) = document["scoring"]["component"]
    payload, (affinity, qed) = called_by_reinvent(
        component["ExternalProcess"]["endpoint"], SMILES, folder
    )
    assert affinity.dtype == qed.dtype == np.float64
    assert affinity[1] == -9.0
    assert -10 < affinity[0] < -6
    assert qed[1] == pytest.approx(0.4068, abs=1e-3)
    assert payload["predictions"] == list(affinity)
