"""Leads and results in every format, read back by the programs that they are for."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import ase.io
import numpy as np
import openpyxl
import pandas as pd
import pytest
from openfermion import get_number_preserving_sparse_operator
from openfermion.transforms import get_fermion_operator
from PIL import Image
from pyscf import fci
from pyscf.tools import fcidump
from qcelemental.models import AtomicResult, Molecule
from rdkit import Chem

import molq
from molq.errors import CallError, MolqError
from molq.exporting import export
from molq.exports import computed, forms, integralfiles, schemafile, workbook, xyzfile
from molq.leadtable import LeadTable
from screening.review.opinions import Opinion
from screening.store.journal import Journal
from screening.store.journalexport import Column
from screening.store.records import Review
from simulation.interchange import interaction_operator, read_fcidump, rebuilding


def known(molecule: computed.Computed) -> computed.Placed:
    found = computed.placed(molecule.scores)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def leads(campaign_run: Any) -> LeadTable:
    return molq.Run.open(campaign_run.directory).leads()


@pytest.fixture(scope="module")
def book(campaign_run: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("book") / "leads.xlsx"
    assert export(campaign_run.directory, "leads", path) == 4
    return path


def test_a_workbook_has_numbers_with_units_and_a_picture_a_row(
    book: Path, leads: LeadTable
) -> None:
    sheet = openpyxl.load_workbook(book)["leads"]
    header = [cell.value for cell in sheet[1]]
    assert header[:5] == ["rank", "structure", "name", "smiles", "inchikey"]
    assert sheet.max_row == 1 + len(leads)
    assert sheet.freeze_panes == "C2"
    assert sheet.auto_filter.ref == f"A1:{sheet.cell(5, len(header)).coordinate}"
    value = sheet.cell(2, header.index("warhead-ea [eV]") + 1)
    assert (value.data_type, value.number_format) == ("n", "0.000")
    assert value.value == pytest.approx(leads[0].scores["warhead-ea"].value, abs=1e-12)
    deviation = sheet.cell(2, header.index("warhead-ea CASCI deviation [mHa]") + 1)
    assert deviation.number_format == "0.0000"
    rows = sorted(image.anchor._from.row for image in sheet._images)
    assert rows == [1, 2, 3, 4]
    assert {image.anchor._from.col for image in sheet._images} == {1}
    with Image.open(io.BytesIO(sheet._images[0]._data())) as picture:
        assert picture.size == (360, 220)
        shades = np.asarray(picture.convert("RGB")).reshape(-1, 3)
    assert len({tuple(shade) for shade in shades}) > 20  # a drawing, and not an empty sheet


def test_a_workbook_is_safe_to_open(book: Path) -> None:
    sheet = openpyxl.load_workbook(book)["leads"]
    kinds = {cell.data_type for row in sheet.iter_rows() for cell in row}
    assert kinds <= {"s", "n", "inlineStr"}  # no formula
    assert not any(cell.hyperlink for row in sheet.iter_rows() for cell in row)
    names = [row[2].value for row in sheet.iter_rows(min_row=2)]
    assert "=cmd|' /C calc'!A0" in names  # a text, as it was given


def test_pandas_reads_a_workbook_as_it_reads_parquet(
    book: Path, campaign_run: Any, tmp_path: Path
) -> None:
    export(campaign_run.directory, "leads", tmp_path / "leads.parquet")
    expected = pd.read_parquet(tmp_path / "leads.parquet")
    found = pd.read_excel(book, sheet_name="leads").drop(columns="structure")
    beside = [name for name in found.columns if name not in expected.columns]
    assert "lipinski-violations" in beside
    assert found[[name for name in beside if name != "what they rest on"]].notna().all(axis=None)
    assert found["computed form"].str.contains("pH 7.4").all()
    found = found.drop(columns=beside)
    # an empty text and no number are both an empty cell
    pd.testing.assert_frame_equal(
        found.fillna("").astype(object), expected.fillna("").astype(object)
    )


def test_a_workbook_says_what_it_is(book: Path) -> None:
    about = {row[0].value: row[1].value for row in openpyxl.load_workbook(book)["about"]}
    assert about["written by"].startswith("molq ")
    assert about["objective warhead-ea"] == "window, low -8, high -7.7, weight 1"
    assert "electron affinity" in about["warhead-ea"]
    assert about["rows"] == "4"


def test_hostile_and_missing_cells_of_a_workbook(tmp_path: Path) -> None:
    columns = (Column("smiles", "text"), Column("x [eV]", "number"), Column("n", "integer"))
    rows: list[workbook.Drawn] = [
        (["=1+1", float("nan"), None], None),
        (["https://example.org", float("inf"), 3], workbook.Structure("no molecule")),
        (["\x01{=A1}" + "x" * 40_000, 1.5, 4], workbook.Structure("CCO", (0, 99))),
    ]
    path = tmp_path / "hostile.xlsx"
    assert workbook.write(columns, rows, path, name="a name longer than a sheet's may be") == 3
    sheet = openpyxl.load_workbook(path).worksheets[0]
    assert [cell.value for cell in sheet["A"]][1:3] == ["=1+1", "https://example.org"]
    assert sheet["A2"].data_type == "s"
    assert sheet["A3"].hyperlink is None
    assert len(str(sheet["A4"].value)) <= 32_767 + len("_x0001_")
    assert [sheet.cell(row, 3).value for row in (2, 3, 4)] == [None, None, 1.5]
    assert len(sheet._images) == 1


def test_only_the_first_rows_get_a_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "PICTURES", 2)
    columns = (Column("n", "integer"), Column("smiles", "text"))
    rows = [([n, "CCO"], workbook.Structure("CCO")) for n in range(4)]
    workbook.write(columns, rows, tmp_path / "many.xlsx", name="many")
    book = openpyxl.load_workbook(tmp_path / "many.xlsx")
    assert len(book["many"]._images) == 2
    assert {row[0].value: row[1].value for row in book["about"]}["pictures"].startswith(
        "of the first 2 rows"
    )


def test_more_rows_than_a_sheet_holds_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workbook, "LARGEST", 3)
    with pytest.raises(MolqError, match="2 rows at most: choose the format parquet or csv"):
        workbook.write(
            (Column("n", "integer"),),
            [([n], None) for n in range(3)],
            tmp_path / "x.xlsx",
            name="x",
        )
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("what", ["results", "library", "selections", "attempts", "rounds", "cuts"])
def test_every_table_is_a_workbook_and_json(campaign_run: Any, tmp_path: Path, what: Any) -> None:
    rows = export(campaign_run.directory, what, tmp_path / "t.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "t.xlsx")[what]
    assert sheet.max_row == rows + 1
    assert export(campaign_run.directory, what, tmp_path / "t.json") == rows
    records = json.loads((tmp_path / "t.json").read_text())
    assert len(records) == rows
    if what == "results":
        assert records[0]["score"]["inchikey"] == records[0]["inchikey"]


def test_xyz_is_read_by_rdkit_and_ase(campaign_run: Any, leads: LeadTable, tmp_path: Path) -> None:
    path = tmp_path / "leads.xyz"
    assert export(campaign_run.directory, "leads", path) == 4
    frames = ase.io.read(path, index=":", format="extxyz")
    assert [frame.info["rank"] for frame in frames] == [1, 2, 3, 4]
    for frame, lead in zip(frames, leads, strict=True):
        score = lead.scores["warhead-ea"]
        assert frame.info["inchikey"] == lead.candidate.inchikey
        assert frame.info["value"] == pytest.approx(score.value, abs=1e-8)
        assert frame.info["smiles"] == score.smiles
        block = f"{len(frame)}\n\n" + "\n".join(
            f"{atom.symbol} {atom.x:.8f} {atom.y:.8f} {atom.z:.8f}" for atom in frame
        )
        recorded = Chem.MolFromXYZBlock(score.provenance.geometry)
        assert np.allclose(
            Chem.MolFromXYZBlock(block).GetConformer().GetPositions(),
            recorded.GetConformer().GetPositions(),
        )
    assert export(campaign_run.directory, "results", tmp_path / "results.xyz") == 4


def test_a_name_does_not_break_xyz(leads: LeadTable) -> None:
    (first,) = computed.of_leads(leads[:1])
    hostile = replace(first, label='two\nlines="x"\\y')
    text = xyzfile.structure(hostile, known(hostile))
    assert len(text.splitlines()) == 2 + int(text.splitlines()[0])
    (frame,) = ase.io.read(io.StringIO(text), index=":", format="extxyz")
    assert frame.info["name"] == "two lines= x y"


def test_a_model_compounds_geometry_is_told_apart(leads: LeadTable) -> None:
    (first,) = computed.of_leads(leads[:1])
    score = first.scores["warhead-ea"]
    other = replace(
        score, provenance=replace(score.provenance, geometry="1\nC GFN2-xTB\nC 0 0 0\n")
    )
    alone = replace(first, scores={"michael-reactivity": other})
    only = known(alone)
    assert (only.smiles, only.atoms) == ("C", ("C 0 0 0",))
    assert 'model_of="' in xyzfile.structure(alone, only)
    both = known(replace(first, scores={"michael-reactivity": other, "warhead-ea": score}))
    assert both.recipe == "warhead-ea"


def test_what_has_no_geometry_is_left_out(leads: LeadTable, tmp_path: Path) -> None:
    (first,) = computed.of_leads(leads[:1])
    score = first.scores["warhead-ea"]
    flat = replace(score, provenance=replace(score.provenance, geometry=""))
    lead = replace(leads[0], scores={"warhead-ea": flat})
    assert forms.write_leads([lead], leads.objectives, "xyz", tmp_path / "l.xyz") == 0
    assert forms.write_leads([lead], leads.objectives, "qcschema", tmp_path / "l.json") == 0
    assert json.loads((tmp_path / "l.json").read_text()) == []
    assert forms.write_leads([lead], leads.objectives, "sdf", tmp_path / "l.sdf") == 1
    (drawn,) = Chem.SDMolSupplier(str(tmp_path / "l.sdf"))
    assert not drawn.GetConformer().Is3D()
    with pytest.raises(molq.CallError, match="keeps no geometry"):
        molq.to_ase(flat)
    assert molq.to_qcschema(flat) == []


def test_qcschema_is_validated_by_qcelemental(
    campaign_run: Any, leads: LeadTable, tmp_path: Path
) -> None:
    path = tmp_path / "leads.qcschema.json"
    assert export(campaign_run.directory, "leads", path) == 4
    records = [AtomicResult(**record) for record in json.loads(path.read_text())]
    assert len(records) == 8  # two sectors a lead
    solved = leads[0].scores["warhead-ea"].sites[0].solutions
    assert [record.return_result for record in records[:2]] == [s.energy for s in solved]
    assert records[0].extras["molq_inchikey"] == leads[0].candidate.inchikey
    assert records[0].extras["molq_value"] == leads[0].scores["warhead-ea"].value
    assert [record.molecule.molecular_charge for record in records[:2]] == [0, -1]


def test_a_score_without_energies_is_a_molecule_of_qcschema(leads: LeadTable) -> None:
    score = leads[0].scores["warhead-ea"]
    (record,) = schemafile.of_score(replace(score, sites=(), species=(), solver="none"))
    molecule = Molecule(**record)
    assert len(molecule.symbols) == len(score.provenance.geometry.strip().splitlines()) - 2
    assert record["extras"]["molq_unit"] == "eV"


@pytest.fixture(scope="module")
def integrals(campaign_run: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("integrals") / "leads"
    assert export(campaign_run.directory, "leads", folder, "fcidump", top=1) == 1
    return folder


def test_fcidump_gives_the_recorded_energy_in_pyscf_and_openfermion(
    integrals: Path, leads: LeadTable
) -> None:
    with (integrals / integralfiles.INDEX).open(newline="") as file:
        rows = list(csv.DictReader(file))
    solved = leads[0].scores["warhead-ea"].sites[0].solutions
    assert len(rows) == len(solved) == 2
    for row, one in zip(rows, solved, strict=True):
        content = fcidump.read(str(integrals / row["file"]), verbose=False)
        energy, _ = fci.direct_spin1.kernel(
            content["H1"], content["H2"], content["NORB"], (one.n_alpha, one.n_beta)
        )
        assert energy + content["ECORE"] == pytest.approx(one.casci_energy, abs=1e-6)
        assert content["MS2"] == one.n_alpha - one.n_beta
        hamiltonian, *_ = read_fcidump(integrals / row["file"])
        operator = get_fermion_operator(interaction_operator(hamiltonian))
        sparse = get_number_preserving_sparse_operator(
            operator, 2 * hamiltonian.norb, one.n_alpha + one.n_beta
        )
        lowest = np.linalg.eigvalsh(sparse.toarray())[0]
        assert lowest == pytest.approx(one.casci_energy, abs=1e-6)
        assert float(row["recorded solver energy [Ha]"]) == pytest.approx(one.energy, abs=1e-8)
        assert row["problem"] == ""


def test_integrals_go_nowhere_where_something_is(integrals: Path, campaign_run: Any) -> None:
    with pytest.raises(CallError, match="is there already"):
        export(campaign_run.directory, "leads", integrals, "fcidump", top=1)


def test_a_name_of_one_file_is_refused_for_many_before_anything_is_computed(
    leads: LeadTable, tmp_path: Path
) -> None:
    molecules = list(computed.of_leads(leads.leads))
    path = tmp_path / "l.fcidump"
    remedy = rf"name a folder, {tmp_path}/l, or a ZIP file, {path}\.zip"
    with pytest.raises(CallError, match=rf"there are several molecules\): {remedy}"):
        integralfiles.write(molecules, path)
    with pytest.raises(CallError, match=rf"its molecule has 2\): {remedy}"):
        integralfiles.write(molecules[:1], path)
    with pytest.raises(CallError, match="is named as a file of sdf, and fcidump is many files"):
        leads.write(tmp_path / "leads.sdf", "fcidump")
    assert not list(tmp_path.iterdir())


def test_a_molecule_with_one_energy_is_one_file(
    leads: LeadTable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (first,) = computed.of_leads(leads[:1])
    score = first.scores["warhead-ea"]
    site = replace(score.sites[0], solutions=score.sites[0].solutions[:1])
    one = replace(first, scores={"x": replace(score, sites=(site,))})
    (sector, _) = rebuilding.rebuilt_sectors(score)
    monkeypatch.setattr(rebuilding, "rebuilt_sectors", lambda score: (sector,))
    path = tmp_path / "l.fcidump"
    assert integralfiles.write([one], path) == 1
    assert list(tmp_path.iterdir()) == [path]
    hamiltonian, n_alpha, n_beta = read_fcidump(path)
    assert (hamiltonian.norb, n_alpha, n_beta) == (4, 2, 2)


def test_integrals_whose_energy_is_another_are_not_written(
    leads: LeadTable, tmp_path: Path
) -> None:
    (first,) = computed.of_leads(leads[:1])
    score = first.scores["warhead-ea"]
    site = score.sites[0]
    wrong = replace(site.solutions[0], casci_energy=site.solutions[0].casci_energy + 1e-4)
    tampered = replace(score, sites=(replace(site, solutions=(wrong, site.solutions[1])),))
    unknown = replace(score, recipe="somebody-elses")
    said: list[str] = []
    with pytest.raises(MolqError, match=r"-0\.100 mHa off the recorded energy"):
        integralfiles.write([replace(first, scores={"x": tampered})], tmp_path / "a", said.append)
    assert said == [f"{first.label}: 0 FCIDUMP files"]
    with pytest.raises(MolqError, match="somebody-elses cannot be made again"):
        integralfiles.write([replace(first, scores={"x": unknown})], tmp_path / "a")
    with pytest.raises(MolqError, match="no molecule has a score"):
        integralfiles.write([], tmp_path / "a.zip")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("key", ["../../x", "/tmp/x", "BSYNRYMUTXBXSQ-UHFFFAOYSA-N\n", ""])
def test_a_key_that_is_none_names_no_folder(leads: LeadTable, tmp_path: Path, key: str) -> None:
    (molecule, *_) = computed.of_leads(leads.leads)
    good = replace(molecule, rank=None)
    assert good.folder == molecule.candidate.inchikey
    hostile = replace(good, candidate=replace(molecule.candidate, inchikey=key))
    for path in (tmp_path / "files", tmp_path / "files.zip"):
        with pytest.raises(MolqError, match="is no InChIKey: the journal is damaged"):
            integralfiles.write([hostile], path)
    assert list(tmp_path.iterdir()) == []


def test_the_two_commands_write_the_same_leads(
    campaign_run: Any, leads: LeadTable, tmp_path: Path, molq_command: Callable[..., Any]
) -> None:
    directory = campaign_run.directory
    for form in ("csv", "sdf", "json", "xyz", "qcschema", "parquet"):
        export(directory, "leads", tmp_path / "a", form)  # type: ignore[arg-type]
        leads.write(tmp_path / "b", form)  # type: ignore[arg-type]
        assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes(), form
    leads.write(tmp_path / "leads.csv")
    assert (directory / "leads.csv").read_bytes() == (tmp_path / "leads.csv").read_bytes()
    call = molq_command("leads", directory, "--format", "xyz", "--top", "2")
    assert call.code == 0, call.err
    leads[:2].write(tmp_path / "two.xyz")
    assert call.out == (tmp_path / "two.xyz").read_text()


def test_many_files_on_stdout_are_refused(
    campaign_run: Any, molq_command: Callable[..., Any]
) -> None:
    call = molq_command("leads", campaign_run.directory, "--format", "fcidump")
    assert call.code == 2
    assert "give --output FOLDER or --output FILE.zip" in call.err


def test_a_zip_of_integrals_is_the_same_whenever_it_is_written(
    leads: LeadTable, tmp_path: Path
) -> None:
    molecules = list(computed.of_leads(leads[:1]))
    for name in ("a.zip", "b.zip"):
        assert integralfiles.write(molecules, tmp_path / name) == 1
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert archive.testzip() is None
        assert [n.rsplit("/", 1)[-1] for n in archive.namelist()] == [
            "warhead-ea-1-4e4o-ms0.fcidump", "warhead-ea-1-5e4o-ms1.fcidump", "index.csv",
        ]  # fmt: skip


def test_what_reviewers_said_has_a_column_where_anything_was_said(
    leads: LeadTable, tmp_path: Path
) -> None:
    said = Review(
        id=1, time="2026-01-01T00:00:00+00:00", reviewer="ann", kind="reject",
        inchikey=leads[0].candidate.inchikey, smiles=leads[0].candidate.smiles,
        text="=too, greasy",
    )  # fmt: skip
    reviewed = (replace(leads[0], review=Opinion(rejections=(said,))), *leads[1:])
    forms.write_leads(reviewed, leads.objectives, "csv", tmp_path / "leads.csv")
    frame = pd.read_csv(tmp_path / "leads.csv", keep_default_na=False)
    assert list(frame["review"]) == ["rejected by ann: =too, greasy", "", "", ""]
    forms.write_leads(reviewed, leads.objectives, "json", tmp_path / "leads.json")
    records = json.loads((tmp_path / "leads.json").read_text())
    assert [record["review"] for record in records[:2]] == ["rejected by ann: =too, greasy", None]
    leads.write(tmp_path / "leads.csv")
    assert "review" not in pd.read_csv(tmp_path / "leads.csv").columns


def test_results_of_a_molecule_stand_together(campaign_run: Any) -> None:
    with Journal.open(campaign_run.directory, readonly=True) as journal:
        results = journal.results()
    twice = [
        one
        for result in results
        for one in (result, replace(result, recipe="other", outcome=result.outcome))
    ]
    found = list(computed.of_results(twice))
    assert len(found) == len(results)
    assert set(found[0].scores) == {"warhead-ea", "other"}
    assert found[0].folder == results[0].candidate.inchikey


def test_formats_are_told_by_names() -> None:
    assert forms.by_name(Path("x/leads.QCSchema.json")) == "qcschema"
    assert forms.by_name(Path("leads.json")) == "json"
    assert forms.by_name(Path("leads.fcidump.zip")) == "fcidump"
    assert [forms.by_name(Path(forms.file_name("leads", form))) for form in forms.FORMS] == list(
        forms.FORMS
    )
