"""OpenFermion's ``InteractionOperator`` and ``MolecularData``, both ways.

OpenFermion orders spin orbitals alternately (alpha even, beta odd) and its
two-body tensor multiplies p^ q^ r s. ``MolecularData`` keeps spatial integrals
in the same order of indices, so its entry [p, q, r, s] is the chemists' (ps|qr).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from simulation.errors import InputError
from simulation.hamiltonian import Hamiltonian

if TYPE_CHECKING:
    from openfermion.chem.molecular_data import MolecularData
    from openfermion.ops.representations.interaction_operator import InteractionOperator

_SYMMETRY_TOLERANCE = 1e-8  # Hartree; programs write their integrals with rounding


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


def from_interaction_operator(operator: InteractionOperator) -> Hamiltonian:
    """The Hamiltonian of a spin-restricted operator with real orbitals.

    However the operator distributes a term over the four equal entries of its
    tensor, the Hamiltonian is the same.

    Raises:
        InputError: the operator depends on the spins of the electrons or does
            not conserve them, or its orbitals are not real.
    """
    one = np.asarray(operator.one_body_tensor)
    two = np.asarray(operator.two_body_tensor)
    if one.shape[0] % 2:
        raise InputError(
            "interchange",
            f"an operator of {one.shape[0]} spin orbitals is none of electrons; "
            "each spatial orbital has two",
        )
    # All that multiplies a term with electrons of opposite spin.
    opposite = (
        two[0::2, 1::2, 1::2, 0::2]
        + two[1::2, 0::2, 0::2, 1::2].transpose(1, 0, 3, 2)
        - two[1::2, 0::2, 1::2, 0::2].transpose(1, 0, 2, 3)
        - two[0::2, 1::2, 0::2, 1::2].transpose(0, 1, 3, 2)
    )
    eri = opposite.transpose(0, 3, 1, 2)
    constant = complex(operator.constant)
    imaginary = max(np.abs(np.imag(x)).max() for x in (one, two, constant))
    if imaginary > _SYMMETRY_TOLERANCE:
        raise InputError(
            "interchange",
            "the operator has complex coefficients; molq's orbitals are real: rotate them first",
        )
    found = Hamiltonian(
        one_body=np.ascontiguousarray(np.real(one[0::2, 0::2]), dtype=np.float64),
        two_body=_eightfold(np.ascontiguousarray(np.real(eri), dtype=np.float64)),
        core_energy=constant.real,
    )
    again = interaction_operator(found)
    difference = max(
        np.abs(again.one_body_tensor - one).max(),
        np.abs(one - one.T).max(),
        np.abs(_antisymmetric(again.two_body_tensor - two)).max(),
    )
    if difference > _SYMMETRY_TOLERANCE:
        raise InputError(
            "interchange",
            "the operator is not that of electrons in spin-restricted orbitals (alpha even, "
            f"beta odd indices): its coefficients differ by {difference:.1e} Hartree",
        )
    return found


def from_molecular_data(
    molecule: MolecularData,
    occupied: Sequence[int] = (),
    active: Sequence[int] | None = None,
) -> Hamiltonian:
    """The Hamiltonian of an OpenFermion molecule, as ``openfermionpyscf.run_pyscf`` returns it.

    Args:
        molecule: with integrals over spin-restricted orbitals.
        occupied: orbitals to fold into the core, each doubly occupied.
        active: orbitals to keep, in this order; all that are not ``occupied``
            when None.

    Raises:
        InputError: the molecule carries no integrals, or has no such orbitals.
    """
    from openfermion.ops.representations.interaction_operator import get_active_space_integrals

    if molecule.one_body_integrals is None or molecule.two_body_integrals is None:
        raise InputError(
            "interchange",
            f"the OpenFermion molecule {molecule.name} has no integrals; "
            "run openfermionpyscf.run_pyscf on it first",
        )
    one = np.asarray(molecule.one_body_integrals, dtype=np.float64)
    two = np.asarray(molecule.two_body_integrals, dtype=np.float64)
    norb = one.shape[0]
    kept = [p for p in range(norb) if p not in occupied] if active is None else list(active)
    chosen = [*occupied, *kept]
    if not kept or len(set(chosen)) < len(chosen) or not set(chosen) <= set(range(norb)):
        raise InputError(
            "interchange",
            f"occupied {list(occupied)} and active {kept} are not different orbitals of the "
            f"{norb} of {molecule.name}; give each of 0 to {norb - 1} at most once",
        )
    core = 0.0
    if chosen != list(range(norb)) or occupied:
        core, one, two = get_active_space_integrals(one, two, list(occupied), kept)
    return Hamiltonian(
        one_body=np.ascontiguousarray(one),
        two_body=np.ascontiguousarray(two.transpose(0, 3, 1, 2)),
        core_energy=float(molecule.nuclear_repulsion) + float(core),
    )


def read_molecular_data(
    path: Path,
    occupied: Sequence[int] = (),
    active: Sequence[int] | None = None,
) -> tuple[Hamiltonian, int, int]:
    """Read the HDF5 file of an OpenFermion molecule.

    Args:
        path: the file, with or without its ending ``.hdf5``.
        occupied: see ``from_molecular_data``.
        active: see ``from_molecular_data``.

    Returns:
        the Hamiltonian, n_alpha and n_beta.

    Raises:
        InputError: there is no such file, it is not one of OpenFermion, or see
            ``from_molecular_data``.
    """
    from openfermion.chem.molecular_data import MolecularData

    try:
        molecule = MolecularData(filename=str(path))
    except FileNotFoundError as error:
        raise InputError("interchange", f"cannot read {path}: no such file") from error
    except (OSError, LookupError, ValueError, TypeError) as error:
        raise InputError(
            "interchange",
            f"{path} is not a MolecularData file of OpenFermion ({type(error).__name__}: {error})",
        ) from error
    hamiltonian = from_molecular_data(molecule, occupied, active)
    n_alpha = molecule.get_n_alpha_electrons() - len(occupied)
    n_beta = molecule.get_n_beta_electrons() - len(occupied)
    hamiltonian.check_sector(n_alpha, n_beta)
    return hamiltonian, n_alpha, n_beta


def write_molecular_data(
    hamiltonian: Hamiltonian,
    n_alpha: int,
    n_beta: int,
    path: Path,
    *,
    geometry: Sequence[tuple[str, tuple[float, float, float]]] = (),
    basis: str = "active space",
    charge: int = 0,
    description: str = "",
) -> MolecularData:
    """Write the HDF5 file of an OpenFermion molecule.

    OpenFermion's ``get_molecular_hamiltonian()`` of it is the whole Hamiltonian:
    orbitals and electrons are those of the active space, and the nuclear
    repulsion is the core energy.

    Args:
        hamiltonian: of the active space.
        n_alpha: not fewer than ``n_beta``.
        n_beta: in the active space.
        path: of the file, with or without its ending ``.hdf5``.
        geometry: symbols and positions (Angstrom) to keep with it.
        basis: name to keep with it.
        charge: of the whole molecule.
        description: text to keep with it.

    Returns:
        the molecule as OpenFermion sees it.

    Raises:
        InputError: the electrons do not fit into the orbitals, more are beta
            than alpha, or the file cannot be written.
    """
    from openfermion.chem.molecular_data import MolecularData

    hamiltonian.check_sector(n_alpha, n_beta)
    if n_beta > n_alpha:
        raise InputError(
            "interchange",
            f"OpenFermion's MolecularData cannot say that {n_beta} beta electrons are more than "
            f"{n_alpha} alpha electrons; exchange the spins",
        )
    folder = path.parent
    if not folder.is_dir():
        raise InputError("interchange", f"cannot write {path}: there is no folder {folder}")
    molecule = MolecularData(
        geometry=list(geometry) or "active space",
        basis=basis,
        multiplicity=n_alpha - n_beta + 1,
        charge=charge,
        description=description,
        filename=str(path),
    )
    molecule.n_electrons = n_alpha + n_beta
    molecule.n_orbitals = hamiltonian.norb
    molecule.n_qubits = 2 * hamiltonian.norb
    molecule.nuclear_repulsion = hamiltonian.core_energy
    molecule.one_body_integrals = hamiltonian.one_body
    molecule.two_body_integrals = np.ascontiguousarray(hamiltonian.two_body.transpose(0, 2, 3, 1))
    try:
        molecule.save()
    except OSError as error:
        raise InputError("interchange", f"cannot write {path}: {error.strerror}") from error
    return molecule


def _eightfold(eri: NDArray[np.float64]) -> NDArray[np.float64]:
    """The mean over the eight equal entries of chemists' integrals over real orbitals."""
    eri = 0.5 * (eri + eri.transpose(1, 0, 2, 3))
    eri = 0.5 * (eri + eri.transpose(0, 1, 3, 2))
    return np.ascontiguousarray(0.5 * (eri + eri.transpose(2, 3, 0, 1)))


def _antisymmetric(tensor: NDArray[np.float64]) -> NDArray[np.float64]:
    """What the operators p^ q^ r s make of a tensor."""
    tensor = tensor - tensor.transpose(1, 0, 2, 3)
    return tensor - tensor.transpose(0, 1, 3, 2)
