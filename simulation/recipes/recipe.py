"""The recipe Protocol and the register of installed recipes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from rdkit import Chem

from simulation import register
from simulation.score import Score
from simulation.workup import Workup

GROUP = "molq.recipes"

Better = Literal["higher", "lower"]
Reach = Literal["geometry", "meanfield", "solver"]
"""How far a calculation goes; what lies behind it cannot change its value."""


@dataclass(frozen=True)
class Site:
    """A place in a molecule that a recipe applies to."""

    name: str  # e.g. "acrylamide C1=C2-C3=O4"
    atoms: tuple[int, ...]  # heavy-atom indices in the canonical SMILES


class Recipe(Protocol):
    """A named, defined quantity of a molecule.

    An entry point of the group ``molq.recipes`` names an object with these
    attributes; ``docs/recipes/`` has one page for each built-in one. It may say as well,
    as ``stages``, which of its baselines can be had without it (``simulation.recipes.stage``);
    as ``version``, a whole number that grows when its values change (1 where it says none);
    and as ``reach``, that it ends with the geometry or the mean field.
    """

    name: str
    unit: str
    better: Better  # the end of the scale that a screen without an objective puts first
    summary: str  # one line: the definition
    method: str  # one line: geometry, mean field, space, solver
    applies_to: tuple[str, ...]  # SMARTS of the sites
    cost: str  # one line: typical CPU time
    validity: str  # one line: measured rank correlation and its data

    def sites(self, molecule: Chem.Mol) -> tuple[Site, ...]:
        """Where the recipe applies; empty when it does not. Costs no calculation."""
        ...

    def score(self, work: Workup) -> Score:
        """Compute the quantity.

        Args:
            work: the molecule, the settings and the seed, and whatever another
                recipe has computed of them already (geometry, mean field).

        Raises:
            simulation.errors.SimulationError: typed by whether a retry can help.
        """
        ...


def names() -> tuple[str, ...]:
    """The installed recipes, in alphabetical order."""
    return register.names(GROUP)


def find(name: str) -> Recipe:
    """The recipe of that name; ``<recipe>/<baseline>`` for one of its cheap numbers alone.

    Raises:
        InputError: no installed package provides it, or the recipe has no such number.
    """
    owner, slash, baseline = name.partition("/")
    recipe: Recipe = register.load(GROUP, owner, kind="recipe", step="recipe")
    if not slash:
        return recipe
    from simulation.recipes.stage import stage

    return stage(recipe, baseline)


def better_end(name: str) -> Better:
    """The end of a recipe's scale that stands first where no objective says otherwise.

    ``higher`` for a recipe that does not say, and for one that is installed no
    longer: its scores can be read all the same.
    """
    if name.partition("/")[0] not in names():
        return "higher"
    end: Better = getattr(find(name), "better", "higher")
    return end
