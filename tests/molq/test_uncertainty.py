"""Values beside their errors are rounded as a reader expects."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from molq.uncertainty import digits_for, spanned, stated


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (-4.8612, 0.0312, "-4.86 ± 0.03"),
        (-4.8612, None, "-4.861"),
        (12.34, 3.2, "12 ± 3"),
        (1.0, 0.00052, "1.0000 ± 0.0005"),
        (1.0, 0.0, "1.000 ± 0.000"),
    ],
)
def test_a_value_has_the_digits_that_its_error_leaves(value, error, text):
    assert stated(value, error) == text


@given(st.floats(1e-5, 1e3))
def test_an_error_never_rounds_to_nothing(error):
    assert float(f"{error:.{digits_for(error)}f}") > 0


def test_odd_errors_have_digits_too():
    assert digits_for(math.nan) == digits_for(-1.0) == 3
    assert digits_for(1e-9) == 6


def test_an_interval_is_told_by_its_ends():
    assert spanned((1.2, 2.456)) == "1.20 to 2.46"
    assert spanned(None) == "–"
