"""What every recipe with one active space does: judge the space, take a balanced difference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulation import balance
from simulation.atomicunits import HARTREE_EV
from simulation.score import ActiveSpaceRecord, SolverRecord
from simulation.solver import Solver, difference_error, doubts, records

if TYPE_CHECKING:  # pyscf is loaded when a molecule is scored
    from simulation.activespace import ActiveSpace
    from simulation.geometry import Geometry
    from simulation.hamiltonian import Hamiltonian
    from simulation.meanfield import MeanField

LARGE_DEVIATION = 1.6  # mHa, chemical accuracy


@dataclass(frozen=True)
class Sectors:
    """(n_alpha, n_beta) of a closed shell of pi electrons and of its neighbours."""

    neutral: tuple[int, int]
    anion: tuple[int, int]
    cation: tuple[int, int]
    triplet: tuple[int, int]

    @staticmethod
    def of(electrons: int) -> Sectors:
        """The sectors of a space with an even number of electrons."""
        half = electrons // 2
        return Sectors((half, half), (half + 1, half), (half, half - 1), (half + 1, half - 1))


@dataclass(frozen=True)
class Difference:
    """E(right) - E(left), two sectors of one Hamiltonian."""

    solutions: tuple[SolverRecord, ...]
    value: float  # Hartree
    casci_value: float  # Hartree

    @property
    def deviation_mha(self) -> float:
        """Solver minus CASCI, mHartree."""
        return (self.value - self.casci_value) * 1000

    @property
    def standard_error(self) -> float | None:
        """Hartree, of a sampled difference; None where it is exact."""
        return difference_error(self.solutions)


def difference(
    hamiltonian: Hamiltonian,
    left: tuple[int, int],
    right: tuple[int, int],
    solver: Solver,
    *,
    seed: int,
) -> Difference:
    """Solve two sectors and take E(right) - E(left), with CASCI beside both.

    Raises:
        InputError: the sectors differ by more than one electron or one spin.
        ConvergenceError: the solver did not converge.
    """
    balance.check_sectors(left, right, hamiltonian.norb)
    solved = records(solver, hamiltonian, (left, right), seed=seed)
    return Difference(
        solutions=solved,
        value=solved[1].energy - solved[0].energy,
        casci_value=solved[1].casci_energy - solved[0].casci_energy,
    )


def judged(
    space: ActiveSpace,
    hamiltonian: Hamiltonian,
    window: tuple[float, float],
    *,
    field: MeanField,
    lone_pairs: bool = False,
) -> ActiveSpaceRecord:
    """The record of a space that passed its checks.

    Args:
        space: the orbitals.
        hamiltonian: of them.
        field: the mean field they were selected from.
        window: between which triplet energies (eV) it is the intended one.
        lone_pairs: it is meant to hold some.

    Raises:
        ConvergenceError: it is certainly not the intended one.
    """
    from simulation.activeorbitals import natural_orbitals
    from simulation.casci import ground_state
    from simulation.spacedoubts import doubts as doubts_of

    sectors = Sectors.of(space.electrons)
    neutral = ground_state(hamiltonian, *sectors.neutral)
    triplet = (ground_state(hamiltonian, *sectors.triplet).energy - neutral.energy) * HARTREE_EV
    occupations = tuple(float(n) for n in neutral.natural_occupations())
    return ActiveSpaceRecord(
        electrons=space.electrons,
        orbitals=hamiltonian.norb,
        atoms=space.atoms,
        orbital_labels=space.labels,
        threshold=space.threshold,
        weights=space.weights,
        natural_occupations=occupations,
        planarity=space.planarity,
        triplet_energy=triplet,
        flags=doubts_of(space, triplet, occupations, window, lone_pairs=lone_pairs),
        natural_orbitals=natural_orbitals(field.molecule, space.coefficients, neutral),
    )


def charge_flags(geometry: Geometry) -> tuple[str, ...]:
    """What to say of an ion's gas-phase energies."""
    if not geometry.charge:
        return ()
    return (
        f"charge {geometry.charge:+d}: gas-phase energies of an ion are shifted by its charge; "
        "compare with molecules of the same charge only",
    )


def solver_flags(
    name: str, solutions: Sequence[SolverRecord], deviation_mha: float
) -> tuple[str, ...]:
    """What to say of how the energies of one site were got.

    Args:
        name: of the site.
        solutions: of it.
        deviation_mha: solver minus CASCI of the site's value, with the sign of the score's.
    """
    flags = [f"{name}: {doubt}" for doubt in doubts(solutions)]
    if abs(deviation_mha) > LARGE_DEVIATION:
        flags.append(f"{name}: the solver is {deviation_mha:+.2f} mHa off CASCI")
    return tuple(flags)
