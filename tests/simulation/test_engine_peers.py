"""Other engines beside ours: how they are called, and what becomes of one that fails."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
# A peer that answers with the energy of the determinant.
ANSWERING = """
import sys
sys.path.insert(0, {peers!r})
from case import Optimised, arguments, measure, read
given = arguments()
case = read(given.case)
assert case.excitations[0] == ((0, 2), (1, 3)), case.excitations
n = case.n_alpha
h, eri = case.one_body, case.two_body
energy = case.core + 2 * h[:n, :n].trace()
for i in range(n):
    for j in range(n):
        energy += 2 * eri[i, i, j, j] - eri[i, j, j, i]
measure(lambda: Optimised(float(energy), case.start.size, 1), given.limit)
"""
ENDLESS = ANSWERING.replace("lambda: Optimised", "lambda: any(iter(int, 1)) or Optimised")


@pytest.fixture
def comparison(monkeypatch, tmp_path) -> ModuleType:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    from peers import comparison

    monkeypatch.setattr(comparison, "SCRIPTS", tmp_path)
    monkeypatch.setattr(comparison, "PEERS", {"fake": ("fake", ())})
    monkeypatch.setattr(comparison, "interpreter", lambda package, folder: sys.executable)
    return comparison


def script(folder: Path, text: str) -> None:
    (folder / "with_fake.py").write_text(text.format(peers=str(BENCHMARKS / "peers")))


def test_a_result_is_measured_once(active_space, comparison, tmp_path):
    script(tmp_path, ANSWERING)
    cases = {"H2": (active_space("H2", 2, 2), 1, 1)}
    results = tmp_path / "results"
    (row,) = comparison.compared(["H2"], cases, ["fake"], tmp_path, results)
    assert row.energy == pytest.approx(-1.116998997, abs=1e-8)
    assert row.error_mha == pytest.approx(20.307, abs=1e-3)
    assert row.our_error_mha == pytest.approx(0.0, abs=1e-6)
    assert row.parameters == 1
    assert len(comparison.cells(row)) == len(comparison.HEAD)
    script(tmp_path, "raise SystemExit(1)")
    assert list(comparison.compared(["H2"], cases, ["fake"], tmp_path, results)) == [row]


def test_a_slow_engine_is_stopped_and_spared_larger_cases(active_space, comparison, tmp_path):
    script(tmp_path, ENDLESS)
    cases = {
        "H2": (active_space("H2", 2, 2), 1, 1),
        "LiH": (active_space("LiH", 2, 3), 1, 1),
    }
    rows = list(comparison.compared(["H2", "LiH"], cases, ["fake"], tmp_path, None, limit=1))
    assert [row.remark for row in rows] == ["> 1 s", "> 1 s on a smaller case"]
    assert comparison.cells(rows[0])[-1] == "> 1 s"


def test_what_cannot_be_had_is_said_and_tried_again(
    active_space, comparison, tmp_path, monkeypatch
):
    cases = {"H2": (active_space("H2", 2, 2), 1, 1)}
    results = tmp_path / "results"
    script(tmp_path, "raise ValueError('no such thing')")
    (row,) = comparison.compared(["H2"], cases, ["fake"], tmp_path, results)
    assert row.remark == "ValueError: no such thing"

    def unavailable(package: str, folder: Path) -> Path:
        raise comparison.UnavailableError("no matching distribution")

    monkeypatch.setattr(comparison, "interpreter", unavailable)
    (row,) = comparison.compared(["H2"], cases, ["fake"], tmp_path, results)
    assert row.remark == "not available: no matching distribution"
    assert not results.exists()


def test_the_excitations_of_a_case_come_back(active_space, comparison, tmp_path, monkeypatch):
    from simulation.vqe.ansatz import uccsd

    monkeypatch.syspath_prepend(str(BENCHMARKS / "peers"))
    import case

    h = active_space("LiH", 2, 3)
    ansatz = uccsd(h, 1, 1, 1, share_spins=True)
    comparison.write_case(tmp_path / "case.npz", h, ansatz)
    read = case.read(tmp_path / "case.npz")
    assert tuple(read.excitations) == ansatz.excitations
    assert np.array_equal(read.two_body, h.two_body)
    assert np.array_equal(read.group, ansatz.group)


def test_an_environment_that_pip_cannot_make_is_unavailable(comparison, tmp_path, monkeypatch):
    from peers import environments

    monkeypatch.setattr(environments.venv, "create", lambda *args, **kwargs: None)

    def failed(*args: object, **kwargs: object) -> object:
        return environments.subprocess.CompletedProcess(
            args, 1, "", "noise\nERROR: No matching distribution found for ffsim\n"
        )

    monkeypatch.setattr(environments.subprocess, "run", failed)
    with pytest.raises(environments.UnavailableError, match=r"^No matching distribution"):
        environments.interpreter("ffsim", tmp_path)
