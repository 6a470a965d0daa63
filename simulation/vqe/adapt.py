"""ADAPT-VQE: a trial state grown factor by factor until it is good enough.

Grimsley, Economou, Barnes, Mayhall, Nat. Commun. 10, 3007 (2019): of a pool of
excitations the most promising are appended with angle zero, all angles are
optimised, and so on. Promising means here the energy that one factor promises
to gain, gradient^2 / (2 curvature), for the gates it costs, and a cycle adds
all elements that come near the best, as several do that do not disturb each
other (Anastasiou et al., Phys. Rev. Research 6, 013254 (2024)), but no more
than the missing energy asks for. When the state is good enough, the factors
that turn out dispensable are taken out again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulation.hamiltonian import Hamiltonian
from simulation.vqe.ansatz import Ansatz
from simulation.vqe.pool import Pool, generalised
from simulation.vqe.quasinewton import QuasiNewton
from simulation.vqe.sector import Outlook, SectorEngine

GRADIENT_TOLERANCE = 1e-5  # Hartree/rad, max norm; the energy is then stationary to 1e-9 Hartree

_CYCLES = 300
_ITERATIONS = 400  # of one optimisation
_INNER = 0.1  # of the largest new gradient: how far a cycle is optimised
_SMALLEST_CURVATURE = 0.02  # Hartree/rad^2
_VANISHING = 1e-7  # Hartree/rad; a pool without larger gradients leads nowhere
_SLOW = 1e-3  # of the missing energy: a cycle that gains less counts as lost
_LOST = 4  # lost cycles in a row
_ENOUGH = 1.1  # times the missing energy: what a cycle's factors promise to gain together
_NUDGE = 0.05  # rad
_NUDGES = 2
_PRUNINGS = 8


@dataclass(frozen=True)
class Strategy:
    """How the next factors are chosen."""

    share_spins: bool  # spin-exchanged excitations together, with one parameter
    near: float  # fraction of the best score from which an element joins the cycle
    thrift: float  # power of the gate count by which the promised gain is divided


@dataclass(frozen=True)
class Grown:
    """A grown state, good enough or not."""

    ansatz: Ansatz
    parameters: NDArray[np.float64]  # shape: (parameters,), rad
    energy: float  # Hartree, total
    gradient_norm: float  # Hartree/rad, max norm
    missing: float  # Hartree above the lowest energy, known or estimated
    evaluations: int
    spin_contamination: float
    energies: tuple[float, ...]  # shape: (cycles,); Hartree, at the start of each and at the end
    sizes: tuple[int, ...]  # shape: (cycles,); parameters at the same places


class _Growth:
    """The state while it grows."""

    def __init__(self, pool: Pool, engine: SectorEngine) -> None:
        self.pool = pool
        self.engine = engine
        # shape: (factors,); the excitation of each, and the parameter
        self.factors: NDArray[np.int64] = np.empty(0, dtype=np.int64)
        self.drives: NDArray[np.int64] = np.empty(0, dtype=np.int64)
        self.walk = QuasiNewton()

    @property
    def angles(self) -> NDArray[np.float64]:
        return self.walk.point[self.drives]

    def append(self, elements: NDArray[np.int64], curvature: NDArray[np.float64]) -> None:
        for element in elements.tolist():
            members = self.pool.members(element)
            number = self.drives.max(initial=-1) + 1
            self.factors = np.append(self.factors, members)
            self.drives = np.append(self.drives, np.full(members.size, number))
        self.walk.extend(curvature)

    def optimise(self, tolerance: float) -> None:
        factors, drives = self.factors, self.drives
        size = self.walk.point.size

        def objective(point: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
            energy, gradient = self.engine.energy_and_gradient(factors, point[drives])
            return energy, np.bincount(drives, gradient, size).astype(np.float64)

        self.walk.descend(objective, tolerance, _ITERATIONS)

    def outlook(self) -> Outlook:
        return self.engine.outlook(self.factors, self.angles)

    def nudge(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.walk.point = self.walk.point + rng.uniform(-_NUDGE, _NUDGE, self.walk.point.size)

    def pruned(self, slack: float) -> _Growth | None:
        """A copy without the parameters that are worth no more than ``slack`` together.

        What a parameter is worth follows from its angle and the inverse Hessian,
        to second order; those with the most gates for it go first.
        """
        worth = self.walk.point**2 / (2.0 * np.diagonal(self.walk.inverse))
        gates = np.bincount(self.drives, self.pool.cost[self.pool.group[self.factors]])
        order = np.argsort(worth / gates, kind="stable")
        removed = np.zeros(worth.size, dtype=bool)
        removed[order[np.cumsum(worth[order]) <= slack]] = True
        if not removed.any() or removed.all():
            return None
        found = _Growth(self.pool, self.engine)
        kept = ~removed[self.drives]
        found.factors = self.factors[kept]
        found.drives = (np.cumsum(~removed) - 1)[self.drives[kept]]
        found.walk = self.walk.without(removed)
        return found


def grown(
    hamiltonian: Hamiltonian,
    n_alpha: int,
    n_beta: int,
    strategy: Strategy,
    target: float,
    exact: float | None,
) -> Grown:
    """Grow a state on the determinant that fills the orbitals from the front.

    Args:
        target: Hartree above the lowest energy that are allowed.
        exact: the lowest energy (Hartree, total); None to estimate by second
            order how much is missing.

    Returns:
        the state; ``missing`` says whether it is good enough.
    """
    share = strategy.share_spins and n_alpha == n_beta
    pool = generalised(hamiltonian, share_spins=share)
    growth = _Growth(pool, SectorEngine(hamiltonian, n_alpha, n_beta, pool.excitations))
    missing_of = _missing(exact)
    lost = nudges = 0
    before = np.inf
    energies: list[float] = []
    sizes: list[int] = []
    for _ in range(_CYCLES):
        outlook = growth.outlook()
        energies.append(outlook.energy)
        sizes.append(growth.walk.point.size)
        missing = missing_of(outlook)
        if missing <= target:
            break
        slope = np.bincount(pool.group, outlook.gradient, pool.elements)
        lost = lost + 1 if before - missing < _SLOW * missing else 0
        before = missing
        if np.abs(slope).max(initial=0.0) < _VANISHING or lost >= _LOST:
            if nudges == _NUDGES or growth.walk.point.size == 0:
                break
            nudges, lost = nudges + 1, 0
            growth.nudge(nudges)
            growth.optimise(GRADIENT_TOLERANCE)
            continue
        bend = np.bincount(pool.group, outlook.curvature, pool.elements).astype(np.float64)
        bend = np.maximum(bend, _SMALLEST_CURVATURE)
        # Cheap factors that gain next to nothing must not be chosen for ever.
        thrift = 0.0 if lost else strategy.thrift
        chosen = _chosen(slope**2 / (2.0 * bend), pool.cost**thrift, strategy.near, missing)
        growth.append(chosen, bend[chosen])
        growth.optimise(max(_INNER * np.abs(slope[chosen]).max(), GRADIENT_TOLERANCE))
    growth = _finished(growth, target, missing_of)
    energies.append(growth.walk.energy)
    sizes.append(growth.walk.point.size)
    return _result(
        growth, hamiltonian, n_alpha, n_beta, missing_of, (tuple(energies), tuple(sizes))
    )


def _missing(exact: float | None) -> Callable[[Outlook], float]:
    """How far a state is above the lowest energy, Hartree."""
    if exact is None:
        return lambda outlook: outlook.second_order
    return lambda outlook: outlook.energy - exact


def _chosen(
    gain: NDArray[np.float64], cost: NDArray[np.float64], near: float, missing: float
) -> NDArray[np.int64]:
    """The elements of a cycle: near the best, and no more than the missing energy asks for."""
    score = gain / cost
    order = np.argsort(-score, kind="stable")
    order = order[score[order] >= near * score[order[0]]]
    before = np.cumsum(gain[order]) - gain[order]
    return order[before < _ENOUGH * missing]


def _finished(growth: _Growth, target: float, missing_of: Callable[[Outlook], float]) -> _Growth:
    """Optimised to the end, and without what turns out dispensable."""
    if growth.walk.point.size == 0:
        growth.optimise(GRADIENT_TOLERANCE)
        return growth
    growth.optimise(GRADIENT_TOLERANCE)
    share = 1.0  # of the slack that is given to the next pruning
    for _ in range(_PRUNINGS):
        slack = target - missing_of(growth.outlook())
        trial = growth.pruned(share * slack) if slack > 0.0 else None
        if trial is None:
            break
        trial.optimise(GRADIENT_TOLERANCE)
        if missing_of(trial.outlook()) <= target:
            growth = trial
        else:
            share *= 0.5
    return growth


def _result(
    growth: _Growth,
    hamiltonian: Hamiltonian,
    n_alpha: int,
    n_beta: int,
    missing_of: Callable[[Outlook], float],
    course: tuple[tuple[float, ...], tuple[int, ...]],
) -> Grown:
    outlook = growth.outlook()
    engine = growth.engine
    state = engine.state(growth.factors, growth.angles)
    ansatz = Ansatz(
        name="adapt",
        norb=hamiltonian.norb,
        n_alpha=n_alpha,
        n_beta=n_beta,
        layers=1,
        excitations=tuple(growth.pool.excitations[k] for k in growth.factors.tolist()),
        group=growth.drives,
        start=np.zeros(growth.walk.point.size),
        curvature=np.diagonal(growth.walk.inverse) ** -1.0,
    )
    return Grown(
        ansatz=ansatz,
        parameters=growth.walk.point,
        energy=growth.walk.energy,
        gradient_norm=float(np.abs(growth.walk.gradient).max(initial=0.0)),
        missing=missing_of(outlook),
        evaluations=engine.evaluations,
        spin_contamination=engine.spin_contamination(state),
        energies=course[0],
        sizes=course[1],
    )
