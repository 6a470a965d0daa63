"""Sample-based diagonalisation beside exact diagonalisation in the same space."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyscf.fci import cistring, direct_spin1

from simulation import solver
from simulation.casci import CASCISolver
from simulation.errors import InputError
from simulation.settings import SimulationSettings
from simulation.solver import records
from simulation.sqd import Sector, SQDSolver


@pytest.mark.parametrize(
    ("molecule", "electrons", "orbitals", "sector"),
    [
        ("H2", 2, 2, (1, 1)),
        ("LiH", 2, 3, (1, 0)),
        ("acrylamide", 4, 4, (2, 2)),
        ("acrylamide", 4, 4, (3, 2)),
        ("acrylamide", 4, 4, (1, 3)),
        ("acrylamide", 6, 6, (3, 3)),
    ],
)
def test_the_error_is_told(active_space, molecule, electrons, orbitals, sector):
    h = active_space(molecule, electrons, orbitals)
    solution = SQDSolver(shots=10_000).solve(h, *sector)
    error = solution.energy - CASCISolver().solve(h, *sector).energy
    assert -1e-9 < error < 2e-3
    # Second order finds most of what the samples miss, and does not invent what they do not.
    assert 0.5 * error - 1e-9 <= solution.standard_error <= 1.5 * error + 1e-9
    assert solution.subspace.samples == 10_000
    assert 1 < solution.subspace.dimension <= solution.subspace.determinants
    assert solution.subspace.determinants == np.prod(h.sector_shape(*sector))


def test_more_samples_are_better(active_space):
    h = active_space("acrylamide", 6, 6)
    few, many = (SQDSolver(shots=shots).solve(h, 3, 3) for shots in (1_000, 100_000))
    assert many.energy < few.energy - 1e-4
    assert many.standard_error < few.standard_error
    assert many.subspace.dimension > few.subspace.dimension


def test_the_seed_decides_the_samples(active_space):
    h = active_space("acrylamide", 4, 4)

    def energy(seed: int) -> float:
        return SQDSolver(shots=1_000).solve_sectors(h, [(2, 2), (3, 2)], seed=seed)[1].energy

    assert energy(1) == energy(1)
    assert len({energy(seed) for seed in range(6)}) > 1


def test_a_score_keeps_the_samples(active_space):
    h = active_space("acrylamide", 4, 4)
    neutral, anion = records(SQDSolver(shots=500), h, [(2, 2), (3, 2)], seed=3)
    for record in (neutral, anion):
        assert record.subspace.samples == 500
        assert record.standard_error > 0
        assert record.energy > record.casci_energy


@pytest.mark.parametrize("sector", [(2, 2), (3, 1), (2, 1), (1, 0)])
def test_all_determinants_are_the_exact_answer(active_space, sector):
    h = active_space("acrylamide", 4, 4)
    strings = [np.asarray(cistring.make_strings(range(4), n)) for n in sector]
    state = Sector(h, sector).lowest(*strings)
    exact = CASCISolver().solve(h, *sector).energy
    assert state.energy + h.core_energy == pytest.approx(exact, abs=1e-9)
    assert state.missing_energy == pytest.approx(0.0, abs=1e-12)
    assert [occupations.sum() for occupations in state.occupations] == pytest.approx(sector)


def test_many_determinants_take_the_iterative_way(active_space):
    h = active_space("acrylamide", 6, 6)
    strings = np.asarray(cistring.make_strings(range(6), 3))
    state = Sector(h, (3, 3)).lowest(strings, strings)
    exact = CASCISolver().solve(h, 3, 3).energy
    assert state.energy + h.core_energy == pytest.approx(exact, abs=1e-8)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 1000), strings=st.integers(1, 4))
def test_a_subspace_is_diagonalised_as_a_matrix(random_hamiltonian, seed, strings):
    h = random_hamiltonian(4, seed)
    sector = (3, 0)
    whole = np.asarray(cistring.make_strings(range(4), 3))
    alpha = np.random.default_rng(seed).choice(whole, strings, replace=False)
    state = Sector(h, sector).lowest(alpha, np.array([0]))
    integrals = direct_spin1.absorb_h1e(h.one_body, h.two_body, 4, sector, 0.5)
    matrix = np.column_stack(
        [
            direct_spin1.contract_2e(integrals, column[:, None], 4, sector).ravel()
            for column in np.eye(whole.size)
        ]
    )
    place = np.searchsorted(whole, alpha)
    assert state.energy == pytest.approx(np.linalg.eigvalsh(matrix[np.ix_(place, place)])[0])


@pytest.mark.slow
def test_a_larger_space(active_space):
    h = active_space("acrylamide", 8, 8)
    solution = SQDSolver().solve(h, 4, 4)
    error = solution.energy - CASCISolver().solve(h, 4, 4).energy
    assert 0 < error < 5e-3
    assert 0.5 * error < solution.standard_error < 1.5 * error


def test_it_is_found_by_name(active_space):
    found = solver.find(SimulationSettings(solver="sqd", max_shots=5_000))
    h = active_space("H2", 2, 2)
    solution = found.solve(h, 1, 1)
    assert solution.energy == pytest.approx(-1.1373060357, abs=1e-8)
    assert solution.subspace.samples == 5_000
    with pytest.raises(InputError, match="do not fit"):
        found.solve(h, 3, 1)


@pytest.mark.parametrize(
    ("module", "package"), [("ffsim", "ffsim"), ("qiskit_addon_sqd", "qiskit-addon-sqd")]
)
def test_a_missing_package_is_named(monkeypatch, module, package):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(InputError, match=rf'needs {package}.*: pip install "molq\[sqd\]"$'):
        solver.find(SimulationSettings(solver="sqd"))
