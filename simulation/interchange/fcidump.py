"""FCIDUMP files (Knowles and Handy, Comput. Phys. Commun. 54, 75 (1989))."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from simulation.errors import InputError
from simulation.hamiltonian import Hamiltonian

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
