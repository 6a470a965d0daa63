"""``ch-bde``: C-H bond dissociation enthalpies, every site ranked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rdkit import Chem

from simulation.atomicunits import HARTREE_KCAL
from simulation.errors import ConvergenceError, InputError
from simulation.recipes.account import provenance
from simulation.recipes.pispace import solver_flags
from simulation.recipes.recipe import Better, Site
from simulation.score import (
    ActiveSpaceRecord,
    Baseline,
    Contribution,
    Score,
    SiteScore,
    SpeciesRecord,
)
from simulation.solver import find
from simulation.workup import Workup

if TYPE_CHECKING:  # pyscf and tblite are loaded when a molecule is scored
    from simulation.geometry import Geometry
    from simulation.hydrogenabstraction import Bond, Dissociation

# BDE(298 K) in kcal/mol, fitted by benchmarks/bond_dissociation.py: every bond from its
# GFN2-xTB dissociation energy alone, and the weakest one from that and its (2e,2o) difference.
SLOPE, INTERCEPT = 1.055848, -32.385597
GFN2_SHARE, BALANCED_SHARE, OFFSET = 0.446724, 0.787458, -30.438270


def ranked_bde(gfn2: float) -> float:
    """The enthalpy (kcal/mol) by a GFN2-xTB dissociation energy (kcal/mol) alone."""
    return SLOPE * gfn2 + INTERCEPT


def refined_bde(gfn2: float, balanced: float) -> float:
    """The enthalpy (kcal/mol) by GFN2-xTB and the (2e,2o) difference (kcal/mol)."""
    return GFN2_SHARE * gfn2 + BALANCED_SHARE * balanced + OFFSET


@dataclass(frozen=True)
class CHBDE:
    """D(C-H) of every site by GFN2-xTB; the weakest refined by a balanced (2e,2o) difference."""

    name: ClassVar[str] = "ch-bde"
    unit: ClassVar[str] = "kcal/mol"
    better: ClassVar[Better] = "lower"
    summary: ClassVar[str] = (
        "bond dissociation enthalpy of the weakest C-H bond, and of all others: where a radical, "
        "a cytochrome or oxygen takes a hydrogen atom; lower is more easily oxidised"
    )
    method: ClassVar[str] = (
        "GFN2-xTB/ALPB(water) energies of molecule and radicals (optimised from the molecule's "
        "lowest conformer), linear fit to experiment; the weakest bond by a linear fit of that and "
        "of the balanced difference R (1e,1o) + H (1e,1o) - RH (2e,2o), DF-RHF and ROHF/6-31G*"
    )
    applies_to: ClassVar[tuple[str, ...]] = ("[#6;!H0]",)
    cost: ClassVar[str] = (
        "one GFN2 optimisation a site; two mean fields, one of them open shell, for the weakest"
    )
    validity: ClassVar[str] = (
        "24 experimental C-H bonds, each left out in turn: mean error 1.5 kcal/mol, R2 0.97 "
        "(GFN2 fit alone 3.0, 0.80; GFN2 and ROHF without correlation 1.4, 0.97)"
    )

    def sites(self, molecule: Chem.Mol) -> tuple[Site, ...]:
        """The carbons that carry hydrogen; equivalent ones together."""
        from simulation.hydrogenabstraction import bonds
        from simulation.molecule import canonical

        made = Chem.AddHs(canonical(molecule))
        return tuple(Site(_name(bond), bond.carbons) for bond in bonds(made))

    def score(self, work: Workup) -> Score:
        """Rank the C-H bonds of a molecule.

        Raises:
            InputError: no C-H bond, or a molecule outside the methods.
            ConvergenceError: no geometry, radical or mean field, or the solver
                did not converge.
            ResourceError: a limit of time or memory was reached.
            StochasticError: no conformer was found with this seed.
        """
        if not work.molecule.HasSubstructMatch(Chem.MolFromSmarts(self.applies_to[0])):
            raise InputError("recipe", "no C-H bond; ch-bde ranks the C-H bonds of a molecule")
        solver = find(work.settings)

        from simulation.hydrogenabstraction import (
            bonds,
            dissociation,
            hydrogen_energy,
            radical,
        )

        geometry = work.geometry
        atom = hydrogen_energy()
        ranked: list[tuple[float, Bond, Geometry]] = []
        failures = []
        with work.clock.step("radicals"):
            for bond in bonds(geometry.molecule):
                try:
                    fragment = radical(geometry, bond, work.settings, checkpoint=work.checkpoint)
                except ConvergenceError as error:
                    failures.append(ConvergenceError(error.step, f"{_name(bond)}: {error.message}"))
                else:
                    energy = (fragment.energy + atom - geometry.energy) * HARTREE_KCAL
                    ranked.append((energy, bond, fragment))
        if not ranked:
            raise failures[0]
        ranked.sort(key=lambda entry: (entry[0], entry[1].carbon))
        weakest, bond, fragment = ranked[0]
        field = work.field
        with work.clock.step("active space and radical mean field"):
            beside = dissociation(
                field,
                geometry,
                fragment,
                bond,
                work.settings,
                solver,
                seed=work.seed,
                checkpoint=work.checkpoint,
            )
        deviation = (beside.value - beside.casci_value) / HARTREE_KCAL * 1000
        record = _record(bond, beside)
        value = refined_bde(weakest, beside.value)
        exact = refined_bde(weakest, beside.casci_value)
        sites = tuple(
            SiteScore(
                name=_name(other),
                atoms=other.carbons,
                value=value if place == 0 else ranked_bde(energy),
                casci_value=exact if place == 0 else None,
                casci_deviation_mha=deviation if place == 0 else None,
                ionisation_potential=None,
                active_space=record if place == 0 else None,
                solutions=(beside.solution,) if place == 0 else (),
            )
            for place, (energy, other, _) in enumerate(ranked)
        )
        sampled = beside.solution.standard_error
        flags = [*geometry.flags, *field.flags]
        flags += solver_flags(sites[0].name, sites[0].solutions, deviation)
        flags += [f"{sites[0].name}: {doubt}" for doubt in record.flags]
        flags += [f"not scored: {failure.message}" for failure in failures]
        return Score(
            smiles=work.smiles,
            inchikey=work.inchikey,
            recipe=self.name,
            value=sites[0].value,
            unit=self.unit,
            solver=work.settings.solver,
            backend=work.settings.backend,
            casci_value=exact,
            casci_deviation_mha=deviation,
            baselines={
                "gfn2_fit": Baseline(
                    ranked_bde(weakest), self.unit, f"{geometry.method}, linear fit"
                ),
                "gfn2": Baseline(weakest, self.unit, f"{geometry.method}, no fit"),
                "hf": Baseline(beside.mean_field, self.unit, f"{field.method} and ROHF, no fit"),
                "balanced_2e2o": Baseline(
                    beside.value, self.unit, f"(2e,2o) difference, {work.settings.solver}, no fit"
                ),
            },
            active_space=record,
            sites=sites,
            conformers=geometry.conformers,
            provenance=provenance(work, field, {"solver": beside.solution.converged}),
            flags=tuple(flags),
            standard_error=None if sampled is None else BALANCED_SHARE * sampled * HARTREE_KCAL,
            contributions=(
                Contribution(
                    "GFN2-xTB dissociation energy",
                    weakest,
                    self.unit,
                    GFN2_SHARE * weakest,
                    "classical",
                ),
                Contribution(
                    "(2e,2o) dissociation energy",
                    beside.value,
                    self.unit,
                    BALANCED_SHARE * beside.value,
                    "quantum",
                ),
                Contribution("intercept", 1.0, "", OFFSET, "classical"),
            ),
            species=(
                SpeciesRecord(
                    name=f"radical at C{bond.carbon + 1}",
                    smiles=Chem.MolToSmiles(Chem.RemoveHs(fragment.molecule)),
                    charge=fragment.charge,
                    multiplicity=2,
                    energy=fragment.energy,
                    method=fragment.method,
                    geometry=fragment.to_xyz(fragment.method),
                ),
            ),
        )


def _name(bond: Bond) -> str:
    """Carbon and hydrogens, counted from 1 in the canonical SMILES."""
    carbons = ", ".join(f"C{carbon + 1}" for carbon in bond.carbons)
    return f"{carbons} ({len(bond.hydrogens)} H)"


def _record(bond: Bond, beside: Dissociation) -> ActiveSpaceRecord:
    flags = []
    if min(beside.weights) < 0.75:
        flags.append(
            f"the bond's orbitals have only {min(beside.weights):.2f} of their weight on C and H"
        )
    return ActiveSpaceRecord(
        electrons=2,
        orbitals=2,
        atoms=(bond.carbon,),
        orbital_labels=(f"C{bond.carbon + 1} hybrid", f"H on C{bond.carbon + 1} 1s"),
        threshold=0.5,
        weights=beside.weights,
        natural_occupations=beside.occupations,
        planarity=0.0,
        triplet_energy=beside.triplet,
        flags=tuple(flags),
        natural_orbitals=beside.orbitals,
    )


RECIPE = CHBDE()
