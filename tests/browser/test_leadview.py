"""The page of a lead in a real browser: drawn, operated by keyboard, and right in its numbers."""

from __future__ import annotations

import base64
import io
import json
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import BrowserContext, Page, expect
from pyscf import gto
from rdkit import Chem

from molq.report import leadview
from molq.report.vendored import libraries
from screening.candidate import Candidate
from screening.ranking import Lead
from simulation.recipes.recipe import find
from simulation.score import Score
from simulation.settings import SimulationSettings
from simulation.workup import Workup

POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data: blob:"
)
BOHR = 0.529177210903  # Angstrom
OWN = ("charts.js", "conformerview.js", "scoreview.js", "leadview.js")
SCRIPT = """
const payload = JSON.parse(document.getElementById("payload").textContent);
const dialog = document.getElementById("lead");
function show(position) {
  const lead = payload.leads[position];
  window.molqLeadView(dialog, lead.detail, {
    lead, shared: payload.shared, position, count: payload.leads.length, shares: false,
    go: (step) => show(position + step), close: () => dialog.close(),
  });
}
document.getElementById("opener").addEventListener("click", () => show(0));
"""


@pytest.fixture(scope="module")
def scores() -> tuple[Score, ...]:
    """Acrylamide by VQE; as an old record; without an active space; without a geometry."""
    quick = SimulationSettings(conformers=1)
    new = find("warhead-ea").score(Workup("C=CC(N)=O", quick, seed=1))
    old = new.to_json()
    for space in (old["active_space"], *(site["active_space"] for site in old["sites"])):
        del space["natural_orbitals"]
    for solution in old["sites"][0]["solutions"]:
        del solution["trace"]
    plain = replace(
        new, solver="none", casci_value=None, casci_deviation_mha=None, active_space=None, sites=()
    )
    flat = replace(plain, provenance=replace(plain.provenance, geometry=""))
    return new, Score.from_json(old), plain, flat


@pytest.fixture(scope="module")
def document(scores: tuple[Score, ...], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page with four leads, opened from disk."""
    leads = [
        Lead(
            rank,
            Candidate(score.inchikey, score.smiles, name, "library"),
            0.5,
            {score.recipe: 0.5},
            {score.recipe: score},
            {},
            None,
        )
        for rank, (name, score) in enumerate(
            zip(("new <b>&", "old", "plain", "flat"), scores, strict=True), 1
        )
    ]
    found = leadview.details(leads)
    rows = [
        {
            "rank": lead.rank, "label": lead.candidate.name, "smiles": lead.candidate.smiles,
            "inchikey": lead.candidate.inchikey, "svg": "<svg viewBox='0 0 9 9'></svg>",
            "alt": "drawing", "origin": "library", "notes": [], "flags": [], "detail": detail,
        }
        for lead, detail in zip(leads, found.leads, strict=True)
    ]  # fmt: skip
    payload = json.dumps({"shared": found.shared, "leads": rows}).replace("<", "\\u003c")
    report = files("molq").joinpath("report")
    style = "".join(report.joinpath(name).read_text() for name in ("page.css", "leadview.css"))
    scripts = [library.text() for library in libraries(["plotly", "3dmol"])]
    scripts += [report.joinpath(name).read_text() for name in OWN] + [SCRIPT]
    path = tmp_path_factory.mktemp("lead") / "lead.html"
    path.write_text(
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>lead</title>'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        f"<style>{style}</style></head><body>"
        f'<button id="opener">open</button><dialog class="lead" id="lead"></dialog>'
        f'<script type="application/json" id="payload">{payload}</script>'
        + "".join(f"<script>{script}</script>" for script in scripts)
        + "</body></html>",
        encoding="utf-8",
    )
    return path


def opened(page: Page, document: Path) -> Page:
    page.goto(document.as_uri())
    page.locator("#opener").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#lead-title")).to_be_focused()
    return page


def coloured(page: Page) -> tuple[int, int]:
    """Pixels of the viewer that are blue, and orange, as the lobes are."""
    drawn = page.locator(".lead-stage canvas").evaluate("canvas => canvas.toDataURL()")
    image = Image.open(io.BytesIO(base64.b64decode(drawn.partition(",")[2])))
    red, green, blue = (np.asarray(image.convert("RGB"), dtype=int)[..., c] for c in range(3))
    blueish = (blue > red + 50) & (green > red) & (blue > 100)
    return int(blueish.sum()), int(((red > blue + 60) & (green > blue + 25)).sum())


def test_it_opens_with_the_focus_inside_and_gives_it_back(page: Page, document: Path) -> None:
    opened(page, document)
    expect(page.locator("#lead-title")).to_have_text("1 new <b>&")  # text, never markup
    assert page.get_attribute("#lead", "aria-labelledby") == "lead-title"
    page.keyboard.press("Escape")
    expect(page.locator("#lead")).not_to_be_visible()
    expect(page.locator("#opener")).to_be_focused()


def test_a_lead_without_an_explanation_names_the_command(page: Page, document: Path) -> None:
    opened(page, document)
    expect(page.locator("#lead")).to_contain_text("This report explains no lead.")
    expect(page.locator("#lead code", has_text="molq leads")).to_have_text(
        "molq leads DIR --explain 1"
    )
    page.evaluate("payload.shared.explained = 50; show(1)")
    expect(page.locator("#lead")).to_contain_text("This report explains the first 50 leads")
    expect(page.locator("#lead code", has_text="molq leads")).to_have_text(
        "molq leads DIR --explain 2"
    )


def enclosed(page: Page) -> int:
    """Percent of the shown orbital inside its surface, as the page says."""
    return int(page.locator(".lead-said").inner_text().split("encloses ")[1].split()[0])


def test_both_lobes_of_an_orbital_are_drawn(page: Page, document: Path) -> None:
    opened(page, document)
    said = page.locator(".lead-said")
    expect(said).to_contain_text("LUNO holds 0.082 electrons")
    blue, orange = coloured(page)
    assert blue > 1500
    assert orange > 1500
    before = enclosed(page)
    page.get_by_label("Isovalue", exact=True).focus()
    for _ in range(6):
        page.keyboard.press("ArrowRight")
    expect(page.locator(".lead-iso output")).to_have_text("0.080")
    assert enclosed(page) < before
    expect(page.locator(".lead-place")).to_have_text("1 of 4")  # arrows were the slider's
    page.locator("input[name=lead-orbital][value=none]").dispatch_event("click")
    expect(said).to_have_text("No orbital is shown.")
    fewer = coloured(page)
    assert fewer[0] < blue - 1000
    page.locator(".lead-stage").focus()
    page.keyboard.press("o")
    expect(said).to_contain_text("HONO-1 holds 1.965 electrons")
    assert page.locator("input[name=lead-orbital]:checked").get_attribute("value") == "0"
    page.keyboard.press("Shift+O")
    expect(said).to_have_text("No orbital is shown.")


def margins(page: Page) -> tuple[int, int]:
    """Empty columns of the viewer's picture left and right of the molecule."""
    drawn = page.locator(".lead-stage canvas").evaluate("canvas => canvas.toDataURL()")
    pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(drawn.partition(",")[2]))))
    columns = np.flatnonzero((pixels != pixels[0, 0]).any(axis=(0, 2)))
    return int(columns[0]), int(pixels.shape[1] - 1 - columns[-1])


def test_the_molecule_stays_whole_when_its_stage_gets_narrow(page: Page, document: Path) -> None:
    opened(page, document)
    page.set_viewport_size({"width": 250, "height": 700})
    ratio = "canvas => canvas.width / canvas.height"
    shape = page.locator(".lead-stage canvas")
    shape.evaluate(  # a text that is asked for again and again is forbidden by the page's policy
        f"""async (canvas) => {{
            while (({ratio})(canvas) >= 0.6) await new Promise(requestAnimationFrame);
        }}"""
    )
    page.wait_for_function("() => new Promise((done) => requestAnimationFrame(() => done(true)))")
    assert min(margins(page)) > 5
    page.keyboard.press("Escape")
    page.locator("#opener").click()  # the next one that is opened, too
    assert shape.evaluate(ratio) < 0.6
    assert min(margins(page)) > 5


def test_a_closed_lead_draws_on_nothing(page: Page, document: Path) -> None:
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    opened(page, document)
    for size in (900, 1280):
        page.keyboard.press("Escape")
        expect(page.locator("#lead")).not_to_be_visible()
        page.set_viewport_size({"width": size, "height": 900})
        page.wait_for_function(
            "() => new Promise((done) => requestAnimationFrame(() => done(true)))"
        )
        page.locator("#opener").click()
        assert min(coloured(page)) > 800
        page.keyboard.press("]")
        expect(page.locator("#lead-title")).to_have_text("2 old")
    # the window's new size may be told before the dialog says that it is closed
    page.evaluate(
        "() => { document.querySelector('#lead').close(); dispatchEvent(new Event('resize')); }"
    )
    expect(page.locator("#lead")).not_to_be_visible()
    page.emulate_media(color_scheme="dark")
    page.wait_for_function("() => new Promise((done) => requestAnimationFrame(() => done(true)))")
    page.locator("#opener").click()
    assert min(coloured(page)) > 800
    assert not [text for text in said if "GL" in text]


def test_the_browser_evaluates_the_gaussians_as_pyscf_does(
    page: Page, document: Path, scores: tuple[Score, ...]
) -> None:
    page.goto(document.as_uri())
    kept = scores[0].active_space.natural_orbitals
    atoms = "\n".join(scores[0].provenance.geometry.splitlines()[2:])
    molecule = gto.M(atom=atoms, basis=kept.basis, verbose=0)
    for place, orbital in enumerate(kept.orbitals):
        size, origin, spacing, data = page.evaluate(
            """(place) => {
              const { conformer, scores: [score] } = payload.leads[0].detail;
              const { natural, basis } = score.spaces[0];
              const { terms } = natural[place];
              const grid = molqConformer.gridOf(terms, conformer, basis, payload.shared);
              return [grid.size, grid.origin, grid.spacing, [...grid.data]];
            }""",
            place,
        )
        values = np.array(data)
        steps = np.stack(np.meshgrid(*map(np.arange, size), indexing="ij"), axis=-1).reshape(-1, 3)
        points = (np.array(origin) + spacing * steps) / BOHR
        functions = molecule.eval_gto("GTOval_sph", points)
        expected = functions[:, list(orbital.functions)] @ np.array(orbital.coefficients)
        # coordinates travel in thousandths of an Angstrom
        assert np.abs(values - expected).max() < 3e-3
        assert np.corrcoef(values, expected)[0, 1] > 0.99999
        assert (values**2).sum() * (spacing / BOHR) ** 3 == pytest.approx(1, abs=0.05)


def test_next_and_previous_by_key_and_button(page: Page, document: Path) -> None:
    opened(page, document)
    page.keyboard.press("ArrowRight")
    expect(page.locator("#lead-title")).to_have_text("2 old")
    expect(page.locator(".lead-said")).to_have_text(
        "This score was recorded without its orbitals, and they cannot be added to this run. "
        "To compute them anew: molq score 'C=CC(N)=O' --recipe warhead-ea --verbose --json"
    )
    expect(page.locator("#lead")).to_contain_text("recorded without the way its energies converged")
    page.keyboard.press("]")
    expect(page.locator("#lead-title")).to_have_text("3 plain")
    expect(page.locator(".lead-said")).to_contain_text("No active space is solved for this value")
    page.keyboard.press("]")
    page.keyboard.press("]")
    expect(page.locator("#lead-title")).to_have_text("4 flat")  # there is no fifth
    assert page.locator(".lead-stage").count() == 0
    page.keyboard.press("o")  # there is no orbital either
    expect(page.get_by_role("button", name="Next")).to_be_disabled()
    back = page.get_by_role("button", name="Previous")
    back.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#lead-title")).to_have_text("3 plain")
    expect(page.get_by_role("button", name="Previous")).to_be_focused()  # to be pressed again
    page.locator(".lead-stage").focus()
    page.keyboard.press("ArrowLeft")  # turns the molecule
    expect(page.locator("#lead-title")).to_have_text("3 plain")
    assert page.locator(".lead-stage canvas").count() == 1


def test_scores_stand_beside_their_baselines(
    page: Page, document: Path, scores: tuple[Score, ...]
) -> None:
    opened(page, document)
    table = page.get_by_role("table").filter(has_text="warhead-ea beside its baselines")
    rows = [row.split("\t") for row in table.inner_text().splitlines() if "\t" in row]
    named = {row[0]: row[1:] for row in rows}
    assert named["warhead-ea"][:2] == [f"{scores[0].value:.3f}".replace("-", "−"), "eV"]
    assert named["CASCI"][0] == f"{scores[0].casci_value:.3f}".replace("-", "−")
    hf = scores[0].baselines["hf_lumo"]
    assert named["HF LUMO"] == [f"{hf.value:.3f}", "eV", hf.method]
    expect(page.locator(".lead-error")).to_contain_text("Spearman")
    chart = page.locator("figure.lead-chart .js-plotly-plot")
    expect(chart).to_have_count(1)
    drawn = chart.evaluate("plot => plot.data.map((trace) => [trace.x.length, trace.y.at(-1)])")
    traces = [solution.trace for solution in scores[0].sites[0].solutions]
    assert drawn == [[len(t.steps), pytest.approx(max(t.above_casci[-1], 1e-6))] for t in traces]


def test_a_hostile_name_of_a_site_is_text_where_a_chart_is_pointed_at(
    page: Page, document: Path, scores: tuple[Score, ...], tmp_path: Path
) -> None:
    """Recipes of others name sites and sectors as they like."""
    name = '<a href="https://example.org">site</a> & <b>co</b>'
    sector = json.dumps(scores[0].sites[0].solutions[0].sector)
    hostile = json.dumps(name).replace("<", "\\u003c")
    text = document.read_text(encoding="utf-8")
    assert f'"sector": {sector}' in text
    changed = tmp_path / "hostile.html"
    changed.write_text(text.replace(f'"sector": {sector}', f'"sector": {hostile}'), "utf-8")
    opened(page, changed)
    page.locator("figure.lead-chart .plot").focus()
    page.keyboard.press("Home")
    pointed = page.locator("figure.lead-chart .hoverlayer .hovertext")
    expect(pointed).to_contain_text("<b>co</b>")
    assert pointed.locator("a").count() == 0
    assert pointed.locator("tspan[style*=bold]").count() == 0


def test_what_can_be_taken_away(page: Page, document: Path, scores: tuple[Score, ...]) -> None:
    opened(page, document)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download XYZ").dispatch_event("click")
    read = Chem.MolFromXYZBlock(download.value.path().read_text())
    given = [line.split() for line in scores[0].provenance.geometry.splitlines()[2:]]
    assert [atom.GetSymbol() for atom in read.GetAtoms()] == [line[0] for line in given]
    places = np.array([[float(x) for x in line[1:4]] for line in given])
    assert read.GetConformer().GetPositions() == pytest.approx(places, abs=6e-4)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    button = page.get_by_role("button", name="Copy InChIKey")
    button.focus()
    page.keyboard.press("Enter")
    expect(button).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == "HRPVXLWXLXDGHG-UHFFFAOYSA-N"


def test_without_webgl_the_rest_is_there(context: BrowserContext, document: Path) -> None:
    page = context.new_page()
    page.add_init_script(
        """const plain = HTMLCanvasElement.prototype.getContext;
        HTMLCanvasElement.prototype.getContext = function (kind, ...more) {
          return String(kind).includes("webgl") ? null : plain.call(this, kind, ...more);
        };"""
    )
    opened(page, document)
    expect(page.locator(".lead-stage")).to_contain_text("has no WebGL")
    expect(page.get_by_role("button", name="Download XYZ")).to_be_visible()
    expect(page.locator(".lead-error")).to_be_visible()
    page.keyboard.press("]")
    expect(page.locator("#lead-title")).to_have_text("2 old")
