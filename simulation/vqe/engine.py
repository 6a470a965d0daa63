"""The solver ``vqe``: UCCSD optimised inside its particle-number sector."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from simulation.errors import ConvergenceError
from simulation.hamiltonian import Hamiltonian
from simulation.settings import SimulationSettings
from simulation.solver import Solution
from simulation.vqe.ansatz import UCCSD, uccsd
from simulation.vqe.optimise import minimum
from simulation.vqe.reference import candidates
from simulation.vqe.sector import SectorEnergy

_SPIN_TOLERANCE = 0.5  # on <S^2>; UCCSD contaminates by 1e-4, another multiplicity by 2 or more


@dataclass(frozen=True)
class OptimisedState:
    """An optimised trial state and how it was reached."""

    hamiltonian: Hamiltonian  # its orbitals in the order the reference fills them
    ansatz: UCCSD
    parameters: NDArray[np.float64]  # shape: (parameters,), rad
    energy: float  # Hartree, total
    gradient_norm: float  # Hartree/rad, max norm
    evaluations: int  # energies and gradients, all references and rungs
    rung: str  # where the ladder of ``optimise`` ended


def optimised(hamiltonian: Hamiltonian, n_alpha: int, n_beta: int, layers: int) -> OptimisedState:
    """The trial state of lowest energy and of spin |n_alpha - n_beta| / 2.

    Where several references are candidates, one layer is optimised on each and
    the requested number of layers on the best. One layer shares its amplitudes
    between the spins of a closed shell; more layers, whose point is to be
    exact, do not.

    Raises:
        InputError: the electrons do not fit into the orbitals.
        ConvergenceError: the optimisation ended above its gradient criterion,
            or in a state of another multiplicity.
    """
    references = [
        hamiltonian.reordered(reference.order)
        for reference in candidates(hamiltonian, n_alpha, n_beta)
    ]
    if len(references) == 1:
        return _on_reference(references[0], n_alpha, n_beta, layers)
    trials = [_on_reference(reference, n_alpha, n_beta, 1) for reference in references]
    best = min(trials, key=lambda trial: trial.energy)
    if layers > 1:
        best = _on_reference(best.hamiltonian, n_alpha, n_beta, layers)
        trials.append(best)
    return replace(best, evaluations=sum(trial.evaluations for trial in trials))


def _on_reference(
    hamiltonian: Hamiltonian, n_alpha: int, n_beta: int, layers: int
) -> OptimisedState:
    """Optimise the state whose reference fills the orbitals from the front."""
    ansatz = uccsd(hamiltonian, n_alpha, n_beta, layers, share_spins=layers == 1)
    surface = SectorEnergy(hamiltonian, ansatz)
    found = minimum(
        surface.energy_and_gradient, ansatz.start, ansatz.curvature, redundant=layers > 1
    )
    excess = surface.spin_contamination(found.parameters)
    if excess > _SPIN_TOLERANCE:
        raise ConvergenceError(
            "solver",
            f"vqe: {n_alpha} alpha and {n_beta} beta electrons ended in a state of higher "
            f"multiplicity (<S^2> too large by {excess:.2f}); the orbitals suit another state, "
            "use the solver casci",
        )
    return OptimisedState(
        hamiltonian,
        ansatz,
        found.parameters,
        found.energy,
        found.gradient_norm,
        surface.evaluations,
        found.rung,
    )


class VQESolver:
    """UCCSD by exact classical evaluation in the sector (the solver ``vqe``).

    The number is the one an error-free quantum computer would give for the same
    circuit; ``vqe-circuit`` runs that circuit.
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
