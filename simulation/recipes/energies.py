"""Which active-space energies a recipe solves for a molecule, known before anything is computed.

The number of pi functions and the electrons in them stand in the structure; only the
energies themselves need a calculation. What this foresees is what ``score`` asks its solver
for, energy by energy.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from rdkit import Chem

from simulation import warheads
from simulation.recipes import photo_st_gap, redox, tautomer_de
from simulation.recipes.chromophore import LARGEST, largest
from simulation.recipes.pispace import Sectors

if TYPE_CHECKING:
    from simulation.recipes.recipe import Recipe


@dataclass(frozen=True)
class Energy:
    """One energy that a solver is asked for."""

    orbitals: int
    n_alpha: int
    n_beta: int

    @property
    def electrons(self) -> int:
        """In the space."""
        return self.n_alpha + self.n_beta


@runtime_checkable
class ForeseenRecipe(Protocol):
    """A recipe of another package that says which energies it will solve."""

    def energies(self, molecule: Chem.Mol) -> tuple[Energy, ...]:
        """Of one molecule; empty where no active space is solved. Costs no calculation."""
        ...


def foreseen(recipe: Recipe, molecule: Chem.Mol) -> tuple[Energy, ...] | None:
    """The energies that a recipe solves for a molecule, in its order.

    Args:
        recipe: the whole recipe, or one of its cheap stages, which solves none.
        molecule: that it applies to.

    Returns:
        None where a recipe of another package does not say.
    """
    if getattr(recipe, "reach", "solver") != "solver":
        return ()  # it ends before a solver is asked: a cheap stage is one of these
    known = _KNOWN.get(recipe.name)
    if known is not None:
        return known(molecule)
    if isinstance(recipe, ForeseenRecipe):
        return recipe.energies(molecule)
    return None


def _warheads(molecule: Chem.Mol, other: Callable[[Sectors], tuple[int, int]]) -> list[Energy]:
    found = []
    for warhead in warheads.find(molecule):
        orbitals = len(warhead.pi_atoms)
        sectors = Sectors.of(orbitals)
        found += [Energy(orbitals, *sectors.neutral), Energy(orbitals, *other(sectors))]
    return found


def _warhead_ea(molecule: Chem.Mol) -> tuple[Energy, ...]:
    return tuple(_warheads(molecule, lambda sectors: sectors.anion))


def _warhead_st(molecule: Chem.Mol) -> tuple[Energy, ...]:
    return tuple(_warheads(molecule, lambda sectors: sectors.triplet))


def _pi_space(molecule: Chem.Mol, *, lone_pairs: bool) -> tuple[int, Sectors] | None:
    """Orbitals and sectors of the largest pi system, cut to the window that is correlated."""
    from simulation.molecule import canonical

    system = largest(canonical(molecule), lone_pairs=lone_pairs)
    if system is None:
        return None
    occupied = system.electrons // 2
    virtual = system.orbitals - occupied
    if system.orbitals <= LARGEST:
        return system.orbitals, Sectors.of(system.electrons)
    above = min(virtual, LARGEST // 2)
    below = min(occupied, LARGEST - above)
    above = min(virtual, LARGEST - below)
    return below + above, Sectors.of(2 * below)


def _photo_st_gap(molecule: Chem.Mol) -> tuple[Energy, ...]:
    found = _pi_space(molecule, lone_pairs=photo_st_gap.LONE_PAIRS)
    if found is None:
        return ()
    orbitals, sectors = found
    return (Energy(orbitals, *sectors.neutral), Energy(orbitals, *sectors.triplet))


def _redox(molecule: Chem.Mol) -> tuple[Energy, ...]:
    found = _pi_space(molecule, lone_pairs=redox.LONE_PAIRS)
    if found is None:
        return ()
    orbitals, sectors = found
    differences = (sectors.neutral, sectors.cation, sectors.neutral, sectors.anion)
    return tuple(Energy(orbitals, *sector) for sector in differences)


def _tautomer_de(molecule: Chem.Mol) -> tuple[Energy, ...]:
    # both tautomers correlate as many electrons in as many orbitals, or none is correlated
    found = _pi_space(molecule, lone_pairs=tautomer_de.LONE_PAIRS)
    if found is None:
        return ()
    orbitals, sectors = found
    return (Energy(orbitals, *sectors.neutral),) * 2


def _ch_bde(molecule: Chem.Mol) -> tuple[Energy, ...]:
    return (Energy(2, 1, 1),)


def _none(molecule: Chem.Mol) -> tuple[Energy, ...]:
    return ()


_KNOWN: dict[str, Callable[[Chem.Mol], tuple[Energy, ...]]] = {
    "warhead-ea": _warhead_ea,
    "warhead-st": _warhead_st,
    "photo-st-gap": _photo_st_gap,
    "redox": _redox,
    "tautomer-de": _tautomer_de,
    "ch-bde": _ch_bde,
    "michael-reactivity": _none,
}
