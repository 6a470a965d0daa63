"""Kernels compile whether or not their machine code can be kept."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import simulation

SCRIPT = """
import sys
import numpy as np
from simulation.vqe import kernels
assert kernels.__file__.startswith(sys.argv[1]), kernels.__file__
c = np.eye(2).ravel()  # two alpha strings with two beta strings each
zero = np.zeros(1, np.int64)
layout = (np.array([0, 2, 4]), np.zeros(2, np.int64), zero, zero)
half = zero.astype(np.int32)
tables = (zero, zero, zero, np.array([[0, 1]]), half, half + 1, np.ones(1))
kernels.prepare(c, layout, tables, zero, np.ones(1))
print(f"{c[2]:.6f}")
"""


@pytest.mark.parametrize("home_is_writable", [True, False])
def test_an_installation_that_cannot_be_written_is_enough(tmp_path, home_is_writable):
    site, home = tmp_path / "site", tmp_path / "home"
    shutil.copytree(
        Path(simulation.__file__).parent,
        site / "simulation",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    # A file in the folder's place stops every user, the superuser too.
    (site / "simulation" / "vqe" / "__pycache__").touch()
    home.mkdir() if home_is_writable else home.touch()
    run = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(site)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "HOME": str(home), "PYTHONPATH": str(site)},
    )
    assert run.stdout.strip() == f"{np.sin(1.0):.6f}", run.stderr
    assert any(home.rglob("*.nbi")) is home_is_writable
