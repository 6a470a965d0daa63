"""What turns an active-space Hamiltonian into an energy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from simulation import register
from simulation.atomicunits import HARTREE_EV
from simulation.hamiltonian import Hamiltonian
from simulation.score import (
    CircuitCost,
    ConvergenceTrace,
    MitigationRecord,
    ReducedSpace,
    SampledSubspace,
    SolverRecord,
)
from simulation.settings import SimulationSettings

GROUP = "molq.solvers"

_MOST_POINTS = 60  # of a trace that is kept


@dataclass(frozen=True)
class Descent:
    """The energies a solver went through, the start first."""

    step: str  # what one is, e.g. "L-BFGS iteration"
    energies: tuple[float, ...]  # shape: (steps + 1,), Hartree, total
    parameters: tuple[int, ...] = ()  # shape: (steps + 1,); of a state that grows, else empty

    def trace(self, exact: float) -> ConvergenceTrace | None:
        """What a score keeps: first and last point and evenly spaced ones between them.

        Args:
            exact: the energy aimed at, Hartree, total.

        Returns:
            None where there is nothing but the start.
        """
        last = len(self.energies) - 1
        if last < 1:
            return None
        points = min(last + 1, _MOST_POINTS)
        kept = [round(place * last / (points - 1)) for place in range(points)]
        return ConvergenceTrace(
            step=self.step,
            taken=last,
            steps=tuple(kept),
            above_casci=tuple(float(f"{1e3 * (self.energies[k] - exact):.4g}") for k in kept),
            parameters=tuple(self.parameters[k] for k in kept) if self.parameters else (),
        )


@dataclass(frozen=True)
class Solution:
    """A solver's answer for one particle-number sector."""

    energy: float  # Hartree, total (core and nuclear repulsion included)
    parameters: int  # free parameters of the trial state, 0 where there are none
    evaluations: int  # energy evaluations
    gradient_norm: float  # Hartree, max norm at the end, 0 where there is none
    converged: bool
    standard_error: float | None = None  # Hartree, of a sampled energy; None where exact
    circuit: CircuitCost | None = None  # None where there is no circuit
    mitigation: tuple[MitigationRecord, ...] = ()  # in the order they were applied
    reduced: ReducedSpace | None = None  # None where the whole space was solved
    technical: dict[str, Any] | None = None  # entry of the technical file, where asked for
    subspace: SampledSubspace | None = None  # None where the whole sector was searched
    descent: Descent | None = None  # None where there are no steps


class Solver(Protocol):
    """Finds the lowest energy of a Hamiltonian with given electron numbers.

    Raises:
        simulation.errors.ConvergenceError: the criterion was not met.
    """

    name: str

    def solve(self, hamiltonian: Hamiltonian, n_alpha: int, n_beta: int) -> Solution:
        """The lowest energy of the sector with the given electron numbers."""
        ...


@runtime_checkable
class SectorsSolver(Protocol):
    """A solver that samples, or waits for a device, and so takes all sectors together."""

    def solve_sectors(
        self, hamiltonian: Hamiltonian, sectors: Sequence[tuple[int, int]], *, seed: int
    ) -> tuple[Solution, ...]:
        """The lowest energy of every sector, in one and the same space.

        Args:
            hamiltonian: of all sectors.
            sectors: (n_alpha, n_beta) of each.
            seed: of the sampling.
        """
        ...


class SolverFactory(Protocol):
    """What an entry point of the group ``molq.solvers`` names."""

    def __call__(self, settings: SimulationSettings) -> Solver:
        """The solver, set up as ``settings`` says."""
        ...


def names() -> tuple[str, ...]:
    """The installed solvers, in alphabetical order."""
    return register.names(GROUP)


def find(settings: SimulationSettings) -> Solver:
    """The solver that ``settings.solver`` names.

    Raises:
        InputError: no installed package provides that name.
    """
    factory: SolverFactory = register.load(GROUP, settings.solver, kind="solver", step="solver")
    return factory(settings)


def solve_sectors(
    solver: Solver, hamiltonian: Hamiltonian, sectors: Sequence[tuple[int, int]], *, seed: int
) -> tuple[Solution, ...]:
    """Solve the sectors that a difference is taken between.

    A solver that waits for a device is given all of them before it waits.

    Args:
        solver: from ``find``.
        hamiltonian: of all sectors.
        sectors: (n_alpha, n_beta) of each.
        seed: of whatever the solver samples.

    Raises:
        simulation.errors.SimulationError: see the solver.
    """
    if isinstance(solver, SectorsSolver):
        return solver.solve_sectors(hamiltonian, sectors, seed=seed)
    return tuple(solver.solve(hamiltonian, *sector) for sector in sectors)


def record(solution: Solution, n_alpha: int, n_beta: int, casci_energy: float) -> SolverRecord:
    """What a score keeps of a solution.

    Args:
        solution: of the sector.
        n_alpha: electrons of the sector.
        n_beta: electrons of the sector.
        casci_energy: exact in the whole space and the same sector, Hartree.
    """
    # a smaller space that was solved instead is judged by its own exact energy
    exact = solution.reduced.casci_energy if solution.reduced else casci_energy
    return SolverRecord(
        sector=f"{n_alpha + n_beta}e",
        n_alpha=n_alpha,
        n_beta=n_beta,
        energy=solution.energy,
        casci_energy=casci_energy,
        parameters=solution.parameters,
        evaluations=solution.evaluations,
        gradient_norm=solution.gradient_norm,
        converged=solution.converged,
        standard_error=solution.standard_error,
        circuit=solution.circuit,
        mitigation=solution.mitigation,
        reduced=solution.reduced,
        technical=solution.technical,
        subspace=solution.subspace,
        trace=solution.descent.trace(exact) if solution.descent else None,
    )


def records(
    solver: Solver, hamiltonian: Hamiltonian, sectors: Sequence[tuple[int, int]], *, seed: int
) -> tuple[SolverRecord, ...]:
    """Solve the sectors, and exactly as well: what a score keeps of each.

    Args:
        solver: from ``find``.
        hamiltonian: of all sectors.
        sectors: (n_alpha, n_beta) of each.
        seed: of whatever the solver samples.

    Raises:
        simulation.errors.SimulationError: see the solver.
    """
    from simulation.casci import CASCISolver

    exact = CASCISolver()
    solutions = solve_sectors(solver, hamiltonian, sectors, seed=seed)
    return tuple(
        record(solution, *sector, exact.solve(hamiltonian, *sector).energy)
        for solution, sector in zip(solutions, sectors, strict=True)
    )


def difference_error(terms: Sequence[SolverRecord]) -> float | None:
    """Standard error (Hartree) of a sum or difference of these energies; None where all are exact.

    Every sector is sampled by itself, so the errors add in quadrature.
    """
    errors = [term.standard_error for term in terms if term.standard_error is not None]
    return sum(error**2 for error in errors) ** 0.5 if errors else None


def doubts(solved: Sequence[SolverRecord]) -> tuple[str, ...]:
    """What a reader of a score must know of how its energies were got; empty when nothing.

    One line where a smaller space than the recipe's was measured, with the exact
    difference of the first two sectors in both spaces.
    """
    found = []
    reduced = [term.reduced for term in solved if term.reduced is not None]
    if reduced:
        first = reduced[0]
        line = (
            f"feasibility only: a smaller space of {first.orbitals} orbitals was measured "
            f"({first.reason})"
        )
        if len(solved) > 1 and len(reduced) == len(solved):
            small = (reduced[0].casci_energy - reduced[1].casci_energy) * HARTREE_EV
            whole = (solved[0].casci_energy - solved[1].casci_energy) * HARTREE_EV
            line += (
                f"; exact E({solved[0].sector}) - E({solved[1].sector}) is {small:.3f} eV in it "
                f"and {whole:.3f} eV in the whole space"
            )
        found.append(line)
    return tuple(found)
