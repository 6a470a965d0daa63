"""LUCJ beside exact diagonalisation in the same space."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from simulation import solver
from simulation.casci import CASCISolver
from simulation.errors import ConvergenceError, InputError
from simulation.lucj import LUCJSolver, lucj_state, sampled_state
from simulation.settings import SimulationSettings


@pytest.mark.parametrize(
    ("molecule", "electrons", "orbitals", "sector"),
    [
        ("H2", 2, 2, (1, 1)),
        ("LiH", 2, 3, (1, 0)),
        ("LiH", 2, 3, (3, 1)),
        ("LiH", 2, 3, (3, 3)),
        ("acrylamide", 4, 4, (2, 2)),
        pytest.param("acrylamide", 4, 4, (2, 3), marks=pytest.mark.slow),
    ],
)
def test_two_repetitions_are_exact_in_small_spaces(
    active_space, molecule, electrons, orbitals, sector
):
    h = active_space(molecule, electrons, orbitals)
    solution = LUCJSolver().solve(h, *sector)
    exact = CASCISolver().solve(h, *sector).energy
    assert exact - 1e-9 < solution.energy < exact + 1e-5
    assert solution.converged
    assert solution.standard_error is None
    assert solution.gradient_norm < 1e-3
    assert solution.evaluations > solution.parameters > 0


def test_the_amplitudes_of_coupled_cluster_give_the_start(active_space):
    h = active_space("acrylamide", 4, 4)
    exact = CASCISolver().solve(h, 2, 2).energy
    reference = 21.16e-3  # Hartree above it: the determinant
    start = sampled_state(h, 2, 2, 2)
    assert exact < start.energy < exact + 0.5 * reference
    assert np.linalg.norm(start.vector) == pytest.approx(1.0, abs=1e-12)
    assert start.evaluations == 1


def test_the_seed_makes_it_reproducible(active_space):
    h = active_space("LiH", 2, 3)
    # the first search from seed 4 ends in short steps; the next one finds the minimum
    energies = [lucj_state(h, 1, 1, 1, seed).energy for seed in (3, 3, 4)]
    assert energies[0] == energies[1] != energies[2]
    assert energies[2] == pytest.approx(energies[0], abs=1e-6)


@pytest.mark.slow
def test_a_larger_space(active_space):
    h = active_space("acrylamide", 6, 6)
    error = LUCJSolver().solve(h, 3, 3).energy - CASCISolver().solve(h, 3, 3).energy
    assert 0 < error < 0.5e-3


def test_it_is_found_by_name(active_space):
    found = solver.find(SimulationSettings(solver="lucj"))
    h = active_space("H2", 2, 2)
    assert found.solve(h, 1, 1).energy == pytest.approx(-1.1373060357, abs=1e-8)
    with pytest.raises(InputError, match="do not fit"):
        found.solve(h, 3, 1)


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "ffsim", None)
    with pytest.raises(InputError, match=r'needs ffsim.*: pip install "molq\[sqd\]"$'):
        solver.find(SimulationSettings(solver="lucj"))


def test_an_optimisation_that_does_not_end_is_an_error(active_space, monkeypatch):
    monkeypatch.setattr("simulation.lucj._MAX_ITERATIONS", 1)
    with pytest.raises(ConvergenceError, match="did not converge in 1 iterations"):
        LUCJSolver().solve(active_space("acrylamide", 4, 4), 2, 2)


def test_a_state_of_another_multiplicity_is_an_error(active_space, monkeypatch):
    import ffsim

    monkeypatch.setattr(ffsim, "spin_square", lambda *args, **kwargs: 2.0)
    with pytest.raises(ConvergenceError, match=r"<S\^2> too large by 2.00"):
        LUCJSolver().solve(active_space("H2", 2, 2), 1, 1)
