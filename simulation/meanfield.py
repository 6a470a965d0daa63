"""Restricted Hartree-Fock that is converged, or an error that says what was tried."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyscf import df, gto, lib, scf
from pyscf.lib.exceptions import BasisNotFoundError
from rdkit import Chem

from simulation.densityfitting import FittedRepulsion
from simulation.errors import ConvergenceError, InputError, ResourceError
from simulation.geometry import HARTREE_EV, Geometry
from simulation.settings import SimulationSettings

MEMORY_MB = 4000  # beyond it PySCF keeps the three-index integrals on disk

# No auxiliary basis was made for minimal bases, and fitting them saves nothing.
_UNFITTED = frozenset({"sto3g", "sto6g", "minao"})
_FIRST_WITH_CORE_POTENTIAL = 37  # Rb: def2 and its like replace the core from here on


@dataclass(frozen=True)
class Rung:
    """One way to iterate to self-consistency."""

    name: str
    max_cycles: int
    level_shift: float = 0.0  # Hartree
    damping: float = 0.0  # share of the old Fock matrix
    second_order: bool = False


LADDER = (
    Rung("diis", max_cycles=60),
    Rung("level shift and damping", max_cycles=120, level_shift=0.3, damping=0.4),
    Rung("newton", max_cycles=60, second_order=True),
)


@dataclass(frozen=True)
class MeanField:
    """A converged closed-shell determinant.

    ``fock`` and ``energy`` belong to exactly this determinant; the occupied and
    the virtual orbitals are canonical each among themselves.
    """

    molecule: gto.Mole
    factors: df.DF | None  # three-index integrals; None without density fitting
    exact: NDArray[np.float64] | None  # shape: (n,), (pq|rs) 8-fold packed, where they fit
    coefficients: NDArray[np.float64]  # shape: (nao, nmo), occupied first
    orbital_energies: NDArray[np.float64]  # shape: (nmo,), Hartree
    occupied: int  # doubly occupied orbitals
    fock: NDArray[np.float64]  # shape: (nao, nao), Hartree
    energy: float  # Hartree
    gradient_norm: float  # Hartree, norm of the occupied-virtual Fock block
    rung: str  # the ladder's rung that converged
    cycles: int  # on that rung
    method: str  # e.g. "DF-RHF/6-31g*"

    @property
    def lumo(self) -> float:
        """Energy of the lowest virtual orbital, eV."""
        return float(self.orbital_energies[self.occupied]) * HARTREE_EV


def _plain(basis: str) -> str:
    return basis.lower().replace("-", "").replace("_", "").replace(" ", "")


def _has_basis(basis: str, symbol: str) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PySCF advertises another package
        try:
            return bool(gto.basis.load(basis, symbol))
        except (BasisNotFoundError, KeyError):
            return False


def check_basis(molecule: Chem.Mol, basis: str) -> None:
    """Refuse a basis without functions for an element, before anything is computed.

    Raises:
        InputError: names the element, or the basis when it is unknown.
    """
    if not _has_basis(basis, "C"):
        raise InputError(
            "meanfield", f"unknown basis {basis!r}; use for example 6-31g*, def2-svp or cc-pvdz"
        )
    symbols = {a.GetSymbol() for a in molecule.GetAtoms()} | {"H"}
    for symbol in sorted(symbols):
        if not _has_basis(basis, symbol):
            raise InputError(
                "meanfield",
                f"the basis {basis} has no functions for {symbol}; "
                'use one that has, for example simulation.basis = "def2-svp"',
            )


def _core_potentials(symbols: Sequence[str], basis: str) -> dict[str, Any]:
    potentials = {}
    for symbol in set(symbols):
        if gto.charge(symbol) >= _FIRST_WITH_CORE_POTENTIAL:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                try:
                    potential = gto.basis.load_ecp(basis, symbol)
                except (BasisNotFoundError, KeyError):
                    continue  # an all-electron basis
            if potential:
                potentials[symbol] = potential
    return potentials


def solve(
    geometry: Geometry,
    settings: SimulationSettings,
    *,
    ladder: Sequence[Rung] = LADDER,
    memory_mb: int = MEMORY_MB,
) -> MeanField:
    """Restricted Hartree-Fock, rung by rung until one converges.

    Whether it did is checked twice: by PySCF's criterion, and by the orbital
    gradient of the Fock matrix rebuilt from the final density.

    Args:
        geometry: closed shell.
        settings: ``basis``, ``density_fit`` and ``threads``.
        ladder: what is tried, in order; each rung starts from the density
            that the one before it ended with.
        memory_mb: working memory, in MB.

    Raises:
        ConvergenceError: no rung converged; says which were tried.
        ResourceError: not enough memory.
    """
    lib.num_threads(settings.threads)
    try:
        molecule = gto.M(
            atom=list(zip(geometry.symbols, geometry.coordinates.tolist(), strict=True)),
            basis=settings.basis,
            ecp=_core_potentials(geometry.symbols, settings.basis),
            charge=geometry.charge,
            spin=0,
            verbose=0,
            max_memory=memory_mb,
        )
        return _climb(molecule, settings, ladder)
    except MemoryError as error:
        raise ResourceError(
            "meanfield",
            f"out of memory with {len(geometry.symbols)} atoms in {settings.basis}; "
            "give the worker more memory or take a smaller basis",
        ) from error


def _climb(molecule: gto.Mole, settings: SimulationSettings, ladder: Sequence[Rung]) -> MeanField:
    fitted = settings.density_fit and _plain(settings.basis) not in _UNFITTED
    iteration: Any = scf.RHF(molecule)
    if fitted:
        iteration = iteration.density_fit(with_df=FittedRepulsion(molecule))
    # The Fock matrix is rebuilt below for the check, which makes PySCF's extra cycle superfluous.
    iteration.conv_check = False
    iteration.conv_tol = 1e-9
    iteration.conv_tol_grad = 1e-5
    density = iteration.get_init_guess()
    tried = []
    for rung in ladder:
        cycles = _iterate(iteration, rung, density)
        if iteration.converged:
            field = _checked(iteration, rung, cycles, fitted, settings.basis)
            if field is not None:
                return field
        tried.append(f"{rung.name} ({rung.max_cycles} cycles)")
        if iteration.mo_coeff is not None and np.isfinite(iteration.mo_coeff).all():
            density = iteration.make_rdm1()
    raise ConvergenceError(
        "meanfield",
        f"Hartree-Fock in {settings.basis} did not converge: tried {', then '.join(tried)}; "
        "check charge and geometry, or take another basis",
    )


def _iterate(iteration: Any, rung: Rung, density: NDArray[np.float64]) -> int:
    """Run one rung on ``iteration`` in place; the number of cycles it took."""
    cycles = 0

    def count(_: dict[str, Any]) -> None:
        nonlocal cycles
        cycles += 1

    worker = iteration.newton() if rung.second_order else iteration
    worker.max_cycle = rung.max_cycles
    worker.level_shift = rung.level_shift
    worker.damp = rung.damping
    worker.callback = count
    iteration.converged = False
    try:
        worker.kernel(dm0=density)
    except np.linalg.LinAlgError:
        return cycles
    for name in ("converged", "mo_coeff", "mo_energy", "mo_occ", "e_tot"):
        setattr(iteration, name, getattr(worker, name))
    return cycles


def _checked(iteration: Any, rung: Rung, cycles: int, fitted: bool, basis: str) -> MeanField | None:
    """The mean field of the final density, None when that is not stationary."""
    iteration.level_shift = iteration.damp = 0.0
    occupied = int(np.count_nonzero(iteration.mo_occ))
    order = np.argsort(-iteration.mo_occ, kind="stable")
    coefficients = np.asarray(iteration.mo_coeff)[:, order]
    half = coefficients[:, :occupied]
    density = lib.tag_array(
        2 * half @ half.T,
        mo_coeff=coefficients,
        mo_occ=np.asarray(iteration.mo_occ)[order],
    )
    core = iteration.get_hcore()
    potential = np.asarray(iteration.get_veff(dm=density))
    fock = core + potential
    in_orbitals = coefficients.T @ fock @ coefficients
    gradient = 2 * float(np.linalg.norm(in_orbitals[occupied:, :occupied]))
    if gradient > 1e-4:
        return None
    energies = np.empty(coefficients.shape[1])
    for block in (slice(0, occupied), slice(occupied, None)):
        energies[block], rotation = np.linalg.eigh(in_orbitals[block, block])
        coefficients[:, block] = coefficients[:, block] @ rotation
    return MeanField(
        molecule=iteration.mol,
        factors=iteration.with_df if fitted else None,
        exact=None if fitted else iteration._eri,
        coefficients=coefficients,
        orbital_energies=energies,
        occupied=occupied,
        fock=fock,
        energy=float(np.sum(density * (core + potential / 2))) + float(iteration.energy_nuc()),
        gradient_norm=gradient,
        rung=rung.name,
        cycles=cycles,
        method=f"{'DF-' if fitted else ''}RHF/{basis}",
    )
