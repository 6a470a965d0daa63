"""``photo-st-gap``: the vertical singlet-triplet gap of a chromophore."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from rdkit import Chem

from simulation.atomicunits import HARTREE_EV
from simulation.baselines import hf_gap
from simulation.errors import ConvergenceError
from simulation.recipes.account import provenance
from simulation.recipes.chromophore import chromophore, largest, named
from simulation.recipes.pispace import charge_flags, difference, solver_flags
from simulation.recipes.recipe import Better, Site
from simulation.recipes.stage import HF_GAP, CheapStep
from simulation.score import Baseline, Score, SiteScore
from simulation.solver import find
from simulation.workup import Workup

LONE_PAIRS = False  # amines and ethers shift a triplet little, and each takes an orbital


@dataclass(frozen=True)
class PhotoSTGap:
    """E(T1) - E(S0) in the pi orbitals of the largest conjugated system."""

    name: ClassVar[str] = "photo-st-gap"
    unit: ClassVar[str] = "eV"
    better: ClassVar[Better] = "lower"
    summary: ClassVar[str] = (
        "vertical energy of the lowest pi-pi* triplet of the largest conjugated system: what a "
        "sensitiser must bring, or a photosensitiser gives"
    )
    method: ClassVar[str] = (
        "ETKDGv3, GFN2-xTB/ALPB(water); DF-RHF/6-31G*; AVAS on the pi functions of the largest "
        "conjugated system, at most (8e,8o) next to the gap; lowest triplet and singlet by the "
        "chosen solver, CASCI beside them"
    )
    applies_to: ClassVar[tuple[str, ...]] = ("[C,c,N,n,O,o]=,:[C,c,N,n,O,o]",)
    cost: ClassVar[str] = "as warhead-ea, whose geometry and mean field it shares"
    validity: ClassVar[str] = (
        "Spearman 0.87 against triplet energies of nine aromatics and dienes of up to ten heavy "
        "atoms (HF gap 0.63), 0.9-1.5 eV too high"
    )

    stages: ClassVar[tuple[CheapStep, ...]] = (HF_GAP,)

    def sites(self, molecule: Chem.Mol) -> tuple[Site, ...]:
        """The largest conjugated system; none where there is none."""
        from simulation.molecule import canonical

        ordered = canonical(molecule)
        system = largest(ordered, lone_pairs=LONE_PAIRS)
        return () if system is None else (Site(named(ordered, system), system.atoms),)

    def score(self, work: Workup) -> Score:
        """Compute the gap.

        Raises:
            InputError: no pi system, or a molecule outside the methods.
            ConvergenceError: no geometry, mean field or active space, or the
                solver did not converge.
            ResourceError: a limit of time or memory was reached.
            StochasticError: no conformer was found with this seed.
        """
        from simulation.casci import excited_singlet

        solver = find(work.settings)
        field, geometry = work.field, work.geometry
        with work.clock.step("activespace"):
            found = chromophore(
                work.molecule, geometry, field, lone_pairs=LONE_PAIRS, recipe=self.name
            )
        sectors = found.sectors
        with work.clock.step("solver"):
            gap = difference(
                found.hamiltonian, sectors.neutral, sectors.triplet, solver, seed=work.seed
            )
        flags = [*geometry.flags, *field.flags, *charge_flags(geometry)]
        baselines = {}
        try:
            excited = excited_singlet(found.hamiltonian, *sectors.neutral)
        except ConvergenceError as error:
            flags.append(f"no first excited singlet: {error.message}")
        else:
            baselines["casci_s1"] = Baseline(
                (excited - gap.solutions[0].casci_energy) * HARTREE_EV,
                "eV",
                "CASCI, first excited pi singlet",
            )
        site = SiteScore(
            name=found.name,
            atoms=found.system.atoms,
            value=gap.value * HARTREE_EV,
            casci_value=gap.casci_value * HARTREE_EV,
            casci_deviation_mha=gap.deviation_mha,
            ionisation_potential=None,
            active_space=found.record,
            solutions=gap.solutions,
        )
        pi = found.space.energies[found.space.occupied - 1 : found.space.occupied + 1]
        sampled = gap.standard_error
        flags += [f"{site.name}: {doubt}" for doubt in found.flags]
        flags += solver_flags(site.name, gap.solutions, gap.deviation_mha)
        if work.molecule.HasSubstructMatch(Chem.MolFromSmarts("[#6]=[OX1,SX1]")):
            flags.append("an n-pi* triplet may lie lower: the space holds pi orbitals only")
        return Score(
            smiles=work.smiles,
            inchikey=work.inchikey,
            recipe=self.name,
            value=site.value,
            unit=self.unit,
            solver=work.settings.solver,
            backend=work.settings.backend,
            casci_value=site.casci_value,
            casci_deviation_mha=site.casci_deviation_mha,
            baselines={
                "hf_gap": hf_gap(field),
                "hf_pi_gap": Baseline(
                    float(pi[1] - pi[0]) * HARTREE_EV, "eV", f"{field.method} gap of the pi space"
                ),
            }
            | baselines,
            active_space=found.record,
            sites=(site,),
            conformers=geometry.conformers,
            provenance=provenance(work, field, {"solver": all(s.converged for s in gap.solutions)}),
            flags=tuple(flags),
            standard_error=None if sampled is None else sampled * HARTREE_EV,
        )


RECIPE = PhotoSTGap()
