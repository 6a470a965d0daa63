"""The recipe Protocol and the register of installed recipes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from rdkit import Chem

from simulation import register
from simulation.errors import InputError
from simulation.score import Score
from simulation.workup import Workup

GROUP = "molq.recipes"
STAGE = "/"
"""Between a recipe and one of its baselines."""
MEMBER = ":"
"""Between a family of recipes and one of it."""

Better = Literal["higher", "lower"]
Reach = Literal["geometry", "meanfield", "solver"]
"""How far a calculation goes; what lies behind it cannot change its value."""


@dataclass(frozen=True)
class Content:
    """What a recipe's values are a function of, beside the molecule and the seed."""

    values: Mapping[str, Any]  # JSON values: settings, checksums of files
    packages: tuple[str, ...]  # whose versions matter


@dataclass(frozen=True)
class Site:
    """A place in a molecule that a recipe applies to."""

    name: str  # e.g. "acrylamide C1=C2-C3=O4"
    atoms: tuple[int, ...]  # heavy-atom indices in the canonical SMILES


def whole_molecule(molecule: Chem.Mol) -> tuple[Site, ...]:
    """The site of a quantity that belongs to no place in a molecule; none without a carbon."""
    if not any(atom.GetAtomicNum() == 6 for atom in molecule.GetAtoms()):
        return ()
    return (Site("whole molecule", tuple(range(molecule.GetNumAtoms()))),)


class Recipe(Protocol):
    """A named, defined quantity of a molecule.

    An entry point of the group ``molq.recipes`` names an object with these
    attributes; ``docs/recipes/`` has one page for each built-in one. It may say as well,
    as ``stages``, which of its baselines can be had without it (``simulation.recipes.stage``);
    as ``version``, a whole number that grows when its values change (1 where it says none);
    and as ``reach``, that it ends with the geometry or the mean field. Further methods are
    asked where it has them: ``content(settings)`` says what its values are a function of
    where ``reach`` does not; ``ready(settings)`` raises an ``InputError`` before anything is
    computed where a package or a setting is missing; and a family of recipes (``admet``)
    gives the single ones by ``member(name)`` (``admet:hERG``) and their names by ``members``.
    ``recognises`` says in words what ``applies_to`` says in SMARTS.
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


def recognised(recipe: Recipe) -> str:
    """What a recipe is for, in its own words where it has some, else as SMARTS."""
    words: str = getattr(recipe, "recognises", "")
    return words or " or ".join(recipe.applies_to)


def names() -> tuple[str, ...]:
    """The installed recipes, in alphabetical order."""
    return register.names(GROUP)


def owner(name: str) -> str:
    """The entry point behind a name: ``warhead-ea`` of ``warhead-ea/hf_lumo``, ``admet`` of
    ``admet:hERG``.
    """
    return name.partition(STAGE)[0].partition(MEMBER)[0]


def is_installed(name: str) -> bool:
    """Whether the recipe, or the family that it belongs to, is installed; of no baseline."""
    return STAGE not in name and owner(name) in names()


def check(name: str) -> None:
    """That a name stands for something that can be computed.

    Raises:
        InputError: it does not, or is that of a whole family; says what to write.
    """
    members = getattr(find(name), "members", None)
    if members is not None:
        examples = ", ".join(f"{name}{MEMBER}{member}" for member in members[:3])
        raise InputError(
            "recipe",
            f"{name} is a family of {len(members)}: name one of them, e.g. {examples}; "
            f"`molq recipes {name}` lists all",
        )


def find(name: str) -> Recipe:
    """The recipe of that name; ``<recipe>/<baseline>`` for one of its cheap numbers alone.

    Raises:
        InputError: no installed package provides it, or the recipe has no such number.
    """
    whole, slash, baseline = name.partition(STAGE)
    family, colon, member = whole.partition(MEMBER)
    recipe: Recipe = register.load(GROUP, family, kind="recipe", step="recipe")
    if colon:
        if not hasattr(recipe, "member"):
            raise InputError("recipe", f"{family} is one recipe, no family: write {family!r}")
        recipe = recipe.member(member)
    if not slash:
        return recipe
    from simulation.recipes.stage import stage

    return stage(recipe, baseline)


def better_end(name: str) -> Better:
    """The end of a recipe's scale that stands first where no objective says otherwise.

    ``higher`` for a recipe that does not say, and for one that is installed no
    longer: its scores can be read all the same.
    """
    if owner(name) not in names():
        return "higher"
    end: Better = getattr(find(name), "better", "higher")
    return end
