"""Errors in the words of the file: the table, the key, the nearest right one."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from molq import diagnosis


class _Simulation(BaseModel):
    model_config = ConfigDict(extra="forbid")
    conformers: int = Field(default=1, ge=1)
    basis: str = "6-31g*"


class _Objective(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str
    low: float = 0.0


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")
    simulation: _Simulation = _Simulation()
    objective: tuple[_Objective, ...] = ()


def _lines(document: dict[str, Any]) -> list[str]:
    with pytest.raises(ValidationError) as caught:
        _File.model_validate(document)
    return diagnosis.problems(caught.value, _File)


@pytest.mark.parametrize(
    ("document", "line"),
    [
        (
            {"simulation": {"conformer": 3}},
            '[simulation] unknown key "conformer"; did you mean "conformers"?',
        ),
        ({"simulations": {}}, "unknown table [simulations]; did you mean [simulation]?"),
        ({"objectives": []}, "unknown table [objectives]; did you mean [[objective]]?"),
        (
            {"novelty": {}},
            "unknown table [novelty]: novelty is a scorer, whose settings stand in the "
            "[[objective]] or [[funnel]] table that asks for it: settings = { ... }",
        ),
        ({"xyz": {}}, "unknown table [xyz]; the tables are [simulation], [[objective]]"),
        (
            {"basis": "sto-3g"},
            'unknown key "basis" outside every table; it belongs in [simulation]',
        ),
        (
            {"objective": [{"name": "a"}, {"name": "b", "lo": 1}]},
            '[[objective]] no. 2: unknown key "lo"; did you mean "low"?',
        ),
        (
            {"objective": [{"name": "a", "conformers": 1}]},
            '[[objective]] no. 1: unknown key "conformers"; it belongs in [simulation]',
        ),
        (
            {"simulation": {"zzz": 1}},
            '[simulation] unknown key "zzz"; the keys are conformers, basis',
        ),
        ({"objective": 3}, "objective: input should be a list, got 3"),
        ({"objective": [3]}, "objective.0: input should be a table, got 3"),
        ({"objective": [{"low": 1}]}, "objective.0.name: this key is required"),
    ],
)
def test_the_line_names_the_place_and_the_remedy(document: dict[str, Any], line: str) -> None:
    assert _lines(document) == [line]


def test_a_wrong_value_is_shown_with_its_path_one_line_each() -> None:
    lines = _lines({"simulation": {"conformers": "many", "basis": 3}})
    assert len(lines) == 2
    assert lines[0].startswith("simulation.conformers: ")
    assert lines[0].endswith("should be a whole number, got 'many'")
    assert lines[1] == "simulation.basis: input should be text in quotes, got 3"
    assert all("\n" not in line for line in lines)


def test_the_nearest_installed_name_is_offered() -> None:
    assert "did you mean 'warhead-ea'" in diagnosis.unknown_name(
        "recipe", "warhead_ea", ("homo", "warhead-ea")
    )
    assert diagnosis.unknown_name("recipe", "zzz", ("homo",)).endswith("installed: homo")
