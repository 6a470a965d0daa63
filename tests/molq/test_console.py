"""Tables keep what matters on a narrow terminal, and never read a cell as markup."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from molq.cli.console import Column, write_json, write_output, write_table
from molq.errors import CallError

COLUMNS = [
    Column("SMILES"),
    Column("warhead-ea", "eV", is_number=True),
    Column("hf_lumo", "eV", is_number=True, is_optional=True),
    Column("origin", is_optional=True),
]
ROWS = [["COc1cc(N(C)CCN(C)C)c(NC(=O)C=C)cc1Nc1nccc(n1)-c1cn(C)c2ccccc12", "-4.854", "2.764",
         "library"], ["[bold]C[/bold]", "–", "–", "generator"]]  # fmt: skip


def test_a_wide_table_has_every_column_with_its_unit(capsys: pytest.CaptureFixture[str]) -> None:
    write_table(COLUMNS, ROWS, width=120)
    printed = capsys.readouterr()
    for text in ("SMILES", "warhead-ea", "(eV)", "hf_lumo", "origin", ROWS[0][0]):
        assert text in printed.out
    assert "[bold]C[/bold]" in printed.out
    assert printed.err == ""


def test_a_narrow_table_folds_texts_and_names_what_it_leaves_out(
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_table(COLUMNS, ROWS, width=40)
    printed = capsys.readouterr()
    assert max(map(len, printed.out.splitlines())) <= 40
    assert "-4.854" in printed.out
    assert "origin" not in printed.out
    assert "left out for the terminal's width" in printed.err
    folded = "".join(line.split("  ")[0].strip() for line in printed.out.splitlines()[3:])
    assert ROWS[0][0] in folded


def test_json_has_null_for_what_json_has_no_word_for(capsys: pytest.CaptureFixture[str]) -> None:
    write_json({"a": [float("nan"), float("-inf"), 1.5], "b": ("x", None)})
    assert json.loads(capsys.readouterr().out, parse_constant=pytest.fail) == {
        "a": [None, None, 1.5],
        "b": ["x", None],
    }


def test_what_is_printed_into_a_file_replaces_no_journal(tmp_path: Path) -> None:
    journal = tmp_path / "journal.sqlite"
    journal.write_text("the truth")
    with pytest.raises(CallError, match="choose another"):
        write_output("C", journal)
    assert journal.read_text() == "the truth"
    write_output("C", tmp_path / "leads.csv")
    assert (tmp_path / "leads.csv").read_text() == "C"
