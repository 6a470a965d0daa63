"""``redox``: vertical ionisation potential and electron affinity in water."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rdkit import Chem

from simulation.atomicunits import HARTREE_EV
from simulation.baselines import gfn2_lumo, koopmans_ip
from simulation.errors import ConvergenceError, InputError
from simulation.recipes.account import provenance
from simulation.recipes.chromophore import ChromophoreSpace, chromophore, largest, named
from simulation.recipes.pispace import Difference, difference, solver_flags
from simulation.recipes.recipe import Better, Site
from simulation.recipes.stage import CheapStep
from simulation.score import Baseline, Score, SiteScore
from simulation.solver import find
from simulation.workup import Workup

if TYPE_CHECKING:  # pyscf is loaded when a molecule is scored
    from simulation.geometry import Geometry
    from simulation.meanfield import MeanField

LONE_PAIRS = True  # an aniline or a phenol is oxidised where its lone pair is


def _koopmans_ip(work: Workup) -> tuple[Baseline, MeanField]:
    from simulation.meanfield import check_basis, solve

    check_basis(work.molecule, work.settings.basis)
    geometry = work.geometry
    with work.clock.step("meanfield in water"):
        field = solve(geometry, work.settings, solvent=True, checkpoint=work.checkpoint)
    return koopmans_ip(field), field


@dataclass(frozen=True)
class Redox:
    """E(n-1) - E(n) electrons in the pi orbitals of the molecule in water; E(n) - E(n+1) beside."""

    name: ClassVar[str] = "redox"
    unit: ClassVar[str] = "eV"
    better: ClassVar[Better] = "lower"
    summary: ClassVar[str] = (
        "vertical ionisation potential of the largest pi system in water (its electron affinity "
        "beside it): lower is more easily oxidised"
    )
    method: ClassVar[str] = (
        "ETKDGv3, GFN2-xTB/ALPB(water); DF-RHF/6-31G* in ddCOSMO water, the reaction field of "
        "the neutral kept; AVAS on the pi functions and lone pairs of the largest conjugated "
        "system, at most (8e,8o) next to the gap; by the chosen solver, CASCI and Delta-SCF beside"
    )
    applies_to: ClassVar[tuple[str, ...]] = ("[C,c,N,n,O,o]=,:[C,c,N,n,O,o]",)
    cost: ClassVar[str] = "three mean fields in water, two of them open shell"
    validity: ClassVar[str] = (
        "three gas-phase ionisation energies, 0.0-0.4 eV off, too few for a rank; compare within "
        "a series only"
    )

    stages: ClassVar[tuple[CheapStep, ...]] = (
        CheapStep(
            "koopmans_ip",
            "eV",
            "lower",
            "meanfield",
            "ionisation potential in water by Koopmans' theorem",
            _koopmans_ip,
        ),
    )

    def sites(self, molecule: Chem.Mol) -> tuple[Site, ...]:
        """The largest conjugated system; none where there is none."""
        from simulation.molecule import canonical

        ordered = canonical(molecule)
        system = largest(ordered, lone_pairs=LONE_PAIRS)
        return () if system is None else (Site(named(ordered, system), system.atoms),)

    def score(self, work: Workup) -> Score:
        """Compute the ionisation potential, and the electron affinity as a second site.

        Raises:
            InputError: no pi system, or a molecule outside the methods.
            ConvergenceError: no geometry, mean field or active space, or the
                solver did not converge.
            ResourceError: a limit of time or memory was reached.
            StochasticError: no conformer was found with this seed.
        """
        from simulation.meanfield import check_basis, solve

        solver = find(work.settings)
        if not self.sites(work.molecule):
            raise InputError(
                "recipe", "no conjugated pi system; redox needs a double bond or a ring with one"
            )
        check_basis(work.molecule, work.settings.basis)
        geometry, settings = work.geometry, work.settings
        with work.clock.step("meanfield in water"):
            field = solve(geometry, settings, solvent=True, checkpoint=work.checkpoint)
            ions, missing = _ions(work)
        with work.clock.step("activespace"):
            found = chromophore(
                work.molecule, geometry, field, lone_pairs=LONE_PAIRS, recipe=self.name
            )
        sectors = found.sectors
        with work.clock.step("solver"):
            oxidised = difference(
                found.hamiltonian, sectors.neutral, sectors.cation, solver, seed=work.seed
            )
            reduced = difference(
                found.hamiltonian, sectors.neutral, sectors.anion, solver, seed=work.seed + 1
            )
        oxidation = _site(f"oxidation, {found.name}", found, oxidised, 1)
        reduction = _site(f"reduction, {found.name}", found, reduced, -1)
        error = oxidised.standard_error
        flags = [*geometry.flags, *field.flags, *missing]
        flags += [f"{found.name}: {doubt}" for doubt in found.flags]
        for site in (oxidation, reduction):
            flags += solver_flags(site.name, site.solutions, site.casci_deviation_mha or 0.0)
        return Score(
            smiles=work.smiles,
            inchikey=work.inchikey,
            recipe=self.name,
            value=oxidation.value,
            unit=self.unit,
            solver=settings.solver,
            backend=settings.backend,
            casci_value=oxidation.casci_value,
            casci_deviation_mha=oxidation.casci_deviation_mha,
            baselines=_baselines(geometry, field, ions, reduction),
            active_space=found.record,
            sites=(oxidation, reduction),
            conformers=geometry.conformers,
            provenance=provenance(
                work,
                field,
                {"solver": all(s.converged for s in oxidised.solutions + reduced.solutions)},
            ),
            flags=tuple(flags),
            standard_error=None if error is None else error * HARTREE_EV,
        )


def _ions(work: Workup) -> tuple[dict[int, MeanField], tuple[str, ...]]:
    """The vertical cation (1) and anion (-1) in water, and what to say of those without one."""
    from simulation.meanfield import solve

    geometry = work.geometry
    found, missing = {}, []
    for change, name in ((1, "cation"), (-1, "anion")):
        try:
            found[change] = solve(
                geometry,
                work.settings,
                charge=geometry.charge + change,
                multiplicity=2,
                solvent=True,
                checkpoint=work.checkpoint,
            )
        except ConvergenceError as error:
            missing.append(f"no Delta-SCF of the {name}: {error.message}")
    return found, tuple(missing)


def _site(name: str, found: ChromophoreSpace, change: Difference, sign: int) -> SiteScore:
    return SiteScore(
        name=name,
        atoms=found.system.atoms,
        value=sign * change.value * HARTREE_EV,
        casci_value=sign * change.casci_value * HARTREE_EV,
        casci_deviation_mha=sign * change.deviation_mha,
        ionisation_potential=change.casci_value * HARTREE_EV if sign > 0 else None,
        active_space=found.record,
        solutions=change.solutions,
    )


def _baselines(
    geometry: Geometry, field: MeanField, ions: dict[int, MeanField], reduction: SiteScore
) -> dict[str, Baseline]:
    found = {
        "koopmans_ip": koopmans_ip(field),
        "pi_space_ea": Baseline(reduction.value, "eV", "electron affinity in the same pi space"),
        "gfn2_lumo": gfn2_lumo(geometry),
    }
    if 1 in ions:
        found["delta_scf_ip"] = Baseline(
            (ions[1].energy - field.energy) * HARTREE_EV, "eV", f"{ions[1].method} - {field.method}"
        )
    if -1 in ions:
        found["delta_scf_ea"] = Baseline(
            (field.energy - ions[-1].energy) * HARTREE_EV,
            "eV",
            f"{field.method} - {ions[-1].method}",
        )
    return found


RECIPE = Redox()
