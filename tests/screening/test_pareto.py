import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from screening import pareto


@st.composite
def tables(draw):
    columns = draw(st.integers(1, 4))
    steps = st.integers(0, 8)  # coarse, so that ties occur
    rows = draw(st.lists(st.lists(steps, min_size=columns, max_size=columns), max_size=9))
    return np.array(rows, dtype=float).reshape(-1, columns) / 8


def surpassed(points, i):
    return any((p >= points[i]).all() and (p > points[i]).any() for p in points)


@given(tables())
def test_nothing_on_the_front_is_surpassed(points):
    expected = [i for i in range(len(points)) if not surpassed(points, i)]
    assert pareto.front(points).tolist() == expected


@settings(max_examples=60)
@given(tables())
def test_the_hypervolume_is_the_number_of_cells_below(points):
    """Coordinates are eighths, so the covered cells of a grid can be counted."""
    wishes = points.shape[1]
    centres = (np.stack(np.meshgrid(*[np.arange(8)] * wishes), axis=-1) + 0.5) / 8
    covered = np.zeros(centres.shape[:-1], dtype=bool)
    for point in points:
        covered |= (centres < point).all(axis=-1)
    assert pareto.hypervolume(points) == pytest.approx(covered.mean(), abs=1e-12)


def test_known_volumes():
    assert pareto.hypervolume([[0.5, 1.0], [1.0, 0.5]]) == pytest.approx(0.75)
    # three boxes of 1/4 that share an eighth, all of them and two by two
    corners = [[1.0, 0.5, 0.5], [0.5, 1.0, 0.5], [0.5, 0.5, 1.0]]
    assert pareto.hypervolume(corners) == pytest.approx(0.5)
    assert pareto.hypervolume(np.ones((1, 4))) == 1.0
    assert pareto.hypervolume(np.empty((0, 2))) == 0.0


def test_what_is_not_known_stands_nowhere():
    points = [[0.5, np.nan], [0.5, 0.5], [np.nan, np.nan], [0.4, 0.4]]
    assert pareto.front(points).tolist() == [1]
    assert pareto.hypervolume(points) == pytest.approx(0.25)


def test_a_wide_front_agrees_with_botorch():
    from botorch.utils.multi_objective.hypervolume import Hypervolume
    from torch import from_numpy, zeros

    points = np.random.default_rng(0).dirichlet(np.ones(4), 40)
    points = points**0.5  # on a sphere: all of them on the front
    assert len(pareto.front(points)) == 40
    expected = Hypervolume(zeros(4).double()).compute(from_numpy(points))
    assert pareto.hypervolume(points) == pytest.approx(expected, rel=1e-9)


def test_bad_tables_are_refused():
    with pytest.raises(ValueError, match="one row a molecule"):
        pareto.front([0.1, 0.2])
    with pytest.raises(ValueError, match="one column a wish"):
        pareto.hypervolume(np.empty((3, 0)))
    with pytest.raises(ValueError, match="hypervolume of 5 wishes"):
        pareto.hypervolume(np.ones((2, 5)))
