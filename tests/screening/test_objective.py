import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from screening.objective import (
    ObjectiveSettings,
    desirability,
    kind,
    recipe_names,
    scorer_names,
    utilities,
    utility,
    validate,
    violations,
)

NUMBERS = st.floats(-1e6, 1e6)


def wish(transform, low=None, high=None, **more):
    return ObjectiveSettings(name="logp", transform=transform, low=low, high=high, **more)


@pytest.mark.parametrize(
    ("objective", "value", "expected"),
    [
        (wish("window", 1, 3), 2, 1.0),
        (wish("window", 1, 3), 1, 1.0),
        (wish("window", 1, 3), 3.5, 0.5),  # softness: a quarter of the window
        (wish("window", 1, 3), 4, 0.2),
        (wish("window", 1, 3, softness=1), 0, 0.5),
        (wish("at_least", low=2), 2, 1.0),
        (wish("at_least", low=2), 1.8, 0.5),  # softness: a tenth of the limit
        (wish("at_least", low=0), -1, 0.5),
        (wish("at_most", high=5, softness=2), 7, 0.5),
        (wish("at_most", high=5), -100, 1.0),
        (wish("maximize", 0, 1), 0, 0.05),
        (wish("maximize", 0, 1), 0.5, 0.5),
        (wish("maximize", 0, 1), 1, 0.95),
        (wish("minimize", 0, 1), 0, 0.95),
        (wish("minimize", 0, 1), 1, 0.05),
        (wish("maximize", 0, 1), 1e300, 1.0),
        (wish("at_most", high=5), 1e300, 0.0),
    ],
)
def test_desirability_at_the_points_that_define_it(objective, value, expected):
    assert desirability(value, objective) == pytest.approx(expected, abs=1e-12)


def test_desirability_is_elementwise():
    values = np.array([[0.0, 2.0], [3.5, 9.0]])
    found = desirability(values, wish("window", 1, 3))
    assert found.shape == (2, 2)
    assert found[1, 0] == pytest.approx(0.5)


@given(NUMBERS, NUMBERS)
def test_maximize_rises_and_minimize_is_its_mirror(a, b):
    low, high = sorted((a, b))
    up, down = wish("maximize", -3, 4), wish("minimize", -3, 4)
    assert desirability(low, up) <= desirability(high, up)
    assert desirability(low, up) + desirability(low, down) == pytest.approx(1)


@given(NUMBERS, st.floats(0.001, 1e3), st.floats(0, 1e3), st.floats(0, 1e3))
def test_window_falls_with_distance_and_is_even(low, width, near, far):
    near, far = sorted((near, far))
    objective = wish("window", low, low + width + 1e-6 * abs(low))
    assert 0 <= desirability(low - far, objective) <= desirability(low - near, objective) <= 1
    above = desirability(objective.high + near, objective)
    assert above == pytest.approx(float(desirability(low - near, objective)), rel=1e-4)


def test_desirability_is_smooth_at_the_limit():
    objective = wish("window", 1, 3)
    h = 1e-6
    slope = (desirability(3 + h, objective) - desirability(3 - h, objective)) / (2 * h)
    assert abs(slope) < 1e-4


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_value_that_is_no_number_is_refused(value):
    with pytest.raises(ValueError, match=r"'logp'.*not finite"):
        desirability([1.0, value], wish("window", 1, 3))


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"transform": "window", "low": 1}, "'logp': window needs high"),
        ({"transform": "window", "high": 1}, "'logp': window needs low"),
        ({"transform": "maximize"}, "maximize needs low"),
        ({"transform": "at_least", "low": 1, "high": 2}, "at_least takes no high"),
        ({"transform": "at_most", "low": 1, "high": 2}, "at_most takes no low"),
        ({"transform": "window", "low": 2, "high": 2}, "low 2 must be below high 2"),
        ({"transform": "minimize", "low": 0, "high": 1, "hard": True}, "hard does not apply"),
        ({"transform": "minimize", "low": 0, "high": 1, "softness": 1}, "softness does not apply"),
        ({"transform": "at_least", "low": 1, "softness": 0}, "greater than 0"),
        ({"transform": "at_least", "low": 1, "weight": 0}, "greater than 0"),
        ({"transform": "at_least", "low": math.nan}, "finite"),
        ({"transform": "between", "low": 1}, "window"),
        ({"transform": "at_least", "low": 1, "hgih": 2}, "Extra inputs"),
    ],
)
def test_incomplete_wishes_say_what_is_missing(table, words):
    with pytest.raises(ValueError, match=words):
        ObjectiveSettings(name="logp", **table)


def test_utility_is_the_weighted_geometric_mean():
    assert utility([0.25, 1.0], [1, 1]) == pytest.approx(0.5)
    assert utility([0.25, 1.0], [3, 1]) == pytest.approx(0.25**0.75)
    found = utility([np.array([0.0, 0.5]), 1.0], [2, 5])
    assert found == pytest.approx([0.0, 0.5 ** (2 / 7)])


@given(
    st.lists(st.tuples(st.floats(0, 1), st.floats(0.01, 10)), min_size=1, max_size=5),
    st.floats(0.1, 10),
)
def test_utility_lies_between_its_parts_and_ignores_the_scale_of_weights(parts, factor):
    d, w = zip(*parts, strict=True)
    found = float(utility(d, w))
    assert min(d) - 1e-9 <= found <= max(d) + 1e-9
    assert found == pytest.approx(float(utility(d, [factor * x for x in w])), abs=1e-12)


@pytest.mark.parametrize(("d", "w"), [([], []), ([0.5], [1, 2]), ([0.5], [0.0]), ([0.5], [-1.0])])
def test_utility_refuses_bad_weights(d, w):
    with pytest.raises(ValueError, match="weight"):
        utility(d, w)


def test_utilities_of_raw_values_broadcast():
    objectives = [
        ObjectiveSettings(name="warhead-ea", transform="window", low=-5.2, high=-4.6),
        ObjectiveSettings(name="logp", transform="at_most", high=3, softness=1, weight=3),
    ]
    samples = np.array([[-4.9, -4.9], [-4.45, -4.9]])  # shape: (samples, molecules)
    found = utilities({"warhead-ea": samples, "logp": np.array([[2.0, 4.0]])}, objectives)
    assert found == pytest.approx(
        np.array([[1.0, 0.5**0.75], [0.5**0.25, 0.5**0.75]]),
    )
    with pytest.raises(ValueError, match="no value for objective 'logp'"):
        utilities({"warhead-ea": samples}, objectives)


def test_violations_name_the_limit():
    objectives = [
        ObjectiveSettings(name="logp", transform="at_most", high=3, hard=True),
        ObjectiveSettings(name="qed", transform="at_least", low=0.5, hard=True),
        ObjectiveSettings(name="tpsa", transform="at_most", high=10),
    ]
    values = {"logp": 3.25, "qed": 0.2, "tpsa": 100.0}
    assert violations(values, objectives) == (
        "logp 3.25 is above the limit 3",
        "qed 0.2 is below the limit 0.5",
    )
    assert violations({"logp": 3.0}, objectives) == ()


def test_names_are_recipes_or_scorers():
    objectives = [
        ObjectiveSettings(name="logp", transform="at_most", high=3),
        ObjectiveSettings(name="warhead-ea", transform="window", low=-5, high=-4),
    ]
    assert (kind("logp"), kind("warhead-ea")) == ("scorer", "recipe")
    assert recipe_names(objectives) == ("warhead-ea",)
    assert scorer_names(objectives) == ("logp",)
    validate(objectives)


def test_validate_refuses_unknown_and_repeated_names():
    logp = wish("at_most", high=3)
    with pytest.raises(ValueError, match="'logp' is given twice"):
        validate([logp, logp])
    with pytest.raises(ValueError, match="no objective"):
        validate([])
    typo = ObjectiveSettings(name="warhead-ae", transform="at_most", high=3)
    with pytest.raises(ValueError, match="unknown objective 'warhead-ae'; did you mean 'warhead-"):
        validate([typo])
    strange = ObjectiveSettings(name="xyzzy", transform="at_most", high=3)
    with pytest.raises(ValueError, match=r"unknown objective 'xyzzy'; installed: .*logp"):
        validate([strange])
