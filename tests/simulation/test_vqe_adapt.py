"""States grown to the error asked for."""

from __future__ import annotations

import numpy as np
import pytest

from simulation.casci import CASCISolver, ground_state
from simulation.errors import ConvergenceError
from simulation.settings import SimulationSettings
from simulation.vqe import engine as engine_module
from simulation.vqe.adapt import Strategy, grown
from simulation.vqe.ansatz import mirrored
from simulation.vqe.engine import VQESolver, optimised
from simulation.vqe.pool import generalised
from simulation.vqe.quasinewton import QuasiNewton
from simulation.vqe.sector import SectorEnergy

PLAIN = Strategy(share_spins=False, near=1.0, thrift=0.0)  # ADAPT as it was published
SHARED = Strategy(share_spins=True, near=0.5, thrift=1.0)


@pytest.mark.parametrize("strategy", [PLAIN, SHARED])
def test_it_grows_to_the_exact_energy(active_space, strategy):
    h = active_space("LiH", 4, 6)
    exact = ground_state(h, 2, 2).energy
    state = grown(h, 2, 2, strategy, 1e-7, exact)
    assert exact == pytest.approx(-7.882324379, abs=1e-6)
    assert 0 <= state.energy - exact <= 1e-7
    assert state.missing == pytest.approx(state.energy - exact, abs=1e-12)


@pytest.mark.parametrize(
    ("name", "electrons", "orbitals", "spin", "sector"),
    [
        ("H2", 2, 2, 0, (1, 1)),
        ("H2", 2, 2, 0, (1, 0)),
        ("H2", 2, 2, 0, (2, 0)),
        ("LiH", 4, 6, 0, (2, 2)),
        ("OH", 9, 6, 1, (5, 4)),
        ("O2", 8, 6, 2, (5, 3)),
        ("O2", 8, 6, 2, (4, 4)),
        ("N2", 6, 6, 0, (3, 3)),
        ("N2", 6, 6, 0, (3, 2)),
        ("N2", 6, 6, 0, (4, 2)),
        ("acrylamide", 4, 4, 0, (2, 2)),
        ("acrylamide", 4, 4, 0, (3, 2)),
        ("acrylamide", 4, 4, 0, (2, 3)),
        ("acrylamide", 4, 4, 0, (2, 1)),
        ("acrylamide", 4, 4, 0, (3, 1)),
        ("acrylamide", 6, 6, 0, (3, 3)),
        ("acrylamide", 6, 6, 0, (4, 3)),
        ("acrylamide", 8, 8, 0, (4, 4)),
        ("acrylamide", 8, 8, 0, (5, 4)),
    ],
)
def test_auto_meets_a_tenth_of_a_millihartree(
    active_space, name, electrons, orbitals, spin, sector
):
    h = active_space(name, electrons, orbitals, spin=spin)
    state = optimised(h, *sector, ansatz="auto")
    exact = CASCISolver().solve(h, *sector).energy
    assert -1e-9 <= state.energy - exact <= 1e-4
    assert state.error == pytest.approx(state.energy - exact, abs=1e-9)
    assert not state.error_estimated
    assert state.gradient_norm <= 1e-5
    assert state.spin_contamination < 2e-3
    assert len(state.excitations) == len(state.angles)
    # The factors as they are exported give the state's energy.
    again = SectorEnergy(state.hamiltonian, state.ansatz).energy(state.parameters)
    assert again == pytest.approx(state.energy, abs=1e-10)


def test_auto_is_never_dearer_than_one_layer(active_space):
    for name, electrons, orbitals, sector in (
        ("acrylamide", 4, 4, (2, 2)),
        ("acrylamide", 4, 4, (2, 1)),
        ("LiH", 4, 6, (2, 2)),
    ):
        h = active_space(name, electrons, orbitals)
        auto, layer = (
            optimised(h, *sector, ansatz=ansatz).circuit_cost().two_qubit_gates
            for ansatz in ("auto", "uccsd")
        )
        assert auto <= layer


def test_the_error_asked_for_decides_the_length(active_space):
    h = active_space("acrylamide", 6, 6)
    costs = []
    for target in (10.0, 1.0, 0.1, 0.01):
        state = optimised(h, 3, 3, ansatz="adapt", target_error_mha=target)
        assert state.error <= 1e-3 * target
        costs.append(state.circuit_cost().two_qubit_gates)
    assert costs == sorted(costs)
    assert costs[-1] > 2 * costs[0]


def test_the_settings_reach_the_solver(active_space):
    h = active_space("acrylamide", 4, 4)
    default = VQESolver.from_settings(SimulationSettings()).solve(h, 2, 2)
    assert default.circuit.ansatz == "adapt"
    settings = SimulationSettings(ansatz="uccsd", layers=2, mapping="parity")
    layered = VQESolver.from_settings(settings).solve(h, 2, 2)
    assert (layered.circuit.ansatz, layered.circuit.qubits) == ("uccsd, 2 layers", 6)
    assert layered.circuit.parameters == layered.parameters
    loose = VQESolver.from_settings(SimulationSettings(target_error_mha=5.0)).solve(h, 2, 2)
    assert loose.circuit.two_qubit_gates < default.circuit.two_qubit_gates


def test_without_an_exact_energy_second_order_decides(active_space, monkeypatch):
    h = active_space("acrylamide", 6, 6)
    monkeypatch.setattr(engine_module, "_EXACT_DETERMINANTS", 100)
    state = optimised(h, 3, 3, ansatz="auto", target_error_mha=0.5)
    assert state.error_estimated
    assert state.error <= 5e-4
    assert -1e-9 <= state.energy - ground_state(h, 3, 3).energy <= 1e-3


def test_a_target_out_of_reach_is_told(active_space, monkeypatch):
    monkeypatch.setattr("simulation.vqe.adapt._CYCLES", 2)
    with pytest.raises(ConvergenceError, match=r"did not come within 0\.1 mHartree .* casci"):
        optimised(active_space("acrylamide", 6, 6), 3, 3, ansatz="adapt")


def test_shared_spins_keep_the_singlet(active_space):
    h = active_space("acrylamide", 6, 6)
    state = grown(h, 3, 3, SHARED, 1e-4, ground_state(h, 3, 3).energy)
    assert state.spin_contamination < 1e-4
    factors = list(state.ansatz.factors)
    for excitation in factors:
        assert mirrored(excitation, 6) in factors


def test_every_pool_is_closed_under_exchange_of_the_spins(random_hamiltonian):
    norb = 4
    h = random_hamiltonian(norb, 1)
    plain = generalised(h, share_spins=False)
    # 2 x 6 singles, 2 x 3 same-spin doubles, 2 x 6 x 6 mixed ones.
    assert len(plain.excitations) == plain.elements == 12 + 6 + 72
    shared = generalised(h, share_spins=True)
    for element in range(shared.elements):
        members = [shared.excitations[k] for k in shared.members(element)]
        assert {mirrored(e, norb) for e in members} == set(members)


def test_bfgs_finds_the_minimum_and_forgets_what_is_removed():
    rng = np.random.default_rng(3)
    root = rng.normal(size=(6, 6))
    hessian = root @ root.T + np.eye(6)
    centre = rng.normal(size=6) * 0.2
    centre[2] = 1e-5

    def bowl(x):
        return float(0.5 * (x - centre) @ hessian @ (x - centre)), hessian @ (x - centre)

    walk = QuasiNewton()
    walk.extend(np.full(4, 2.0))
    walk.descend(lambda x: _padded(bowl, x, 6), 1e-9, 100)
    walk.extend(np.full(2, 2.0))
    walk.descend(bowl, 1e-9, 100)
    assert walk.point == pytest.approx(centre, abs=1e-8)
    kept = np.arange(6) != 2
    walk.inverse = np.linalg.inv(hessian)
    less = walk.without(~kept)
    expected = np.linalg.solve(hessian[np.ix_(kept, kept)], (hessian @ centre)[kept])
    assert less.point == pytest.approx(expected, abs=1e-8)
    assert less.inverse == pytest.approx(np.linalg.inv(hessian[np.ix_(kept, kept)]), abs=1e-8)


def _padded(objective, x, size):
    energy, gradient = objective(np.append(x, np.zeros(size - x.size)))
    return energy, gradient[: x.size]
