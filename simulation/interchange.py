"""The same Hamiltonian in the words of other programs.

FCIDUMP (Knowles and Handy, Comput. Phys. Commun. 54, 75 (1989)), OpenFermion's
``InteractionOperator`` and Qiskit Nature's ``ElectronicStructureProblem``. The
core energy travels along in each.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from simulation.errors import InputError
from simulation.hamiltonian import Hamiltonian

if TYPE_CHECKING:
    from openfermion.chem.molecular_data import MolecularData
    from openfermion.ops.representations.interaction_operator import InteractionOperator
    from qiskit_nature.second_q.problems import ElectronicStructureProblem

_NEGLIGIBLE = 1e-15  # Hartree; smaller integrals are not written


def write_fcidump(hamiltonian: Hamiltonian, n_alpha: int, n_beta: int, path: Path) -> None:
    """Write a FCIDUMP file, every digit of the integrals kept.

    Raises:
        InputError: the electrons do not fit into the orbitals, or the file
            cannot be written.
    """
    from pyscf.tools import fcidump

    hamiltonian.check_sector(n_alpha, n_beta)
    try:
        fcidump.from_integrals(
            str(path),
            hamiltonian.one_body,
            hamiltonian.two_body,
            hamiltonian.norb,
            n_alpha + n_beta,
            nuc=hamiltonian.core_energy,
            ms=n_alpha - n_beta,
            tol=_NEGLIGIBLE,
            float_format=" % .17e",
        )
    except OSError as error:
        raise InputError("interchange", f"cannot write {path}: {error.strerror}") from error


def read_fcidump(path: Path) -> tuple[Hamiltonian, int, int]:
    """Read a FCIDUMP file of a spin-restricted Hamiltonian.

    Returns:
        the Hamiltonian, n_alpha and n_beta.

    Raises:
        InputError: there is no such file, or it is not a complete FCIDUMP file.
    """
    from pyscf import ao2mo
    from pyscf.tools import fcidump

    try:
        content = fcidump.read(str(path), verbose=False)
        norb, electrons, ms2 = (int(content[key]) for key in ("NORB", "NELEC", "MS2"))
        one_body = np.asarray(content["H1"], dtype=np.float64)
        two_body = ao2mo.restore(1, np.asarray(content["H2"], dtype=np.float64), norb)
        core = float(content["ECORE"])
    except OSError as error:
        raise InputError("interchange", f"cannot read {path}: {error.strerror}") from error
    except (RuntimeError, LookupError, ValueError, TypeError, AssertionError) as error:
        raise InputError(
            "interchange",
            f"{path} is not a complete FCIDUMP file ({type(error).__name__}: {error})",
        ) from error
    hamiltonian = Hamiltonian(one_body, two_body, core)
    n_alpha, n_beta = (electrons + ms2) // 2, (electrons - ms2) // 2
    hamiltonian.check_sector(n_alpha, n_beta)
    return hamiltonian, n_alpha, n_beta


def interaction_operator(hamiltonian: Hamiltonian) -> InteractionOperator:
    """OpenFermion's spin-orbital operator (alpha even, beta odd indices).

    Its tensor multiplies p^ q^ r s, so entry [p, q, r, s] is half of (ps|qr).
    """
    from openfermion.ops.representations.interaction_operator import InteractionOperator

    n = 2 * hamiltonian.norb
    one, two = np.zeros((n, n)), np.zeros((n, n, n, n))
    half = 0.5 * hamiltonian.two_body.transpose(0, 2, 3, 1)
    for s in (0, 1):
        one[s::2, s::2] = hamiltonian.one_body
        for t in (0, 1):
            two[s::2, t::2, t::2, s::2] = half
    return InteractionOperator(hamiltonian.core_energy, one, two)


def from_molecular_data(molecule: MolecularData) -> Hamiltonian:
    """The Hamiltonian of an OpenFermion molecule (all orbitals, nuclear repulsion as core).

    Raises:
        InputError: the molecule carries no integrals.
    """
    if molecule.one_body_integrals is None or molecule.two_body_integrals is None:
        raise InputError(
            "interchange",
            f"the OpenFermion molecule {molecule.name} has no integrals; "
            "run openfermionpyscf.run_pyscf on it first",
        )
    return Hamiltonian(
        one_body=np.asarray(molecule.one_body_integrals, dtype=np.float64),
        two_body=np.ascontiguousarray(
            np.asarray(molecule.two_body_integrals, dtype=np.float64).transpose(0, 3, 1, 2)
        ),
        core_energy=float(molecule.nuclear_repulsion),
    )


def electronic_structure_problem(
    hamiltonian: Hamiltonian, n_alpha: int, n_beta: int
) -> ElectronicStructureProblem:
    """Qiskit Nature's problem, with the core energy as its nuclear repulsion.

    Raises:
        InputError: the electrons do not fit into the orbitals.
    """
    from qiskit_nature.second_q.hamiltonians import ElectronicEnergy
    from qiskit_nature.second_q.problems import ElectronicStructureProblem

    hamiltonian.check_sector(n_alpha, n_beta)
    energy = ElectronicEnergy.from_raw_integrals(hamiltonian.one_body, hamiltonian.two_body)
    energy.nuclear_repulsion_energy = hamiltonian.core_energy
    problem = ElectronicStructureProblem(energy)
    problem.num_spatial_orbitals = hamiltonian.norb
    problem.num_particles = (n_alpha, n_beta)
    return problem
