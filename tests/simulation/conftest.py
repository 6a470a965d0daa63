"""Integrals of small molecules, computed once a session."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
from pyscf import ao2mo, gto, mcscf, scf

from simulation.hamiltonian import Hamiltonian

# Angstrom; planar acrylamide, s-cis.
ACRYLAMIDE = """
C  1.852  0.462 0; C  0.700 -0.205 0; C -0.613  0.507 0; O -0.695  1.727 0
N -1.719 -0.279 0; H  2.800 -0.063 0; H  1.880  1.548 0; H  0.642 -1.290 0
H -1.650 -1.286 0; H -2.633  0.149 0
"""
GEOMETRIES = {
    "H2": "H 0 0 0; H 0 0 0.735",
    "LiH": "Li 0 0 0; H 0 0 1.6",
    "OH": "O 0 0 0; H 0 0 0.9697",
    "O2": "O 0 0 0; O 0 0 1.2",
    "N2": "N 0 0 0; N 0 0 1.0",
    "acrylamide": ACRYLAMIDE,
}

ActiveSpace = Callable[..., Hamiltonian]


@cache
def _active_space(name: str, electrons: int, orbitals: int, basis: str, spin: int) -> Hamiltonian:
    molecule = gto.M(atom=GEOMETRIES[name], basis=basis, spin=spin, verbose=0)
    field = (scf.ROHF if spin else scf.RHF)(molecule)
    field.conv_tol = 1e-12
    field.kernel()
    assert field.converged
    space = mcscf.CASCI(field, orbitals, electrons)
    one_body, core = space.get_h1eff()
    two_body = ao2mo.restore(1, space.get_h2eff(), orbitals)
    return Hamiltonian(np.asarray(one_body), np.asarray(two_body), float(core))


@pytest.fixture(scope="session")
def active_space() -> ActiveSpace:
    """``active_space(name, electrons, orbitals)``: a window around HOMO and LUMO."""

    def build(
        name: str, electrons: int, orbitals: int, basis: str = "sto-3g", spin: int = 0
    ) -> Hamiltonian:
        return _active_space(name, electrons, orbitals, basis, spin)

    return build


@pytest.fixture(scope="session")
def random_hamiltonian() -> Callable[[int, int], Hamiltonian]:
    """``random_hamiltonian(norb, seed)``: integrals with the right permutation symmetry."""

    def build(norb: int, seed: int) -> Hamiltonian:
        rng = np.random.default_rng(seed)
        one_body = rng.normal(size=(norb, norb)) + np.diag(2.0 * np.arange(norb))
        factors = rng.normal(scale=0.3, size=(norb * (norb + 1) // 2, norb, norb))
        factors = factors + factors.transpose(0, 2, 1)
        return Hamiltonian(
            one_body=0.5 * (one_body + one_body.T),
            two_body=np.einsum("xpq,xrs->pqrs", factors, factors),
            core_energy=float(rng.normal()),
        )

    return build
