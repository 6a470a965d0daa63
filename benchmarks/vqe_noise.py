"""How far a VQE energy is defined: integrals changed in their last digits, and solved again.

    OMP_NUM_THREADS=1 python benchmarks/vqe_noise.py [SMILES ...] [--noise 1e-13] [--times 4]

The sectors of ``warhead-ea`` are solved by the default solver (``vqe``, ``auto``) with
integrals to which Gaussian noise is added, as another order of summation adds it; ``--noise``
is its width in Hartree before it is given the integrals' symmetries. Told are how many of the
sectors end in another circuit, and how far the energies of the trial state, and those of
exact diagonalisation, lie from the undisturbed.
"""

from __future__ import annotations

import argparse

import numpy as np
from warhead_spaces import GROUPS

import molq
from simulation.atomicunits import HARTREE_EV
from simulation.casci import ground_state
from simulation.hamiltonian import Hamiltonian
from simulation.interchange.rebuilding import rebuilt_sectors
from simulation.vqe.engine import optimised


def disturbed(hamiltonian: Hamiltonian, width: float, rng: np.random.Generator) -> Hamiltonian:
    """The Hamiltonian with noise that has the symmetries of real orbitals."""
    n = hamiltonian.norb
    one = width * rng.standard_normal((n, n))
    two = width * rng.standard_normal((n,) * 4)
    for axes in ((1, 0, 2, 3), (0, 1, 3, 2), (2, 3, 0, 1)):
        two = (two + two.transpose(axes)) / 2
    return Hamiltonian(
        one_body=hamiltonian.one_body + (one + one.T) / 2,
        two_body=hamiltonian.two_body + two,
        core_energy=hamiltonian.core_energy,
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("smiles", nargs="*")
    parser.add_argument("--noise", type=float, default=1e-13, help="Hartree")
    parser.add_argument("--times", type=int, default=4)
    parser.add_argument("--basis", default="sto-3g")
    arguments = parser.parse_args()
    rng = np.random.default_rng(0)
    others, largest, exact, number = 0, [], [], 0
    for smiles in arguments.smiles or GROUPS.values():
        found = molq.score(smiles, "warhead-ea", basis=arguments.basis, conformers=1)
        if found.score is None:
            print(f"{smiles}: {found.failure}")
            continue
        for sector in rebuilt_sectors(found.score):
            electrons = (sector.solution.n_alpha, sector.solution.n_beta)
            still = optimised(sector.hamiltonian, *electrons, ansatz="auto")
            circuits = {still.ansatz.factors}
            energies, lowest = [], []
            for _ in range(arguments.times):
                other = disturbed(sector.hamiltonian, arguments.noise, rng)
                state = optimised(other, *electrons, ansatz="auto")
                circuits.add(state.ansatz.factors)
                energies.append(abs(state.energy - still.energy))
                lowest.append(abs(ground_state(other, *electrons).energy - sector.casci_energy))
            number += 1
            others += len(circuits) > 1
            largest.append(max(energies) * HARTREE_EV)
            exact.append(max(lowest) * HARTREE_EV)
    moved = sum(shift > 1e-5 for shift in largest)
    print(f"{number} sectors, {arguments.times} times each, noise {arguments.noise:.0e} Hartree:")
    print(f"  another circuit for {others}; the energy moved by more than 1e-5 eV for {moved}")
    print(f"  VQE: largest {max(largest):.1e} eV, median of sectors {np.median(largest):.1e} eV")
    print(f"  exact diagonalisation: largest {max(exact):.1e} eV")


if __name__ == "__main__":
    main()
