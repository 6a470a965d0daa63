"""The page: everything escaped, nothing fetched, tables a screen reader can read."""

from __future__ import annotations

import dataclasses
import re
from html.parser import HTMLParser

from molq.depiction import scale_colours, shares_svg, svg
from molq.report import chart
from molq.report.contents import (
    AgreementRow,
    Basis,
    CalibrationRow,
    Cell,
    Column,
    Contents,
    DecisionRow,
    DroppedRow,
    ExplanationCard,
    Explanations,
    Fact,
    FailureGroup,
    FailureRow,
    ForecastCard,
    LeadRow,
    NeighbourRow,
    ObjectiveRow,
    Provenance,
    Share,
    Term,
)
from molq.report.page import breakable, html, number

HOSTILE = "<img src=x onerror=alert(1)>\"'&=cmd|' /C calc'!A0"


def contents(text: str = HOSTILE) -> Contents:
    """A report with the same text wherever a text may come from outside."""
    return Contents(
        title=text, kind="Campaign", state="finished", state_note=text, written="2026-01-01",
        facts=(Fact(text, text, text),), summary=(text,),
        notice=text, terms=True,
        objectives=(ObjectiveRow(text, text, text, text, text),), has_objectives=True,
        columns=(
            Column("utility", "", 3, text, "utility"), Column(text, "eV", 2, text, "objective"),
        ),
        leads=(
            LeadRow(
                1, text, True, text, text, svg("C=CC(N)=O"), text,
                (Cell(0.5), Cell(-4.8, 2, 0.03, (-5.0, -4.6), 0.9)),
                "library", text, (text,), (text,),
                (
                    Basis(
                        text, text, ((text, text),),
                        (
                            Term(text, text, 0.5, "quantum", 0, 80),
                            Term("b", "", -0.1, "classical", 60, 20),
                        ),
                        0.4,
                    ),
                ),
            ),
            LeadRow(
                2, "b", False, "CC", "k", None, "", (Cell(0.4), Cell(None)),
                "generator", "", (), (), (),
            ),
        ),
        leads_total=3,
        explanations=Explanations(
            (
                ExplanationCard(
                    1, text, True, text, text, ((text, text),),
                    (
                        ForecastCard(
                            text, "eV", text, text,
                            shares_svg("C=CC(N)=O", [0.1, -0.1, 0.0, 0.0, 0.02], full=0.1), text,
                            0.1, 3, -4.9, (Share(text, "atoms", 0.1, 0, 80, True),), -4.8,
                            (NeighbourRow(text, text, 0.5, -4.7),),
                        ),
                    ),
                    (text,),
                ),
                ExplanationCard(2, "b", False, "", "", (), (), ()),
            ),
            scale_colours(), text,
        ),
        decisions=(DecisionRow(1, 4, 0.1, 0.02, 0.3, 1, 0.5, text, text),),
        agreement=(AgreementRow(text, text, -0.9, 5), AgreementRow("flat", "eV", None, 2)),
        charts=(chart.utility_by_round([(1, 0.5)], [(1, 0.5, text, "library")]),),
        calibration=(CalibrationRow(2, text, text, 4, 0.1, 0.7, 0.95, -0.3, 0.2, 1.1),),
        calibration_chart=chart.calibration([(-4.0, 0.1, -4.1, text)], text, text),
        failures=(FailureGroup("input", text, (FailureRow(text, text, text, text, text),), 2),),
        dropped=(DroppedRow(1, text, text, text),), dropped_total=2,
        provenance=Provenance(text, ((text, text),), ((text, text),), ((text, text),)),
    )  # fmt: skip


class _Reader(HTMLParser):
    """Collects tags with their attributes, and checks that they nest."""

    VOID = frozenset({"meta", "link", "img", "br", "hr", "input", "wbr"})

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.stack: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.stack.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.stack
        assert self.stack.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def _read(page: str) -> _Reader:
    reader = _Reader()
    reader.feed(page)
    reader.close()
    assert reader.stack == []
    return reader


def test_no_text_from_outside_becomes_markup() -> None:
    reader = _read(html(contents()))
    assert not [tag for tag, _ in reader.tags if tag == "img"]
    assert not [a for _, attrs in reader.tags for a in attrs if a.startswith("on")]
    assert "".join(reader.text).count(HOSTILE) > 15


def test_nothing_is_fetched_from_anywhere() -> None:
    page = html(contents("plain"))
    assert not re.search(r"https?://", page)
    assert not re.search(r"@import|url\(", page)
    references = [
        value
        for _, attrs in _read(page).tags
        for name, value in attrs.items()
        if name in {"src", "href", "xlink:href", "action", "data"}
    ]
    assert references
    assert all(value is not None and value.startswith("#") for value in references)


def test_every_link_inside_the_page_has_its_target() -> None:
    reader = _read(html(contents("plain")))
    ids = {attrs["id"] for _, attrs in reader.tags if "id" in attrs}
    links = {attrs["href"] for tag, attrs in reader.tags if tag == "a"}
    assert {str(link).removeprefix("#") for link in links} <= ids


def test_drawings_and_charts_say_what_they_show() -> None:
    reader = _read(html(contents("plain")))
    images = [attrs for _, attrs in reader.tags if attrs.get("role") == "img"]
    assert len(images) == 4
    assert all(a.get("aria-label") or a.get("aria-labelledby") for a in images)
    headers = [attrs for tag, attrs in reader.tags if tag == "th"]
    assert headers
    assert all(attrs.get("scope") in {"col", "row"} for attrs in headers)


def test_a_run_without_a_score_still_has_a_report() -> None:
    empty = dataclasses.replace(
        contents("plain"), notice="", leads=(), leads_total=0, agreement=(), charts=(),
        calibration=(), explanations=None, decisions=(),
        calibration_chart=None, failures=(), dropped=(), dropped_total=0,
    )  # fmt: skip
    text = "".join(_read(html(empty)).text)
    assert "No molecule has a score yet." in text
    told = html(dataclasses.replace(empty, notice="2 molecules are not ranked"))
    assert "2 molecules are not ranked." in "".join(_read(told).text)
    assert "Every molecule that was tried has a score." in text


def test_numbers_are_written_for_people() -> None:
    assert number(-4.8512, 3) == "\N{MINUS SIGN}4.851"
    assert number(None, 2) == number(float("nan"), 2) == "\N{EN DASH}"
    assert number(-0.0001, 2) == "0.00"
    assert number(12345.6, 0) == "12\N{THIN SPACE}346"


def test_long_names_may_break_and_stay_escaped() -> None:
    assert breakable("N-(4-fluorophenyl)acrylamide") == ("N-(4-<wbr>fluorophenyl)<wbr>acrylamide")
    assert breakable("<i>-x</i>") == "&lt;i&gt;-<wbr>x&lt;/<wbr>i&gt;"
