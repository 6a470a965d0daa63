"""What a lead rests on, as the command line, the API and the report tell it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import molq
from molq import depiction, explanations, reading
from molq.cli import leads
from molq.leadtable import LeadTable
from molq.report import decisions, explaining
from screening.explanation import Attribution, Explanation, Forecast, Part
from screening.store.records import RoundRecord

ANILIDE = "C=CC(=O)Nc1ccccc1"


@pytest.fixture(scope="module")
def table(campaign_run: Any) -> LeadTable:
    return molq.Run.open(campaign_run.directory).leads()


@pytest.fixture(scope="module")
def first(campaign_run: Any) -> Explanation:
    return molq.Run.open(campaign_run.directory).explain(1).explanation


# drawings


def _discs(drawing: str | None) -> list[tuple[int, ...]]:
    """Red, green and blue of every atom's disc."""
    found = re.findall(r"<ellipse[^>]*fill:#(\w{6})", drawing or "")
    return [tuple(bytes.fromhex(colour)) for colour in found]


def test_what_raises_is_orange_and_what_lowers_is_blue() -> None:
    shares = np.zeros(11)
    shares[3], shares[7] = 0.2, -0.2
    orange, blue = _discs(depiction.shares_svg(ANILIDE, shares, full=0.2))
    assert orange == pytest.approx((230, 159, 0), abs=1)
    assert blue == pytest.approx((0, 114, 178), abs=1)
    ramp = depiction.scale_colours()
    assert (ramp[0], ramp[4], ramp[-1]) == ("#0072b2", "#ffffff", "#e69f00")


def test_small_shares_stay_white_and_none_is_beyond_full() -> None:
    assert _discs(depiction.shares_svg(ANILIDE, np.full(11, 0.01), full=1.0)) == []
    beyond = np.zeros(11)
    beyond[3] = 5.0
    full = depiction.shares_svg(ANILIDE, beyond, full=5.0)
    assert len(_discs(full)) == 1
    assert depiction.shares_svg(ANILIDE, beyond, full=1.0) == full


def test_a_drawing_of_shares_holds_no_address_and_no_script() -> None:
    drawing = depiction.shares_svg(ANILIDE, np.linspace(-1, 1, 11).tolist(), full=1.0)
    assert drawing is not None
    assert not re.search(r"http|script|xlink|<\?xml", drawing)
    assert depiction.shares_svg("<script>", [], full=1.0) is None
    with pytest.raises(ValueError, match="2 shares of 1 atoms"):
        depiction.shares_svg("C", [0.1, 0.2], full=1.0)


# words


def test_the_terms_that_are_shown_sum_to_the_prediction(first: Explanation) -> None:
    (forecast,) = first.forecasts
    lines = explanations.terms(forecast)
    assert sum(line.share for line in lines) == pytest.approx(
        forecast.attribution.prediction, abs=1e-6
    )
    assert lines[0].kind == "baseline"
    assert {line.kind for line in lines} == {"baseline", "atoms", "whole"}


def test_small_properties_are_summed_up_and_large_ones_named() -> None:
    whole = (
        Part("logP", 0.5),
        Part("rings", -0.2),
        Part("TPSA", 0.01),
        Part("hue", 0.004),
        Part("S", 0.0),
    )
    forecast = Forecast(
        "redox", "V", 1.4, Attribution("CO", "aumann-shapley", 1.504, 1.0, np.array([0.1, 0.09]),
        whole), 0.2, 1.0, 9, (),
    )  # fmt: skip
    names = [(line.name, pytest.approx(line.share)) for line in explanations.terms(forecast)]
    assert names == [
        ("baseline", 1.0), ("CO", 0.19), ("logP", 0.5), ("rings", -0.2),
        ("2 smaller terms", 0.014),
    ]  # fmt: skip


def test_the_text_says_why_and_how_sure(first: Explanation) -> None:
    text = explanations.LeadExplanation(first).to_text()
    assert first.selection is not None
    assert f"chosen in round {first.selection.round}" in text
    assert first.selection.reason in text
    assert "held back most by" in text
    assert re.search(r"from the 3 other scores -\d\.\d+ ± \d\.\d+ eV \(95 %: ", text)
    assert text.count("similarity ") == 3
    total, prediction = re.findall(r"sum +(-\d+\.\d+)  \(prediction (-\d+\.\d+)\)", text)[0]
    assert total == prediction


def test_a_notebook_gets_the_drawing_and_no_markup_from_names(first: Explanation) -> None:
    named = replace(first.lead, candidate=replace(first.lead.candidate, name="<b>x</b>"))
    page = explanations.LeadExplanation(replace(first, lead=named))._repr_html_()
    assert page.startswith("<svg ")
    assert "<b>" not in page
    assert explanations.LeadExplanation(first).drawing("redox") is None


def test_a_lead_is_found_by_rank_and_by_key(table: LeadTable) -> None:
    lead = table[1]
    key = lead.candidate.inchikey
    assert explanations.found(table, 2) is lead
    assert explanations.found(table, "2") is lead
    assert explanations.found(table, key) is lead
    assert explanations.found(table, key.split("-")[0]) is lead
    for wrong in ("99", 0, "ABC"):
        with pytest.raises(molq.CallError, match="ranks go from 1 to 4"):
            explanations.found(table, wrong)
    twice = LeadTable((lead, replace(lead, rank=5)), table.objectives)
    with pytest.raises(molq.CallError, match="several leads"):
        explanations.found(twice, key)
    with pytest.raises(molq.CallError, match="no leads yet"):
        explanations.found(LeadTable((), ()), 1)


# the command line


def test_the_command_explains_one_lead(
    campaign_run: Any, molq_command: Callable[..., Any], first: Explanation
) -> None:
    call = molq_command("leads", campaign_run.directory, "--explain", "1", "--json")
    assert call.code == 0, call.err
    assert json.loads(call.out) == json.loads(json.dumps(first.to_json()))


def test_the_command_explains_every_lead(
    campaign_run: Any, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    leads.command(campaign_run.directory, explain="all", top=2)
    text = capfdbinary.readouterr().out.decode()
    assert re.findall(r"^#(\d)", text, re.MULTILINE) == ["1", "2"]


def test_wrong_calls_are_refused(campaign_run: Any) -> None:
    with pytest.raises(molq.CallError, match="no lead '9': ranks go from 1 to 4"):
        leads.command(campaign_run.directory, explain="9")
    with pytest.raises(molq.CallError, match="no lead '\N{SUPERSCRIPT TWO}'"):
        leads.command(campaign_run.directory, explain="\N{SUPERSCRIPT TWO}")
    with pytest.raises(molq.CallError, match="text or JSON, not sdf"):
        leads.command(campaign_run.directory, explain="1", form=leads.LeadFormat.SDF)
    with pytest.raises(molq.CallError, match="--top is for --explain all"):
        leads.command(campaign_run.directory, explain="1", top=2)


def test_a_screens_leads_are_explained_by_their_value(screen_run: Path) -> None:
    one = molq.Run.open(screen_run).explain(1).explanation
    assert one.selection is None
    assert [forecast.recipe for forecast in one.forecasts] == ["warhead-ea"]


# the report


def test_the_report_draws_every_lead_on_one_scale(campaign_run: Any) -> None:
    with reading.journal_of(campaign_run.directory) as journal:
        file = reading.settings_of(journal)
        table = reading.leads_of(journal, file)
        found = explanations.of_leads(journal, file, table, table.leads)
    shown = explaining.cards(found)
    assert shown is not None
    assert len(shown.cards) == 4
    scales = {forecast.full for card in shown.cards for forecast in card.forecasts}
    assert scales == {
        max(np.abs(f.attribution.atoms).max() for one in found for f in one.forecasts)
    }
    for card in shown.cards:
        (forecast,) = card.forecasts
        total = forecast.baseline + sum(share.share for share in forecast.shares)
        assert total == pytest.approx(forecast.prediction, abs=1e-6)
        ends = [share.start + share.width for share in forecast.shares]
        assert max(ends) == pytest.approx(100, abs=0.1)
    page = (campaign_run.directory / "report.html").read_text(encoding="utf-8")
    assert page.count('<article class="why"') == 4
    assert "Why these leads" in page
    assert explaining.cards([]) is None


def _record(round: int, **summary: Any) -> RoundRecord:
    return RoundRecord(round, 1, 100, "", "", "", "", {"evaluated": 10, **summary})


def test_what_rounds_decided_is_read_from_their_figures() -> None:
    stopping = {
        "gain": 0.01, "per_core_hour": 0.002, "threshold": 0.005, "stop": True,
        "reason": "too little for its price",
    }  # fmt: skip
    records = [
        _record(1, hypervolume=0.25, outcomes={"failed": 2, "expected_success": None}),
        _record(
            2, hypervolume=0.5, outcomes={"failed": 1, "expected_success": 0.8},
            batches=[{"solver": "greedy", "value": 1.25}, {"solver": "exact", "value": 1.5}],
            stopping=stopping, calibration={"redox": {"conformal_factor": 1.4}},
        ),
    ]  # fmt: skip
    early, late = decisions.rows(records, ruled=False)
    going = _record(3, stopping={**stopping, "stop": False, "gain": 0.0, "per_core_hour": None})
    assert [row.stopping for row in decisions.rows([going], ruled=False)] == []
    (row,) = decisions.rows([going], ruled=True)
    assert (row.stopping, row.gain) == ("too little for its price", None)
    assert (early.gain, early.failed, early.expected_failures, early.solvers) == (None, 2, None, "")
    assert late.expected_failures == pytest.approx(2.0)
    assert late.solvers == "greedy 1.2500, exact 1.5000"
    assert (late.gain, late.per_core_hour, late.stopping) == (
        0.01, 0.002, "too little for its price",
    )  # fmt: skip
    assert decisions.stopped(records) == (
        "The run stopped after round 2: too little for its price.",
    )
    assert decisions.factor(records[1], "redox") == 1.4
    assert decisions.factor(records[0], "redox") is None


def test_rounds_of_earlier_versions_decide_nothing_that_is_shown() -> None:
    records = [_record(1), replace(_record(2), summary={})]
    assert decisions.rows(records, ruled=False) == ()
    assert decisions.stopped(records) == ()
