"""Charts and the scaffold tree in a real browser: drawn, read by keyboard, printed."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from pathlib import Path

import jinja2
import numpy as np
import pytest
from markupsafe import Markup
from playwright.sync_api import Browser, Page, expect

from molq import depiction
from molq.report.charts import added, calibration, rounds
from molq.report.charts.chemicalspace import Spot, chemical_space
from molq.report.charts.embedding import embedded
from molq.report.charts.figure import Figure
from molq.report.chemicalspace import chemical_map
from molq.report.numerals import number
from molq.report.scaffoldtree import Member, scaffold_tree

ACRYLAMIDES = (
    ("WRIYPEUOMDFAHW", "<b>N-phenyl</b>acrylamide & co", "C=CC(=O)Nc1ccccc1"),
    ("HRPVXLWXLXDGHG", "acrylamide", "C=CC(N)=O"),
    ("YPHQUSNPXDGUHL", "N-methylacrylamide", "C=CC(=O)NC"),
    ("DJKKWVGWYCKUFC", "N-(3-biphenylyl)acrylamide", "C=CC(=O)Nc1cccc(-c2ccccc2)c1"),
    ("ZBCATMYQYDCTIZ", "4-acryloylmorpholine", "C=CC(=O)N1CCOCC1"),
)
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>charts</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data: blob:">
<style>{{ style }}</style></head><body>
{% from "report/charts/figure.html" import figures %}{% from "report/charts/embedding.html" import embedding %}
{% from "report/scaffoldtree.html" import tree %}
<main>{{ figures(items) }}<div style="height:4000px"></div>{{ figures(last) }}{{ tree(scaffolds) }}</main>
{{ embedding(embedded) }}
<script>{{ script }}</script>
<script type="application/json" id="tree-data">{{ data }}</script>
<script>
molqScaffolds(document.getElementById("scaffold-tree"), JSON.parse(document.getElementById("tree-data").textContent));
window.opened = [];
document.addEventListener("molq:lead", (event) => opened.push(event.detail.inchikey));
</script></body></html>
"""  # noqa: E501


def _figures() -> tuple[list[Figure], list[Figure]]:
    spots = [
        Spot(key, name, smiles, "library" if n % 2 else "generator", 1 + n % 2, (5 - n) / 5)
        for n, (key, name, smiles) in enumerate(ACRYLAMIDES)
    ]
    grey = Spot("XLYOFNOQVPJJNP", "water", "O", "library", None, None)
    drawings = {spots[0].inchikey: depiction.svg(spots[0].smiles) or ""}
    space = chemical_space(
        [*spots, grey], chemical_map([s.smiles for s in (*spots, grey)]),
        worth="utility", left_out=0, drawings=drawings,
    )  # fmt: skip
    utility = rounds.utility_by_round(
        [(1, 1.0), (2, 1.0)],
        [(s.round or 0, s.worth or 0, s.name, s.origin, s.inchikey) for s in spots],
    )  # fmt: skip
    foreseen = calibration.foreseen(
        {"warhead-ea": [calibration.Foreseen(s.inchikey, s.name, 1, n, 0.5, n + 0.1)
                        for n, s in enumerate(spots)]}, {"warhead-ea": "eV"},
    )  # fmt: skip
    deviations = added.deviations(
        [added.Deviation(s.inchikey, s.name, "warhead-ea", 2, 9 + n) for n, s in enumerate(spots)]
    )  # fmt: skip
    return [utility, space], [foreseen, deviations]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    environment = jinja2.Environment(loader=jinja2.PackageLoader("molq", "."), autoescape=True)
    environment.filters["number"] = number
    first, last = _figures()
    tree = scaffold_tree(
        [
            Member(key, name, smiles, 1 - n / 10)
            for n, (key, name, smiles) in enumerate(ACRYLAMIDES)
        ],
        worth="utility",
    )
    folder = files("molq.report")
    text = environment.from_string(PAGE).render(
        items=first,
        last=last,
        embedded=embedded([*first, *last]),
        scaffolds=tree,
        style=Markup("".join(folder.joinpath(n).read_text() for n in ("page.css", "charts.css"))),
        script=Markup(folder.joinpath("scaffoldtree.js").read_text()),
        data=Markup(json.dumps(tree.to_json()).replace("<", "\\u003c")),
    )
    found = tmp_path_factory.mktemp("charts") / "page.html"
    found.write_text(text, encoding="utf-8")
    return found


@pytest.fixture
def opened(page: Page, path: Path) -> Page:
    page.goto(path.as_uri())
    page.wait_for_selector("html[data-ready=true]")
    page.wait_for_selector("[data-chart=chemical-space] .main-svg")
    return page


def _plot(page: Page, chart: str):  # type: ignore[no-untyped-def]
    return page.locator(f"[data-chart={chart}] .plot")


def test_charts_are_drawn_when_they_come_near(opened: Page) -> None:
    assert _plot(opened, "utility-by-round").locator("path.point").count() == len(ACRYLAMIDES)
    far = _plot(opened, "foreseen-and-computed")
    assert far.locator(".main-svg").count() == 0
    far.scroll_into_view_if_needed()
    expect(far.locator(".main-svg").first).to_be_visible()
    assert opened.locator("a[href*=plotly], .modebar [data-title*=Plotly]").count() == 0


def test_names_are_text_and_never_markup(opened: Page) -> None:
    plot = _plot(opened, "utility-by-round")
    plot.focus()
    opened.keyboard.press("Home")
    said = opened.locator("[data-chart=utility-by-round] [aria-live]")
    texts = []
    for _ in ACRYLAMIDES:
        texts.append(said.inner_text())
        opened.keyboard.press("ArrowRight")
    assert any("<b>N-phenyl</b>acrylamide & co, round 1" in text for text in texts)
    assert opened.locator("figure b").count() == 0


def test_the_keyboard_goes_from_point_to_point_and_opens_a_molecule(opened: Page) -> None:
    figure = opened.locator("[data-chart=chemical-space]")
    expect(figure.locator(".plot")).to_have_attribute("role", "group")
    assert "5 molecules were computed" in (
        figure.locator(".plot").get_attribute("aria-label") or ""
    )
    figure.locator(".plot").focus()
    seen = {}
    opened.keyboard.press("End")
    for _ in range(6):
        line = figure.locator("[aria-live]").inner_text()
        opened.keyboard.press("Enter")
        seen[line] = opened.evaluate("opened.at(-1)")
        expect(figure.locator(".chart-card")).to_be_visible()
        opened.keyboard.press("ArrowLeft")
    (phenyl,) = [line for line in seen if "N-phenyl" in line]
    assert seen[phenyl] == "WRIYPEUOMDFAHW"
    assert set(seen.values()) == {key for key, _, _ in ACRYLAMIDES} | {"XLYOFNOQVPJJNP"}
    opened.keyboard.press("Escape")
    expect(figure.locator(".chart-card")).to_be_hidden()


def test_the_mouse_shows_the_structure_and_opens_it(opened: Page) -> None:
    figure = opened.locator("[data-chart=chemical-space]")
    figure.scroll_into_view_if_needed()
    place = opened.evaluate(
        """() => {
          const plot = document.querySelector("[data-chart=chemical-space] .plot");
          const trace = plot.data.find((one) => one.name === "computed");
          const n = trace.customdata.indexOf("WRIYPEUOMDFAHW");
          const { xaxis, yaxis } = plot._fullLayout, box = plot.getBoundingClientRect();
          return [box.left + xaxis._offset + xaxis.d2p(trace.x[n]),
                  box.top + yaxis._offset + yaxis.d2p(trace.y[n])];
        }"""
    )
    opened.mouse.move(place[0] - 30, place[1] - 30)
    opened.mouse.move(*place, steps=4)
    card = figure.locator(".chart-card")
    expect(card.locator("svg")).to_be_visible()
    expect(card.locator("p").first).to_have_text("<b>N-phenyl</b>acrylamide & co")
    opened.mouse.down()
    opened.mouse.up()
    opened.wait_for_function("() => opened.length === 1")
    assert opened.evaluate("opened") == ["WRIYPEUOMDFAHW"]


def test_another_view_has_other_colours(opened: Page) -> None:
    colours = (
        "() => document.querySelector('[data-chart=chemical-space] .plot').data[1].marker.color"
    )
    assert opened.evaluate(colours) == [1, 0.8, 0.6, 0.4, 0.2]
    opened.get_by_role("radio", name="by round").check()
    opened.wait_for_function(f"() => String(({colours})()) === '1,2,1,2,1'")
    opened.get_by_role("radio", name="by origin").check()
    opened.wait_for_function(f"() => new Set(({colours})()).size === 2")


def test_chosen_molecules_are_marked_in_every_chart(opened: Page) -> None:
    opened.evaluate("molqChart.mark(['HRPVXLWXLXDGHG'])")
    chosen = (
        "[...document.querySelectorAll('.js-plotly-plot')]"
        ".map((p) => p.data.flatMap((t) => t.selectedpoints ?? []).length)"
    )
    opened.wait_for_function(f"() => String({chosen}) === '1,1'")
    opened.evaluate("molqChart.mark([])")
    opened.wait_for_function(f"() => String({chosen}) === '0,0'")


def test_the_numbers_stand_below_as_a_table(opened: Page) -> None:
    details = opened.locator("[data-chart=utility-by-round] details.numbers")
    details.locator("summary").click()
    rows = details.locator("tbody tr")
    expect(rows).to_have_count(2)
    assert rows.nth(0).inner_text().split() == ["1", "1.000", "1.000", "3"]


def test_on_paper_every_chart_is_drawn_and_fits(opened: Page, tmp_path: Path) -> None:
    opened.pdf(path=tmp_path / "page.pdf", format="A4", landscape=True)
    assert (tmp_path / "page.pdf").stat().st_size > 10_000
    opened.wait_for_function("() => document.querySelectorAll('.plot .main-svg').length >= 4 * 2")
    # on the screen they are as wide as before
    opened.wait_for_function(
        "() => [...document.querySelectorAll('.plot')].every((plot) => "
        "Math.abs(plot.querySelector('.main-svg').width.baseVal.value - plot.clientWidth) < 2)"
    )


def test_the_tree_is_walked_by_keys(opened: Page) -> None:
    items = opened.get_by_role("treeitem")
    first = items.first
    first.focus()
    assert "3 molecules" not in (first.get_attribute("aria-label") or "")
    assert "2 molecules, 1 on it alone, best utility 1.000" in (
        first.get_attribute("aria-label") or ""
    )
    opened.keyboard.press("ArrowRight")  # to the first child of a scaffold that is open
    assert "biphenyl" not in opened.evaluate("document.activeElement.ariaLabel")
    assert "2 rings: 1 molecule" in opened.evaluate("document.activeElement.ariaLabel")
    opened.keyboard.press("Enter")  # to its molecules
    opened.keyboard.press("Enter")
    assert opened.evaluate("opened") == ["DJKKWVGWYCKUFC"]
    opened.keyboard.press("Escape")
    opened.keyboard.press("ArrowLeft")  # to the parent
    opened.keyboard.press("ArrowLeft")  # which closes
    assert first.get_attribute("aria-expanded") == "false"
    opened.keyboard.press("End")
    assert opened.evaluate("document.activeElement.getAttribute('aria-level')") == "1"
    assert opened.locator("[role=treeitem][tabindex='0']").count() == 1


def test_the_dark_has_colours_of_its_own(browser: Browser, path: Path) -> None:
    context = browser.new_context(color_scheme="dark")
    page = context.new_page()
    page.goto(path.as_uri())
    page.add_style_tag(content=":root { --surface: #12171d; --soft: #b3bdc8; --ink: #e8edf2 }")
    page.wait_for_selector("html[data-ready=true]")
    page.evaluate("Promise.all([molqChart.rest()])")
    page.emulate_media(color_scheme="light")
    page.emulate_media(color_scheme="dark")  # draws again, as for a reader who switches
    page.wait_for_function(
        "() => document.querySelector('[data-chart=utility-by-round] .plot').layout.font.color"
        " === '#b3bdc8'"
    )
    context.close()


def test_a_trial_page_draws_its_curves(page: Page, tmp_path: Path) -> None:
    import molq
    from molq.validation import page as trial

    library = tmp_path / "library.csv"
    lines = [f"{'C' * n}O,{n * 0.5}" for n in range(1, 25)]
    library.write_text("\n".join(["smiles,logp", *lines]))
    found = molq.retrospective(
        library, "logp", policies=["random"], out=tmp_path / "out",
        top=3, start=4, batch=4, batches=2, seeds=2,
    )  # fmt: skip
    (tmp_path / "page.html").write_text(trial.html(found))
    page.goto((tmp_path / "page.html").as_uri())
    page.wait_for_selector("[data-chart=share-found] .main-svg")
    drawn = page.evaluate("document.querySelector('[data-chart=share-found] .plot').data[0].y")
    assert drawn == pytest.approx(found.rows[0].found, abs=1e-5)


def _luminance(colour: str) -> float:
    parts = np.array([int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)])
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


@pytest.mark.parametrize("palette", ["LIGHT", "NIGHT"])
def test_marks_and_texts_have_contrast(palette: str) -> None:
    """WCAG 2.2: 4.5 for texts, 3 for marks."""
    script = files("molq.report").joinpath("charts.js").read_text()
    block = re.search(rf"const {palette} = \{{(.*?)\}};", script, re.DOTALL)
    assert block is not None
    colours = dict(re.findall(r'(\w+): "(#[0-9a-f]{6})"', block.group(1)))
    paper = _luminance(colours.pop("paper"))
    for name, colour in colours.items():
        light, dark = sorted((paper, _luminance(colour)), reverse=True)
        least = {"ink": 4.5, "soft": 4.5, "line": 1.0}.get(name, 3.0)
        assert (light + 0.05) / (dark + 0.05) >= least, name
