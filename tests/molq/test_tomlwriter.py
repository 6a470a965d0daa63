"""What the writer writes, the standard library reads back unchanged."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from molq.tomlwriter import dumps

_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
_SCALARS = st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | _TEXT
_VALUES = _SCALARS | st.lists(_SCALARS, max_size=4)
_TABLES = st.recursive(
    st.dictionaries(_TEXT, _VALUES, max_size=4),
    lambda inner: st.dictionaries(
        _TEXT, _VALUES | inner | st.lists(inner, min_size=1, max_size=3), max_size=4
    ),
    max_leaves=12,
)


@given(_TABLES)
def test_every_document_reads_back(document: dict[str, object]) -> None:
    assert tomllib.loads(dumps(document)) == document


def test_plain_values_stand_before_tables() -> None:
    text = dumps({"table": {"x": 1}, "plain": 2, "many": [{"a": 1}, {"a": 2}]})
    assert text == "plain = 2\n\n[table]\nx = 1\n\n[[many]]\na = 1\n\n[[many]]\na = 2\n"


def test_none_is_left_out() -> None:
    assert tomllib.loads(dumps({"a": None, "b": {"c": None, "d": 1}})) == {"b": {"d": 1}}


def test_other_types_are_refused() -> None:
    with pytest.raises(TypeError, match="bytes"):
        dumps({"a": b"x"})
