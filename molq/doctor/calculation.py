"""A real calculation of each kind, on molecules so small that it takes a moment."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from molq.doctor.finding import Finding, fail, ok
from simulation.atomicunits import BOHR

AREA = "calculation"

H2_DISTANCE = 0.735  # Angstrom
H2_ENERGY = -1.13730604  # Hartree, exact in STO-3G at that distance
WATER_GFN2 = -5.07036  # Hartree, GFN2-xTB in vacuum at the geometry below
_TOLERANCE = 1e-4  # Hartree
_WATER = ((8, 1, 1), ((0.0, 0.0, 0.1173), (0.0, 0.7572, -0.4692), (0.0, -0.7572, -0.4692)))
_REMEDY = "pip install --force-reinstall molq, and run molq doctor again"


def findings() -> Iterator[Finding]:
    """Structure, geometry, mean field with VQE, and the generator; each for itself."""
    for name, check in (
        ("RDKit", _structure),
        ("GFN2-xTB", _geometry),
        ("mean field and VQE", _energy),
        ("generator", _generator),
    ):
        yield _tried(name, check)


def _tried(name: str, check: Callable[[], tuple[bool, str]]) -> Finding:
    begun = time.perf_counter()
    try:
        right, said = check()
    except Exception as error:  # a broken installation raises anything
        reason = " ".join(str(error).split())[:160]
        return fail(AREA, name, f"{type(error).__name__}: {reason}", _REMEDY)
    seconds = time.perf_counter() - begun
    if not right:
        return fail(AREA, name, said, _REMEDY)
    return ok(AREA, name, f"{said} ({seconds:.1f} s with loading)")


def _structure() -> tuple[bool, str]:
    from screening.intake.standardise import standardise

    parent = standardise("[Na+].[O-]C(=O)C=C")
    smiles = getattr(parent, "smiles", "nothing")
    return smiles == "C=CC(=O)O", f"sodium acrylate becomes {smiles}"


def _geometry() -> tuple[bool, str]:
    import numpy as np

    from simulation.xtb import GFN2

    numbers, places = _WATER
    calculator = GFN2(
        np.array(numbers), np.array(places) / BOHR, charge=0, multiplicity=1, solvent=None
    )
    energy = float(calculator(np.array(places).ravel() / BOHR)[0])
    return abs(energy - WATER_GFN2) < _TOLERANCE, f"water has {energy:.5f} Hartree"


def _energy() -> tuple[bool, str]:
    from pyscf import ao2mo, gto, scf

    from simulation.hamiltonian import Hamiltonian
    from simulation.vqe.engine import optimised

    molecule = gto.M(atom=f"H 0 0 0; H 0 0 {H2_DISTANCE}", basis="sto-3g", verbose=0)
    field = scf.RHF(molecule).run()
    orbitals = field.mo_coeff
    hamiltonian = Hamiltonian(
        one_body=orbitals.T @ field.get_hcore() @ orbitals,
        two_body=ao2mo.restore(1, ao2mo.kernel(molecule, orbitals), 2),
        core_energy=float(molecule.energy_nuc()),
    )
    energy = optimised(hamiltonian, 1, 1).energy
    return abs(energy - H2_ENERGY) < _TOLERANCE, f"H2 has {energy:.5f} Hartree"


def _generator() -> tuple[bool, str]:
    from generative import generator

    found = generator.find("zinc250k").sample(2, seed=1)
    return bool(found), f"{len(found)} molecules from zinc250k"
