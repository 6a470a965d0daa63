"""The exact energies, against published ones and the full matrix."""

from __future__ import annotations

import numpy as np
import pytest
from pyscf.fci import cistring, direct_spin1

from simulation.casci import CASCISolver, ground_state, natural_occupations
from simulation.errors import ConvergenceError, InputError
from simulation.hamiltonian import Hamiltonian


def test_reference_energies(active_space):
    h2 = active_space("H2", 2, 2)
    assert CASCISolver().solve(h2, 1, 1).energy == pytest.approx(-1.1373060357, abs=1e-9)
    larger = active_space("H2", 2, 4, basis="6-31g")
    assert CASCISolver().solve(larger, 1, 1).energy == pytest.approx(-1.151614320, abs=1e-9)
    lih = active_space("LiH", 4, 6)
    assert CASCISolver().solve(lih, 2, 2).energy == pytest.approx(-7.882324379, abs=1e-9)
    frozen = active_space("LiH", 2, 5)
    assert CASCISolver().solve(frozen, 1, 1).energy == pytest.approx(-7.8820966, abs=1e-8)
    window = active_space("LiH", 2, 3)
    assert CASCISolver().solve(window, 1, 1).energy == pytest.approx(-7.86291934, abs=1e-8)


def test_open_shell_and_large_reference_energies(active_space):
    oh = active_space("OH", 9, 6, spin=1)
    assert CASCISolver().solve(oh, 5, 4).energy == pytest.approx(-74.387134127, abs=1e-9)
    n2 = active_space("N2", 10, 8, basis="sto-6g")
    assert CASCISolver().solve(n2, 5, 5).energy == pytest.approx(-108.59598735, abs=1e-8)


def full_spectrum(h: Hamiltonian, n_alpha: int, n_beta: int) -> np.ndarray:
    """Every eigenvalue of the sector, from the whole matrix."""
    shape = h.sector_shape(n_alpha, n_beta)
    absorbed = direct_spin1.absorb_h1e(h.one_body, h.two_body, h.norb, (n_alpha, n_beta), 0.5)
    size = shape[0] * shape[1]
    columns = [
        direct_spin1.contract_2e(absorbed, unit.reshape(shape), h.norb, (n_alpha, n_beta)).ravel()
        for unit in np.eye(size)
    ]
    return np.linalg.eigvalsh(np.array(columns)) + h.core_energy


@pytest.mark.parametrize("sector", [(2, 2), (3, 2), (2, 1), (3, 1), (1, 3)])
def test_is_the_lowest_eigenvalue_of_the_sector(active_space, sector):
    h = active_space("acrylamide", 4, 4)
    assert CASCISolver().solve(h, *sector).energy == pytest.approx(
        full_spectrum(h, *sector)[0], abs=1e-9
    )


def test_a_more_stable_triplet_does_not_pass_for_the_singlet(active_space):
    oxygen = active_space("O2", 8, 6, spin=2)
    spectrum = full_spectrum(oxygen, 4, 4)
    triplet = CASCISolver().solve(oxygen, 5, 3).energy
    singlet = CASCISolver().solve(oxygen, 4, 4).energy
    assert triplet == pytest.approx(spectrum[0], abs=1e-8)  # the sector's lowest, M_S = 0
    assert singlet > triplet + 0.02
    assert np.abs(spectrum - singlet).min() < 1e-8


def test_davidson_finds_the_state_whatever_its_symmetry(active_space):
    # 3,920 determinants are too many for direct diagonalisation. The cation's
    # most stable hole is not in the HOMO; PySCF started from each hole in turn
    # stays in the symmetry of that hole.
    h = active_space("acrylamide", 8, 8)
    started = []
    for hole in range(4):
        start = np.zeros(h.sector_shape(4, 3))
        start[0, cistring.str2addr(8, 3, 0b1111 ^ (1 << hole))] = 1.0
        solver = direct_spin1.FCISolver()
        solver.conv_tol = 1e-11
        arguments = (h.one_body, h.two_body, 8, (4, 3))
        started.append(solver.kernel(*arguments, ci0=start, ecore=h.core_energy)[0])
    assert min(started) < started[3] - 0.01
    assert CASCISolver().solve(h, 4, 3).energy == pytest.approx(min(started), abs=1e-8)


def test_natural_occupations_count_the_electrons(active_space):
    h = active_space("acrylamide", 4, 4)
    occupations = natural_occupations(h, 3, 2)
    assert occupations.sum() == pytest.approx(5.0)
    assert np.all(np.diff(occupations) <= 0)
    assert occupations[0] <= 2.0 + 1e-12
    assert occupations[-1] >= -1e-12


@pytest.mark.parametrize("sector", [(1, 0), (0, 1), (2, 0), (2, 2), (2, 1)])
def test_sectors_at_the_edge(active_space, sector):
    h = active_space("H2", 2, 2)
    state = ground_state(h, *sector)
    assert state.energy == pytest.approx(full_spectrum(h, *sector)[0], abs=1e-10)
    assert state.coefficients.shape == h.sector_shape(*sector)


@pytest.mark.parametrize("sector", [(3, 0), (-1, 1), (0, 0)])
def test_impossible_sectors_are_refused(active_space, sector):
    with pytest.raises(InputError, match="do not fit into 2 orbitals"):
        CASCISolver().solve(active_space("H2", 2, 2), *sector)


def test_an_unconverged_iteration_is_an_error(active_space, monkeypatch):
    monkeypatch.setattr("simulation.casci._MAX_ITERATIONS", 2)
    with pytest.raises(ConvergenceError, match="did not converge"):
        CASCISolver().solve(active_space("acrylamide", 8, 8), 4, 4)


def test_a_missing_multiplicity_is_an_error(active_space, monkeypatch):
    monkeypatch.setattr("simulation.casci._SPIN_TOLERANCE", -1.0)
    with pytest.raises(ConvergenceError, match="multiplicity 1"):
        CASCISolver().solve(active_space("H2", 2, 2), 1, 1)
