"""Scores of a finished run computed again: the same numbers, or the difference stated."""

from __future__ import annotations

import json
import math
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import molq
from molq.errors import CallError
from molq.verifying import other_versions
from screening.compute.evaluation import decode, encode
from screening.store.database import FILE
from screening.store.journal import Journal
from screening.store.records import Result
from screening.store.reproduction import Reproduced, draw
from simulation.atomicunits import HARTREE_EV
from simulation.score import Score


def test_real_scores_come_out_as_they_were_recorded(
    screen_run: Path, molq_command: Callable[..., Any]
) -> None:
    before = {path.name: path.stat().st_mtime_ns for path in screen_run.glob("*.csv")}
    call = molq_command("reproduce", screen_run, "--sample", "2", "--seed", "3", "--json")
    assert call.code == 0, call.err
    found = json.loads(call.out)
    assert found["holds"]
    assert found["versions"] == []
    assert len(found["scores"]) == 2
    with Journal.open(screen_run, readonly=True) as journal:
        recorded = {r.candidate.inchikey: r.score for r in journal.iterate_results() if r.score}
    for one in found["scores"]:
        score = recorded[one["inchikey"]]
        assert (one["recorded"], one["unit"]) == (score.value, "eV")
        assert one["seed"] == score.provenance.seed
        # geometry and mean field are those of the same seed; where the trial state ends within
        # its target, the last digits decide
        assert one["exact_difference"] == pytest.approx(0, abs=1e-6)
        assert one["verdict"] in ("same value", "same exact value")
        assert one["difference"] == one["value"] - one["recorded"]
    assert abs(found["largest"]) == max(abs(one["difference"]) for one in found["scores"])
    assert {p.name: p.stat().st_mtime_ns for p in screen_run.glob("*.csv")} == before


def shifted(directory: Path, inchikey: str, value: float, **changes: Any) -> None:
    """Another recorded value, with its checksums as they would be."""
    with Journal.open(directory, readonly=True) as journal:
        (result,) = journal.results_of(inchikey)
    assert result.score is not None
    folder = directory.with_name("other")
    with Journal.open(directory) as journal:
        settings, environment = journal.settings(), journal.environment()
    with Journal.create(folder, kind="screen", settings=settings, environment=environment) as new:
        versions = {**result.score.provenance.versions, "pyscf": "0.1"}
        made = replace(result.score.provenance, versions=versions)
        made = replace(made, settings={**made.settings, **changes.pop("settings", {})})
        score = replace(result.score, value=value, provenance=made, **changes)
        assert decode(encode(score)) == score
        new.record(replace(result, outcome=score))


def test_a_difference_beyond_the_tolerance_is_stated_with_exit_code_1(
    screen_run: Path, tmp_path: Path, molq_command: Callable[..., Any]
) -> None:
    shutil.copytree(screen_run, tmp_path / "run")
    with Journal.open(tmp_path / "run", readonly=True) as journal:
        result = next(r for r in journal.iterate_results() if r.score)
    assert result.score is not None
    shifted(tmp_path / "run", result.candidate.inchikey, result.score.value + 0.5)
    call = molq_command("reproduce", tmp_path / "other")
    assert call.code == 1
    assert "largest difference 5.0e-01 eV" in call.out
    assert "other versions here: pyscf 0.1 -> " in call.out
    found = molq.Run.open(tmp_path / "other").reproduce(1, tolerance=0.6)
    assert found.holds
    assert found.largest is not None
    assert found.largest.difference == pytest.approx(-0.5, abs=1e-6)


def comes_out_as(score: Score, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second calculation gives this, without being made."""

    def reproduce(journal: Journal, results: Sequence[Result], **_: Any) -> Iterator[Reproduced]:
        for result in results:
            assert result.score is not None
            yield Reproduced(result, result.score, score, 0.0)

    monkeypatch.setattr("molq.reproducing.reproduce", reproduce)


@pytest.mark.parametrize(
    ("shift_mha", "deviation_mha", "settings", "verdict"),
    [
        (0.06, 0.08, {}, "same exact value"),
        (0.06, 0.2, {}, "differs"),  # the record was not within the target
        (0.06, 0.08, {"solver": "casci"}, "differs"),  # which has no target
        (0.06, 0.08, {"ansatz": "uccsd"}, "differs"),
        (0.0, 0.0, {}, "same value"),
    ],
)
def test_a_grown_state_is_held_to_its_target(
    screen_run: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    shift_mha: float,
    deviation_mha: float,
    settings: dict[str, Any],
    verdict: str,
) -> None:
    shutil.copytree(screen_run, tmp_path / "run")
    with Journal.open(tmp_path / "run", readonly=True) as journal:
        result = next(r for r in journal.iterate_results() if r.score)
    assert result.score is not None
    comes_out_as(result.score, monkeypatch)
    shifted(
        tmp_path / "run",
        result.candidate.inchikey,
        result.score.value + shift_mha * HARTREE_EV / 1000,
        casci_deviation_mha=deviation_mha,
        settings=settings,
    )
    found = molq.Run.open(tmp_path / "other").reproduce(1)
    assert [score.verdict for score in found.scores] == [verdict]
    assert found.holds == (verdict != "differs")
    lines = " ".join(found.conclusion())
    assert ("exact diagonalisation agrees" in lines) == (verdict == "same exact value")


def test_other_exact_values_do_not_hold(
    screen_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(screen_run, tmp_path / "run")
    with Journal.open(tmp_path / "run", readonly=True) as journal:
        result = next(r for r in journal.iterate_results() if r.score)
    score = result.score
    assert score is not None
    assert score.casci_value is not None
    comes_out_as(score, monkeypatch)
    changed = {"value": score.value + 0.0015, "casci_value": score.casci_value + 0.0015}
    shifted(tmp_path / "run", result.candidate.inchikey, **changed)
    found = molq.Run.open(tmp_path / "other").reproduce(1)
    assert not found.holds
    assert found.largest_exact is not None
    assert found.largest_exact.exact_difference == pytest.approx(-0.0015, abs=1e-6)


def test_a_sample_is_drawn_by_its_seed(screen_run: Path) -> None:
    with Journal.open(screen_run, readonly=True) as journal:
        drawn = [
            [r.candidate.inchikey for r in draw(journal, ["warhead-ea"], 2, seed=seed)]
            for seed in (0, 0, 1, 2, 3)
        ]
        assert drawn[0] == drawn[1]
        assert len({tuple(keys) for keys in drawn}) > 1
        assert len(draw(journal, ["warhead-ea"], 99, seed=0)) == 4
        assert all(r.score is not None for r in draw(journal, ["warhead-ea"], 99, seed=0))
        assert draw(journal, ["nonesuch"], 5, seed=0) == []


def test_a_run_without_scores_has_nothing_to_reproduce(
    screen_run: Path, tmp_path: Path, molq_command: Callable[..., Any]
) -> None:
    shutil.copytree(screen_run, tmp_path / "run")
    with sqlite3.connect(tmp_path / "run" / FILE) as db:
        db.execute("DELETE FROM addresses")
        db.execute("DELETE FROM results")
    db.close()
    call = molq_command("reproduce", tmp_path / "run")
    assert call.code == 1
    assert "no score to compute again" in call.out


@pytest.mark.parametrize(("sample", "tolerance"), [(0, 1e-3), (1, -1.0), (1, math.nan)])
def test_numbers_that_make_no_sense_are_refused(
    screen_run: Path, sample: int, tolerance: float
) -> None:
    with pytest.raises(CallError, match="give a sample of 1 at least"):
        molq.Run.open(screen_run).reproduce(sample, tolerance=tolerance)


def test_versions_are_compared_with_those_installed() -> None:
    from importlib.metadata import version

    stated = {"numpy": version("numpy"), "pyscf": "0", "no-such-package": "1"}
    assert other_versions(stated) == [
        f"pyscf 0 -> {version('pyscf')}",
        "no-such-package 1 -> not installed",
    ]
