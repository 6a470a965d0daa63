"""``molq score`` and ``molq.score`` on small real molecules."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import pytest

import molq

FAST = ("--basis", "sto-3g", "--conformers", "1", "--set", "density_fit=false")
FIELDS = {
    "smiles", "inchikey", "recipe", "value", "unit", "status", "solver", "casci_deviation_mha",
    "baselines", "active_space", "provenance",
}  # fmt: skip


@pytest.fixture(scope="module")
def scored(fast: dict[str, Any]) -> Any:
    """Acrylamide, a molecule the recipe is not for, and what is no molecule."""
    settings = {key.removeprefix("simulation."): value for key, value in fast.items()}
    return molq.score(["C=CC(N)=O", "CC", "C=C("], **settings)


def test_one_molecule_is_one_json_object(molq_command: Callable[..., Any]) -> None:
    call = molq_command("score", "NC(=O)C=C", *FAST, "--json")
    assert call.code == 0, call.err
    data = json.loads(call.out)
    assert set(data) >= FIELDS
    assert data["smiles"] == "C=CC(N)=O"
    assert data["input"] == "NC(=O)C=C"
    assert data["inchikey"] == "HRPVXLWXLXDGHG-UHFFFAOYSA-N"
    assert (data["recipe"], data["unit"], data["status"]) == ("warhead-ea", "eV", "scored")
    assert data["solver"] == "vqe"
    assert abs(data["casci_deviation_mha"]) < 1.6
    assert data["active_space"]["electrons"] == data["active_space"]["orbitals"] == 4
    assert {"hf_lumo", "gfn2_lumo"} <= set(data["baselines"])
    assert data["provenance"]["basis"] == "sto-3g"
    # one electron more costs energy in a minimal basis: far below the usual -5 eV
    assert -10 < data["value"] < -6


def test_several_molecules_are_a_list_and_a_failure_is_data(
    molq_command: Callable[..., Any],
) -> None:
    call = molq_command("score", "-", *FAST, "--json", stdin="C=CC(N)=O acrylamide\n\nCC\n[#\n")
    assert call.code == 1
    first, ethane, nothing = json.loads(call.out)
    assert first["status"] == "scored"
    assert ethane["smiles"] == "CC"
    assert ethane["status"] == nothing["status"] == "failed"
    assert ethane["failure"]["kind"] == nothing["failure"]["kind"] == "input"
    assert "alpha,beta-unsaturated" in ethane["failure"]["message"]
    assert set(nothing) == {"smiles", "recipe", "status", "failure"}


def test_the_table_has_the_baselines_beside_the_value(molq_command: Callable[..., Any]) -> None:
    call = molq_command("score", "C=CC(N)=O", "CC(", *FAST)
    assert call.code == 1
    header, units = (line.split() for line in call.out.splitlines()[1:3])
    assert header == ["warhead-ea", "hf_lumo", "gfn2_lumo", "hf_pi_star", "CASCI", "deviation"]
    assert units == ["SMILES", *["(eV)"] * 4, "solver", "(mHa)"]
    (row,) = (line.split() for line in call.out.splitlines() if line.startswith(" C=CC(N)=O"))
    assert len(row) == len(units)
    assert "failed: CC(" in call.err


def test_two_recipes_of_two_molecules_are_told_one_by_one(
    molq_command: Callable[..., Any],
) -> None:
    recipes = ("--recipe", "warhead-ea", "--recipe", "warhead-st")
    call = molq_command("score", "C=CC(N)=O", "CC", *recipes, *FAST, "--set", "solver=casci")
    assert call.code == 1
    assert call.out.count(" C=CC(N)=O ") == 2
    failed = [line for line in call.err.splitlines() if line.startswith("failed: ")]
    assert [line.split(": ")[1:3] for line in failed] == [
        ["CC", "warhead-ea"],
        ["CC", "warhead-st"],
    ]


def test_several_recipes_give_a_table_molecule_by_molecule(fast: dict[str, Any]) -> None:
    settings = {key.removeprefix("simulation."): value for key, value in fast.items()}
    table = molq.score("C=CC(N)=O", ("warhead-st", "warhead-ea"), solver="casci", **settings)
    assert isinstance(table, molq.ScoreTable)
    assert [item.recipe for item in table] == ["warhead-st", "warhead-ea"]
    assert table.of("warhead-ea") == (table[1],)
    frame = table.to_frame()
    assert list(frame["recipe"]) == ["warhead-st", "warhead-ea"]
    assert "warhead-st" in table._repr_html_()


def test_results_keep_their_order_and_their_reasons(scored: molq.ScoreTable) -> None:
    assert [item.status for item in scored] == ["scored", "failed", "failed"]
    assert [item.text for item in scored.failed] == ["CC", "C=C("]
    assert scored[0].unit == "eV"
    assert math.isnan(scored[1].value)
    assert len(scored[1:]) == 2


def test_a_frame_has_units_in_its_headers(scored: molq.ScoreTable) -> None:
    frame = scored.to_frame()
    assert list(frame["status"]) == ["scored", "failed", "failed"]
    assert frame["gfn2_lumo (eV)"].notna().tolist() == [True, False, False]
    assert "alpha,beta-unsaturated" in frame["failure"][1]


def test_a_notebook_shows_structures_and_escapes_the_rest(scored: molq.ScoreTable) -> None:
    html = scored._repr_html_()
    assert "<svg" in html
    assert "C=C(" in html
    hostile = molq.score("<script>alert(1)</script>")
    assert isinstance(hostile, molq.ScoredMolecule)
    assert "<script>" not in hostile._repr_html_()
    assert "&lt;script&gt;" in hostile._repr_html_()


def test_the_seed_is_the_one_a_campaign_would_give(scored: molq.ScoreTable) -> None:
    from screening.compute.evaluation import molecule_seed

    score = scored[0].score
    assert score is not None
    assert score.provenance.seed == molecule_seed(0, score.inchikey)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"recipe": "warhead_ea"}, "did you mean 'warhead-ea'"),
        ({"solver": "vqee"}, "did you mean 'vqe'"),
        ({"conformer": 3}, 'did you mean "conformers"'),
        ({"conformers": 0}, "simulation.conformers"),
    ],
)
def test_a_wrong_call_raises_before_anything_is_computed(
    arguments: dict[str, Any], said: str
) -> None:
    with pytest.raises(molq.CallError, match=said):
        molq.score("C=CC(N)=O", **arguments)


def test_names_are_loaded_when_used() -> None:
    assert set(dir(molq)) >= {"score", "screen", "Campaign"}
    with pytest.raises(AttributeError, match="no attribute 'scores'"):
        _ = molq.scores  # type: ignore[attr-defined]
