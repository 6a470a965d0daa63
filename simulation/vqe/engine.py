"""The solver ``vqe``: a trial state optimised inside its particle-number sector.

``uccsd`` is as many layers as asked for; ``adapt`` grows a state until it is as
near to the exact energy as asked for; ``auto`` grows it in several ways and
takes the circuit with the fewest gates on two qubits, that of one UCCSD layer
included where it is good enough.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pyscf.fci import cistring

from simulation.casci import CIState, ground_state
from simulation.errors import ConvergenceError
from simulation.hamiltonian import Hamiltonian
from simulation.score import CircuitCost
from simulation.settings import SimulationSettings
from simulation.solver import Descent, Solution
from simulation.vqe.adapt import GRADIENT_TOLERANCE, Strategy, grown
from simulation.vqe.ansatz import Ansatz, Excitation, uccsd
from simulation.vqe.circuitcost import JORDAN_WIGNER, circuit_cost, two_qubit_gates
from simulation.vqe.optimise import minimum
from simulation.vqe.reference import Reference, candidates
from simulation.vqe.sector import SectorEnergy

_NEAR = 2e-3  # Hartree; one layer may misplace states by this much against each other
_SAME_STATE = 1e-6  # Hartree; references that end this close describe one state
_SPIN_TOLERANCE = 0.1  # on <S^2>; UCCSD contaminates by 1e-4, another multiplicity by 2 or more

# Above this many determinants the exact energy costs more than the state that is judged by it.
_EXACT_DETERMINANTS = 1_000_000
_SMALL = 1_000  # determinants of a sector that is grown in every way

# Which one gives the shortest circuit depends on the system; see docs/engine.md.
_STRATEGIES = (
    Strategy(share_spins=True, near=0.2, thrift=1.0),
    Strategy(share_spins=True, near=0.5, thrift=1.0),
    Strategy(share_spins=True, near=1.0, thrift=0.0),
    Strategy(share_spins=False, near=0.5, thrift=0.5),
)

AnsatzName = Literal["auto", "uccsd", "adapt"]


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
    rung: str  # the method the optimisation ended in
    error: float | None = None  # Hartree above the lowest energy; None where it was not asked for
    error_estimated: bool = False  # by second order instead of exact diagonalisation
    descent: Descent | None = None  # the way to this state; of others that were tried, none

    @property
    def excitations(self) -> tuple[Excitation, ...]:
        """The excitation of every factor, the first is applied first."""
        return self.ansatz.factors

    @property
    def angles(self) -> NDArray[np.float64]:
        """The angle of every factor. # shape: (excitations,), rad."""
        return self.ansatz.angles(self.parameters)

    def circuit_cost(self, mapping: str = JORDAN_WIGNER) -> CircuitCost:
        """Qubits, gates and depth of the state's circuit; see ``circuitcost``.

        Raises:
            InputError: there is no such mapping.
        """
        return circuit_cost(self.ansatz, self.hamiltonian, mapping)


def optimised(
    hamiltonian: Hamiltonian,
    n_alpha: int,
    n_beta: int,
    layers: int = 1,
    *,
    ansatz: AnsatzName = "uccsd",
    target_error_mha: float = 0.1,
) -> OptimisedState:
    """The trial state of lowest energy and of spin |n_alpha - n_beta| / 2.

    Args:
        hamiltonian: of the active space.
        n_alpha: electrons of that spin.
        n_beta: electrons of that spin.
        layers: of ``uccsd``; the others choose their own length.
        ansatz: see the module.
        target_error_mha: mHartree above the lowest energy that ``adapt`` and
            ``auto`` may end. The lowest energy is that of exact diagonalisation
            up to a million determinants; above, second-order perturbation
            theory on the state estimates what is missing.

    Raises:
        InputError: the electrons do not fit into the orbitals.
        ConvergenceError: the optimisation ended above its gradient criterion or
            the error asked for, or in states of another multiplicity.
    """
    hamiltonian.check_sector(n_alpha, n_beta)
    if ansatz == "uccsd":
        return _layered(hamiltonian, n_alpha, n_beta, layers)
    return _grown(hamiltonian, n_alpha, n_beta, 1e-3 * target_error_mha, ansatz)


def _grown(
    hamiltonian: Hamiltonian, n_alpha: int, n_beta: int, target: float, ansatz: AnsatzName
) -> OptimisedState:
    """The state with the cheapest circuit no more than ``target`` (Hartree) above the lowest."""
    strings = hamiltonian.sector_shape(n_alpha, n_beta)
    determinants = strings[0] * strings[1]
    references = candidates(hamiltonian, n_alpha, n_beta)
    exact: CIState | None = None
    reference = references[0]
    if determinants <= _EXACT_DETERMINANTS:
        exact = ground_state(hamiltonian, n_alpha, n_beta)
        reference = max(references, key=lambda r: _weight(exact, r))
    lowest = None if exact is None else exact.energy
    ordered = hamiltonian.reordered(reference.order)
    several = ansatz == "auto" and determinants <= _SMALL
    best: OptimisedState | None = None
    gates = 0
    evaluations = 0
    shortfalls: list[str] = []
    for strategy in _STRATEGIES:
        if best is not None and not several:
            break
        found = grown(ordered, n_alpha, n_beta, strategy, target, lowest)
        evaluations += found.evaluations
        if found.missing > target or found.gradient_norm > GRADIENT_TOLERANCE:
            shortfalls.append(f"{1e3 * found.missing:.3f} mHartree")
            continue
        if found.spin_contamination > _SPIN_TOLERANCE:
            shortfalls.append(f"<S^2> too large by {found.spin_contamination:.2f}")
            continue
        cost = two_qubit_gates(found.ansatz.factors, found.ansatz.norb)
        if best is None or cost < gates:
            gates = cost
            best = OptimisedState(
                hamiltonian=ordered,
                ansatz=found.ansatz,
                parameters=found.parameters,
                energy=found.energy,
                gradient_norm=found.gradient_norm,
                spin_contamination=found.spin_contamination,
                evaluations=found.evaluations,
                rung="quasi-newton",
                error=found.missing,
                error_estimated=exact is None,
                descent=Descent("ADAPT cycle", found.energies, found.sizes),
            )
    if best is None:
        raise ConvergenceError(
            "solver",
            f"vqe: {ansatz} did not come within {1e3 * target:g} mHartree of the "
            f"{'estimated' if exact is None else 'exact'} energy with {n_alpha} alpha and {n_beta} "
            f"beta electrons (ended at {', '.join(shortfalls)}); raise target_error_mha or use "
            "the solver casci",
        )
    if ansatz == "auto" and exact is not None:
        layer = uccsd(ordered, n_alpha, n_beta, 1, share_spins=True)
        if two_qubit_gates(layer.factors, layer.norb) < gates:
            trial = _on_reference(ordered, n_alpha, n_beta, 1, share_spins=True)
            evaluations += trial.evaluations
            error = trial.energy - exact.energy
            if error <= target and trial.spin_contamination < _SPIN_TOLERANCE:
                best = replace(trial, error=error)
    return replace(best, evaluations=evaluations)


def _weight(state: CIState | None, reference: Reference) -> float:
    """The weight of a determinant in an exact state."""
    if state is None:
        return 0.0
    places = (
        cistring.str2addr(state.norb, n, sum(1 << p for p in reference.order[:n]))
        for n in (state.n_alpha, state.n_beta)
    )
    return float(state.coefficients[tuple(places)] ** 2)


def _layered(hamiltonian: Hamiltonian, n_alpha: int, n_beta: int, layers: int) -> OptimisedState:
    """UCCSD of that many layers.

    Where several references are candidates, one layer is optimised on each, and
    the requested number of layers on those that end within 2 mHartree of the
    lowest. One layer shares its amplitudes between the spins of a closed shell.
    More layers, whose point is to be exact, do not, unless that leads to a more
    stable triplet.
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
        descent=Descent("optimiser iteration", found.energies),
    )


class VQESolver:
    """A trial state by exact classical evaluation in the sector (the solver ``vqe``).

    The number is the one an error-free quantum computer would give for the same
    circuit; ``vqe-circuit`` runs that circuit.
    """

    name = "vqe"

    def __init__(
        self,
        layers: int = 1,
        *,
        ansatz: AnsatzName = "uccsd",
        target_error_mha: float = 0.1,
        mapping: str = JORDAN_WIGNER,
    ) -> None:
        self.layers = layers
        self.ansatz: AnsatzName = ansatz
        self.target_error_mha = target_error_mha
        self.mapping = mapping  # in which the circuit is counted

    @classmethod
    def from_settings(cls, settings: SimulationSettings) -> VQESolver:
        """The solver with the ansatz, its length or error, and the mapping of ``settings``."""
        return cls(
            settings.layers,
            ansatz=settings.ansatz,
            target_error_mha=settings.target_error_mha,
            mapping=settings.mapping,
        )

    def solve(self, hamiltonian: Hamiltonian, n_alpha: int, n_beta: int) -> Solution:
        """The lowest energy of the trial state, and what its circuit costs.

        Raises:
            InputError: the electrons do not fit into the orbitals, or there is
                no such mapping.
            ConvergenceError: see ``optimised``.
        """
        state = optimised(
            hamiltonian,
            n_alpha,
            n_beta,
            self.layers,
            ansatz=self.ansatz,
            target_error_mha=self.target_error_mha,
        )
        return Solution(
            energy=state.energy,
            parameters=state.ansatz.parameters,
            evaluations=state.evaluations,
            gradient_norm=state.gradient_norm,
            converged=True,
            circuit=state.circuit_cost(self.mapping),
            descent=state.descent,
        )
