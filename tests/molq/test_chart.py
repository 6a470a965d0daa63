"""Axes and marks of the report's charts."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from molq.report import chart

_ENDS = st.floats(-1e6, 1e6, allow_nan=False)


@given(_ENDS, _ENDS)
def test_ticks_are_round_even_and_hold_the_data(a: float, b: float) -> None:
    low, high = min(a, b), max(a, b)
    if 0 < high - low < 1e-6:
        high = low + 1e-6
    marks = chart.ticks(low, high)
    assert 3 <= len(marks) <= 8
    steps = [after - before for before, after in pairwise(marks)]
    scale = max(abs(low), abs(high), 1.0)
    assert max(steps) - min(steps) <= 1e-6 * scale
    assert marks[0] <= low + 1e-8 * scale
    assert marks[-1] >= high - 1e-8 * scale


def test_an_axis_without_finite_ends_is_refused() -> None:
    with pytest.raises(ValueError, match="finite"):
        chart.ticks(math.nan, 1.0)


def test_labels_have_a_real_minus_and_no_trailing_zeros() -> None:
    assert chart.number(-4.50) == "\N{MINUS SIGN}4.5"
    assert chart.number(2.0) == "2"


def test_better_utility_stands_higher_and_the_line_never_falls() -> None:
    drawn = chart.utility_by_round(
        [(1, 0.2), (2, 0.9)], [(1, 0.2, "a", "library"), (2, 0.9, "b", "generator")]
    )
    low, high = drawn.dots
    assert high.y < low.y
    assert low.x < high.x
    heights = [float(point.split(",")[1]) for point in drawn.line.split()]
    assert heights == sorted(heights, reverse=True)
    assert "0.900" in drawn.description


def test_hits_are_counted_in_whole_numbers() -> None:
    drawn = chart.hits_by_round([(1, 0), (2, 1)], "A hit is a hit.")
    assert {tick.label for tick in drawn.y_ticks} == {"0", "1"}
    assert drawn.bars[0].y == pytest.approx(drawn.bottom)
    assert drawn.bars[1].y == pytest.approx(drawn.top)


def test_calibration_marks_the_diagonal_and_one_standard_deviation() -> None:
    drawn = chart.calibration([(-5.0, 0.1, -5.0, "x"), (-4.0, 0.1, -4.2, "y")], "warhead-ea", "eV")
    on_line = drawn.dots[0]
    assert drawn.diagonal is not None
    x1, y1, x2, y2 = drawn.diagonal
    share = (on_line.x - x1) / (x2 - x1)
    assert on_line.y == pytest.approx(y1 + share * (y2 - y1), abs=0.02)
    assert on_line.low is not None
    assert on_line.high is not None
    assert on_line.low < on_line.x < on_line.high
