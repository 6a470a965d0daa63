"""``molq score --scorer``: numbers that are read off the structure."""

from __future__ import annotations

import json

import pytest

from molq.cli.entry import run_arguments


def test_without_a_recipe_nothing_else_is_computed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_arguments(["score", "OCC", "CCC", "--scorer", "qed", "--scorer", "logp"]) == 0
    shown = capsys.readouterr().out
    assert [line.split()[0] for line in shown.splitlines() if "0." in line] == ["CCO", "CCC"]
    assert "warhead-ea" not in shown


def test_json_has_a_record_for_each_molecule_and_scorer(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run_arguments(["score", "OCC", "C(", "--scorer", "qed", "--json"]) == 1
    good, bad = json.loads(capsys.readouterr().out)
    assert good["smiles"] == "CCO"
    assert good["input"] == "OCC"
    assert good["value"] == pytest.approx(0.4068, abs=1e-3)
    assert (good["scorer"], good["status"], good["unit"]) == ("qed", "scored", "")
    assert bad["status"] == "failed"
    assert bad["failure"]["kind"] == "input"
    assert run_arguments(["score", "CCO", "--scorer", "qed", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["scorer"] == "qed"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--scorer", "qqed"], "did you mean 'qed'"),
        (["--scorer", "qed", "--scorer", "qed"], "is given twice"),
        (["--scorer", "qed:x=1"], "settings are given by --set qed.KEY=VALUE"),
        (["--scorer", "qed:"], "is a label of your own, e.g. qed:own"),
        (["--set", "simulation=1"], "simulation is a table; name the key in it"),
        (["--set", "simulation={solver=1}"], "solver"),
        (["--scorer", "qed", "--set", "qed.x=1"], "takes no settings"),
        (["--scorer", "qed", "--set", "qed.x.y=1"], "settings.x"),
        (["--set", "novelty.known=x.smi"], "scorer novelty is not asked for; add --scorer novelty"),
        (["--scorer", "qed", "--set", "novelty:own.known=x"], "add --scorer novelty:own"),
        (["--scorer", "qed", "--workers", "2"], "go with --reinvent"),
        (["--reinvent", "--scorer", "qed", "--set", "qed.x.y=1"], "settings.x"),
        (["--reinvent", "--verbose"], "writes its own document"),
        (["--reinvent", "--outside", "0", "--objectives", "x.toml"], "--outside is for raw"),
    ],
)
def test_a_wrong_call_is_one_line(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_arguments(["score", "CCO", *arguments]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert said in shown.err
    assert len(shown.err.splitlines()) == 1
