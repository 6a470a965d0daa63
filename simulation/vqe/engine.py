"""The solver ``vqe``: UCCSD optimised inside its particle-number sector."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from simulation.errors import ConvergenceError
from simulation.hamiltonian import Hamiltonian
from simulation.settings import SimulationSettings
from simulation.solver import Solution
from simulation.vqe.ansatz import Ansatz, Excitation, uccsd
from simulation.vqe.optimise import minimum
from simulation.vqe.reference import candidates
from simulation.vqe.sector import SectorEnergy

_NEAR = 2e-3  # Hartree; one layer may misplace states by this much against each other
_SAME_STATE = 1e-6  # Hartree; references that end this close describe one state
_SPIN_TOLERANCE = 0.1  # on <S^2>; UCCSD contaminates by 1e-4, another multiplicity by 2 or more


@dataclass(frozen=True)
class OptimisedState:
    """An optimised trial state and how it was reached."""

    hamiltonian: Hamiltonian  # its orbitals in the order the reference fills them
    ansatz: Ansatz
    parameters: NDArray[np.float64]  # shape: (parameters,), rad
    energy: float  # Hartree, total
    gradient_norm: float  # Hartree/rad, max norm
    spin_contamination: float  # <S^2> above that of the lowest spin of the sector
    evaluations: int  # energies and gradients, all references and rungs
    rung: str  # where the ladder of ``optimise`` ended

    @property
    def excitations(self) -> tuple[Excitation, ...]:
        """The excitation of every factor, the first is applied first."""
        return self.ansatz.factors

    @property
    def angles(self) -> NDArray[np.float64]:
        """The angle of every factor. # shape: (excitations,), rad."""
        return self.ansatz.angles(self.parameters)


def optimised(
    hamiltonian: Hamiltonian,
    n_alpha: int,
    n_beta: int,
    layers: int = 1,
    *,
    ansatz: Literal["auto", "uccsd", "adapt"] = "uccsd",
    target_error_mha: float = 0.1,
) -> OptimisedState:
    """The trial state of lowest energy and of spin |n_alpha - n_beta| / 2.

    Where several references are candidates, one layer is optimised on each, and
    the requested number of layers on those that end within 2 mHartree of the
    lowest. One layer shares its amplitudes between the spins of a closed shell.
    More layers, whose point is to be exact, do not, unless that leads to a more
    stable triplet.

    Raises:
        InputError: the electrons do not fit into the orbitals.
        ConvergenceError: the optimisation ended above its gradient criterion,
            or in states of another multiplicity.
    """
    references = [
        hamiltonian.reordered(reference.order)
        for reference in candidates(hamiltonian, n_alpha, n_beta)
    ]
    evaluations = 0
    if len(references) > 1 and layers > 1:
        trials = [_on_reference(h, n_alpha, n_beta, 1, share_spins=True) for h in references]
        evaluations += sum(trial.evaluations for trial in trials)
        references = [trial.hamiltonian for trial in _lowest_distinct(trials)]
    contaminations: list[float] = []
    for share_spins in (False, True) if layers > 1 else (True,):
        states = [
            _on_reference(h, n_alpha, n_beta, layers, share_spins=share_spins) for h in references
        ]
        evaluations += sum(state.evaluations for state in states)
        contaminations += [state.spin_contamination for state in states]
        pure = [state for state in states if state.spin_contamination < _SPIN_TOLERANCE]
        if pure:
            return replace(min(pure, key=lambda state: state.energy), evaluations=evaluations)
    raise ConvergenceError(
        "solver",
        f"vqe: {n_alpha} alpha and {n_beta} beta electrons ended in a state of higher "
        f"multiplicity (<S^2> too large by {min(contaminations):.2f}); the orbitals suit "
        "another state, use the solver casci",
    )


def _lowest_distinct(trials: list[OptimisedState]) -> list[OptimisedState]:
    """The trials near the lowest energy, one for each energy."""
    kept: list[OptimisedState] = []
    for trial in sorted(trials, key=lambda trial: trial.energy):
        if not kept or trial.energy - kept[-1].energy > _SAME_STATE:
            kept.append(trial)
    return [trial for trial in kept if trial.energy - kept[0].energy < _NEAR]


def _on_reference(
    hamiltonian: Hamiltonian, n_alpha: int, n_beta: int, layers: int, *, share_spins: bool
) -> OptimisedState:
    """Optimise the state whose reference fills the orbitals from the front."""
    ansatz = uccsd(hamiltonian, n_alpha, n_beta, layers, share_spins=share_spins)
    surface = SectorEnergy(hamiltonian, ansatz)
    found = minimum(
        surface.energy_and_gradient, ansatz.start, ansatz.curvature, redundant=layers > 1
    )
    return OptimisedState(
        hamiltonian=hamiltonian,
        ansatz=ansatz,
        parameters=found.parameters,
        energy=found.energy,
        gradient_norm=found.gradient_norm,
        spin_contamination=surface.spin_contamination(found.parameters),
        evaluations=surface.evaluations,
        rung=found.rung,
    )


class VQESolver:
    """UCCSD by exact classical evaluation in the sector (the solver ``vqe``).

    The number is the one an error-free quantum computer would give for the same
    circuit; ``vqe-circuit`` runs that circuit. Two layers are exact to 1e-8
    Hartree in (4e,4o) and cost 0.1 s; in (8e,8o) they cost 20 s where one layer,
    0.7 mHartree above, costs 0.02 s.
    """

    name = "vqe"

    def __init__(self, layers: int = 2) -> None:
        self.layers = layers

    @classmethod
    def from_settings(cls, settings: SimulationSettings) -> VQESolver:
        """The solver with the number of layers that ``settings`` asks for."""
        return cls(layers=settings.layers)

    def solve(self, hamiltonian: Hamiltonian, n_alpha: int, n_beta: int) -> Solution:
        """The lowest energy of the trial state.

        Raises:
            InputError: the electrons do not fit into the orbitals.
            ConvergenceError: see ``optimised``.
        """
        state = optimised(hamiltonian, n_alpha, n_beta, self.layers)
        return Solution(
            energy=state.energy,
            parameters=state.ansatz.parameters,
            evaluations=state.evaluations,
            gradient_norm=state.gradient_norm,
            converged=True,
        )
