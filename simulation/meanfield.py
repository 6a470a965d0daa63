"""Restricted Hartree-Fock that is converged, or an error that says what was tried."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyscf import gto, lib, scf

from simulation import basisset
from simulation.atomicunits import HARTREE_EV
from simulation.basisset import check_basis as check_basis
from simulation.checkpoint import Checkpoint, StepCheckpoint
from simulation.densityfitting import FittedRepulsion
from simulation.errors import ConvergenceError, InputError, ResourceError
from simulation.geometry import Geometry
from simulation.scfstate import SCFCheckpoint, SCFState, continued
from simulation.settings import SimulationSettings

MEMORY_MB = 4000  # beyond it PySCF keeps the three-index integrals on disk
WATER_PERMITTIVITY = 78.3553  # at 298.15 K
# Norms of the orbital gradient, Hartree. In single precision rounding alone makes 2e-5 of it at
# 330 functions and more in proportion to the molecule, so the criterion grows with it.
CONVERGED_GRADIENT = 1e-5
CONVERGED_GRADIENT_PER_FUNCTION = 1.7e-7
LARGEST_GRADIENT = 2e-4  # of the rebuilt Fock matrix, or 2.5 times what was asked for


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
    """A converged determinant, closed-shell or high-spin open-shell.

    ``fock`` and ``energy`` belong to exactly this determinant; the doubly
    occupied, the singly occupied and the virtual orbitals are each diagonal in
    ``fock`` among themselves. With singly occupied orbitals ``fock`` is the mean
    of the alpha and the beta Fock matrix.

    With a solvent ``fock`` holds the reaction field of this determinant, and
    ``energy`` the energy of solvation: a Hamiltonian made of them describes
    vertical changes, which the solvent is too slow to follow.
    """

    molecule: gto.Mole
    factors: FittedRepulsion | None  # three-index integrals; None without density fitting
    exact: NDArray[np.float64] | None  # shape: (n,), (pq|rs) 8-fold packed, where they fit
    coefficients: NDArray[np.float64]  # shape: (nao, nmo), doubly occupied first, virtual last
    orbital_energies: NDArray[np.float64]  # shape: (nmo,), Hartree
    occupied: int  # doubly occupied orbitals
    fock: NDArray[np.float64]  # shape: (nao, nao), Hartree
    energy: float  # Hartree
    gradient_norm: float  # Hartree, norm of the Fock blocks between occupations
    rung: str  # the ladder's rung that converged
    cycles: int  # on that rung
    method: str  # e.g. "DF-RHF/6-31g*"
    singly: int = 0  # singly occupied (alpha) orbitals, after the doubly occupied ones
    flags: tuple[str, ...] = ()  # where the method is not the one asked for

    @property
    def lumo(self) -> float:
        """Energy of the lowest virtual orbital, eV."""
        return float(self.orbital_energies[self.occupied + self.singly]) * HARTREE_EV


def solve(
    geometry: Geometry,
    settings: SimulationSettings,
    *,
    charge: int | None = None,
    multiplicity: int | None = None,
    solvent: bool = False,
    ladder: Sequence[Rung] = LADDER,
    memory_mb: int = MEMORY_MB,
    checkpoint: Checkpoint | None = None,
) -> MeanField:
    """Restricted (open-shell) Hartree-Fock, rung by rung until one converges.

    Whether it did is checked twice: by PySCF's criterion, and by the orbital
    gradient of the Fock matrix rebuilt from the final density.

    Args:
        geometry: where the nuclei are.
        settings: ``basis``, ``density_fit`` and ``threads``.
        charge: of the molecule, for vertical ions; the geometry's where None.
        multiplicity: 2 S + 1. Where None the geometry's, if the electrons allow
            it, and the lowest that they allow otherwise (of a vertical ion).
            Above 1 the open shells are restricted (ROHF), all spins up.
        solvent: in water by the conductor-like model with domain decomposition
            (ddCOSMO: Cances, Maday, Stamm, J. Chem. Phys. 139, 054111 (2013)).
        ladder: what is tried, in order; each rung starts from the density
            that the one before it ended with.
        memory_mb: working memory, in MB.
        checkpoint: where the iteration's state is kept and found again. Its cycles are
            then the ones of an undisturbed iteration, and so are its numbers.

    Raises:
        InputError: an element has no basis functions; charge and multiplicity
            do not fit the electrons.
        ConvergenceError: no rung converged; says which were tried.
        ResourceError: not enough memory.
    """
    lib.num_threads(settings.threads)
    basis = basisset.assign(geometry.symbols, settings.basis)
    charge = geometry.charge if charge is None else charge
    spin = _unpaired(geometry, charge, multiplicity)
    try:
        molecule = gto.M(
            atom=list(zip(geometry.symbols, geometry.coordinates.tolist(), strict=True)),
            basis=basis.functions,
            ecp=basis.core_potentials,
            charge=charge,
            spin=spin,
            verbose=0,
            max_memory=memory_mb,
        )
        saved = None
        if checkpoint is not None:
            inputs = {
                "symbols": list(geometry.symbols),
                "charge": charge,
                "spin": spin,
                "basis": settings.basis,
                "density_fit": settings.density_fit,
                "solvent": solvent,
                "ladder": [asdict(rung) for rung in ladder],
            }
            saved = checkpoint.step("meanfield", inputs, {"places": geometry.coordinates})
        return _climb(molecule, basis, settings.density_fit, solvent, ladder, saved)
    except MemoryError as error:
        raise ResourceError(
            "meanfield",
            f"out of memory with {len(geometry.symbols)} atoms in {settings.basis}; "
            "give the worker more memory or take a smaller basis",
        ) from error


def _unpaired(geometry: Geometry, charge: int, multiplicity: int | None) -> int:
    """Singly occupied orbitals."""
    electrons = sum(gto.charge(symbol) for symbol in geometry.symbols) - charge
    if electrons < 1:
        raise InputError("meanfield", f"charge {charge:+d} leaves no electron; give a lower one")
    if multiplicity is None:
        unpaired = geometry.multiplicity - 1
        return electrons % 2 if (electrons - unpaired) % 2 else unpaired
    unpaired = multiplicity - 1
    if unpaired < 0 or unpaired > electrons or (electrons - unpaired) % 2:
        kind = "odd" if electrons % 2 == 0 else "even"
        raise InputError(
            "meanfield",
            f"{electrons} electrons (charge {charge:+d}) cannot have multiplicity "
            f"{multiplicity}; give an {kind} one of at most {electrons + 1}",
        )
    return unpaired


def _climb(
    molecule: gto.Mole,
    basis: basisset.BasisSet,
    density_fit: bool,
    solvent: bool,
    ladder: Sequence[Rung],
    saved: StepCheckpoint | None,
) -> MeanField:
    fitted = density_fit and basis.fitted
    iteration: Any = scf.ROHF(molecule) if molecule.spin else scf.RHF(molecule)
    if fitted:
        iteration = iteration.density_fit(with_df=FittedRepulsion(molecule))
    if solvent:
        iteration = iteration.ddCOSMO()
        iteration.with_solvent.eps = WATER_PERMITTIVITY
    # The Fock matrix is rebuilt below for the check, which makes PySCF's extra cycle superfluous.
    iteration.conv_check = False
    iteration.conv_tol = 1e-9
    iteration.conv_tol_grad = CONVERGED_GRADIENT
    if fitted and iteration.with_df.single_precision:
        # The gradient alone decides: the error of the energy is its square, and rounding
        # moves the energy by more than that between two cycles.
        iteration.conv_tol = 1e-3
        size = CONVERGED_GRADIENT_PER_FUNCTION * molecule.nao
        iteration.conv_tol_grad = max(2 * CONVERGED_GRADIENT, size)
    keeper = None if saved is None else SCFCheckpoint(saved, iteration, len(ladder))
    state = None if keeper is None else keeper.load()
    if state is None:
        density = iteration.get_init_guess()
    else:
        iteration.mo_coeff, iteration.mo_occ = state.coefficients, state.occupations
        density = iteration.make_rdm1()
    begun = 0 if state is None else state.rung
    tried = [f"{rung.name} ({rung.max_cycles} cycles)" for rung in ladder[:begun]]
    for number, rung in enumerate(ladder[begun:], start=begun):
        cycles = _iterate(iteration, rung, density, number, keeper, state)
        state = None
        if iteration.converged:
            field = _checked(iteration, rung, cycles, fitted, solvent, basis)
            if field is not None:
                return field
        tried.append(f"{rung.name} ({rung.max_cycles} cycles)")
        if iteration.mo_coeff is not None and np.isfinite(iteration.mo_coeff).all():
            density = iteration.make_rdm1()
            if keeper is not None:
                keeper.between(number + 1)
    raise ConvergenceError(
        "meanfield",
        f"Hartree-Fock in {basis.name} did not converge: tried {', then '.join(tried)}; "
        "check charge, multiplicity and geometry, or take another basis",
    )


def _iterate(
    iteration: Any,
    rung: Rung,
    density: NDArray[np.float64],
    number: int,
    keeper: SCFCheckpoint | None,
    state: SCFState | None,
) -> int:
    """Run one rung on ``iteration`` in place; the number of cycles it took.

    Args:
        iteration: PySCF's object.
        rung: of the ladder.
        density: to start from.
        number: of the rung, counted from 0.
        keeper: is told of every cycle.
        state: in which this rung was interrupted, where it was.
    """
    cycles = 0 if state is None else state.cycles
    if state is not None and (state.converged or state.cycles >= rung.max_cycles):
        iteration.converged = state.converged
        return cycles

    def count(locals_: dict[str, Any]) -> None:
        nonlocal cycles
        cycles += 1
        if keeper is not None:
            keeper.after_cycle(number, cycles, locals_)

    worker = iteration.newton() if rung.second_order else iteration
    worker.max_cycle = rung.max_cycles - cycles
    if state is not None and state.extrapolation:
        worker.DIIS = continued(state.extrapolation)
        worker.diis_start_cycle = 0  # PySCF's default leaves out the first cycle of a kernel
    worker.level_shift = rung.level_shift
    worker.damp = rung.damping
    worker.callback = count
    iteration.converged = False
    try:
        worker.kernel(dm0=density)
    except np.linalg.LinAlgError:
        return cycles
    finally:
        # It knows the iteration through its keeper: a circle that would hold the integrals.
        worker.callback = None
        for name in ("DIIS", "diis_start_cycle"):
            vars(worker).pop(name, None)
    for name in ("converged", "mo_coeff", "mo_energy", "mo_occ", "e_tot"):
        setattr(iteration, name, getattr(worker, name))
    return cycles


def _checked(
    iteration: Any,
    rung: Rung,
    cycles: int,
    fitted: bool,
    solvent: bool,
    basis: basisset.BasisSet,
) -> MeanField | None:
    """The mean field of the final density, None when that is not stationary."""
    iteration.level_shift = iteration.damp = 0.0
    order = np.argsort(-iteration.mo_occ, kind="stable")
    occupations = np.asarray(iteration.mo_occ)[order]
    coefficients = np.asarray(iteration.mo_coeff)[:, order]
    doubly, singly = int((occupations == 2).sum()), int((occupations == 1).sum())
    # PySCF's classes of solvent and density fitting find the orbitals on the density
    density = iteration.make_rdm1(coefficients, occupations)
    repulsion = iteration.get_veff(dm=density)
    energy = float(iteration.energy_tot(dm=density, vhf=repulsion))
    reaction = getattr(repulsion, "v_solvent", None)
    one_electron = iteration.get_hcore() + (0.0 if reaction is None else np.asarray(reaction))
    spins = one_electron + np.asarray(repulsion).reshape(-1, *one_electron.shape)
    alpha, beta = (coefficients.T @ spins[s] @ coefficients for s in (0, -1))
    blocks = (slice(0, doubly), slice(doubly, doubly + singly), slice(doubly + singly, None))
    gradient = _gradient_norm(alpha, beta, blocks)
    if gradient > max(LARGEST_GRADIENT, 2.5 * iteration.conv_tol_grad):
        return None
    in_orbitals = (alpha + beta) / 2
    energies = np.empty(coefficients.shape[1])
    for block in blocks:
        energies[block], rotation = np.linalg.eigh(in_orbitals[block, block])
        coefficients[:, block] = coefficients[:, block] @ rotation
    return MeanField(
        molecule=iteration.mol,
        factors=iteration.with_df if fitted else None,
        exact=None if fitted else iteration._eri,
        coefficients=coefficients,
        orbital_energies=energies,
        occupied=doubly,
        fock=(spins[0] + spins[-1]) / 2,
        energy=energy,
        gradient_norm=gradient,
        rung=rung.name,
        cycles=cycles,
        method=f"{'DF-' if fitted else ''}{'ROHF' if singly else 'RHF'}/{basis.name}"
        + (" ddCOSMO(water)" if solvent else ""),
        singly=singly,
        flags=basis.flags,
    )


def _gradient_norm(
    alpha: NDArray[np.float64], beta: NDArray[np.float64], blocks: tuple[slice, slice, slice]
) -> float:
    """Norm of the energy's derivatives by rotations between the three kinds of orbitals.

    Args:
        alpha: Fock matrix in the molecular orbitals. # shape: (nmo, nmo)
        beta: the same of the other spin. # shape: (nmo, nmo)
        blocks: doubly occupied, singly occupied, virtual.
    """
    doubly, singly, virtual = blocks
    parts = (
        (alpha + beta)[virtual, doubly],
        beta[singly, doubly],
        alpha[virtual, singly],
    )
    return float(np.sqrt(sum(np.sum(part**2) for part in parts)))
