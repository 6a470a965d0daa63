"""The counted circuit is the one that Qiskit compiles."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qiskit.transpiler import generate_preset_pass_manager

from simulation.errors import InputError
from simulation.vqe.ansatz import uccsd
from simulation.vqe.circuitcost import circuit_cost, two_qubit_gates
from simulation.vqe.engine import optimised
from simulation.vqe.mapping import ExcitationProduct, ansatz_circuit, mapper
from simulation.vqe.pool import generalised


def compiled(state, mapping):
    """Gates on two qubits and depth after Qiskit's compilation, as on an exact backend."""
    circuit = ansatz_circuit(state, mapping)
    angles = np.linspace(0.1, 0.3, circuit.num_parameters)
    manager = generate_preset_pass_manager(
        optimization_level=1, basis_gates=["rz", "sx", "x", "cx"], seed_transpiler=0
    )
    result = manager.run(circuit.assign_parameters(angles).decompose(reps=2))
    return result.num_nonlocal_gates(), result.depth()


@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_any_product_is_counted_as_qiskit_compiles_it(random_hamiltonian, data):
    norb, electrons = 3, data.draw(st.sampled_from([(1, 1), (2, 1), (2, 2), (1, 2)]))
    h = random_hamiltonian(norb, 1)
    pool = generalised(h, share_spins=False).excitations
    chosen = data.draw(
        st.lists(st.sampled_from(pool), min_size=1, max_size=8).filter(
            # The same one twice in a row is a single rotation, which Qiskit notices.
            lambda listed: all(a != b for a, b in pairwise(listed))
        )
    )
    state = ExcitationProduct(norb, *electrons, tuple(chosen))
    cost = circuit_cost(_as_ansatz(h, electrons, tuple(chosen)), h)
    assert (cost.two_qubit_gates, cost.depth) == compiled(state, mapper("auto", h, *electrons))


def _as_ansatz(hamiltonian, electrons, excitations):
    layer = uccsd(hamiltonian, *electrons, 1, share_spins=False)
    return type(layer)(
        name="adapt",
        norb=layer.norb,
        n_alpha=layer.n_alpha,
        n_beta=layer.n_beta,
        layers=1,
        excitations=excitations,
        group=np.arange(len(excitations)),
        start=np.zeros(len(excitations)),
        curvature=np.ones(len(excitations)),
    )


@pytest.mark.parametrize("name", ["jordan-wigner", "parity", "tapered"])
@pytest.mark.parametrize("ansatz", ["uccsd", "auto"])
def test_the_cost_of_a_solution_in_every_mapping(active_space, name, ansatz):
    h = active_space("acrylamide", 4, 4)
    state = optimised(h, 2, 2, ansatz=ansatz)
    cost = state.circuit_cost(name)
    mapping = mapper(name, state.hamiltonian, 2, 2, state.excitations)
    circuit = ansatz_circuit(state.ansatz, mapping)
    assert cost.mapping == name
    assert cost.qubits == circuit.num_qubits
    assert cost.parameters == state.ansatz.parameters
    assert cost.ansatz == state.ansatz.description
    gates, depth = compiled(state.ansatz, mapping)
    assert cost.two_qubit_gates == pytest.approx(gates, rel=0.02)
    assert cost.depth == pytest.approx(depth, rel=0.05)


def test_known_counts():
    # Eight strings of weight four with a ladder of three: 48 CX; two of weight two for a single.
    assert two_qubit_gates((((0, 2), (1, 3)),), 2) == 48
    assert two_qubit_gates((((0,), (1,)),), 2) == 4
    assert two_qubit_gates((), 2) == 0


def test_layers_are_counted_all(active_space):
    h = active_space("acrylamide", 4, 4)
    one, two = (
        circuit_cost(uccsd(h, 2, 2, layers, share_spins=False), h).two_qubit_gates
        for layers in (1, 2)
    )
    assert two == pytest.approx(2 * one, rel=0.02)
    assert circuit_cost(uccsd(h, 2, 2, 2, share_spins=False), h).ansatz == "uccsd, 2 layers"


def test_a_state_without_factors_costs_nothing(active_space):
    h = active_space("H2", 2, 2)
    cost = circuit_cost(uccsd(h, 2, 2, 1, share_spins=True), h)
    assert (cost.qubits, cost.two_qubit_gates, cost.depth, cost.parameters) == (4, 0, 1, 0)


def test_an_unknown_mapping_is_refused(active_space):
    h = active_space("H2", 2, 2)
    with pytest.raises(InputError, match="unknown mapping 'bravyi'"):
        circuit_cost(uccsd(h, 1, 1, 1, share_spins=True), h, "bravyi")
