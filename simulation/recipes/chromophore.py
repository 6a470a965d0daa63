"""The active space of a molecule's largest pi system, for photochemistry and redox."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from rdkit import Chem

from simulation.errors import InputError
from simulation.recipes.pispace import Sectors, judged
from simulation.score import ActiveSpaceRecord

if TYPE_CHECKING:  # pyscf is loaded when a molecule is scored
    from simulation.activespace import ActiveSpace
    from simulation.geometry import Geometry
    from simulation.hamiltonian import Hamiltonian
    from simulation.meanfield import MeanField
    from simulation.pisystem import PiSystem

LARGEST = 8  # active orbitals; of larger systems the frontier orbitals are taken
TRIPLET_WINDOW = (1.0, 6.5)  # eV; chromophores from tetracene to a single double bond


@dataclass(frozen=True)
class ChromophoreSpace:
    """The pi orbitals of one system, their Hamiltonian and what the checks say."""

    system: PiSystem
    name: str
    space: ActiveSpace
    hamiltonian: Hamiltonian
    record: ActiveSpaceRecord
    flags: tuple[str, ...]

    @property
    def sectors(self) -> Sectors:
        """Of the active electrons."""
        return Sectors.of(self.space.electrons)


def largest(molecule: Chem.Mol, *, lone_pairs: bool) -> PiSystem | None:
    """The pi system with the most atoms, None where there is none."""
    from simulation.pisystem import find

    found = find(molecule, lone_pairs=lone_pairs)
    return found[0] if found else None


def named(molecule: Chem.Mol, system: PiSystem) -> str:
    """E.g. ``pi system of 8 atoms (C1 ... O8), 10 electrons``."""
    first, last = (
        f"{molecule.GetAtomWithIdx(i).GetSymbol()}{i + 1}"
        for i in (system.atoms[0], system.atoms[-1])
    )
    return (
        f"pi system of {system.orbitals} atoms ({first} ... {last}), {system.electrons} electrons"
    )


def chromophore(
    molecule: Chem.Mol,
    geometry: Geometry,
    field: MeanField,
    *,
    lone_pairs: bool,
    recipe: str,
) -> ChromophoreSpace:
    """The pi orbitals of the largest conjugated system, at most ``LARGEST``.

    Of a larger system the highest occupied and the lowest virtual of its own
    semi-canonical pi orbitals are taken, as many above as below the gap while
    there are both: a window inside the pi space, never of the whole molecule.

    Raises:
        InputError: the molecule has no pi system.
        ConvergenceError: AVAS does not find its orbitals.
    """
    from simulation.activespace import select
    from simulation.integrals import active_hamiltonian
    from simulation.pisystem import alternating_axes

    system = largest(molecule, lone_pairs=lone_pairs)
    if system is None:
        raise InputError(
            "recipe", f"no conjugated pi system; {recipe} needs a double bond or a ring with one"
        )
    axes = alternating_axes(geometry, system.atoms)
    space = select(field, geometry, system.atoms, axes=axes, electrons=system.electrons, groups=())
    flags: list[str] = []
    if system.orbitals > LARGEST:
        space = _window(space)
        flags.append(
            f"the pi system has {system.orbitals} orbitals; the {LARGEST} next to the gap "
            "were correlated"
        )
    hamiltonian = active_hamiltonian(field, space.coefficients, space.occupied)
    record = judged(space, hamiltonian, TRIPLET_WINDOW, field=field, lone_pairs=lone_pairs)
    flags += record.flags
    return ChromophoreSpace(
        system, named(molecule, system), space, hamiltonian, record, tuple(flags)
    )


def _window(space: ActiveSpace) -> ActiveSpace:
    occupied, virtual = space.occupied, len(space.weights) - space.occupied
    above = min(virtual, LARGEST // 2)
    below = min(occupied, LARGEST - above)
    above = min(virtual, LARGEST - below)
    kept = np.arange(occupied - below, occupied + above)
    return replace(
        space,
        electrons=2 * below,
        coefficients=space.coefficients[:, kept],
        energies=space.energies[kept],
        weights=tuple(space.weights[i] for i in kept),
        labels=tuple(space.labels),
    )
