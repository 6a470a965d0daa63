"""``warhead-ea``: vertical electron affinity of an alpha,beta-unsaturated carbonyl."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rdkit import Chem

from simulation import warheads
from simulation.errors import ConvergenceError, InputError
from simulation.recipes.recipe import Site
from simulation.score import ActiveSpaceRecord, Provenance, Score, SiteScore, SolverRecord
from simulation.solver import Solver, find
from simulation.warheads import Warhead
from simulation.workup import Workup

if TYPE_CHECKING:  # pyscf and tblite are loaded when a molecule is scored
    from simulation.activespace import ActiveSpace
    from simulation.geometry import Geometry
    from simulation.hamiltonian import Hamiltonian
    from simulation.meanfield import MeanField

# (n_alpha, n_beta) of the sectors of one and the same Hamiltonian
NEUTRAL, ANION, CATION, TRIPLET = (2, 2), (3, 2), (2, 1), (3, 1)

RECOGNISED = (
    "C=C-C=O or C#C-C=O outside aromatic rings (acrylamides, crotonamides, methacrylamides, "
    "cinnamamides, cyanoacrylamides, acrylates, enones, maleimides, propiolamides)"
)
LARGE_DEVIATION = 1.6  # mHa, chemical accuracy


@dataclass(frozen=True)
class WarheadEA:
    """E(4e) - E(5e) of the warhead's four pi orbitals, both sides in the same integrals."""

    name: ClassVar[str] = "warhead-ea"
    unit: ClassVar[str] = "eV"
    summary: ClassVar[str] = (
        "vertical electron affinity of an alpha,beta-unsaturated carbonyl warhead, E(4e) - E(5e) "
        "in its localised pi space; higher (less negative) takes up an electron more readily"
    )
    method: ClassVar[str] = (
        "ETKDGv3, GFN2-xTB/ALPB(water) of every conformer; DF-RHF/6-31G*; AVAS (4e,4o) on the "
        "pi functions of C=C-C=O; energies by the chosen solver, CASCI beside them"
    )
    applies_to: ClassVar[tuple[str, ...]] = (warheads.ALKENE, warheads.ALKYNE)
    cost: ClassVar[str] = (
        "about 7 s CPU at 11 heavy atoms, minutes at 30; the mean field is nine tenths of it"
    )
    validity: ClassVar[str] = (
        "Spearman -0.75 against log glutathione half-life of 34 N-aryl acrylamides (HF LUMO 0.88, "
        "GFN2 LUMO 0.87); -0.92 without the ortho-substituted ones (0.92, 0.90)"
    )

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
        groups = warheads.find(work.molecule)
        if not groups:
            raise InputError(
                "recipe", f"no alpha,beta-unsaturated carbonyl; warhead-ea recognises {RECOGNISED}"
            )
        settings, clock = work.settings, work.clock
        solver = find(settings)

        from simulation.baselines import electrophilicity
        from simulation.provenance import versions

        field = work.field
        geometry = work.geometry

        scored: list[tuple[SiteScore, ActiveSpace]] = []
        failures: list[ConvergenceError] = []
        for group in groups:
            try:
                with clock.step("activespace"):
                    space, hamiltonian = _space(field, geometry, group)
                    record, ionised = _judged(space, hamiltonian, group)
            except ConvergenceError as error:
                failures.append(ConvergenceError(error.step, f"{group.name}: {error.message}"))
                continue
            with clock.step("solver"):
                site = _site_score(group, record, ionised, hamiltonian, solver)
            scored.append((site, space))
        if not scored:
            raise failures[0]
        scored.sort(key=lambda pair: -pair[0].value)
        sites = tuple(site for site, _ in scored)
        leading = sites[0]
        if not math.isfinite(leading.value):
            raise ConvergenceError("solver", f"{leading.name}: the energies are not finite")

        return Score(
            smiles=work.smiles,
            inchikey=work.inchikey,
            recipe=self.name,
            value=leading.value,
            unit=self.unit,
            solver=settings.solver,
            backend=settings.backend,
            casci_value=leading.casci_value,
            casci_deviation_mha=leading.casci_deviation_mha,
            baselines=electrophilicity(geometry, field, scored[0][1]),
            active_space=leading.active_space,
            sites=sites,
            conformers=geometry.conformers,
            provenance=Provenance(
                charge=geometry.charge,
                multiplicity=1,
                basis=settings.basis,
                seed=work.seed,
                settings=settings.model_dump(mode="json"),
                versions=versions(),
                timings=clock.timings,
                wall_seconds=clock.wall_seconds,
                convergence={
                    "geometry": True,
                    "meanfield": field.rung,
                    "meanfield_cycles": field.cycles,
                    "meanfield_gradient": field.gradient_norm,
                    "solver": all(s.converged for site in sites for s in site.solutions),
                },
                geometry=geometry.to_xyz(f"{work.smiles} {geometry.method}"),
            ),
            flags=_flags(geometry, sites, failures),
        )


def _space(field: MeanField, geometry: Geometry, group: Warhead) -> tuple[ActiveSpace, Hamiltonian]:
    from simulation.activespace import select
    from simulation.integrals import active_hamiltonian

    space = select(field, geometry, group.atoms)
    return space, active_hamiltonian(field, space.coefficients, active_occupied=2)


def _judged(
    space: ActiveSpace, hamiltonian: Hamiltonian, group: Warhead
) -> tuple[ActiveSpaceRecord, float]:
    """The record of a space that passed, and its ionisation potential (eV)."""
    from simulation.activespace import ELECTRONS, doubts
    from simulation.casci import CASCISolver, natural_occupations
    from simulation.geometry import HARTREE_EV

    exact = CASCISolver()
    neutral = exact.solve(hamiltonian, *NEUTRAL).energy
    triplet = (exact.solve(hamiltonian, *TRIPLET).energy - neutral) * HARTREE_EV
    ionised = (exact.solve(hamiltonian, *CATION).energy - neutral) * HARTREE_EV
    occupations = tuple(float(n) for n in natural_occupations(hamiltonian, *NEUTRAL))
    record = ActiveSpaceRecord(
        electrons=ELECTRONS,
        orbitals=hamiltonian.norb,
        atoms=group.atoms,
        orbital_labels=space.labels,
        threshold=space.threshold,
        weights=space.weights,
        natural_occupations=occupations,
        planarity=space.planarity,
        triplet_energy=triplet,
        flags=doubts(space, triplet, occupations, alkyne=group.alkyne),
    )
    return record, ionised


def check_balance(sector: tuple[int, int], other: tuple[int, int]) -> None:
    """Refuse a difference between sectors that are not one electron apart.

    Both sides of an electron affinity correlate the same orbitals; they may
    differ by the electron in question and by nothing else.

    Raises:
        ValueError: the difference is unbalanced.
    """
    changes = sorted(abs(a - b) for a, b in zip(sector, other, strict=True))
    if changes != [0, 1]:
        raise ValueError(f"unbalanced difference: {sector} and {other} electrons")


def _site_score(
    group: Warhead,
    record: ActiveSpaceRecord,
    ionised: float,
    hamiltonian: Hamiltonian,
    solver: Solver,
) -> SiteScore:
    from simulation.casci import CASCISolver
    from simulation.geometry import HARTREE_EV

    check_balance(NEUTRAL, ANION)
    exact = CASCISolver()
    solutions = []
    for n_alpha, n_beta in (NEUTRAL, ANION):
        solution = solver.solve(hamiltonian, n_alpha, n_beta)
        solutions.append(
            SolverRecord(
                sector=f"{n_alpha + n_beta}e",
                n_alpha=n_alpha,
                n_beta=n_beta,
                energy=solution.energy,
                casci_energy=exact.solve(hamiltonian, n_alpha, n_beta).energy,
                parameters=solution.parameters,
                evaluations=solution.evaluations,
                gradient_norm=solution.gradient_norm,
                converged=solution.converged,
            )
        )
    neutral, anion = solutions
    affinity = neutral.energy - anion.energy
    exact_affinity = neutral.casci_energy - anion.casci_energy
    return SiteScore(
        name=group.name,
        atoms=group.atoms,
        value=affinity * HARTREE_EV,
        casci_value=exact_affinity * HARTREE_EV,
        casci_deviation_mha=(affinity - exact_affinity) * 1000,
        ionisation_potential=ionised,
        active_space=record,
        solutions=(neutral, anion),
    )


def _flags(
    geometry: Geometry, sites: Sequence[SiteScore], failures: Sequence[ConvergenceError]
) -> tuple[str, ...]:
    flags = list(geometry.flags)
    if geometry.charge:
        flags.append(
            f"charge {geometry.charge:+d}: gas-phase energies of an ion are shifted by its charge; "
            "compare with molecules of the same charge only"
        )
    for site in sites:
        if site.active_space is not None:
            flags += [f"{site.name}: {doubt}" for doubt in site.active_space.flags]
        if site.casci_deviation_mha is not None and abs(site.casci_deviation_mha) > LARGE_DEVIATION:
            flags.append(
                f"{site.name}: the solver is {site.casci_deviation_mha:+.2f} mHa off CASCI"
            )
    flags += [f"not scored: {error.message}" for error in failures]
    return tuple(flags)


RECIPE = WarheadEA()
