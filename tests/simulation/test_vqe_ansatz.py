"""The trial state: its excitations, parameters and references."""

from __future__ import annotations

import numpy as np
import pytest

from simulation.errors import InputError
from simulation.vqe.ansatz import uccsd
from simulation.vqe.parity import ParitySymmetry
from simulation.vqe.reference import candidates
from simulation.vqe.sector import SectorEnergy


def test_the_start_of_a_closed_shell_is_mp2(active_space):
    # MP2 of H2 in STO-3G has one amplitude, (01|01) / (2 e0 - 2 e1).
    h = active_space("H2", 2, 2)
    ansatz = uccsd(h, 1, 1, 1, share_spins=True)
    fock = h.one_body + 2 * h.two_body[:, :, 0, 0] - h.two_body[:, 0, 0, :]
    expected = h.two_body[0, 1, 0, 1] / (2 * fock[0, 0] - 2 * fock[1, 1])
    assert ansatz.excitations == (((0, 2), (1, 3)),)
    assert ansatz.start == pytest.approx([expected])
    assert ansatz.curvature == pytest.approx([4 * (fock[1, 1] - fock[0, 0])])


def test_the_start_is_below_the_reference(active_space):
    for sector in ((2, 2), (3, 2), (3, 1)):
        h = active_space("acrylamide", 4, 4)
        for layers in (1, 2):
            ansatz = uccsd(h, *sector, layers, share_spins=layers == 1)
            surface = SectorEnergy(h, ansatz)
            assert surface.energy(ansatz.start) < surface.energy(0 * ansatz.start) - 1e-3


def test_spins_share_parameters_only_in_closed_shells(random_hamiltonian):
    h = random_hamiltonian(4, 1)
    closed = uccsd(h, 2, 2, 1, share_spins=True)
    apart = uccsd(h, 2, 2, 1, share_spins=False)
    # 4 singles, 1 same-spin and (16 + 4) / 2 mixed doubles; 8, 2 and 16 unshared.
    assert (closed.parameters, len(closed.excitations)) == (15, 26)
    assert (apart.parameters, len(apart.excitations)) == (26, 26)
    assert uccsd(h, 3, 1, 1, share_spins=True).parameters == 15


def test_angles_and_gathered_are_adjoint(random_hamiltonian):
    ansatz = uccsd(random_hamiltonian(4, 2), 2, 2, 2, share_spins=True)
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=ansatz.parameters), rng.normal(size=2 * len(ansatz.excitations))
    assert ansatz.angles(x) @ y == pytest.approx(x @ ansatz.gathered(y))


def test_doubles_come_first_and_the_strongest_lead(active_space):
    ansatz = uccsd(active_space("acrylamide", 6, 6), 3, 3, 1, share_spins=False)
    ranks = [len(occupied) for occupied, _ in ansatz.excitations]
    assert ranks == sorted(ranks, reverse=True)
    doubles = np.abs(ansatz.start[ansatz.group][: ranks.count(2)])
    assert np.all(np.diff(doubles) <= 1e-8)


def test_symmetry_forbidden_excitations_do_nothing(active_space):
    # In linear N2 most of the 280 singles and doubles are forbidden; the
    # energy's derivative with respect to an allowed one is not zero.
    h = active_space("N2", 10, 8, basis="sto-6g")
    symmetry = ParitySymmetry.of(h)
    forbidden = [
        (i, a)
        for i in range(5)
        for a in range(5, 8)
        if not symmetry.allows(np.array([[[i], [a]]]))[0]
    ]
    assert forbidden
    for i, a in forbidden:
        assert abs(h.one_body[i, a]) < 1e-8
        assert np.abs(np.diagonal(h.two_body[i, a])).max() < 1e-8


def test_without_symmetry_everything_is_allowed(random_hamiltonian):
    symmetry = ParitySymmetry.of(random_hamiltonian(4, 3))
    indices = np.array([[[i], [a]] for i in range(4) for a in range(4)])
    assert symmetry.allows(indices).all()


def test_references_cover_every_symmetry(active_space):
    h = active_space("acrylamide", 4, 4)
    assert [reference.order for reference in candidates(h, 2, 2)] == [(0, 1, 2, 3)]
    holes = {reference.order[1] for reference in candidates(h, 2, 1)}
    symmetry = ParitySymmetry.of(h)
    assert len({symmetry.label(1 << hole) for hole in holes}) == 2  # sigma and pi
    energies = [reference.energy for reference in candidates(h, 2, 1)]
    assert energies == sorted(energies)


def test_the_reference_energy_is_that_of_its_determinant(active_space):
    h = active_space("acrylamide", 4, 4)
    for reference in candidates(h, 3, 1):
        turned = h.reordered(reference.order)
        ansatz = uccsd(turned, 3, 1, 1, share_spins=False)
        energy = SectorEnergy(turned, ansatz).energy(np.zeros(ansatz.parameters))
        assert energy == pytest.approx(reference.energy, abs=1e-10)


def test_impossible_sectors_are_refused(active_space):
    with pytest.raises(InputError, match="do not fit"):
        uccsd(active_space("H2", 2, 2), 3, 0, 1, share_spins=False)
