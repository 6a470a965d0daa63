"""What the circuits of real active spaces need: the table `molq plan` looks circuits up in.

Each row is one sector of one molecule's space: the circuit that `ansatz = "auto"` finds (and
one layer of UCCSD), its gates by every mapping, and how widely the values of single shots
spread, which decides the shots of an asked precision; the smaller ones also as compiled for
a device's couplings and errors. Beside them what exact diagonalisation of the same sector
takes. A call that was interrupted goes on.

    python benchmarks/plan_circuits.py --raw circuits.jsonl --out molq/planning/circuits.json
"""

from __future__ import annotations

import argparse
import datetime
import json
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qiskit import QuantumCircuit, transpile
from qiskit.quantum_info import SparsePauliOp
from qiskit_aer import AerSimulator
from rdkit import Chem

from molq.environment import environment
from simulation.casci import CASCISolver, ground_state
from simulation.errors import SimulationError
from simulation.hamiltonian import Hamiltonian
from simulation.hydrogenabstraction import bonds, dissociation, radical
from simulation.meanfield import solve
from simulation.quantum import backends, estimation, measurement
from simulation.quantum.backends import Backend
from simulation.quantum.estimation import Setting
from simulation.quantum.measurement import EnergyMeasurement, Request
from simulation.recipes.chromophore import chromophore
from simulation.recipes.pispace import Sectors
from simulation.recipes.warhead_ea import affinities
from simulation.settings import SimulationSettings
from simulation.solver import Solution
from simulation.vqe import mapping
from simulation.vqe.ansatz import uccsd
from simulation.vqe.circuitcost import circuit_cost
from simulation.vqe.engine import OptimisedState, optimised
from simulation.vqe.mapping import ExcitationProduct
from simulation.workup import Workup

MAPPINGS = ("jordan-wigner", "parity", "tapered")
DEVICE = "fake:torino"  # a heavy-hexagonal device with 133 qubits
COMPILED_GATES = 1500  # two-qubit gates up to which a circuit is compiled for it
SPREAD_QUBITS = 12  # up to which every mapping's shots are counted; of more, Jordan-Wigner's
SETTINGS = SimulationSettings(conformers=1)
SEED = 1
MITIGATIONS = (("readout",), ("zne",), ("readout", "zne"))
MOST_SHOTS = 10**15

WARHEADS = (
    "C=CC(N)=O", "C=CC(=O)NC", "CC=CC(=O)OC", "C=CC(=O)Nc1ccccc1", "C=CC#N", "C#CC(=O)NC",
    "C=C(C)C(=O)N1CCOCC1", "C=CS(C)(=O)=O", "C=CS(=O)(=O)Nc1ccccc1",
)  # fmt: skip
PLAIN = ("C=O", "C=CC=C", "C=CC=CC=C", "c1ccccc1", "c1cc[nH]c1", "Cc1ccncc1", "C=Cc1ccccc1")
DONORS = ("C=COC", "CC(N)=O", "CNC(=O)C=C", "c1cc[nH]c1")
BONDS = ("CC", "Cc1ccccc1", "CN(C)C")

Sector = tuple[int, int]
Space = tuple[str, Hamiltonian, tuple[Sector, ...]]


class Recorder:
    """A solver that keeps the Hamiltonians it is given."""

    name = "casci"

    def __init__(self) -> None:
        self.seen: list[Hamiltonian] = []

    def solve(self, hamiltonian: Hamiltonian, n_alpha: int, n_beta: int) -> Solution:
        """The exact energy."""
        self.seen.append(hamiltonian)
        return CASCISolver().solve(hamiltonian, n_alpha, n_beta)


def work_on(smiles: str) -> Workup:
    return Workup(Chem.CanonSmiles(smiles), SETTINGS, seed=SEED)


def warhead_spaces(smiles: str) -> Iterator[Space]:
    for site in affinities(work_on(smiles), solver=CASCISolver())[:1]:
        s = site.warhead.sectors
        yield "warhead", site.warhead.hamiltonian, (s.neutral, s.anion, s.triplet)


def plain_spaces(smiles: str) -> Iterator[Space]:
    work = work_on(smiles)
    found = chromophore(work.molecule, work.geometry, work.field, lone_pairs=False, recipe="plan")
    yield "pi", found.hamiltonian, (found.sectors.neutral, found.sectors.triplet)


def donor_spaces(smiles: str) -> Iterator[Space]:
    work = work_on(smiles)
    field = solve(work.geometry, SETTINGS, solvent=True)
    found = chromophore(work.molecule, work.geometry, field, lone_pairs=True, recipe="plan")
    s: Sectors = found.sectors
    wanted = (s.neutral, s.cation, s.anion)
    fitting = tuple(x for x in wanted if max(x) <= found.hamiltonian.norb)
    yield "pi and lone pairs", found.hamiltonian, fitting


def bond_spaces(smiles: str) -> Iterator[Space]:
    work = work_on(smiles)
    bond = bonds(work.geometry.molecule)[0]
    recorder = Recorder()
    fragment = radical(work.geometry, bond, SETTINGS)
    dissociation(work.field, work.geometry, fragment, bond, SETTINGS, recorder, seed=SEED)
    yield "bond", recorder.seen[0], ((1, 1),)


SOURCES: tuple[tuple[Callable[[str], Iterator[Space]], Sequence[str]], ...] = (
    (bond_spaces, BONDS),
    (warhead_spaces, WARHEADS),
    (plain_spaces, PLAIN),
    (donor_spaces, DONORS),
)


def mapped(state: OptimisedState, name: str) -> tuple[QuantumCircuit, SparsePauliOp]:
    """The circuit of a state and its energy operator, on the qubits of a mapping."""
    inside = (state.ansatz.n_alpha, state.ansatz.n_beta)
    product = ExcitationProduct(state.ansatz.norb, *inside, state.excitations)
    mapper = mapping.mapper(name, state.hamiltonian, *inside, state.excitations)
    circuit = mapping.ansatz_circuit(product, mapper).assign_parameters(state.angles)
    return circuit, mapping.qubit_operator(state.hamiltonian, *inside, mapper)


def row(kind: str, smiles: str, hamiltonian: Hamiltonian, sector: Sector) -> dict[str, Any]:
    begun = time.process_time()
    exact = ground_state(hamiltonian, *sector)
    casci = time.process_time() - begun
    begun = time.process_time()
    state = optimised(hamiltonian, *sector, ansatz="auto")
    vqe = time.process_time() - begun
    layer = uccsd(state.hamiltonian, *sector, 1, share_spins=True)
    found: dict[str, Any] = {}
    for name in MAPPINGS:
        cost, product = state.circuit_cost(name), circuit_cost(layer, state.hamiltonian, name)
        entry: dict[str, Any] = {
            "qubits": cost.qubits,
            "two_qubit_gates": cost.two_qubit_gates,
            "depth": cost.depth,
            "uccsd_two_qubit_gates": product.two_qubit_gates,
            "uccsd_depth": product.depth,
        }
        if name == MAPPINGS[0] or cost.qubits <= SPREAD_QUBITS:
            entry |= shots(state, name)
        found[name] = entry
    return {
        "space": kind,
        "smiles": Chem.CanonSmiles(smiles),
        "orbitals": hamiltonian.norb,
        "n_alpha": sector[0],
        "n_beta": sector[1],
        "determinants": int(np.prod(hamiltonian.sector_shape(*sector))),
        "parameters": state.ansatz.parameters,
        "uccsd_parameters": layer.parameters,
        "error_mha": round(1000 * (state.energy - exact.energy), 4),
        "casci_cpu_seconds": round(casci, 4),
        "vqe_cpu_seconds": round(vqe, 4),
        "mappings": found,
    }


def statevector(circuit: QuantumCircuit) -> NDArray[np.complex128]:
    """The state that a circuit prepares, by qiskit-aer: circuits have ten thousands of gates."""
    whole = circuit.decompose(reps=4)
    whole.save_statevector()
    simulator = AerSimulator(method="statevector", max_parallel_threads=1)
    compiled = transpile(whole, simulator, optimization_level=0)
    return np.asarray(simulator.run(compiled).result().get_statevector())


def deviation(amplitudes: NDArray[np.complex128], setting: Setting) -> float:
    """Standard deviation (Hartree) of what one shot of a setting contributes.

    The values of all bit strings are the Walsh-Hadamard transform of the coefficients.
    """
    size = setting.qubits
    turned = amplitudes.reshape((2,) * size)
    half = np.sqrt(0.5)
    for qubit, letter in enumerate(reversed(setting.basis)):
        if letter == "Z":
            continue
        zero, one = np.moveaxis(turned, size - 1 - qubit, 0)
        one = one if letter == "X" else -1j * one
        turned = np.stack([half * (zero + one), half * (zero - one)], axis=size - 1 - qubit)
    values = np.zeros(2**size)
    values[setting.supports @ (1 << np.arange(size))] = setting.coefficients
    for bit in range(size):
        even, odd = np.moveaxis(values.reshape(-1, 2, 1 << bit), 1, 0)
        values = np.stack([even + odd, even - odd], axis=1).ravel()
    chances = np.abs(turned.ravel()) ** 2
    mean = chances @ values
    return float(np.sqrt(max(0.0, chances @ (values - mean) ** 2)))


def shots(state: OptimisedState, name: str) -> dict[str, Any]:
    """Settings, the spread of their values, and the same as a device would see it."""
    circuit, operator = mapped(state, name)
    amplitudes = statevector(circuit)
    _, groups = estimation.settings(operator)
    spreads = [deviation(amplitudes, setting) for setting in groups]
    entry: dict[str, Any] = {
        "terms": len(operator),
        "settings": len(spreads),
        "spread": round(sum(spreads), 5),
    }
    if state.circuit_cost(name).two_qubit_gates <= COMPILED_GATES:
        backend = backends.find(DEVICE)
        device = EnergyMeasurement.compiled(circuit, operator, 0.0, backend, SEED)
        calibration = backend.calibration()
        assert calibration is not None
        entry["device"] = {
            "name": DEVICE,
            "two_qubit_gates": device.two_qubit_gates,
            "depth": device.depth,
            "survival": round(calibration.survival(device.circuit, two_qubit_factor=1), 6),
            "spread": device_spread(device, backend, ()),
            "mitigated": {
                ", ".join(kinds): device_spread(device, backend, kinds) for kinds in MITIGATIONS
            },
        }
    return entry


def device_spread(
    device: EnergyMeasurement, backend: Backend, mitigation: tuple[str, ...]
) -> float:
    """The spread (Hartree) whose square over that of an error is the shots of a plan for it."""
    # precise enough for counts that no rounding changes, coarse enough for counts that exist
    for precision in (1e-4, 1e-1, 1e2, 1e5):
        planned = measurement.plan(device, backend, Request(precision, MOST_SHOTS, mitigation))
        if planned.total < 0.99 * MOST_SHOTS:
            return float(f"{precision * planned.total**0.5:.6g}")
    raise ValueError(f"{', '.join(mitigation)}: no number of shots suffices")


def command(arguments: argparse.Namespace) -> str:
    """The call that makes the table."""
    return f"python benchmarks/plan_circuits.py --raw {arguments.raw} --out {arguments.out}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--raw", type=Path, required=True, help="what was measured, by line")
    parser.add_argument("--out", type=Path, help="the table, of all that was measured")
    arguments = parser.parse_args()
    arguments.raw.touch()
    lines = [json.loads(line) for line in arguments.raw.read_text().splitlines()]
    done = {(line["source"], line["smiles"]) for line in lines}
    for source, molecules in SOURCES:
        for smiles in molecules:
            if (source.__name__, smiles) in done:
                continue
            line: dict[str, Any] = {"source": source.__name__, "smiles": smiles, "rows": []}
            try:
                for kind, hamiltonian, sectors in source(smiles):
                    line["rows"] += [row(kind, smiles, hamiltonian, s) for s in sectors]
            except SimulationError as error:
                line["failure"] = error.message
            lines.append(line)
            with arguments.raw.open("a") as file:
                file.write(json.dumps(line) + "\n")
            shown = [
                (r["orbitals"], r["n_alpha"], r["n_beta"], r["mappings"]) for r in line["rows"]
            ]
            print(source.__name__, smiles, line.get("failure"), shown, flush=True)
    if arguments.out is not None:
        machine = environment()
        table = {
            "what": "circuits of real active spaces at target_error_mha = 0.1",
            "command": command(arguments),
            "date": datetime.date.today().isoformat(),
            "processor": machine["processor"],
            "versions": machine["versions"],
            "rows": [r for line in lines for r in line["rows"]],
        }
        arguments.out.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
