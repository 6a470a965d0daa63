"""``warhead-st``: vertical triplet energy of an electrophilic multiple bond."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from rdkit import Chem

from simulation import warheads
from simulation.recipes.recipe import Better, Site
from simulation.recipes.stage import GFN2_LUMO, HF_LUMO, CheapStep
from simulation.recipes.warheadspace import RECOGNISED, score, sites
from simulation.score import Score
from simulation.workup import Workup


@dataclass(frozen=True)
class WarheadST:
    """E(triplet) - E(singlet) in the warhead's pi orbitals, both sides in the same integrals."""

    name: ClassVar[str] = "warhead-st"
    unit: ClassVar[str] = "eV"
    better: ClassVar[Better] = "higher"
    summary: ClassVar[str] = (
        "vertical triplet energy of an electrophilic multiple bond in the space of warhead-ea: "
        "the diagnostic of a swapped orbital, not a reactivity"
    )
    method: ClassVar[str] = (
        "ETKDGv3, GFN2-xTB/ALPB(water) of every conformer; DF-RHF/6-31G*; the space of "
        "warhead-ea; lowest triplet and singlet by the chosen solver, CASCI beside them"
    )
    applies_to: ClassVar[tuple[str, ...]] = warheads.SMARTS
    recognises: ClassVar[str] = RECOGNISED
    cost: ClassVar[str] = "as warhead-ea, whose geometry and mean field it shares"
    validity: ClassVar[str] = (
        "a check, not a ranking: 4.2-6.0 eV for planar alkene warheads, 5.3-7.2 eV for alkynes; "
        "outside, the group is twisted or an orbital is not the intended one"
    )

    stages: ClassVar[tuple[CheapStep, ...]] = (GFN2_LUMO, HF_LUMO)

    def sites(self, molecule: Chem.Mol) -> tuple[Site, ...]:
        """The warheads of a molecule; indices are those of its canonical SMILES."""
        return tuple(Site(w.name, w.atoms) for w in warheads.find(molecule))

    def score(self, work: Workup) -> Score:
        """Compute the triplet energy of every warhead; the highest is the score's value.

        Raises:
            InputError: no such warhead, or a molecule outside the methods.
            ConvergenceError: no geometry, mean field or active space, or the
                solver did not converge.
            ResourceError: a limit of time or memory was reached.
            StochasticError: no conformer was found with this seed.
        """
        found, failures = sites(work, lambda s: s.triplet, 1, recipe=self.name)
        return score(work, found, failures, recipe=self.name, unit=self.unit)


RECIPE = WarheadST()
