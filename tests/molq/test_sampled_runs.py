"""Runs on a noisy backend, by an executor that makes up the noise, told as what they are."""

from __future__ import annotations

import base64
import gzip
import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from faultyrecipe import number_score

import molq
from molq import execution
from molq.cli import watching
from molq.cli.entry import run_arguments
from molq.libraryscreen import screen_file
from screening.compute.evaluation import Evaluated, Job, Usage
from screening.compute.executor import Completed, Limits
from screening.failure import Failure
from simulation.score import Contribution, Score

Outcome = Callable[[Job, str], Score | Failure]


class Made:
    """Answers every job at once with what a function makes up."""

    capacity = 4
    limits = Limits(10.0, 500, 500)

    def __init__(self, outcome: Outcome) -> None:
        self._outcome = outcome
        self._jobs: list[Job] = []

    def submit(self, job: Job) -> None:
        self._jobs.append(job)

    def wait(self, timeout_s: float) -> list[Completed]:
        jobs, self._jobs = self._jobs, []
        return [
            Completed(
                job, tuple(Evaluated(r, self._outcome(job, r), Usage(1, 1, 1)) for r in job.recipes)
            )
            for job in jobs
        ]

    def cancel(self) -> None:
        self._jobs.clear()


def sampled(job: Job, recipe: str) -> Score:
    return replace(
        number_score(job.smiles),
        recipe=recipe,
        solver="vqe-circuit",
        backend="aer",
        standard_error=0.031,
    )


def made(folder: Path, outcome: Outcome, recipe: Any = "warhead-ea", **changes: Any) -> molq.Run:
    settings = {"simulation.backend": "aer", **changes}
    library = folder / "library.smi"
    library.write_text("C=CC(N)=O one\nC=CC(=O)NC two\nC=CC(=O)NCC three\n")
    file = screen_file(library, recipe, workers=None, seed=0, changes=settings)
    execution.check(file)
    execution.begin(file, folder / "run", executor=Made(outcome))
    return molq.Run.open(folder / "run")


def test_a_noisy_screen_is_listed_and_not_ranked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = made(tmp_path, sampled)
    leads = run.leads()
    assert len(leads) == 0
    assert leads.notice == (
        "3 molecules with sampled scores are not ranked; ranking.sampled = true ranks them"
    )
    assert leads.notice in dict(run.status().lines())["not ranked"]
    results = molq.ScreenResult(run.directory).to_frame()
    assert list(results["warhead-ea standard error [eV]"]) == [0.031] * 3
    page = (run.directory / "report.html").read_text(encoding="utf-8")
    assert leads.notice in page
    assert "3 scores were sampled on aer with a standard error of 0.03 eV" in page
    assert run_arguments(["leads", str(run.directory)]) == 0
    assert leads.notice in capsys.readouterr().err


def test_a_noisy_screen_is_ranked_with_its_errors_where_that_is_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = made(tmp_path, sampled, **{"ranking.sampled": True})
    leads = run.leads()
    assert len(leads) == 3
    assert leads.notice == ""
    best = leads[0].scores["warhead-ea"].value
    assert run_arguments(["leads", str(run.directory)]) == 0
    told = capsys.readouterr()
    assert f"{best:.2f} ± 0.03" in told.out
    assert "not ranked" not in told.err
    header = (run.directory / "leads.csv").read_text().splitlines()[0]
    assert "warhead-ea standard error [eV]" in header


def test_the_first_recipe_of_a_screen_ranks_and_the_others_stand_beside(tmp_path: Path) -> None:
    def outcome(job: Job, recipe: str) -> Score | Failure:
        if recipe == "warhead-ea":
            return sampled(job, recipe)
        if job.smiles == "C=CC(N)=O":
            return Failure("input", "recipe", "not for primary amides")
        score = number_score(job.smiles)
        return replace(
            score, recipe=recipe, value=-score.value, solver="none", active_space=None,
            casci_value=None, casci_deviation_mha=None, sites=(),
        )  # fmt: skip

    run = made(tmp_path, outcome, ["thiol-adduct", "warhead-ea"])
    leads = run.leads()
    assert len(leads) == 2
    values = [lead.scores["thiol-adduct"].value for lead in leads]
    assert values == sorted(values)  # of an addition energy the lowest is the best
    assert leads.notice == ""  # what ranks is exact
    headers = [column.header for column in leads.number_columns]
    assert headers[1:3] == ["thiol-adduct", "warhead-ea"]
    assert "thiol-adduct CASCI deviation" not in headers
    page = (run.directory / "report.html").read_text(encoding="utf-8")
    assert "thiol-adduct: No active space is solved" in page
    assert "thiol-adduct: not for primary amides" in page
    status = run.status()
    assert (status.scored, status.failed, status.waiting) == (5, 1, 0)
    assert status.state == "finished"


@pytest.mark.parametrize(
    ("recipe", "order", "end"),
    [("warhead-ea", "falling", "highest"), ("ch-bde", "rising", "lowest")],
)
def test_a_screen_puts_the_better_end_of_its_recipe_first(
    tmp_path: Path, recipe: str, order: str, end: str
) -> None:
    def outcome(job: Job, recipe: str) -> Score:
        return replace(number_score(job.smiles), recipe=recipe)

    run = made(tmp_path, outcome, recipe, **{"simulation.backend": "exact"})
    values = [lead.scores[recipe].value for lead in run.leads()]
    assert len(set(values)) == 3
    assert values == sorted(values, reverse=end == "highest")
    page = (run.directory / "report.html").read_text(encoding="utf-8")
    assert f"by {order} value; no objective was given" in page
    assert f"has the {end} value" in page


def test_a_recipe_of_another_package_need_not_say_which_end_is_better(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from simulation.recipes import recipe

    assert recipe.better_end("michael-reactivity") == "lower"
    assert recipe.better_end("uninstalled") == "higher"
    monkeypatch.setattr(recipe, "find", lambda name: object())
    assert recipe.better_end("michael-reactivity") == "higher"


def test_a_sum_is_shown_as_its_terms(tmp_path: Path) -> None:
    def outcome(job: Job, recipe: str) -> Score:
        terms = (
            Contribution("intercept", 1.0, "", 1.5, "classical"),
            Contribution("electron affinity", -4.8, "eV", len(job.smiles) / 10, "quantum"),
            Contribution("sterics", 2.0, "", -0.25, "classical"),
        )
        total = sum(term.contribution for term in terms)
        return replace(
            number_score(job.smiles), recipe=recipe, value=total, unit="log10 min",
            contributions=terms, interval=(total - 0.5, total + 0.5),
        )  # fmt: skip

    run = made(tmp_path, outcome, **{"simulation.backend": "exact"})
    page = (run.directory / "report.html").read_text(encoding="utf-8")
    assert "a lead's page lists its terms" in page
    packed = re.search(r'id="payload">([^<]+)<', page)
    assert packed is not None
    leads = json.loads(gzip.decompress(base64.b64decode(packed[1])))["leads"]
    terms = leads[0]["detail"]["scores"][0]["terms"]
    assert "electron affinity" in json.dumps(terms)
    assert "1.5" in json.dumps(terms)
    assert "-0.25" in json.dumps(terms)
    assert "its quantum terms (electron affinity) differ by" in page
    best = run.leads()[0].scores["warhead-ea"]
    assert f"95 %: {best.interval[0]:.2f} to {best.interval[1]:.2f}" in page  # type: ignore[index]


def test_a_run_that_waits_for_its_device_says_how_to_go_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def outcome(job: Job, recipe: str) -> Score | Failure:
        if job.smiles == "C=CC(N)=O":
            return Failure("resource", "backend", "job d0e9 on ibm:fez has not run yet")
        return replace(sampled(job, recipe), backend="ibm:fez")

    run = made(tmp_path, outcome)
    assert run.status().state == "interrupted"
    assert watching.conclude(run) == 1
    last = capsys.readouterr().err.splitlines()[-1]
    assert "1 calculation waits for a remote device" in last
    assert last.endswith(f"resume {run.directory}")
    execution.go_on(run.directory, executor=Made(sampled))
    assert run.status().state == "finished"
    assert watching.conclude(run) == 0


def test_a_screen_on_a_noisy_backend_warns_before_it_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def begin(file: Any, directory: Path, **_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(execution, "begin", begin)
    library = tmp_path / "library.smi"
    library.write_text("C=CC(N)=O one\n")
    call = ["screen", str(library), "--out", str(tmp_path / "run"), "--backend", "aer"]
    assert run_arguments(call) == 130
    said = capsys.readouterr().err
    assert "the backend 'aer' samples its energies; they are listed, not ranked" in said
    assert run_arguments([*call, "--set", "ranking.sampled=true"]) == 130
    assert "not ranked" not in capsys.readouterr().err
