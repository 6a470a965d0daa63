"""The ladder of the minimisation."""

from __future__ import annotations

import numpy as np
import pytest

from simulation.errors import ConvergenceError
from simulation.vqe import optimise
from simulation.vqe.optimise import minimum


def bowl(x):
    return float(np.sum(1.0 - np.cos(x - 0.3))), np.sin(x - 0.3)


def valley(x):
    """Rosenbrock's function, on which gradient steps creep."""
    value = 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2
    slope = np.array([-400 * x[0] * (x[1] - x[0] ** 2) - 2 * (1 - x[0]), 200 * (x[1] - x[0] ** 2)])
    return float(value), slope


def saddle(x):
    return float(x[0] ** 2 + np.cos(x[1])), np.array([2 * x[0], -np.sin(x[1])])


def test_a_well_conditioned_minimum_needs_few_gradients():
    calls = 0

    def counted(x):
        nonlocal calls
        calls += 1
        return bowl(x)

    found = minimum(counted, np.zeros(5), np.ones(5))
    assert found.rung == "l-bfgs"
    assert found.parameters == pytest.approx(0.3 * np.ones(5), abs=1e-6)
    assert found.gradient_norm <= 1e-6
    assert calls < 12


def test_newton_takes_over_where_the_gradient_method_stops(monkeypatch):
    monkeypatch.setattr(optimise, "_ITERATIONS_FIRST", 3)
    found = minimum(valley, np.array([-1.0, 1.2]), np.ones(2))
    assert found.rung == "newton"
    assert found.parameters == pytest.approx([1.0, 1.0], abs=1e-5)


def test_a_stationary_start_is_left():
    found = minimum(saddle, np.zeros(2), np.ones(2))
    assert found.energy == pytest.approx(-1.0)


def test_a_start_at_the_minimum_is_kept():
    found = minimum(bowl, 0.3 * np.ones(3), np.ones(3))
    assert found.energy == pytest.approx(0.0, abs=1e-12)


def test_nothing_to_optimise():
    found = minimum(lambda x: (-1.5, x), np.empty(0), np.empty(0))
    assert (found.energy, found.gradient_norm) == (-1.5, 0.0)


@pytest.mark.parametrize("redundant", [False, True])
def test_no_minimum_is_an_error(redundant):
    def slope(x):
        return float(x.sum()), np.ones_like(x)

    with pytest.raises(ConvergenceError, match=r"stopped at 1\.0e\+00") as caught:
        minimum(slope, np.zeros(2), np.ones(2), redundant=redundant)
    assert caught.value.kind == "convergence"
