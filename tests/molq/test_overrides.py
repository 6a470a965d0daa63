"""``--set`` puts typed values where their path says."""

from __future__ import annotations

import pytest

from molq import overrides
from molq.errors import CallError


@pytest.mark.parametrize(
    ("text", "path", "value"),
    [
        ("simulation.conformers=3", ("simulation", "conformers"), 3),
        ("a.b = 2.5", ("a", "b"), 2.5),
        ("a.b=true", ("a", "b"), True),
        ("simulation.solver=casci", ("simulation", "solver"), "casci"),
        ('a.b="1"', ("a", "b"), "1"),
        ("a.b=[1, 2]", ("a", "b"), [1, 2]),
        ("generator.scaffold=C=CC(=O)N[*]", ("generator", "scaffold"), "C=CC(=O)N[*]"),
        ("a.b=", ("a", "b"), ""),
        ("a.b=1\nc = 2", ("a", "b"), "1\nc = 2"),
    ],
)
def test_values_are_typed_as_toml(text: str, path: tuple[str, ...], value: object) -> None:
    assert overrides.parse(text) == (path, value)


@pytest.mark.parametrize("text", ["simulation.conformers", "=3", "a..b=1", ".a=1"])
def test_a_text_without_path_or_value_is_refused(text: str) -> None:
    with pytest.raises(CallError, match=r"table\.key=value"):
        overrides.parse(text)


def test_the_document_itself_is_left_alone() -> None:
    document = {"objective": [{"low": 1.0}, {"low": 2.0}], "campaign": {"seed": 1}}
    changed = overrides.apply(document, ["objective.1.low=-5", "campaign.seed=9", "new.key=1"])
    assert changed == {
        "objective": [{"low": 1.0}, {"low": -5}],
        "campaign": {"seed": 9},
        "new": {"key": 1},
    }
    assert document == {"objective": [{"low": 1.0}, {"low": 2.0}], "campaign": {"seed": 1}}


def test_a_mapping_sets_values_as_they_are() -> None:
    assert overrides.apply({}, {"simulation.solver": "casci"}) == {
        "simulation": {"solver": "casci"}
    }


def test_a_missing_list_entry_names_those_that_are_there() -> None:
    with pytest.raises(CallError, match="entries: 0 to 0"):
        overrides.apply({"objective": [{"low": 1}]}, ["objective.3.low=2"])


def test_a_path_through_a_value_is_refused() -> None:
    with pytest.raises(CallError, match="is a value, not a table"):
        overrides.apply({"campaign": {"seed": 1}}, ["campaign.seed.x=2"])
