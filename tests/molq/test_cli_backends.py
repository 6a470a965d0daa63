"""``molq backends``, and ``molq score`` on a backend with its technical file."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jsonschema
import pytest

FAST = ("--basis", "sto-3g", "--conformers", "1", "--set", "density_fit=false")
FEW_SHOTS = ("--set", "max_shots=2000", "--set", "precision_mha=20")


def test_the_table_lists_what_there_is(molq_command: Callable[..., Any]) -> None:
    call = molq_command("backends")
    assert call.code == 0, call.err
    for word in ("exact", "aer", "fake:<device>", "ibm:<device>", "manila", "free, on this"):
        assert word in call.out


def test_json_says_qubits_cost_and_credentials(molq_command: Callable[..., Any]) -> None:
    listed = {item["name"]: item for item in json.loads(molq_command("backends", "--json").out)}
    assert set(listed) >= {"exact", "aer", "fake:<device>", "ibm:<device>"}
    assert listed["fake:<device>"]["devices"]["manila"] == 5
    assert listed["aer"]["credentials"] is None
    assert listed["ibm:<device>"]["credentials"] in (True, False)
    assert "your IBM Quantum plan" in listed["ibm:<device>"]["cost"]
    assert {item["provider"] for item in listed.values()} == {"molq"}


def test_credentials_are_found_and_never_shown(
    molq_command: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QISKIT_IBM_TOKEN", "0123secret")
    call = molq_command("backends", "--json")
    assert "0123secret" not in call.out + call.err
    (ibm,) = [item for item in json.loads(call.out) if item["name"] == "ibm:<device>"]
    assert ibm["credentials"] is True


def test_the_technical_file_of_a_noisy_score(
    molq_command: Callable[..., Any], tmp_path: Path
) -> None:
    file = tmp_path / "out.json"
    call = molq_command(
        "score", "C=CC(N)=O", "CC", *FAST, *FEW_SHOTS, "--backend", "fake:manila",
        "--set", 'mitigation=["readout"]', "--technical-file", file, "--json",
    )  # fmt: skip
    assert call.code == 1  # ethane has no warhead
    assert "solver vqe-circuit: it runs its circuits on fake:manila" in call.err
    assert f"wrote {file}: 2 quantum evaluations" in call.err
    schema = json.loads(molq_command("backends", "--schema").out)
    text = file.read_text(encoding="utf-8")
    data = json.loads(text)
    jsonschema.validate(data, schema)
    assert [e["n_alpha"] + e["n_beta"] for e in data["evaluations"]] == [4, 5]
    for evaluation in data["evaluations"]:
        assert evaluation["molecule"] == 0
        assert evaluation["backend"]["name"] == "fake:manila"
        assert evaluation["calibration"]["qubits"]
        assert evaluation["circuit"]["qasm3"].startswith("OPENQASM 3")
    for word in ("C=CC(N)=O", "HRPVXLWXLXDGHG", "acrylamide"):
        assert word not in text
    score = json.loads(call.out)[0]
    assert (score["solver"], score["backend"]) == ("vqe-circuit", "fake:manila")
    assert score["standard_error"] > 0
    assert any("feasibility only: a smaller space of 2 orbitals" in f for f in score["flags"])
    solved = score["sites"][0]["solutions"]
    assert all(s["technical"] is None for s in solved)
    assert all(s["reduced"]["orbitals"] == 2 for s in solved)
    assert [m["name"] for s in solved for m in s["mitigation"]] == ["readout"] * 2


def test_mitigation_is_shown_before_and_after(capsys: pytest.CaptureFixture[str]) -> None:
    from molq.cli import quantum
    from simulation.score import MitigationRecord, ReducedSpace

    steps = (
        MitigationRecord("readout", "tensored", -1.10, -1.12, 0.001, 0.002),
        MitigationRecord("zne", "folded", -1.12, -1.14, 0.002, 0.005),
    )
    small = ReducedSpace(2, 2, 1, -1.14, "too few qubits")
    site = SimpleNamespace(
        solutions=[
            SimpleNamespace(sector="4e", casci_energy=-1.15, reduced=small, mitigation=steps),
            SimpleNamespace(sector="5e", casci_energy=-1.15, reduced=None, mitigation=steps[:1]),
        ]
    )
    scored = SimpleNamespace(smiles="C=C", score=SimpleNamespace(sites=[site]))
    quantum.write_mitigation([scored, SimpleNamespace(score=None)])  # type: ignore[arg-type]
    rows = [line.split() for line in capsys.readouterr().out.splitlines() if "C=C" in line]
    # against the exact energy of the space that was measured
    assert rows[0][1:9] == ["4e", "readout", "+40.0", "±", "1.0", "+20.0", "±", "2.0"]
    assert rows[1][1:9] == ["4e", "zne", "+20.0", "±", "2.0", "+0.0", "±", "5.0"]
    assert rows[2][1:9] == ["5e", "readout", "+50.0", "±", "1.0", "+30.0", "±", "2.0"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--technical-file", "x.json"), "the solver 'vqe' runs no circuit"),
        (("--backend", "aer", "--technical-file", "no/x.json"), "there is no folder no"),
        (("--backend", "aer", "--technical-file", "."), "is a folder"),
        (("--backend", "aerr"), "did you mean 'aer'"),
        (("--backend", "fake:"), "write fake:DEVICE"),
    ],
)
def test_wrong_calls_are_refused_before_anything_is_computed(
    molq_command: Callable[..., Any], tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    call = molq_command("score", "C=CC(N)=O", *arguments, cwd=tmp_path)
    assert call.code == 2
    assert said in call.err
    assert not list(tmp_path.iterdir())


def test_an_unknown_device_fails_with_the_nearest(molq_command: Callable[..., Any]) -> None:
    call = molq_command("score", "C=CC(N)=O", *FAST, "--backend", "fake:manilla")
    assert call.code != 0
    assert "the nearest are manila" in call.err
