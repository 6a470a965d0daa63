"""The report in a real browser: opened from disk, operated by hand, its files read back."""

from __future__ import annotations

import csv
import io
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Download, Page, expect
from rdkit import Chem

from molq.report.page import LIBRARIES, UNPACKER
from molq.report.vendored import libraries

LIBRARY = """name,smiles
acrylamide,C=CC(N)=O
<b>N-phenyl</b>,C=CC(=O)Nc1ccccc1
=cmd|' /C calc'!A0,CC=CC(N)=O
morpholide,C=CC(=O)N1CCOCC1
p-fluoro,C=CC(=O)Nc1ccc(F)cc1
"dimethyl, N",C=CC(=O)N(C)C
ethane,CC
"""
CAMPAIGN = {
    "campaign": {"name": "tiny & <i>small</i>", "seed": 3, "rounds": 2, "batch": 3},
    "library": {"path": "library.csv"},
    "generator": {"share": 0.0},
    "objective": [
        {"name": "warhead-ea", "transform": "window", "low": -8, "high": -7.7},
        {"name": "qed", "transform": "maximize", "low": 0.2, "high": 0.7},
    ],
    "simulation": {"basis": "sto-3g", "density_fit": False, "conformers": 1},
}
# a function: the page's policy forbids to evaluate a text again and again
READY = "() => document.documentElement.dataset.ready === 'true'"


@dataclass(frozen=True)
class Finished:
    """A campaign's folder and what its page was given."""

    directory: Path
    payload: dict[str, Any]

    @property
    def url(self) -> str:
        return (self.directory / "report.html").as_uri()


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Finished:
    """Six acrylamides, computed for this."""
    from molq import execution
    from molq.campaignfile import CampaignFile
    from molq.run import Run
    from screening import leadfiles
    from screening.compute.executor import Inline

    folder = tmp_path_factory.mktemp("report")
    (folder / "library.csv").write_text(LIBRARY, encoding="utf-8")
    file = CampaignFile.from_document(CAMPAIGN, folder=folder, source="a test")
    execution.begin(file, folder / "run", executor=Inline())
    run = Run.open(folder / "run")
    best = run.leads(1)[0].candidate.inchikey
    run.review(best, "approve", reviewer="Ada")
    run.review(best, "rate", reviewer="Ada", rating=4)
    run.report()
    leadfiles.write(run.directory, run.leads().leads, run.leads().objectives)
    page = browser.new_page()
    page.goto((folder / "run" / "report.html").as_uri())
    page.wait_for_function(READY)
    payload = page.evaluate("molqReady")
    page.close()
    return Finished(folder / "run", payload)


@pytest.fixture
def report(page: Page, finished: Finished) -> Page:
    """The report, opened from disk and unpacked."""
    page.goto(finished.url)
    assert page.evaluate(READY)  # as soon as it has loaded, so that tools may print it
    return page


def _column(page: Page, key: str) -> list[float | None]:
    """What the rows that are shown have in a column, from top to bottom."""
    found: list[float | None] = page.evaluate(
        """(key) => {

            return molqGrid.shown().map((lead) => molqGrid.api.getCellValue({
                rowNode: molqGrid.api.getRowNode(lead.inchikey), colKey: key }));
        }""",
        key,
    )
    return found


def _labels(page: Page) -> list[str]:
    found: list[str] = page.evaluate("molqGrid.shown().map((lead) => lead.label)")
    return found


def _text(download: Download) -> str:
    return Path(download.path()).read_text(encoding="utf-8")


def _saved(page: Page, kind: str) -> Download:
    with page.expect_download() as caught:
        page.locator(f"[data-save={kind}]").click()
    return caught.value


def test_it_opens_with_every_lead_and_every_chart(report: Page, finished: Finished) -> None:
    expect(report.locator("h1")).to_have_text("tiny & <i>small</i>")
    expect(report.locator("#count")).to_have_text("6 leads")
    expect(report.locator("#grid [role=row][row-index]").first).to_be_visible()
    for library in ("agGrid", "Plotly", "$3Dmol"):
        assert report.evaluate(f"typeof {library}") in {"object", "function"}
    drawn = report.evaluate(
        """async () => {
            await molqChart.rest();
            return [...document.querySelectorAll("[data-chart]")].map((one) =>
                [one.dataset.chart, one.querySelectorAll("svg.main-svg").length > 0]);
        }"""
    )
    assert {key for key, _ in drawn} == {one["id"] for one in finished.payload["charts"]}
    assert all(is_drawn for _, is_drawn in drawn), drawn
    expect(report.locator("#scaffold-tree [role=treeitem]").first).to_be_visible()
    # names from outside stay text
    assert (
        report.locator("#grid b, #cards b, #leads-plain b, h1 i, .scaffolds .names b").count() == 0
    )
    assert "<b>N-phenyl</b>" in _labels(report)


def test_a_column_sorts_by_mouse_and_by_keyboard(report: Page) -> None:
    header = report.locator("[role=columnheader][col-id=c2]")
    expect(header).to_contain_text("qed")
    header.click()
    expect(header).to_have_attribute("aria-sort", "ascending")
    rising = _column(report, "c2")
    assert rising == sorted(rising)
    assert rising[0] != rising[-1]
    header.press("Enter")
    expect(header).to_have_attribute("aria-sort", "descending")
    assert _column(report, "c2") == rising[::-1]
    top = report.locator("#grid [role=row][row-index='0'] .open")
    assert top.inner_text() == _labels(report)[0]


def test_filters_leave_what_was_asked_for(report: Page) -> None:
    qeds = sorted(_column(report, "c2"))
    report.get_by_role("spinbutton", name="qed Filter Input").fill(str(qeds[3]))
    expect(report.locator("#count")).to_have_text("3 of 6 leads")
    assert sorted(_column(report, "c2")) == qeds[3:]
    taken = report.locator("#which option").all_inner_texts()
    assert taken == ["the selected (0)", "those shown (3)", "all (6)"]
    report.locator("#clear").click()
    expect(report.locator("#count")).to_have_text("6 leads")
    report.locator("#scaffold").select_option(label="without a ring")
    expect(report.locator("#count")).to_have_text("3 of 6 leads")
    report.locator("#scaffold").select_option(label="c1ccccc1 (2)")
    assert set(_labels(report)) == {"<b>N-phenyl</b>", "p-fluoro"}
    report.locator("#clear").click()
    report.locator("#doubts").select_option("none")
    assert "6 leads" not in report.locator("#count").inner_text().replace("of 6 leads", "")


def test_search_knows_name_smiles_and_key(report: Page) -> None:
    for text in ("morphol", "N1CCOCC1", "XLPJNCYCZORXHG"):
        report.locator("h1").click()
        report.keyboard.press("/")
        expect(report.locator("#find")).to_be_focused()
        report.locator("#find").fill(text)
        expect(report.locator("#count")).to_have_text("1 of 6 leads")
        assert _labels(report) == ["morpholide"]
        report.locator("#clear").click()
        expect(report.locator("#count")).to_have_text("6 leads")


def test_a_search_without_hits_says_what_is_compared(report: Page) -> None:
    hint = report.locator("#nothing")
    expect(hint).to_be_hidden()
    report.locator("#find").fill("O=C(C=C)N(C)C")  # "dimethyl, N", written otherwise
    expect(report.locator("#count")).to_have_text("0 of 6 leads")
    expect(hint).to_contain_text("compared, not structures")
    report.locator("#find").fill("")
    expect(hint).to_be_hidden()
    report.locator("#scaffold").select_option(label="without a ring")
    report.get_by_role("spinbutton", name="qed Filter Input").fill("0.999")
    expect(hint).to_have_text("No lead passes these filters.")


def test_a_fragment_is_looked_for_in_the_structures(report: Page) -> None:
    count, said = report.locator("#count"), report.locator("#fragment")
    marked = report.locator("#grid .drawing path.found")
    report.get_by_role("radio", name="substructure").check()
    expect(said).to_be_hidden()
    report.locator("#find").fill("O=C(C=C)N(C)C")  # "dimethyl, N", written otherwise
    expect(count).to_have_text("2 of 6 leads")
    assert set(_labels(report)) == {"dimethyl, N", "morpholide"}
    expect(said).to_have_text("2 of 6 leads contain O=C(C=C)N(C)C, marked in the drawings.")
    expect(marked).to_have_count(2)
    assert "found" not in report.evaluate("molqReady.then((p) => p.leads[0].svg)")

    report.locator("#find").fill("C1=CC=CC=C1")  # as drawing programs write it
    expect(said).to_contain_text("also looked for as an aromatic one")
    expect(count).to_have_text("2 of 6 leads")
    assert set(_labels(report)) == {"<b>N-phenyl</b>", "p-fluoro"}
    # a band lies under every atom and bond of the ring
    bands = marked.first.get_attribute("d") or ""
    assert (bands.count("L"), bands.count("h0")) == (6, 6)

    report.locator("#doubts").select_option("some")
    report.locator("#find").fill("[$(Cl)]")
    expect(said).to_have_text("0 of 6 leads contain [$(Cl)].")
    expect(report.locator("#nothing")).to_have_text("No lead passes these filters.")
    report.locator("#clear").click()
    expect(count).to_have_text("6 leads")
    expect(said).to_be_hidden()
    expect(marked).to_have_count(0)


def test_a_fragment_that_cannot_be_read_is_said_to_be(report: Page) -> None:
    report.get_by_role("radio", name="substructure").check()
    report.locator("#find").fill("c1ccc(F)cc1")
    expect(report.locator("#count")).to_have_text("1 of 6 leads")
    report.locator("#find").fill("c1ccc(F)cc")
    said = report.locator("#fragment")
    expect(said).to_have_text(
        "c1ccc(F)cc was not searched for, all leads are shown: "
        "ring 1 is opened and not closed (position 2)."
    )
    expect(report.locator("#count")).to_have_text("6 leads")
    assert report.locator("#find").get_attribute("aria-invalid") == "true"
    report.locator("#find").fill("acrylamide")
    expect(said).to_contain_text("for a name choose text")
    report.locator("#find").fill("<img src=x onerror=alert(1)>")
    expect(said).to_contain_text("<img src=x")  # a text, never markup
    assert report.locator("#workbench img").count() == 0
    report.get_by_role("radio", name="text", exact=True).check()
    expect(said).to_be_hidden()
    expect(report.locator("#count")).to_have_text("0 of 6 leads")
    expect(report.locator("#nothing")).to_contain_text("Choose substructure")


def test_a_long_fragment_stays_on_the_page(report: Page) -> None:
    report.set_viewport_size({"width": 390, "height": 800})
    report.get_by_role("radio", name="substructure").check()
    said = report.locator("#fragment")
    for fragment, why in (
        ("C=CC(=O)Nc1cc(Nc2nccc(-c3cn(C)c4ccccc34)n2)c(OC)cc1N(C)CCN(C)C", "0 of 6"),
        ("C" * 300, "0 of 6"),
        ("C" * 5000, "at most 300 letters"),
    ):
        report.locator("#find").fill(fragment)
        expect(said).to_contain_text(why)
        assert fragment not in said.inner_text()
        assert report.evaluate("document.documentElement.scrollWidth") == 390


def test_cards_mark_a_fragment_too(report: Page) -> None:
    report.locator("input[value=cards]").check()
    report.get_by_role("radio", name="substructure").check()
    marked = report.locator("#cards path.found")
    report.locator("#find").fill("C=C")  # all have it, the cards stay the same ones
    expect(marked).to_have_count(6)
    expect(
        report.get_by_role("img", name=re.compile("2 atoms of the fragment")).first
    ).to_be_visible()
    report.locator("#find").fill("")
    expect(marked).to_have_count(0)


def test_the_licences_stand_whole_in_the_file(report: Page) -> None:
    found = report.locator("details.licence")
    expect(found).to_have_count(len(libraries()))
    for place, library in enumerate(libraries([*LIBRARIES, UNPACKER])):
        licence = found.nth(place)
        expect(licence.locator("summary")).to_have_text(library.told)
        licence.locator("summary").click()
        expect(licence.locator("pre")).to_contain_text("opyright")
        assert licence.locator("pre").evaluate("one => one.textContent") == library.licence_text()


def test_a_window_that_narrows_gets_cards_and_one_line_of_menu(report: Page) -> None:
    pinned = "molqGrid.api.getColumn('structure').getPinned() ?? null"
    assert report.evaluate(pinned) == "left"
    report.set_viewport_size({"width": 390, "height": 800})
    expect(report.locator("#cards .card").first).to_be_visible()
    expect(report.locator("#grid")).to_be_hidden()
    assert report.evaluate(pinned) is None
    assert report.locator(".contents").evaluate("menu => menu.offsetHeight") < 60
    assert report.evaluate("document.documentElement.scrollWidth") <= 390
    report.set_viewport_size({"width": 1280, "height": 800})
    expect(report.locator("#grid")).to_be_visible()
    assert report.evaluate(pinned) == "left"
    report.locator("input[value=table]").check()
    report.locator("input[value=cards]").check()
    report.locator("input[value=table]").check()  # chosen by hand: it stays
    report.set_viewport_size({"width": 390, "height": 800})
    expect(report.locator(".ag-pinned-left-header [col-id=structure]")).to_have_count(0)
    expect(report.locator("#grid")).to_be_visible()


def test_enter_in_the_scaffold_tree_goes_to_a_molecule_below(report: Page) -> None:
    tree = report.locator("#scaffold-tree")
    tree.get_by_role("button", name="Close all").click()
    assert (
        report.evaluate(
            """() => {
            for (const li of document.querySelectorAll("#scaffold-tree [role=treeitem]")) {
                li.focus();
                li.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true }));
                const at = document.activeElement;
                if (!at.matches("button[data-inchikey]") || !li.contains(at)) return li.innerText;
                if (at.closest("ul[hidden]")) return "hidden";
            }
            return "all";
        }"""
        )
        == "all"
    )


def test_figures_have_units_and_words(report: Page) -> None:
    expect(report.locator("#decisions thead")).to_contain_text("per core-hour")
    if report.locator("#surrogate .judged tbody tr").count():
        expect(report.locator("#surrogate .judged tbody tr").first).to_contain_text("eV")
        expect(report.locator("#surrogate")).to_contain_text("too sure of itself")


def test_rows_are_selected_by_keyboard_and_taken_away_as_files(
    report: Page, finished: Finished
) -> None:
    first = report.locator("#grid [role=row][row-index='0'] [col-id=rank]").first
    first.click()
    expect(first).to_be_focused()
    report.keyboard.press("Space")
    report.keyboard.press("ArrowDown")
    report.keyboard.press("ArrowDown")
    report.keyboard.press("Space")
    expect(report.locator("#count")).to_have_text("6 leads, 2 selected")
    expect(report.locator("#which")).to_have_value("selected")
    wanted = [finished.payload["leads"][0], finished.payload["leads"][2]]

    download = _saved(report, "csv")
    assert download.suggested_filename == "tiny-i-small-i-leads.csv"
    table = list(csv.reader(io.StringIO(_text(download))))
    with (finished.directory / "leads.csv").open(encoding="utf-8", newline="") as file:
        whole = list(csv.reader(file))
    assert table == [whole[0], whole[1], whole[3]]

    with Chem.SDMolSupplier(str(_saved(report, "sdf").path()), removeHs=False) as entries:
        structures = list(entries)
    with Chem.SDMolSupplier(str(finished.directory / "leads.sdf"), removeHs=False) as entries:
        recorded = list(entries)
    for lead, found, computed in zip(wanted, structures, (recorded[0], recorded[2]), strict=True):
        assert Chem.MolToInchiKey(found)[:14] == lead["inchikey"][:14]
        assert found.GetConformer().Is3D()
        moved = found.GetConformer().GetPositions() - computed.GetConformer().GetPositions()
        assert np.abs(moved).max() < 2e-3
        assert found.GetProp("smiles") == lead["smiles"]
        assert set(computed.GetPropNames()) == set(found.GetPropNames())

    report.locator("#compare-open").click()
    dialog = report.locator("dialog#compare")
    expect(dialog.locator("thead th")).to_have_count(2)
    expect(dialog.locator("tbody th", has_text="warhead-ea (eV)").first).to_be_visible()
    report.keyboard.press("Escape")
    expect(dialog).to_be_hidden()

    report.locator("#which").select_option("all")
    lines = _text(_saved(report, "smi")).splitlines()
    assert [line.split()[0] for line in lines] == [x["smiles"] for x in finished.payload["leads"]]
    assert all(Chem.MolFromSmiles(line.split()[0]) is not None for line in lines)
    names = {row["name"] for row in csv.DictReader(io.StringIO(_text(_saved(report, "csv"))))}
    assert {"'=cmd|' /C calc'!A0", "dimethyl, N"} < names  # no cell is a formula


def test_a_lead_opens_by_keyboard_and_gives_the_focus_back(report: Page) -> None:
    report.locator("[role=columnheader][col-id=c2]").click()
    order = _labels(report)
    first = report.locator("#grid [role=row][row-index='0'] [col-id=rank]").first
    first.click()
    expect(first).to_be_focused()
    report.keyboard.press("Enter")
    dialog = report.locator("dialog#lead")
    expect(dialog).to_be_visible()
    expect(dialog).to_contain_text(order[0])
    expect(dialog.locator("canvas").first).to_be_visible()
    expect(dialog).to_contain_text("LUNO")  # an orbital of its active space
    dialog.get_by_role("button", name=re.compile("Next")).click()
    expect(dialog).to_contain_text(order[1])
    report.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    assert report.evaluate("document.activeElement.closest('#grid') !== null")


def test_cards_show_the_same_leads_and_selection(report: Page) -> None:
    expect(report.locator("#grid .verdict")).to_have_text("approved, 4 of 5")
    report.locator("input[value=cards]").check()
    cards = report.locator("#cards .card")
    expect(cards).to_have_count(6)
    expect(report.locator("#cards .scaffold")).to_have_count(3)
    expect(cards.locator(".verdict")).to_have_text("approved, 4 of 5")
    cards.nth(1).locator("input").check()
    expect(report.locator("#count")).to_contain_text("1 selected")
    report.locator("#find").fill("fluoro")
    expect(cards).to_have_count(1)
    report.locator("#find").fill("")
    expect(cards).to_have_count(6)
    cards.first.locator(".open").focus()
    report.keyboard.press("ArrowRight")
    assert report.evaluate("document.activeElement.closest('.card')") is not None
    report.locator("#grouped").uncheck()
    assert cards.locator(".rank").all_inner_texts() == ["1", "2", "3", "4", "5", "6"]


def test_layers_and_columns_are_the_readers_choice(report: Page, finished: Finished) -> None:
    assert all('class="site"' in lead["svg"] for lead in finished.payload["leads"])
    site = report.locator("#grid .drawing g.site").first
    expect(site).to_be_visible()
    report.locator("#layer-site").uncheck()
    expect(site).to_be_hidden()
    explained = any('class="shares"' in lead["svg"] for lead in finished.payload["leads"])
    assert explained is (finished.payload["scale"] is not None)
    if explained:
        expect(report.locator("#grid .drawing g.shares").first).to_be_hidden()
        report.locator("#layer-shares").check()
        assert report.locator("#grid .drawing g.shares:visible").count() > 0
        expect(report.locator("#scale")).to_contain_text("eV")

    header = report.locator("[role=columnheader][col-id=c1]")
    expect(header).to_be_visible()
    report.locator("#columns summary").click()
    report.locator("#columns").get_by_label("warhead-ea (eV)", exact=True).uncheck()
    expect(header).to_be_hidden()


def test_a_chart_opens_the_lead_of_its_point(report: Page, finished: Finished) -> None:
    lead = finished.payload["leads"][3]
    report.evaluate(
        """(key) => document.querySelector("[data-chart]").dispatchEvent(
            new CustomEvent("molq:lead", { bubbles: true, detail: { inchikey: key } }))""",
        lead["inchikey"],
    )
    expect(report.locator("dialog#lead")).to_contain_text(lead["label"])


def test_without_scripts_the_leads_stand_in_a_table(browser: Browser, finished: Finished) -> None:
    page = browser.new_page(java_script_enabled=False)
    page.goto(finished.url)
    rows = page.locator("#leads-plain tbody tr")
    expect(rows).to_have_count(6)
    expect(rows.first).to_be_visible()
    expect(page.locator("#workbench")).to_be_hidden()
    page.close()


def test_on_paper_stands_every_lead_with_its_structure(report: Page, finished: Finished) -> None:
    report.locator("#find").fill("morpholide")  # a filter of the screen hides nothing on paper
    expect(report.locator("#count")).to_have_text("1 of 6 leads")
    paper = report.pdf(prefer_css_page_size=True)
    assert paper.startswith(b"%PDF")
    report.emulate_media(media="print")
    expect(report.locator("#workbench")).to_be_hidden()
    rows = report.locator("#leads-plain tbody tr")
    expect(rows).to_have_count(6)
    for row in range(6):
        expect(rows.nth(row).locator(".structure svg")).to_be_visible()
        expect(rows.nth(row)).to_contain_text(finished.payload["leads"][row]["smiles"])


CONTRAST = (Path(__file__).parent / "contrast.js").read_text(encoding="utf-8")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_has_the_contrast_of_wcag_aa(
    page: Page, finished: Finished, scheme: Any
) -> None:
    page.emulate_media(color_scheme=scheme)
    page.goto(finished.url)
    page.wait_for_function(READY)
    assert page.evaluate(CONTRAST) == []
    page.locator("input[value=cards]").check()
    page.locator("#cards .card input").first.check()
    page.locator("#layer-shares").is_enabled()
    assert page.evaluate(CONTRAST) == []


def test_everything_that_can_be_pressed_has_a_name(report: Page) -> None:
    nameless = report.evaluate(
        """() => [...document.querySelectorAll("button, input, select, summary, a, [role=img]")]
            .filter((one) => one.checkVisibility() && !one.closest(".ag-root, .plot"))
            .filter((one) => !(one.getAttribute("aria-label") || one.textContent.trim()
                || one.labels?.[0]?.textContent.trim()))
            .map((one) => one.outerHTML.slice(0, 120))"""
    )
    assert nameless == []
    assert (
        report.locator("#grid [role=grid], #grid [role=treegrid]").first.get_attribute("aria-label")
        == "Ranked leads"
    )


def test_500_leads_take_less_than_5_megabytes_and_stay_handy(page: Page, tmp_path: Path) -> None:
    sys.path.append(str(Path(__file__).parent))
    import manyleads

    from molq.run import Run
    from simulation.recipes.recipe import find
    from simulation.settings import SimulationSettings
    from simulation.workup import Workup

    settings = SimulationSettings(conformers=1)
    template = find(manyleads.RECIPE).score(Workup("C=CC(=O)Nc1ccccc1", settings, seed=1))
    manyleads.campaign(tmp_path / "run", template, 500)
    path = Run.open(tmp_path / "run").report()
    assert path.stat().st_size < 5e6
    page.goto(path.as_uri())
    assert page.evaluate(READY)
    expect(page.locator("#count")).to_have_text("500 leads")
    # few rows are drawn, all are found
    assert page.locator("#grid [role=row][row-index] .molecule-cell").count() < 60
    last = page.evaluate("molqGrid.shown().at(-1).inchikey")
    page.locator("#find").fill(last)
    expect(page.locator("#count")).to_have_text("1 of 500 leads")
    page.locator("#find").fill("")
    # a fragment in all of them, and whether every lead is explained
    page.get_by_role("radio", name="substructure").check()
    page.locator("#find").fill("C1=CC=NC=N1")
    pattern = Chem.MolFromSmiles("C1=CC=NC=N1")
    leads = page.evaluate("molqReady.then((p) => p.leads.map((x) => [x.smiles, !!x.detail.why]))")
    hits = sum(Chem.MolFromSmiles(smiles).HasSubstructMatch(pattern) for smiles, _ in leads)
    assert 0 < hits < 500
    expect(page.locator("#count")).to_have_text(f"{hits} of 500 leads")
    assert all(is_explained for _, is_explained in leads)
    entries = page.evaluate(
        """molqReady.then((payload) => payload.leads.filter(molqLeadFiles.hasConformer)
            .map((lead) => molqLeadFiles.sdf(payload.exported, lead)).join(""))"""
    )
    supplier = Chem.SDMolSupplier()
    supplier.SetData(entries, removeHs=False)
    assert len([one for one in supplier if one is not None]) == 500
    page.emulate_media(media="print")
    expect(page.locator("#leads-plain tbody tr .structure svg")).to_have_count(500)
