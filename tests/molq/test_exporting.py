"""Every table of a run in every format: types, units, safe cells, constant memory."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rdkit import Chem

import molq
from molq.errors import CallError, MolqError
from molq.exporting import WHAT, export
from screening.store import journalexport
from screening.store.journal import Journal
from screening.store.journalexport import Column, Rows

LENGTHS = {
    "results": 4, "library": 7, "attempts": 4, "rounds": 2, "selections": 4, "cuts": 0,
    "reviews": 0,
}  # fmt: skip


@pytest.mark.parametrize("what", WHAT)
def test_parquet_has_a_row_for_each_record_and_types(
    campaign_run: Any, tmp_path: Path, what: Any
) -> None:
    path = tmp_path / f"{what}.parquet"
    count = molq.Run.open(campaign_run.directory).export(what, path)
    table = pq.read_table(path)
    assert table.num_rows == count == LENGTHS.get(what, 4)
    texts = [field.name for field in table.schema if field.type == pa.string()]
    assert ("inchikey" in texts) == ("inchikey" in table.column_names)
    for name in {"row", "round", "attempt", "position", "rank"} & set(table.column_names):
        assert table.schema.field(name).type == pa.int64()
    for name in table.column_names:
        if name.endswith("]"):
            assert table.schema.field(name).type == pa.float64(), name


def test_results_carry_every_figure_with_its_unit(campaign_run: Any, tmp_path: Path) -> None:
    export(campaign_run.directory, "results", tmp_path / "r.parquet")
    found = {row["inchikey"]: row for row in pq.read_table(tmp_path / "r.parquet").to_pylist()}
    with Journal.open(campaign_run.directory, readonly=True) as journal:
        results = journal.results()
    assert len(results) == len(found)
    for result in results:
        row = found[result.candidate.inchikey]
        assert result.score is not None
        assert row["warhead-ea [eV]"] == result.score.value  # to the last bit
        assert row["warhead-ea CASCI deviation [mHa]"] == result.score.casci_deviation_mha
        for name, baseline in result.score.baselines.items():
            assert row[f"warhead-ea {name} [{baseline.unit}]"] == baseline.value
        assert row["name"] == result.candidate.name  # as it is: Parquet runs nothing
        assert row["CPU time [s]"] == result.cpu_seconds
        assert (row["round"], row["attempt"]) == (result.round, result.attempt)


def test_csv_is_the_same_table_with_safe_cells(campaign_run: Any, tmp_path: Path) -> None:
    directory = campaign_run.directory
    export(directory, "library", tmp_path / "l.csv")
    with (tmp_path / "l.csv").open(newline="") as file:
        header, *rows = csv.reader(file)
    assert header[:4] == ["row", "name", "input", "smiles"]
    assert [row[0] for row in rows] == [str(number) for number in range(1, 8)]
    assert rows[2][1] == "'=cmd|' /C calc'!A0"
    assert rows[4][header.index("fate")] == "duplicate"
    assert rows[4][header.index("duplicate of")] == "1"
    assert rows[5][header.index("fate")] == "dropped"
    for what in WHAT:
        export(directory, what, tmp_path / "a.csv")
        export(directory, what, tmp_path / "a.parquet")
        with (tmp_path / "a.csv").open(newline="") as file:
            lines = list(csv.reader(file))
        assert lines[0] == pq.read_table(tmp_path / "a.parquet").column_names
        for line in lines:
            assert not any(cell.startswith(("=", "+", "@")) for cell in line)


def test_sdf_has_molecules_and_leads_their_geometry(campaign_run: Any, tmp_path: Path) -> None:
    directory = campaign_run.directory
    for what, flat in (("results", True), ("library", True), ("leads", False)):
        path = tmp_path / f"{what}.sdf"
        export(directory, what, path)  # type: ignore[arg-type]
        molecules = list(Chem.SDMolSupplier(str(path), removeHs=False))
        assert len(molecules) >= 4
        for mol in molecules:
            assert mol is not None
            assert mol.HasProp("inchikey")
            heights = {round(mol.GetConformer().GetAtomPosition(0).z, 6)}
            heights |= {round(p[2], 6) for p in mol.GetConformer().GetPositions()}
            assert (heights == {0.0}) == flat


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--format", "xlsx", "--out", "leads.sdf"), "is named like sdf, and --format says xlsx"),
        (("--format", "csv", "--out", "leads.CSV.gz"), "nothing is written compressed"),
        (("--format", "fcidump", "--out", "x.fcidump.gz"), "leave out .gz"),
        (("--out", "x.csv.gz"), "must end in"),
    ],
)
def test_a_name_that_tells_another_format_is_refused(
    molq_command: Any, campaign_run: Any, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    call = molq_command("export", campaign_run.directory, *arguments, cwd=tmp_path)
    assert call.code == 2
    assert said in call.err
    assert len(call.err.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_is_refused(campaign_run: Any, tmp_path: Path) -> None:
    directory = campaign_run.directory
    with pytest.raises(CallError, match="no table 'molecules': choose one of results"):
        export(directory, "molecules", tmp_path / "m.csv")  # type: ignore[arg-type]
    with pytest.raises(CallError, match="are no molecules"):
        export(directory, "attempts", tmp_path / "a.sdf")
    with pytest.raises(CallError, match=r"must end in \.qcschema\.json, .* or give --format"):
        export(directory, "results", tmp_path / "r.docx")
    with pytest.raises(CallError, match="choose --what results or leads"):
        export(directory, "library", tmp_path / "l.xyz")
    with pytest.raises(CallError, match="--top is for leads"):
        export(directory, "results", tmp_path / "r.csv", top=2)
    with pytest.raises(CallError, match="not a run's folder"):
        export(tmp_path, "results", tmp_path / "r.csv")
    with pytest.raises(MolqError, match="cannot be written"):
        export(directory, "results", tmp_path / "nowhere" / "r.csv")


def test_the_command_says_what_it_wrote(
    campaign_run: Any, tmp_path: Path, molq_command: Callable[..., Any]
) -> None:
    call = molq_command("export", campaign_run.directory, "--json", cwd=tmp_path)
    assert call.code == 0, call.err
    assert json.loads(call.out) == {"what": "results", "rows": 4, "file": "results.parquet"}
    assert pq.read_metadata(tmp_path / "results.parquet").num_rows == 4


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_rows_are_written_as_they_come(tmp_path: Path, form: Any) -> None:
    """No more than a batch of rows is ever held."""
    held = most = 0

    class Cells(list):  # type: ignore[type-arg]
        def __init__(self, number: int) -> None:
            nonlocal held, most
            super().__init__([number, f"text {number}", number / 3])
            held += 1
            most = max(most, held)

        def __del__(self) -> None:
            nonlocal held
            held -= 1

    def rows() -> Iterator[Cells]:
        for number in range(10_000):
            yield Cells(number)

    columns = (Column("n", "integer"), Column("t", "text"), Column("x [eV]", "number"))
    path = tmp_path / f"rows.{form}"
    assert journalexport.write(Rows(columns, rows()), path, form) == 10_000
    assert most < 5_000
    if form == "parquet":
        assert pq.read_table(path).column("x [eV]")[9999].as_py() == 9999 / 3
