"""What a product of excitations costs as a circuit, counted without a transpiler.

The rule is the one by which Qiskit builds and compiles the circuit, followed on
numbers instead of gate objects: each factor is the product of the rotations of
its Pauli strings (two for a single, eight for a double); a rotation is a change
of basis, a ladder of CX from the highest qubit to the lowest, rz there, and all
of it undone; then CX pairs and changes of basis that meet their inverse cancel,
and what is left between two CX on one qubit is rewritten in rz, sx and x (at
most five gates, as few as the angles allow). All qubits are connected. This is
Qiskit's preset pass manager at optimisation level 1 on the circuit of Qiskit
Nature's ``UCC``; on thousands of factors it takes milliseconds instead of
minutes.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulation.hamiltonian import Hamiltonian
from simulation.score import CircuitCost
from simulation.vqe.ansatz import Ansatz, Excitation
from simulation.vqe.compilation import compiled

JORDAN_WIGNER = "jordan-wigner"

# A Pauli string as two bit masks: an X or a Y at the bits of the first, a Z or a
# Y at those of the second.
PauliStrings = NDArray[np.int64]  # shape: (strings, 2)


def circuit_cost(
    ansatz: Ansatz, hamiltonian: Hamiltonian, mapping: str = JORDAN_WIGNER
) -> CircuitCost:
    """Qubits, gates and depth of the circuit that prepares the state.

    Args:
        ansatz: its factors count, the angles do not.
        hamiltonian: with the orbitals in the ansatz's order.
        mapping: of fermions to qubits, as in the settings; ``auto`` is Jordan-Wigner.

    Raises:
        InputError: there is no such mapping.
    """
    electrons = (ansatz.n_alpha, ansatz.n_beta)
    if mapping == "auto":
        mapping = JORDAN_WIGNER
    if mapping == JORDAN_WIGNER:
        qubits = 2 * ansatz.norb
        strings = {e: _jordan_wigner(e) for e in set(ansatz.factors)}
        filled = (1 << ansatz.n_alpha) - 1 | ((1 << ansatz.n_beta) - 1) << ansatz.norb
    else:
        qubits, strings, filled = _mapped(ansatz, hamiltonian, electrons, mapping)
    gates, depth = counted([strings[e] for e in ansatz.factors], qubits, filled)
    return CircuitCost(
        ansatz=ansatz.description,
        mapping=mapping,
        qubits=qubits,
        parameters=ansatz.parameters,
        two_qubit_gates=gates,
        depth=depth,
    )


def two_qubit_gates(factors: tuple[Excitation, ...], norb: int) -> int:
    """CX gates of a product of excitations, Jordan-Wigner mapped."""
    return counted([_jordan_wigner(e) for e in factors], 2 * norb, 0)[0]


def counted(rotations: list[PauliStrings], qubits: int, filled: int) -> tuple[int, int]:
    """CX gates and depth of a product of Pauli rotations by the rule of the module.

    Args:
        rotations: of every factor, the first acts first.
        qubits: number of qubits, at most 62.
        filled: bit mask of the qubits that the reference turns to 1.
    """
    table = np.concatenate([np.empty((0, 2), np.int64), *rotations])
    length, product, named = _cliffords()
    gates, depth = _compiled_size(table, qubits, filled, length, product, named)
    return int(gates), int(depth)


def _jordan_wigner(excitation: Excitation) -> PauliStrings:
    """The Pauli strings of G in the order in which Qiskit's synthesis takes them."""
    indices = (*excitation[0], *excitation[1])
    places = sorted(indices)
    pattern = _pattern(tuple(places.index(index) for index in indices))
    # Z stands between the first and the second and between the third and the fourth.
    between = 0
    for low, high in zip(places[::2], places[1::2], strict=True):
        between |= (1 << high) - (1 << low + 1)
    bits = np.array([1 << place for place in places], dtype=np.int64)
    strings = np.empty((len(pattern), 2), dtype=np.int64)
    strings[:, 0] = bits.sum()
    strings[:, 1] = pattern @ bits + between
    return strings


@cache
def _pattern(ranks: tuple[int, ...]) -> NDArray[np.int64]:
    """Where the strings of an excitation of neighbouring spin orbitals have Y instead of X.

    Args:
        ranks: the indices (emptied, then filled), numbered by their order.

    Returns:
        shape (strings, indices), 0 or 1.
    """
    from qiskit_nature.second_q.mappers import JordanWignerMapper

    half = len(ranks) // 2
    strings = _qiskit_strings((ranks[:half], ranks[half:]), len(ranks), JordanWignerMapper())
    return strings[:, 1:] >> np.arange(len(ranks)) & 1


def _qiskit_strings(excitation: Excitation, modes: int, mapper: object) -> PauliStrings:
    """The Pauli strings of G as a mapper of Qiskit Nature gives them."""
    from qiskit_nature.second_q.mappers import QubitMapper
    from qiskit_nature.second_q.operators import FermionicOp

    assert isinstance(mapper, QubitMapper)
    emptied, filled = excitation
    label = " ".join([*(f"+_{i}" for i in emptied), *(f"-_{a}" for a in filled)])
    generator = FermionicOp({label: 1.0}, num_spin_orbitals=modes)
    paulis = mapper.map(generator - generator.adjoint()).paulis
    powers = np.int64(1) << np.arange(paulis.num_qubits, dtype=np.int64)
    return np.stack([paulis.x @ powers, paulis.z @ powers], axis=1).astype(np.int64)


def _mapped(
    ansatz: Ansatz, hamiltonian: Hamiltonian, electrons: tuple[int, int], name: str
) -> tuple[int, dict[Excitation, PauliStrings], int]:
    """Qubits, the strings of every excitation and the filled qubits of another mapping."""
    from qiskit_nature.second_q.circuit.library.initial_states.hartree_fock import (
        hartree_fock_bitstring_mapped,
    )

    from simulation.vqe.mapping import mapper

    excitations = set(ansatz.factors)
    mapping = mapper(name, hamiltonian, *electrons, excitations)
    bits = hartree_fock_bitstring_mapped(ansatz.norb, electrons, mapping)
    strings = {e: _qiskit_strings(e, 2 * ansatz.norb, mapping) for e in excitations}
    return len(bits), strings, sum(1 << q for q, bit in enumerate(bits) if bit)


@cache
def _cliffords() -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """The 24 Clifford gates of one qubit, the identity first.

    Returns:
        how many gates of rz, sx and x each is, shape (24,); the number of their
        products (row after column), shape (24, 24); the numbers of x, h, sx and
        sxdg, shape (4,).
    """
    h = np.array([[1, 1], [1, -1]]) / np.sqrt(2)
    sx = np.array([[1 + 1j, 1 - 1j], [1 - 1j, 1 + 1j]]) / 2

    def key(matrix: NDArray[Any]) -> tuple[complex, ...]:
        flat = matrix.ravel()
        phase = flat[np.flatnonzero(np.abs(flat) > 0.1)[0]]
        fixed = np.round(flat * abs(phase) / phase, 6) + 0.0
        return tuple(complex(value) for value in fixed)

    members = [np.eye(2, dtype=complex)]
    number = {key(members[0]): 0}
    for member in members:  # grows while it is walked through
        for generator in (h, sx):
            found = generator @ member
            if key(found) not in number:
                number[key(found)] = len(members)
                members.append(found)
    product = np.array([[number[key(a @ b)] for b in members] for a in members])
    named = np.array([number[key(m)] for m in (sx @ sx, h, sx, sx.conj().T)])
    return np.array([_gates(m) for m in members]), product, named


def _gates(matrix: NDArray[Any]) -> int:
    """How many gates rz, sx and x make a Clifford gate up to a phase."""

    def turned(phase: complex) -> int:
        return int(abs(phase - 1.0) > 1e-6)

    (a, b), (c, d) = matrix
    if abs(b) < 1e-6:
        return turned(d / a)
    if abs(a) < 1e-6:
        return 1 + turned(b / c)
    # rz(after) sx rz(before), where sx has the columns (1, -i) and (-i, 1) up to phases.
    return 1 + turned(c / a / -1j) + turned(b / a / -1j)


@compiled
def _compiled_size(
    strings: NDArray[np.int64],
    qubits: int,
    filled: int,
    length: NDArray[np.int64],
    product: NDArray[np.int64],
    named: NDArray[np.int64],
) -> tuple[int, int]:
    """CX gates and depth of rotations about Pauli strings, by the rule of the module."""
    most = qubits + strings.shape[0] * (6 * qubits + 1)
    # A gate's first qubit, its second (-1: one qubit only), its Clifford number
    # (-1: rz), and the gates before it on either qubit.
    one = np.empty(most, np.int32)
    two = np.empty(most, np.int32)
    what = np.empty(most, np.int32)
    before_one = np.empty(most, np.int32)
    before_two = np.empty(most, np.int32)
    alive = np.zeros(most, np.bool_)
    last = np.full(qubits, -1, np.int32)
    count = 0
    support = np.empty(qubits, np.int64)
    for k in range(-1, strings.shape[0]):
        if k < 0:  # the reference
            for q in range(qubits):
                if (filled >> q) & 1:
                    one[count], two[count], what[count] = q, -1, named[0]
                    before_one[count], alive[count] = -1, True
                    last[q] = count
                    count += 1
            continue
        x = strings[k, 0]
        z = strings[k, 1]
        weight = 0
        for q in range(qubits - 1, -1, -1):
            if ((x | z) >> q) & 1:
                support[weight] = q
                weight += 1
        # 0: into the basis, 1: down the ladder, 2: rz, 3: up again, 4: out of the basis
        for stage in range(5):
            if stage == 2:
                q = support[weight - 1]
                one[count], two[count], what[count] = q, -1, -1
                before_one[count], alive[count] = last[q], True
                last[q] = count
                count += 1
            elif stage == 1 or stage == 3:
                for step in range(weight - 1):
                    at = step if stage == 1 else weight - 2 - step
                    q = support[at]
                    r = support[at + 1]
                    top = last[q]
                    if top >= 0 and top == last[r] and one[top] == q and two[top] == r:
                        alive[top] = False
                        last[q] = before_one[top]
                        last[r] = before_two[top]
                        continue
                    one[count], two[count], what[count] = q, r, -1
                    before_one[count], before_two[count] = last[q], last[r]
                    alive[count] = True
                    last[q] = count
                    last[r] = count
                    count += 1
            else:
                for step in range(weight):
                    q = support[step]
                    if (x >> q) & 1 == 0:
                        continue
                    gate = named[1]
                    if (z >> q) & 1:
                        gate = named[2] if stage == 0 else named[3]
                    top = last[q]
                    if top >= 0 and two[top] < 0 and what[top] >= 0:
                        what[top] = product[gate, what[top]]
                        if what[top] == 0:
                            alive[top] = False
                            last[q] = before_one[top]
                        continue
                    one[count], two[count], what[count] = q, -1, gate
                    before_one[count], alive[count] = top, True
                    last[q] = count
                    count += 1
    gates = 0
    depth = np.zeros(qubits, np.int64)
    for g in range(count):
        if not alive[g]:
            continue
        if two[g] >= 0:
            gates += 1
            both = max(depth[one[g]], depth[two[g]]) + 1
            depth[one[g]] = both
            depth[two[g]] = both
        else:
            depth[one[g]] += 1 if what[g] < 0 else length[what[g]]
    return gates, depth.max() if qubits else 0
