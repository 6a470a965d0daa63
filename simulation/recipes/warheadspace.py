"""The active spaces of a molecule's warheads, and a difference taken in each of them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulation import warheads
from simulation.atomicunits import HARTREE_EV
from simulation.errors import ConvergenceError, InputError
from simulation.recipes.account import provenance
from simulation.recipes.pispace import (
    Difference,
    Sectors,
    charge_flags,
    difference,
    judged,
    solver_flags,
)
from simulation.score import ActiveSpaceRecord, Score, SiteScore
from simulation.solver import Solver, find
from simulation.warheads import Warhead
from simulation.workup import Workup

if TYPE_CHECKING:  # pyscf and tblite are loaded when a molecule is scored
    from simulation.activespace import ActiveSpace
    from simulation.geometry import Geometry
    from simulation.hamiltonian import Hamiltonian
    from simulation.meanfield import MeanField

RECOGNISED = (
    "C=C or C#C beside C=O, S(=O)2 or, of an alkene, C#N outside aromatic rings (acrylamides, "
    "crotonamides, methacrylamides, cinnamamides, cyanoacrylamides, acrylates, enones, "
    "maleimides, propiolamides, butynamides, vinyl sulfones and sulfonamides, acrylonitriles)"
)


@dataclass(frozen=True)
class WarheadSpace:
    """One warhead with its orbitals, their Hamiltonian and what the checks say."""

    group: Warhead
    space: ActiveSpace
    hamiltonian: Hamiltonian
    record: ActiveSpaceRecord

    @property
    def sectors(self) -> Sectors:
        """Of the space's electrons."""
        return Sectors.of(self.space.electrons)


def spaces(
    groups: tuple[Warhead, ...], geometry: Geometry, field: MeanField
) -> tuple[tuple[WarheadSpace, ...], tuple[ConvergenceError, ...]]:
    """The spaces that could be had, and the errors of the warheads without one."""
    from simulation.activespace import select
    from simulation.integrals import active_hamiltonian

    found, failures = [], []
    for group in groups:
        try:
            space = select(field, geometry, group.pi_atoms)
            hamiltonian = active_hamiltonian(field, space.coefficients, space.occupied)
            record = judged(space, hamiltonian, group.triplet_window, field=field)
        except ConvergenceError as error:
            failures.append(ConvergenceError(error.step, f"{group.name}: {error.message}"))
        else:
            found.append(WarheadSpace(group, space, hamiltonian, record))
    return tuple(found), tuple(failures)


@dataclass(frozen=True)
class Site:
    """The score of one warhead with what it was computed from."""

    score: SiteScore
    warhead: WarheadSpace
    difference: Difference


def sites(
    work: Workup,
    right: Callable[[Sectors], tuple[int, int]],
    sign: int,
    *,
    recipe: str,
    solver: Solver | None = None,
) -> tuple[tuple[Site, ...], tuple[ConvergenceError, ...]]:
    """sign * [E(right) - E(neutral)] of every warhead, the highest value first.

    Args:
        work: the molecule.
        right: picks the sector that is compared with the neutral one.
        sign: 1, or -1 for an affinity.
        recipe: its name, for the error.
        solver: the one that the settings name where None.

    Raises:
        InputError: no warhead, or a molecule outside the methods.
        ConvergenceError: no warhead has a space, or the solver did not converge.
    """
    groups = warheads.find(work.molecule)
    if not groups:
        raise InputError(
            "recipe", f"no alpha,beta-unsaturated group; {recipe} recognises {RECOGNISED}"
        )
    solver = find(work.settings) if solver is None else solver

    from simulation.casci import ground_state

    field, geometry = work.field, work.geometry
    with work.clock.step("activespace"):
        found, failures = spaces(groups, geometry, field)
    if not found:
        raise failures[0]
    scored = []
    for warhead in found:
        sectors = warhead.sectors
        with work.clock.step("solver"):
            change = difference(
                warhead.hamiltonian,
                sectors.neutral,
                right(sectors),
                solver,
                seed=work.seed,
            )
            ionised = ground_state(warhead.hamiltonian, *sectors.cation).energy
        neutral = change.solutions[0].casci_energy
        score = SiteScore(
            name=warhead.group.name,
            atoms=warhead.group.atoms,
            value=sign * change.value * HARTREE_EV,
            casci_value=sign * change.casci_value * HARTREE_EV,
            casci_deviation_mha=sign * change.deviation_mha,
            ionisation_potential=(ionised - neutral) * HARTREE_EV,
            active_space=warhead.record,
            solutions=change.solutions,
        )
        if not math.isfinite(score.value):
            raise ConvergenceError("solver", f"{score.name}: the energies are not finite")
        scored.append(Site(score, warhead, change))
    scored.sort(key=lambda site: -site.score.value)
    return tuple(scored), failures


def score(
    work: Workup,
    scored: tuple[Site, ...],
    failures: tuple[ConvergenceError, ...],
    *,
    recipe: str,
    unit: str,
) -> Score:
    """The score of a molecule from those of its warheads; the first one leads."""
    from simulation.baselines import electrophilicity

    leading = scored[0]
    field, geometry = work.field, work.geometry
    flags = [*geometry.flags, *field.flags, *charge_flags(geometry)]
    for site in scored:
        flags += [f"{site.score.name}: {doubt}" for doubt in site.warhead.record.flags]
        deviation = site.score.casci_deviation_mha or 0.0
        flags += solver_flags(site.score.name, site.score.solutions, deviation)
    sizes = {site.warhead.space.electrons for site in scored}
    if len(sizes) > 1:
        flags.append(
            "the warheads have spaces of different size; their values are not comparable "
            "with each other"
        )
    flags += [f"not scored: {error.message}" for error in failures]
    error = leading.difference.standard_error
    return Score(
        smiles=work.smiles,
        inchikey=work.inchikey,
        recipe=recipe,
        value=leading.score.value,
        unit=unit,
        solver=work.settings.solver,
        backend=work.settings.backend,
        casci_value=leading.score.casci_value,
        casci_deviation_mha=leading.score.casci_deviation_mha,
        baselines=electrophilicity(geometry, field, leading.warhead.space),
        active_space=leading.warhead.record,
        sites=tuple(site.score for site in scored),
        conformers=geometry.conformers,
        provenance=provenance(
            work,
            field,
            {"solver": all(s.converged for site in scored for s in site.score.solutions)},
        ),
        flags=tuple(flags),
        standard_error=None if error is None else error * HARTREE_EV,
    )
