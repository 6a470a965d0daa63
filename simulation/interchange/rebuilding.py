"""The Hamiltonians that a recorded score was solved in, made again from its record.

A score keeps its geometry, its settings and the exact energy of every sector, but no
integrals. The mean field and the active space are computed anew at the recorded geometry,
and what comes out is only handed on where its exact energy is the recorded one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pydantic import ValidationError

from simulation.errors import ConvergenceError, InputError
from simulation.givengeometry import GivenGeometry
from simulation.hamiltonian import Hamiltonian
from simulation.meanfield import solve
from simulation.score import Score, SolverRecord, SpeciesRecord
from simulation.settings import SimulationSettings

AGREEMENT = 1e-5
"""Hartree (0.01 mHa) by which an exact energy may differ from the recorded one."""

HamiltoniansOf = Callable[[Score, SimulationSettings], list[list[Hamiltonian]]]


@dataclass(frozen=True)
class RebuiltSector:
    """One solved sector of a score, with its integrals."""

    site: str  # name of the site
    position: int  # of the site in the score, from 0
    hamiltonian: Hamiltonian
    solution: SolverRecord  # as recorded
    casci_energy: float  # Hartree, total, computed now

    @property
    def difference(self) -> float:
        """Hartree; the exact energy now less the recorded one."""
        return self.casci_energy - self.solution.casci_energy


def rebuilt_sectors(score: Score) -> tuple[RebuiltSector, ...]:
    """Every sector that a score rests on, with the integrals of its active space.

    Args:
        score: of a recipe of this package that solves an active space.

    Raises:
        InputError: the recipe solves none, or is not one that can be made again.
        ConvergenceError: the mean field or the space does not come out, or another
            energy than the recorded one.
    """
    from simulation.casci import ground_state

    solved = [site.solutions for site in score.sites]
    if not any(solved):
        raise InputError(
            "interchange",
            f"the score of {score.recipe} solved no active space; FCIDUMP is for the recipes "
            f"{', '.join(_RECIPES)}",
        )
    if score.recipe not in _RECIPES:
        raise InputError(
            "interchange",
            f"the active space of {score.recipe} cannot be made again from its record; it can be "
            f"for {', '.join(_RECIPES)}",
        )
    try:
        settings = SimulationSettings.model_validate(score.provenance.settings)
    except ValidationError as error:
        raise InputError(
            "interchange",
            f"the score's settings are not those of this version of molq: {error.errors()[0]}",
        ) from error
    found = []
    for position, (site, hamiltonians) in enumerate(
        zip(score.sites, _RECIPES[score.recipe](score, settings), strict=True)
    ):
        for solution, hamiltonian in zip(site.solutions, hamiltonians, strict=True):
            exact = ground_state(hamiltonian, solution.n_alpha, solution.n_beta).energy
            sector = RebuiltSector(site.name, position, hamiltonian, solution, exact)
            if abs(sector.difference) > AGREEMENT:
                raise ConvergenceError(
                    "interchange",
                    f"{site.name}, {solution.sector}: CASCI at the recorded geometry is "
                    f"{1000 * sector.difference:+.3f} mHa off the recorded energy; see `molq "
                    "reproduce` for versions that differ",
                )
            found.append(sector)
    return tuple(found)


def _placed(score: Score, settings: SimulationSettings) -> GivenGeometry:
    return _at(score.smiles, score.provenance.geometry, settings, score.provenance.seed)


def _species(record: SpeciesRecord, settings: SimulationSettings, seed: int) -> GivenGeometry:
    return _at(record.smiles, record.geometry, settings, seed)


def _at(smiles: str, xyz: str, settings: SimulationSettings, seed: int) -> GivenGeometry:
    atoms = [line.split() for line in xyz.strip().splitlines()[2:]]
    return GivenGeometry(
        smiles,
        [atom[0] for atom in atoms],
        [[float(x) for x in atom[1:4]] for atom in atoms],
        settings,
        seed=seed,
    )


def _of_warheads(score: Score, settings: SimulationSettings) -> list[list[Hamiltonian]]:
    from simulation import warheads
    from simulation.recipes.warheadspace import spaces

    work = _placed(score, settings)
    groups = {(group.name, group.atoms): group for group in warheads.find(work.molecule)}
    found = []
    for site in score.sites:
        group = groups.get((site.name, site.atoms))
        if group is None:
            raise InputError("interchange", f"{site.name} is not a warhead of {score.smiles} now")
        made, failures = spaces((group,), work.geometry, work.field)
        if failures:
            raise failures[0]
        found.append([made[0].hamiltonian] * len(site.solutions))
    return found


def _of_chromophore(
    lone_pairs: bool, *, solvent: bool
) -> Callable[[Score, SimulationSettings], list[list[Hamiltonian]]]:
    def hamiltonians(score: Score, settings: SimulationSettings) -> list[list[Hamiltonian]]:
        found = _pi_space(_placed(score, settings), lone_pairs, solvent, score.recipe)
        return [[found] * len(site.solutions) for site in score.sites]

    return hamiltonians


def _pi_space(work: GivenGeometry, lone_pairs: bool, solvent: bool, recipe: str) -> Hamiltonian:
    from simulation.recipes.chromophore import chromophore

    field = solve(work.geometry, work.settings, solvent=True) if solvent else work.field
    return chromophore(
        work.molecule, work.geometry, field, lone_pairs=lone_pairs, recipe=recipe
    ).hamiltonian


def _of_tautomers(score: Score, settings: SimulationSettings) -> list[list[Hamiltonian]]:
    seed = score.provenance.seed
    pair = (_placed(score, settings), _species(score.species[0], settings, seed))
    return [[_pi_space(work, True, True, score.recipe) for work in pair]]


def _of_bond(score: Score, settings: SimulationSettings) -> list[list[Hamiltonian]]:
    from simulation.hydrogenabstraction import bond_hamiltonian, bonds

    work = _placed(score, settings)
    weakest = score.sites[0]
    for bond in bonds(work.geometry.molecule):
        if bond.carbons == weakest.atoms:
            found = bond_hamiltonian(work.field, work.geometry, bond)
            return [[found] * len(site.solutions) for site in score.sites]
    raise InputError("interchange", f"{weakest.name} is not a C-H bond of {score.smiles} now")


_RECIPES: dict[str, HamiltoniansOf] = {
    "warhead-ea": _of_warheads,
    "warhead-st": _of_warheads,
    "photo-st-gap": _of_chromophore(False, solvent=False),
    "redox": _of_chromophore(True, solvent=True),
    "tautomer-de": _of_tautomers,
    "ch-bde": _of_bond,
}
