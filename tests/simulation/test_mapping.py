"""One state in the sector engine and on the qubits of every mapping."""

from __future__ import annotations

import numpy as np
import pytest
from openfermion import FermionOperator, get_sparse_operator, hermitian_conjugated
from pyscf import ao2mo, gto, mcscf, scf
from qiskit.quantum_info import Statevector
from scipy.sparse.linalg import expm_multiply

from simulation.casci import CASCISolver
from simulation.errors import InputError
from simulation.hamiltonian import Hamiltonian
from simulation.interchange import interaction_operator
from simulation.vqe.ansatz import uccsd
from simulation.vqe.engine import optimised
from simulation.vqe.mapping import (
    NAMES,
    ExcitationProduct,
    ansatz_circuit,
    mapper,
    qubit_operator,
)
from simulation.vqe.reference import candidates
from simulation.vqe.sector import SectorEnergy


def circuit_energy(h, state, angles, mapping) -> float:
    circuit = ansatz_circuit(state, mapping).assign_parameters(angles).decompose(reps=2)
    operator = qubit_operator(h, state.n_alpha, state.n_beta, mapping)
    assert circuit.num_qubits == operator.num_qubits
    return float(Statevector(circuit).expectation_value(operator).real) + h.core_energy


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("molecule", "electrons", "orbitals", "sector", "qubits"),
    [
        ("H2", 2, 2, (1, 1), (4, 2, 1)),
        ("LiH", 2, 3, (1, 1), (6, 4, 3)),
        ("acrylamide", 4, 4, (2, 2), (8, 6, 5)),
        ("acrylamide", 4, 4, (3, 2), (8, 6, 5)),
        ("acrylamide", 4, 4, (1, 3), (8, 6, 5)),
    ],
)
def test_the_circuit_has_the_engines_energy(
    active_space, name, molecule, electrons, orbitals, sector, qubits
):
    h = active_space(molecule, electrons, orbitals)
    ansatz = uccsd(h, *sector, 1, share_spins=True)
    point = ansatz.start + np.random.default_rng(1).normal(scale=0.2, size=ansatz.parameters)
    mapping = mapper(name, h, *sector, ansatz.excitations)
    assert ansatz_circuit(ansatz, mapping).num_qubits == qubits[NAMES.index(name)]
    energy = circuit_energy(h, ansatz, ansatz.angles(point), mapping)
    assert energy == pytest.approx(SectorEnergy(h, ansatz).energy(point), abs=1e-8)


@pytest.mark.parametrize("name", NAMES)
def test_water(name):
    molecule = gto.M(
        atom="O 0 0 0.1173; H 0 0.7572 -0.4692; H 0 -0.7572 -0.4692", basis="sto-3g", verbose=0
    )
    space = mcscf.CASCI(scf.RHF(molecule).run(conv_tol=1e-12), 5, 6)
    one_body, core = space.get_h1eff()
    h = Hamiltonian(one_body, ao2mo.restore(1, space.get_h2eff(), 5), float(core))
    state = optimised(h, 3, 3, 1)
    mapping = mapper(name, state.hamiltonian, 3, 3, state.ansatz.excitations)
    assert (
        ansatz_circuit(state.ansatz, mapping).num_qubits
        == {
            "jordan-wigner": 10,
            "parity": 8,
            "tapered": 6,
        }[name]
    )
    energy = circuit_energy(
        state.hamiltonian, state.ansatz, state.ansatz.angles(state.parameters), mapping
    )
    assert energy == pytest.approx(state.energy, abs=1e-8)


@pytest.mark.parametrize("sector", [(2, 2), (3, 2)])
def test_a_selected_state_has_the_engines_energy(active_space, sector):
    h = active_space("acrylamide", 4, 4)
    state = optimised(h, *sector, ansatz="adapt")
    assert len(state.excitations) == len(state.angles) > 3
    product = ExcitationProduct(4, *sector, state.excitations)
    for name in NAMES:
        mapping = mapper(name, state.hamiltonian, *sector, state.excitations)
        energy = circuit_energy(state.hamiltonian, product, state.angles, mapping)
        assert energy == pytest.approx(state.energy, abs=1e-8)


@pytest.mark.parametrize("name", NAMES)
def test_two_layers_keep_their_order(random_hamiltonian, name):
    h = random_hamiltonian(3, 11)
    ansatz = uccsd(h, 2, 1, 2, share_spins=True)
    point = np.random.default_rng(4).normal(size=ansatz.parameters)
    mapping = mapper(name, h, 2, 1)
    energy = circuit_energy(h, ansatz, ansatz.angles(point), mapping)
    assert energy == pytest.approx(SectorEnergy(h, ansatz).energy(point), abs=1e-8)


def fock_space_energy(h: Hamiltonian, state: ExcitationProduct, angles) -> float:
    """The product of exponentials in OpenFermion's words, on all of Fock space."""
    # Qiskit Nature's block order to OpenFermion's alternating spins.
    place = {q: 2 * (q % h.norb) + q // h.norb for q in range(2 * h.norb)}
    reference = FermionOperator("")
    for q in [*range(state.n_alpha), *range(h.norb, h.norb + state.n_beta)]:
        reference = reference * FermionOperator(((place[q], 1),))
    vacuum = np.zeros(4**h.norb, dtype=complex)
    vacuum[0] = 1.0
    vector = get_sparse_operator(reference, 2 * h.norb) @ vacuum
    for (emptied, filled), angle in zip(state.excitations, angles, strict=True):
        term = FermionOperator(
            tuple((place[i], 1) for i in emptied) + tuple((place[a], 0) for a in filled)
        )
        generator = get_sparse_operator(term - hermitian_conjugated(term), 2 * h.norb)
        vector = expm_multiply(angle * generator, vector)
    return float(np.vdot(vector, get_sparse_operator(interaction_operator(h)) @ vector).real)


@pytest.mark.parametrize("name", NAMES)
def test_any_product_of_excitations(active_space, name):
    # As a selected state has them: repeated, in any order, between any orbitals.
    h = active_space("LiH", 2, 3)
    state = ExcitationProduct(
        norb=3,
        n_alpha=1,
        n_beta=1,
        excitations=(
            ((0, 3), (2, 5)),
            ((0,), (2,)),
            ((0, 3), (1, 4)),
            ((3,), (5,)),
            ((0, 3), (2, 5)),
            ((2,), (0,)),
        ),
    )
    angles = np.random.default_rng(2).normal(size=6)
    energy = circuit_energy(h, state, angles, mapper(name, h, 1, 1, state.excitations))
    assert energy == pytest.approx(fock_space_energy(h, state, angles), abs=1e-8)


def test_a_symmetry_that_the_state_breaks_is_kept(active_space):
    h = active_space("acrylamide", 4, 4)  # planar: a reflection
    broken = ExcitationProduct(4, 2, 2, (((1,), (2,)), ((1,), (3,)), ((0,), (2,)), ((0,), (3,))))
    strict = mapper("tapered", h, 2, 2)
    with pytest.raises(InputError, match="leaves a symmetry that the mapping removed"):
        ansatz_circuit(broken, strict)
    loose = mapper("tapered", h, 2, 2, broken.excitations)
    angles = np.array([0.3, -0.2, 0.4, 0.1])
    assert ansatz_circuit(broken, loose).num_qubits == 6
    assert ansatz_circuit(ExcitationProduct(4, 2, 2, ()), strict).num_qubits == 5
    energy = circuit_energy(h, broken, angles, loose)
    assert energy == pytest.approx(fock_space_energy(h, broken, angles), abs=1e-8)


@pytest.mark.parametrize("sector", [(2, 2), (3, 2), (3, 1)])
def test_one_references_tapered_operator_holds_the_lowest_energy(active_space, sector):
    h = active_space("acrylamide", 4, 4)
    exact = CASCISolver().solve(h, *sector).energy
    distances = []
    for reference in candidates(h, *sector):
        filled = h.reordered(reference.order)
        matrix = qubit_operator(filled, *sector, mapper("tapered", filled, *sector)).to_matrix()
        distances.append(np.abs(np.linalg.eigvalsh(matrix) + h.core_energy - exact).min())
    assert min(distances) < 1e-8


def test_rounding_of_the_integrals_hides_no_symmetry(active_space):
    h = active_space("acrylamide", 4, 4)
    noise = np.random.default_rng(0).normal(scale=1e-11, size=(4, 4))
    noisy = Hamiltonian(h.one_body + noise + noise.T, h.two_body, h.core_energy)
    ansatz = uccsd(noisy, 2, 2, 1, share_spins=True)
    mapping = mapper("tapered", noisy, 2, 2, ansatz.excitations)
    energy = circuit_energy(noisy, ansatz, ansatz.angles(ansatz.start), mapping)
    assert ansatz_circuit(ansatz, mapping).num_qubits == 5
    assert energy == pytest.approx(SectorEnergy(h, ansatz).energy(ansatz.start), abs=1e-8)


def test_bad_requests_are_refused(active_space):
    h = active_space("H2", 2, 2)
    with pytest.raises(InputError, match="unknown mapping 'bravyi'; there are: jordan-wigner"):
        mapper("bravyi", h, 1, 1)
    with pytest.raises(InputError, match="do not fit"):
        mapper("parity", h, 3, 1)
    one = Hamiltonian(np.array([[-1.0]]), np.full((1,) * 4, 0.5), 0.0)
    with pytest.raises(InputError, match="leaves no qubit of one orbital"):
        mapper("tapered", one, 1, 0)
