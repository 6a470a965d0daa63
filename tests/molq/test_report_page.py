"""The page: everything escaped, nothing fetched, tables a screen reader can read."""

from __future__ import annotations

import base64
import dataclasses
import gzip
import hashlib
import json
import re
import tomllib
from html.parser import HTMLParser
from importlib.resources import files

import jinja2

from molq.depiction import scale_colours, shares_svg, svg
from molq.report.campaigncharts import RunCharts
from molq.report.charts.embedding import embedded
from molq.report.charts.figure import Drawn, Figure, Table
from molq.report.contents import (
    AgreementRow,
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
    ScaffoldRow,
    Share,
    ShareScale,
)
from molq.report.page import LIBRARIES, SCRIPTS, breakable, html, number
from molq.report.scaffoldtree import Member, scaffold_tree
from molq.report.spending import RunSpending
from molq.report.technical import TechnicalSummary
from molq.report.vendored import CATALOGUE, FOLDER, libraries, packed

HOSTILE = "<img src=x onerror=alert(1)>\"'&=cmd|' /C calc'!A0"


def figure(section: str, text: str) -> Figure:
    """A chart with the same text wherever a text may come from outside."""
    return Figure(
        f"a-{section}", section, text, text, text, ({"x": [1], "y": [2], "name": text},),
        {"xaxis": {"title": {"text": text}}}, Table.of((text,), [(text,)]),
        molecules={"k": Drawn(text, text)},
    )  # fmt: skip


def charts(text: str) -> RunCharts:
    """A chart in every section that has some."""
    sections = ("progress", "pareto", "space", "surrogate", "failures", "quantum")
    return RunCharts(
        tuple(figure(section, text) for section in sections),
        scaffold_tree([Member("k", text, "c1ccccc1C=C", 0.5)], worth=text),
        RunSpending(((text, text),), (), "USD", (text,), (text,), (figure("cost", text),)),
        TechnicalSummary((), (), (), (), (text,), ()),
    )


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
                text, 0, (text, 1.5, None), {"verdict": text, "rating": 4.5, "words": text},
                {"given": text, "x": float("nan")},
            ),
            LeadRow(
                2, "b", False, "CC", "k", None, "", (Cell(0.4), Cell(None)),
                "generator", "", (), (),
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
        charts=charts(text),
        calibration=(CalibrationRow(2, text, text, 4, 0.1, 0.7, 0.95, -0.3, 0.2, 1.1),),
        failures=(FailureGroup("input", text, (FailureRow(text, text, text, text, text),), 2),),
        dropped=(DroppedRow(1, text, text, text),), dropped_total=2,
        provenance=Provenance(text, ((text, text),), ((text, text),), ((text, text),)),
        scaffolds=(ScaffoldRow(text, "<svg></svg>", 1),),
        scale=ShareScale(text, "eV", 0.1, ("#000000",)), exported=(text, "value (eV)", "alerts"),
    )  # fmt: skip


class _Scripts(HTMLParser):
    """Collects what stands packed in a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, str] = {}
        self.licences: dict[str, str] = {}
        self.key: str | None = None
        self.licence: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = dict(attrs)
        if tag == "script" and known.get("type") == "application/octet-stream":
            self.key = known.get("id") or known.get("data-library")
            self.licence = known.get("data-licence")

    def handle_data(self, data: str) -> None:
        if self.key is not None:
            self.found[self.key] = data
        if self.licence is not None:
            self.licences[self.licence] = gzip.decompress(base64.b64decode(data)).decode()
        self.key = self.licence = None


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


def test_the_packed_leads_say_what_was_gathered() -> None:
    reader = _Scripts()
    reader.feed(html(contents()))
    data = json.loads(gzip.decompress(base64.b64decode(reader.found["payload"])))
    first, second = data["leads"]
    assert first["label"] == first["review"]["words"] == HOSTILE
    assert first["exported"] == [HOSTILE, 1.5, None]
    assert first["detail"] == {"given": HOSTILE, "x": None}  # JSON knows no NaN
    assert first["cells"][1] == [-4.8, 2, 0.03, [-5.0, -4.6], 0.9]
    assert second["scaffold"] is second["svg"] is None
    assert [column["key"] for column in data["columns"]] == ["c0", "c1"]
    assert {one["section"] for one in data["charts"]} >= {"progress", "space"}
    for library in libraries(LIBRARIES):
        text = gzip.decompress(base64.b64decode(reader.found[library.key]))
        assert text.decode() == library.text()


def test_the_licences_of_all_libraries_are_carried_whole() -> None:
    folder = files("molq.report").joinpath(FOLDER)
    templates = jinja2.Environment(loader=jinja2.PackageLoader("molq", "."), autoescape=True)
    charted = templates.from_string(
        '{% extends "report/document.html" %}'
        '{% from "report/charts/embedding.html" import embedding %}'
        "{% block script %}{{ embedding(embedded) }}{% endblock %}"
    ).render(embedded=embedded([figure("progress", "plain")]), charts=True)
    for page, keys in (
        (html(contents()), {"plotly", "3dmol", "ag-grid", "fflate"}),
        (charted, {"plotly", "fflate"}),
    ):
        reader = _Scripts()
        reader.feed(page)
        assert set(reader.licences) == keys
        assert page.count("<footer") == 1
        for library in libraries([*keys]):
            assert library.told in page
            written = folder.joinpath(library.licence_file).read_text("utf-8")
            assert reader.licences[library.key] == written


def test_vendored_files_are_what_the_catalogue_says() -> None:
    folder = files("molq.report").joinpath(FOLDER)
    named = {CATALOGUE}
    for library in libraries():
        data = folder.joinpath(library.file).read_bytes()
        assert hashlib.sha256(data).hexdigest() == library.sha256
        assert b"</script" not in data.lower()
        assert folder.joinpath(library.licence_file).read_text("utf-8").strip()
        assert library.version in library.source
        named |= {library.file, library.licence_file}
    assert {entry.name for entry in folder.iterdir() if entry.is_file()} == named


def test_the_licences_of_compiled_parts_are_there() -> None:
    folder = files("molq.report").joinpath(FOLDER)
    tables = tomllib.loads(folder.joinpath(CATALOGUE).read_text("utf-8"))
    assert {key for key, table in tables.items() if "parts" in table} == {"3dmol", "plotly"}
    for table in tables.values():
        text = folder.joinpath(table["licence_file"]).read_text("utf-8")
        assert [part for part in table.get("parts", ()) if part not in text] == []
        assert text.count("opyright") > len(table.get("parts", ()))


def test_packing_is_the_same_for_the_same_text() -> None:
    assert packed("C=CC(=O)N \N{GREEK SMALL LETTER PI}") == packed(
        "C=CC(=O)N \N{GREEK SMALL LETTER PI}"
    )


def test_the_pages_own_scripts_name_no_address_and_compile_nothing() -> None:
    for name in SCRIPTS:
        script = files("molq.report").joinpath(name).read_text("utf-8")
        assert not re.search(r"https?://(?!www\.w3\.org/)", script), name
        assert not re.search(r"\beval\(|new Function|fetch\(|XMLHttpRequest|importScripts", script)


def test_nothing_is_fetched_from_anywhere() -> None:
    page = html(contents("plain"))
    assert not re.search(r"https?://(?!www\.w3\.org/)", page)
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
    assert len(images) == 1  # of an explanation; the others are drawn by the scripts
    assert all(a.get("aria-label") or a.get("aria-labelledby") for a in images)
    headers = [attrs for tag, attrs in reader.tags if tag == "th"]
    assert headers
    assert all(attrs.get("scope") in {"col", "row"} for attrs in headers)


def test_a_run_without_a_score_still_has_a_report() -> None:
    empty = dataclasses.replace(
        contents("plain"), notice="", leads=(), leads_total=0, agreement=(),
        charts=dataclasses.replace(charts("plain"), figures=(), scaffolds=None),
        calibration=(), explanations=None, decisions=(), failures=(), dropped=(), dropped_total=0,
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
