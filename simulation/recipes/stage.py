"""A recipe's cheap number as a recipe of its own: what a funnel asks before the dear one.

``warhead-ea/gfn2_lumo`` is the baseline ``gfn2_lumo`` that is printed beside every score of
``warhead-ea``, computed by the steps that it needs and no others: no mean field for a
number of GFN2-xTB, no active space for one of Hartree-Fock. On one ``Workup`` the steps are
done once for the stage and the recipe, and the two numbers are the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rdkit import Chem

from simulation import baselines
from simulation.errors import InputError
from simulation.recipes.account import provenance
from simulation.recipes.recipe import Better, Reach, Recipe, Site, recognised
from simulation.score import Baseline, Score
from simulation.workup import Workup

if TYPE_CHECKING:  # pyscf is loaded when a molecule is computed
    from simulation.meanfield import MeanField

SEPARATOR = "/"


@dataclass(frozen=True)
class CheapStep:
    """One of a recipe's baselines, and how to get it without the recipe."""

    name: str  # of the baseline in the recipe's scores
    unit: str
    better: Better  # the end of its scale at which the recipe's better end is expected
    reach: Reach
    summary: str  # one line: the definition
    compute: Callable[[Workup], tuple[Baseline, MeanField | None]]


class Stage:
    """A baseline of a recipe, as a recipe.

    Args:
        recipe: whose baseline it is.
        step: how it is computed.
    """

    def __init__(self, recipe: Recipe, step: CheapStep) -> None:
        self.recipe = recipe
        self.step = step
        self.name = f"{recipe.name}{SEPARATOR}{step.name}"
        self.unit = step.unit
        self.better = step.better  # the end that a funnel keeps where nothing else is said
        self.reach = step.reach
        self.version = getattr(recipe, "version", 1)  # where its baselines change, it grows
        self.summary = f"{step.summary}; a baseline of {recipe.name}, computed by itself"
        ends = "" if step.reach == "geometry" else " and the mean field"
        self.method = f"the geometry{ends} of the recipe"
        self.applies_to = recipe.applies_to
        self.recognises = recognised(recipe)
        self.cost = f"that of the {step.reach}, which {recipe.name} shares in one job"
        self.validity = f"see {recipe.name}, whose page compares it with its baselines"

    def sites(self, molecule: Chem.Mol) -> tuple[Site, ...]:
        """Where the recipe applies."""
        return self.recipe.sites(molecule)

    def score(self, work: Workup) -> Score:
        """Compute the baseline.

        Raises:
            InputError: the recipe does not apply, or a molecule outside the methods.
            ConvergenceError: no geometry, or no mean field where it takes one.
            StochasticError: no conformer was found with this seed.
        """
        if not self.sites(work.molecule):
            raise InputError(
                "recipe", f"{self.recipe.name} does not apply: nothing matches {self.recognises}"
            )
        found, field = self.step.compute(work)
        geometry = work.geometry
        return Score(
            smiles=work.smiles,
            inchikey=work.inchikey,
            recipe=self.name,
            value=found.value,
            unit=found.unit,
            solver="none",
            backend=work.settings.backend,
            casci_value=None,
            casci_deviation_mha=None,
            baselines={},
            active_space=None,
            sites=(),
            conformers=geometry.conformers,
            provenance=provenance(work, field),
            flags=(*geometry.flags, *(field.flags if field is not None else ())),
        )


def stages(recipe: Recipe) -> tuple[CheapStep, ...]:
    """The baselines of a recipe that can be had without it; most recipes have none."""
    found: tuple[CheapStep, ...] = getattr(recipe, "stages", ())
    return found


def stage(recipe: Recipe, baseline: str) -> Stage:
    """A baseline of a recipe, as a recipe.

    Raises:
        InputError: it cannot be had without the recipe; says which can.
    """
    for step in stages(recipe):
        if step.name == baseline:
            return Stage(recipe, step)
    known = ", ".join(f"{recipe.name}{SEPARATOR}{step.name}" for step in stages(recipe))
    raise InputError(
        "recipe",
        f"{recipe.name} has no baseline {baseline!r} that is cheaper than itself; "
        + (f"there are: {known}" if known else "it has none, so it can only be a stage as a whole"),
    )


def gfn2_lumo(work: Workup) -> tuple[Baseline, None]:
    """The LUMO of the lowest conformer by GFN2-xTB, eV."""
    return baselines.gfn2_lumo(work.geometry), None


def hf_lumo(work: Workup) -> tuple[Baseline, MeanField]:
    """The LUMO of the mean field, eV."""
    return baselines.hf_lumo(work.field), work.field


def hf_gap(work: Workup) -> tuple[Baseline, MeanField]:
    """The gap of the mean field between HOMO and LUMO, eV."""
    return baselines.hf_gap(work.field), work.field


GFN2_LUMO = CheapStep(
    "gfn2_lumo", "eV", "lower", "geometry", "GFN2-xTB LUMO of the lowest conformer", gfn2_lumo
)
HF_LUMO = CheapStep("hf_lumo", "eV", "lower", "meanfield", "Hartree-Fock LUMO", hf_lumo)
HF_GAP = CheapStep("hf_gap", "eV", "lower", "meanfield", "Hartree-Fock HOMO-LUMO gap", hf_gap)
