"""``warhead-ea``: vertical electron affinity of an electrophilic multiple bond."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from rdkit import Chem

from simulation import warheads
from simulation.recipes.recipe import Better, Site
from simulation.recipes.stage import GFN2_LUMO, HF_LUMO, CheapStep
from simulation.recipes.warheadspace import RECOGNISED, score, sites
from simulation.recipes.warheadspace import Site as WarheadSite
from simulation.score import Score
from simulation.solver import Solver
from simulation.workup import Workup


def affinities(work: Workup, *, solver: Solver | None = None) -> tuple[WarheadSite, ...]:
    """The electron affinity (eV) of every warhead of a molecule, the highest first.

    Args:
        work: the molecule; its geometry and mean field are computed once.
        solver: the one that the settings name where None.

    Returns:
        of each: ``score`` (a ``SiteScore``), ``warhead`` (group, orbitals,
        Hamiltonian, checks) and ``difference``.

    Raises:
        InputError: no warhead, or a molecule outside the methods.
        ConvergenceError: no geometry, mean field or active space, or the
            solver did not converge.
        ResourceError: a limit of time or memory was reached.
        StochasticError: no conformer was found with this seed.
    """
    return sites(work, lambda s: s.anion, -1, recipe=WarheadEA.name, solver=solver)[0]


@dataclass(frozen=True)
class WarheadEA:
    """E(n) - E(n+1) electrons in the warhead's pi orbitals, both sides in the same integrals."""

    name: ClassVar[str] = "warhead-ea"
    unit: ClassVar[str] = "eV"
    better: ClassVar[Better] = "higher"
    summary: ClassVar[str] = (
        "vertical electron affinity of an electrophilic multiple bond, E(4e) - E(5e) in its "
        "localised pi space; higher (less negative) takes up an electron more readily"
    )
    method: ClassVar[str] = (
        "ETKDGv3, GFN2-xTB/ALPB(water) of every conformer; DF-RHF/6-31G*; AVAS (4e,4o) on the "
        "pi functions of C=C-C=O or C=C-C#N, (2e,2o) on those of C=C-SO2; energies by the chosen "
        "solver, CASCI beside them"
    )
    applies_to: ClassVar[tuple[str, ...]] = warheads.SMARTS
    recognises: ClassVar[str] = RECOGNISED
    cost: ClassVar[str] = "about 5 s CPU at 11 heavy atoms, 70 s and 1.7 GB at 31"
    validity: ClassVar[str] = (
        "Spearman -0.75 against log glutathione half-life of 34 N-aryl acrylamides (HF LUMO 0.87, "
        "GFN2 LUMO 0.87); -0.92 without the ortho-substituted ones (0.92, 0.90)"
    )

    stages: ClassVar[tuple[CheapStep, ...]] = (GFN2_LUMO, HF_LUMO)

    def sites(self, molecule: Chem.Mol) -> tuple[Site, ...]:
        """The warheads of a molecule; indices are those of its canonical SMILES."""
        return tuple(Site(w.name, w.atoms) for w in warheads.find(molecule))

    def score(self, work: Workup) -> Score:
        """Compute the electron affinity of every warhead; the highest is the score's value.

        Raises:
            InputError: no such warhead, or a molecule outside the methods.
            ConvergenceError: no geometry, mean field or active space, or the
                solver did not converge.
            ResourceError: a limit of time or memory was reached.
            StochasticError: no conformer was found with this seed.
        """
        found, failures = sites(work, lambda s: s.anion, -1, recipe=self.name)
        return score(work, found, failures, recipe=self.name, unit=self.unit)


RECIPE = WarheadEA()
