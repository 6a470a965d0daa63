"""How solvers tell the way they came down."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulation import solver
from simulation.casci import CASCISolver
from simulation.score import ReducedSpace
from simulation.settings import SimulationSettings
from simulation.solver import Descent, Solution, record, records


@given(
    energies=st.lists(st.floats(-1.0, 1.0), min_size=2, max_size=400),
    exact=st.floats(-2.0, -1.0),
)
def test_a_trace_keeps_both_ends_and_sixty_points(energies: list[float], exact: float) -> None:
    trace = Descent("step", tuple(energies), tuple(range(len(energies)))).trace(exact)
    assert trace.taken == len(energies) - 1
    assert trace.steps[0] == 0
    assert trace.steps[-1] == trace.taken
    assert len(trace.steps) == len(trace.above_casci) == min(60, len(energies))
    gaps = np.diff(trace.steps)
    assert gaps.min() >= 1
    assert gaps.max() - gaps.min() <= 1  # evenly spaced
    assert trace.parameters == trace.steps
    for step, above in zip(trace.steps, trace.above_casci, strict=True):
        assert above == pytest.approx(1e3 * (energies[step] - exact), rel=1e-3, abs=1e-12)


def test_a_start_alone_is_no_way() -> None:
    assert Descent("step", (-1.0,)).trace(-1.0) is None
    assert Descent("step", ()).trace(-1.0) is None


@pytest.mark.parametrize(
    ("name", "ansatz", "step"),
    [
        ("vqe", "uccsd", "optimiser iteration"),
        ("vqe", "auto", "ADAPT cycle"),
        ("vqe-circuit", "adapt", "ADAPT cycle"),
        ("lucj", "auto", "linear-method iteration"),
        ("sqd", "auto", "configuration recovery"),
    ],
)
def test_the_way_ends_where_the_energy_is(active_space, name, ansatz, step) -> None:
    h = active_space("LiH", 2, 3)
    chosen = solver.find(SimulationSettings(solver=name, ansatz=ansatz))
    (found,) = records(chosen, h, [(1, 1)], seed=1)
    trace = found.trace
    assert trace.step == step
    final = 1e3 * (found.energy - found.casci_energy)
    assert trace.above_casci[-1] == pytest.approx(final, rel=1e-3, abs=1e-6)
    assert trace.above_casci[0] >= trace.above_casci[-1] - 1e-6
    if step == "ADAPT cycle":
        determinant = h.one_body[0, 0] * 2 + h.two_body[0, 0, 0, 0] + h.core_energy
        start = 1e3 * (determinant - found.casci_energy)
        assert trace.above_casci[0] == pytest.approx(start, rel=1e-3)
        assert trace.parameters[0] == 0
        assert trace.parameters[-1] == found.parameters
    else:
        assert trace.parameters == ()


def test_newton_goes_on_where_the_first_method_stopped(active_space) -> None:
    h = active_space("LiH", 2, 5)
    settings = SimulationSettings(solver="vqe", ansatz="uccsd", layers=2)
    (found,) = records(solver.find(settings), h, [(1, 1)], seed=1)
    assert found.trace.above_casci[-1] < 1e-4
    assert found.trace.taken > 5


def test_a_smaller_space_is_judged_by_its_own_exact_energy() -> None:
    small = ReducedSpace(2, 2, 1, casci_energy=-1.5, reason="does not fit")
    way = Descent("step", (-1.4, -1.49))
    found = Solution(-1.49, 1, 2, 0.0, True, reduced=small, descent=way)
    assert record(found, 2, 2, -2.0).trace.above_casci == (100.0, 10.0)


def test_exact_diagonalisation_has_no_steps(active_space) -> None:
    (found,) = records(CASCISolver(), active_space("H2", 2, 2), [(1, 1)], seed=1)
    assert found.trace is None
