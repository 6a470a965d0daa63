"""``molq sample`` and ``molq.design``: what is printed, told and refused."""

from __future__ import annotations

import csv
import io
import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
import typer
from rdkit import Chem

import molq
from molq.cli.entry import app, run_arguments

OSIMERTINIB = "COc1cc(N(C)CCN(C)C)c(NC(=O)C=C)cc1Nc1nccc(n1)-c1cn(C)c2ccccc12"
FRAGMENTS = ["--fragment", "c1ccncc1[*]", "--fragment", "O=C(Nc1ccccc1F)[*]"]


PAGE = (Path(__file__).parents[2] / "docs" / "design-tasks.md").read_text()


@pytest.mark.parametrize("line", sorted(set(re.findall(r"^molq sample .*$", PAGE, re.MULTILINE))))
def test_every_command_of_the_page_parses(line: str) -> None:
    sample = typer.main.get_command(app).commands["sample"]  # type: ignore[attr-defined]
    assert sample.make_context("sample", shlex.split(line)[2:]).params


def _run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = run_arguments(["sample", *arguments])
    said = capsys.readouterr()
    return code, said.out, said.err


def test_the_command_prints_plain_smiles_and_the_yield(molq_command: Callable[..., object]) -> None:
    call = molq_command("sample", "-n", "4", "--seed", "1")
    assert call.code == 0, call.err  # type: ignore[attr-defined]
    lines = call.out.splitlines()  # type: ignore[attr-defined]
    assert len(lines) == 4
    assert all(Chem.MolToSmiles(Chem.MolFromSmiles(line)) == line for line in lines)
    assert call.err.startswith("molq: 4 molecules from ")  # type: ignore[attr-defined]


def test_a_task_through_the_real_entry_point(molq_command: Callable[..., object]) -> None:
    call = molq_command("sample", "--task", "linker", *FRAGMENTS, "-n", "3", "--format", "csv")
    assert call.code == 0, call.err  # type: ignore[attr-defined]
    rows = list(csv.DictReader(io.StringIO(call.out)))  # type: ignore[attr-defined]
    assert len(rows) == 3
    assert list(rows[0]) == ["smiles", "sa-score", "log-likelihood", "change"]
    assert all(1 <= float(row["sa-score"]) <= 10 for row in rows)


def test_json_has_the_molecules_the_yield_and_the_call(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, out, _ = _run(
        capsys, "--task", "analogues", "--lead", OSIMERTINIB, "--similarity", "0.5", "0.9",
        "-n", "3", "--range", "logp::5", "--property", "tpsa", "--seed", "2", "--json",
    )  # fmt: skip
    told = json.loads(out)
    assert code == 0
    assert told["task"] == "analogues"
    assert told["seed"] == 2
    assert told["prior"] == "zinc250k"
    assert [record["smiles"] for record in told["molecules"]] == told["smiles"]
    assert told["yield"]["kept"] == len(told["smiles"]) == 3
    for record in told["molecules"]:
        assert 0.5 <= record["similarity"] <= 0.9
        assert record["properties"]["logp"] <= 5
        assert set(record["properties"]) == {"logp", "tpsa"}


def test_a_scaffold_alone_decorates_as_before(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = _run(capsys, "--scaffold", "C=CC(=O)N[*]", "-n", "3", "--json")
    told = json.loads(out)
    pattern = Chem.MolFromSmarts("C=CC(=O)N")
    assert code == 0
    assert told["scaffold"] == "C=CC(=O)N[*]"
    assert told["task"] == "decorate"
    assert all(Chem.MolFromSmiles(s).HasSubstructMatch(pattern) for s in told["smiles"])
    assert "molecules from" in err


def test_fewer_than_wanted_is_exit_code_1(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = _run(
        capsys, "--task", "linker", *FRAGMENTS, "--linker-atoms", "0", "0", "-n", "5"
    )
    assert code == 1
    assert len(out.splitlines()) == 1
    assert "1 of 5 molecules found" in err


def test_a_warhead_at_every_position_is_all_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = _run(
        capsys, "--task", "warhead", "--lead", "NCCc1ccc(O)cc1", "--warhead", "acrylamide",
        "--warhead", "nitrile", "--format", "csv",
    )  # fmt: skip
    (row,) = csv.DictReader(io.StringIO(out))
    assert code == 0
    assert row["smiles"] == Chem.CanonSmiles("C=CC(=O)NCCc1ccc(O)cc1")
    assert row["change"].startswith("acrylamide at N")
    assert "no position for nitrile" in err


def test_the_catalogue_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = _run(capsys, "--list-warheads", "--json")
    entries = {entry["name"]: entry for entry in json.loads(out)}
    assert code == 0
    assert entries["chlorofluoroacetamide"]["residues"] == ["Cys"]
    assert Chem.MolFromSmarts(entries["boronic acid"]["smarts"]) is not None
    code, out, _ = _run(capsys, "--list-warheads")
    assert all(name in out for name in entries)


def test_a_table_and_a_file(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    arguments = ["--task", "grow", "--fragment", "c1ccncc1[*]", "--size", "12", "14", "-n", "2"]
    code, out, _ = _run(capsys, *arguments, "--format", "table")
    assert code == 0
    assert all(title in out for title in ("sa-score", "similarity", "change"))
    path = tmp_path / "grown.smi"
    code, out, err = _run(capsys, *arguments, "--output", str(path))
    assert (code, out) == (0, "")
    assert len(path.read_text().splitlines()) == 2
    assert "wrote" in err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--core", "C"], "--core does not belong to a call without --task: it is for rgroup"),
        (["--task", "linker", "--lead", "C"], "--lead does not belong to --task linker"),
        (["--task", "linker", "--fragment", "C[*]"], "needs --fragment twice"),
        (["--task", "grow", *FRAGMENTS], "needs --fragment once"),
        (["--task", "analogues"], "needs --lead"),
        (["--task", "warhead"], "needs --warhead"),
        (["--task", "warhead", "--warhead", "acrylamyde"], "did you mean 'acrylamide'"),
        (["--task", "rgroup", "--lead", "CCO"], "map numbers 1"),
        (["--task", "anologues", "--lead", "C"], "analogues"),
        (["--range", "logp"], "is not NAME:LOW:HIGH"),
        (["--range", "logp:one:2"], "is not NAME:LOW:HIGH"),
        (["--range", "logp:1:", "--range", "logp::2"], "given twice"),
        (["--range", "logp:3:2"], "ends below its beginning"),
        (["--range", "logP:1:2"], "did you mean 'logp'"),
        (["--property", "weight"], "unknown property 'weight'"),
        (["--required", "C1C"], "not a valid SMARTS: 'C1C'"),
        (["--max-ring-size", "2"], "--max-ring-size"),
        (["--json", "--format", "csv"], "contradict"),
        (["--format", "table", "--output", "x"], "--output needs a file's format"),
        (["--list-warheads", "--format", "csv"], "--format json"),
        (["--task", "analogues", "--lead", "C1CC", "--similarity", "0.4", "0.9"],
         "not a valid SMILES"),
    ],
)  # fmt: skip
def test_a_wrong_call_is_one_line_and_exit_code_2(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = _run(capsys, *arguments)
    assert (code, out) == (2, "")
    (line,) = err.splitlines()
    assert line.startswith("molq: ")
    assert said in line


def test_the_api_gives_what_the_command_prints(capsys: pytest.CaptureFixture[str]) -> None:
    table = molq.design.linker(
        "c1ccncc1[*]", "O=C(Nc1ccccc1F)[*]", 4, seed=3, atoms=(2, 6),
        ranges={"logp": (None, 4.0)}, properties=["qed"],
    )  # fmt: skip
    _, out, _ = _run(
        capsys, "--task", "linker", *FRAGMENTS, "-n", "4", "--seed", "3", "--linker-atoms", "2",
        "6", "--range", "logp::4", "--property", "qed", "--format", "csv",
    )  # fmt: skip
    assert table.to_csv() == out
    frame = table.to_frame()
    assert list(frame.columns) == [
        "smiles", "sa-score", "logp", "qed", "log-likelihood", "change",
    ]  # fmt: skip
    assert frame["logp"].max() <= 4
    assert table.yield_.kept == len(table) == 4
    assert "<svg" in table._repr_html_()
    assert isinstance(table, molq.DesignTable)


def test_the_api_takes_a_generator_at_hand_and_tells_wrong_calls() -> None:
    from generative import generator

    prior = generator.find("zinc250k")
    assert molq.design.grow("c1ccncc1[*]", 2, prior=prior).smiles == (
        molq.design.grow("c1ccncc1[*]", 2).smiles
    )
    with pytest.raises(molq.CallError, match="unknown generator 'zink'"):
        molq.design.de_novo(1, prior="zink")
    with pytest.raises(TypeError, match="unexpected keyword 'sed'"):
        molq.design.de_novo(1, sed=1)  # type: ignore[call-arg]
    with pytest.raises(molq.CallError, match="two numbers"):
        molq.design.grow("c1ccncc1[*]", 2, size=(9, 7))


class _Foreign:
    """A generator of another package, which tells no yield."""

    name = "foreign"

    def sample(self, n: int, **_: object) -> list[str]:
        return ["CCO", "CCN"][:n]

    def finetuned(self, *_: object, **__: object) -> _Foreign:
        return self


def test_a_generator_of_another_package_samples_and_no_more() -> None:
    table = molq.design.de_novo(2, prior=_Foreign())  # type: ignore[typeddict-item]
    assert table.smiles == ["CCO", "CCN"]
    assert [design.log_likelihood for design in table] == [None, None]
    with pytest.raises(molq.CallError, match="no prior of molq"):
        molq.design.analogues("CCO", prior=_Foreign())  # type: ignore[typeddict-item]
