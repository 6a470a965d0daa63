"""What turns an active-space Hamiltonian into an energy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from simulation import register
from simulation.hamiltonian import Hamiltonian
from simulation.settings import SimulationSettings

GROUP = "molq.solvers"


@dataclass(frozen=True)
class Solution:
    """A solver's answer for one particle-number sector."""

    energy: float  # Hartree, total (core and nuclear repulsion included)
    parameters: int  # free parameters of the trial state, 0 where there are none
    evaluations: int  # energy evaluations
    gradient_norm: float  # Hartree, max norm at the end, 0 where there is none
    converged: bool
    standard_error: float | None = None  # Hartree, of a sampled energy; None where exact


class Solver(Protocol):
    """Finds the lowest energy of a Hamiltonian with given electron numbers.

    Raises:
        simulation.errors.ConvergenceError: the criterion was not met.
    """

    name: str

    def solve(self, hamiltonian: Hamiltonian, n_alpha: int, n_beta: int) -> Solution:
        """The lowest energy of the sector with the given electron numbers."""
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
