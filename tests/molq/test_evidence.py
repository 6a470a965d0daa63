"""What a report says about the quantum step and the baselines follows from the numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from molq import reading
from molq.leadtable import LeadTable
from molq.report.evidence import agreement, sentences, spearman
from molq.report.words import baseline_words, small, solver_words
from screening.store.records import Result
from simulation.score import Baseline


@pytest.fixture(scope="module")
def result(screen_run: Path) -> Result:
    """A real result to change numbers of."""
    with reading.journal_of(screen_run) as journal:
        return next(r for r in journal.iterate_results() if r.score is not None)


def _results(
    result: Result,
    values: Sequence[float],
    baseline: Sequence[float],
    *,
    deviation_mha: float = 0.0,
    solver: str = "vqe",
) -> list[Result]:
    score = result.score
    assert score is not None
    return [
        replace(
            result,
            outcome=replace(
                score,
                value=value,
                casci_value=value - deviation_mha * 0.0272114,
                casci_deviation_mha=deviation_mha,
                solver=solver,
                baselines={"gfn2_lumo": Baseline(number, "eV", "GFN2 LUMO")},
            ),
        )
        for value, number in zip(values, baseline, strict=True)
    ]


def _said(results: Sequence[Result]) -> str:
    return " ".join(sentences(results, LeadTable((), ()), agreement(results), by_value=False))


VALUES = tuple(-5.0 + 0.05 * step for step in range(12))


def test_a_faithful_vqe_is_said_to_have_added_nothing(result: Result) -> None:
    said = _said(_results(result, VALUES, VALUES, deviation_mha=0.2))
    assert "within 0.200 mHa" in said
    assert "no score by more than 0.0054 eV" in said
    assert "added nothing to the ranking" in said


def test_an_unfaithful_vqe_is_said_to_be_wrong(result: Result) -> None:
    said = _said(_results(result, VALUES, VALUES, deviation_mha=-3.0))
    assert "within 3.000 mHa" in said
    assert "beyond chemical accuracy" in said


def test_of_molecules_that_a_funnel_left_no_baseline_is_judged(result: Result) -> None:
    results = _results(result, VALUES, VALUES, deviation_mha=0.2)
    table, found = LeadTable((), ()), agreement(results)
    said = " ".join(sentences(results, table, found, by_value=False, cut=7))
    assert "cut 7 others" in said
    assert "nearly the same ones" in _said(results)
    assert "nearly the same ones" not in said


def test_without_a_quantum_step_none_is_claimed(result: Result) -> None:
    said = _said(_results(result, VALUES, VALUES, solver="casci"))
    assert "no quantum step was taken" in said
    assert "VQE" not in said


@pytest.mark.parametrize(
    ("baseline", "verdict"),
    [
        ([-v for v in VALUES], "would have chosen nearly the same"),
        ((1, 2, 12, 3, 4, 5, 6, 11, 7, 8, 9, 10), "related, but not the same choice"),
        ((3, 9, 1, 12, 6, 8, 2, 11, 5, 7, 4, 10), "no baseline could stand in"),
    ],
)
def test_the_verdict_on_a_baseline_follows_its_rank_agreement(
    result: Result, baseline: Sequence[float], verdict: str
) -> None:
    assert verdict in _said(_results(result, VALUES, baseline))


def test_few_molecules_are_not_judged_by(result: Result) -> None:
    assert "too few to judge by" in _said(_results(result, VALUES[:8], VALUES[:8]))


def test_a_rank_correlation_needs_three_different_values() -> None:
    assert spearman([1, 2, 3, 4], [4, 3, 2, 1]) == pytest.approx(-1)
    assert spearman([1, 2], [1, 2]) is None
    assert spearman([1, 1, 1], [1, 2, 3]) is None


def test_a_run_without_scores_claims_nothing() -> None:
    assert _said([]) == ""


def test_words_of_the_page() -> None:
    assert solver_words("vqe") == "VQE"
    assert baseline_words("warhead-ea gfn2_lumo") == "warhead-ea GFN2 LUMO"
    assert baseline_words("gfn2_adduct") == "GFN2 adduct"
    assert baseline_words("hf_pi_star") == "HF \N{GREEK SMALL LETTER PI}*"
    assert baseline_words("some_new_number") == "some new number"
    assert small(0.0004, 3) == "< 0.001"
    assert small(0.0123, 3) == "0.012"
