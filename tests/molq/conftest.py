"""One small campaign and one small screen that the tests of the face share."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

FAULTS = str(Path(__file__).parents[1] / "faults")
if FAULTS not in sys.path:  # scores without a calculation
    sys.path.append(FAULTS)

LIBRARY = """name,smiles
acrylamide,C=CC(N)=O
<b>N-methyl</b>,C=CC(=O)NC
=cmd|' /C calc'!A0,CC=CC(N)=O
methacrylamide,CC(=C)C(N)=O
acrylamide again,NC(=O)C=C
unfinished,CC(
ethane,CC
"""

CAMPAIGN = """
[campaign]
name = "tiny & <i>small</i>"
seed = 3
rounds = 2
batch = 2

[library]
path = "library.csv"

[generator]
share = 0.0

[[objective]]
name = "warhead-ea"
transform = "window"
low = -8
high = -7.7

[[objective]]
name = "qed"
transform = "maximize"
low = 0.2
high = 0.7

[simulation]
basis = "sto-3g"
density_fit = false
conformers = 1

[compute]
workers = 1
"""

FAST = {
    "simulation.basis": "sto-3g",
    "simulation.density_fit": False,
    "simulation.conformers": 1,
}


@dataclass(frozen=True)
class Call:
    """What a command gave."""

    code: int
    out: str
    err: str


def _call(*arguments: str | Path, cwd: Path | None = None, stdin: str | None = None) -> Call:
    """Run the command line in a process of its own."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "COLUMNS": "100"}
    done = subprocess.run(
        [sys.executable, "-m", "molq", *(str(argument) for argument in arguments)],
        cwd=cwd, input=stdin, capture_output=True, text=True, env=environment, timeout=300,
        check=False,
    )  # fmt: skip
    return Call(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="session")
def molq_command() -> Callable[..., Call]:
    """``molq_command("score", "C", cwd=..., stdin=...)`` runs the command line."""
    return _call


@pytest.fixture(scope="session")
def fast() -> dict[str, Any]:
    """Settings that make a score cheap and of no use to a chemist."""
    return dict(FAST)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a library and a campaign file in it."""
    path = tmp_path_factory.mktemp("face")
    (path / "library.csv").write_text(LIBRARY, encoding="utf-8")
    (path / "campaign.toml").write_text(CAMPAIGN, encoding="utf-8")
    return path


@dataclass(frozen=True)
class FinishedRun:
    """A run that was made by the command line."""

    directory: Path
    call: Call


@pytest.fixture(scope="session")
def campaign_run(folder: Path) -> FinishedRun:
    """A campaign run to its end by ``molq run``."""
    call = _call("run", "campaign.toml", "--out", "run", cwd=folder)
    assert call.code == 0, call.err
    return FinishedRun(folder / "run", call)


@pytest.fixture(scope="session")
def screen_run(folder: Path) -> Path:
    """A screen run to its end in this process."""
    from molq import execution
    from molq.libraryscreen import screen_file
    from screening.compute.executor import Inline

    directory = folder / "screen"
    file = screen_file(folder / "library.csv", "warhead-ea", workers=None, seed=0, changes=FAST)
    execution.check(file)
    execution.begin(file, directory, executor=Inline())
    return directory
