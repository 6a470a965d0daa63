"""``tautomer-de``: energy of a tautomer against the best of the others, in water."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rdkit import Chem

from simulation import balance
from simulation.atomicunits import HARTREE_KCAL
from simulation.errors import ConvergenceError, InputError
from simulation.recipes.account import provenance
from simulation.recipes.chromophore import ChromophoreSpace, chromophore
from simulation.recipes.pispace import solver_flags
from simulation.recipes.recipe import Better, Site
from simulation.score import ActiveSpaceRecord, Baseline, Score, SiteScore, SolverRecord
from simulation.solver import difference_error, find, records
from simulation.workup import Workup

if TYPE_CHECKING:  # pyscf is loaded when a molecule is scored
    from simulation.meanfield import MeanField

MOST = 6  # tautomers looked at with GFN2-xTB
LONE_PAIRS = True  # the hydrogen that moves makes a lone pair of the one a pi electron of the other


@dataclass(frozen=True)
class TautomerDE:
    """E(given) - E(other), other being the tautomer that GFN2-xTB finds lowest."""

    name: ClassVar[str] = "tautomer-de"
    unit: ClassVar[str] = "kcal/mol"
    better: ClassVar[Better] = "lower"
    summary: ClassVar[str] = (
        "energy of the given tautomer less that of the most stable other one, in water; "
        "negative: the given form dominates"
    )
    method: ClassVar[str] = (
        "RDKit's tautomers, ranked by GFN2-xTB/ALPB(water); DF-RHF/6-31G* in ddCOSMO water and "
        "the pi spaces of both (lone pairs included), same electrons in as many orbitals, at "
        "most (8e,8o), by the chosen solver, CASCI beside them; where the pi systems do not "
        "correspond no space is correlated and Hartree-Fock stands alone, flagged"
    )
    applies_to: ClassVar[tuple[str, ...]] = (
        "[N,n,O,o,S;!H0]-,:[C,c]=,:[N,n,C,c,O,S]",
        "[C;!H0]-[C]=[O,N,S]",
        "[n;H1]:c",
    )
    cost: ClassVar[str] = "a GFN2 search for each of up to six tautomers, two mean fields in water"
    validity: ClassVar[str] = (
        "six tautomeric equilibria in water: all signs right, mean error 3.6 kcal/mol (HF 3.0, "
        "GFN2 2.5 with one wrong sign); take the sign where the three agree"
    )

    def sites(self, molecule: Chem.Mol) -> tuple[Site, ...]:
        """One site, named by the number of tautomers; none without another tautomer."""
        from simulation.molecule import canonical
        from simulation.tautomers import others

        ordered = canonical(molecule)
        count = len(others(ordered))
        atoms = tuple(range(ordered.GetNumAtoms()))
        return (Site(f"{count} other tautomers", atoms),) if count else ()

    def score(self, work: Workup) -> Score:
        """Compare a molecule with its most stable other tautomer.

        Raises:
            InputError: no other tautomer, or a molecule outside the methods.
            ConvergenceError: no geometry or mean field, or the solver did not
                converge.
            ResourceError: a limit of time or memory was reached.
            StochasticError: no conformer was found with this seed.
        """
        from simulation.meanfield import check_basis, solve
        from simulation.tautomers import others

        solver = find(work.settings)
        known = others(work.molecule)
        if not known:
            raise InputError("recipe", "no other tautomer; tautomer-de needs a mobile hydrogen")
        check_basis(work.molecule, work.settings.basis)
        geometry = work.geometry
        flags = [*geometry.flags]
        if len(known) > MOST:
            flags.append(
                f"{len(known)} other tautomers; the {MOST} that RDKit scores best were looked at"
            )
        found, failures = [], []
        for smiles in known[:MOST]:
            species = work.species(smiles, name="other tautomer")
            try:
                found.append((species.geometry.energy, smiles, species))
            except ConvergenceError as error:
                failures.append(ConvergenceError(error.step, f"{smiles}: {error.message}"))
        if not found:
            raise failures[0]
        flags += [f"not compared: {error.message}" for error in failures]
        other = min(found, key=lambda entry: entry[:2])[2]
        with work.clock.step("meanfield in water"):
            fields = tuple(
                solve(species.geometry, work.settings, solvent=True, checkpoint=work.checkpoint)
                for species in (work, other)
            )
        flags += fields[0].flags
        plain = (fields[0].energy - fields[1].energy) * HARTREE_KCAL
        spaces: tuple[ChromophoreSpace, ...] | None
        try:
            with work.clock.step("activespace"):
                spaces = _corresponding((work, other), fields)
        except (InputError, ConvergenceError) as error:
            spaces = None
            flags.append(f"Hartree-Fock alone: {error.message}")
        solved: tuple[SolverRecord, ...] = ()
        record: ActiveSpaceRecord | None = None
        value, exact, deviation = plain, None, None
        if spaces is not None:
            with work.clock.step("solver"):
                solved = tuple(
                    records(
                        solver, space.hamiltonian, (space.sectors.neutral,), seed=work.seed + place
                    )[0]
                    for place, space in enumerate(spaces)
                )
            record = spaces[0].record
            difference = solved[0].energy - solved[1].energy
            exact_difference = solved[0].casci_energy - solved[1].casci_energy
            value, exact = difference * HARTREE_KCAL, exact_difference * HARTREE_KCAL
            deviation = (difference - exact_difference) * 1000
            flags += solver_flags("pi space", solved, deviation)
            flags += [f"{s.name}: {doubt}" for s in spaces for doubt in s.flags]
        site = SiteScore(
            name=f"against {other.smiles}",
            atoms=tuple(range(work.molecule.GetNumAtoms())),
            value=value,
            casci_value=exact,
            casci_deviation_mha=deviation,
            ionisation_potential=None,
            active_space=record,
            solutions=solved,
        )
        error_of = difference_error(solved) if solved else None
        return Score(
            smiles=work.smiles,
            inchikey=work.inchikey,
            recipe=self.name,
            value=value,
            unit=self.unit,
            solver=work.settings.solver if solved else "none",
            backend=work.settings.backend,
            casci_value=exact,
            casci_deviation_mha=deviation,
            baselines={
                "hf": Baseline(plain, self.unit, fields[0].method),
                "gfn2": Baseline(
                    (geometry.energy - other.geometry.energy) * HARTREE_KCAL,
                    self.unit,
                    geometry.method,
                ),
            },
            active_space=record,
            sites=(site,),
            conformers=geometry.conformers,
            provenance=provenance(work, fields[0], {"solver": all(s.converged for s in solved)}),
            flags=tuple(flags),
            standard_error=None if error_of is None else error_of * HARTREE_KCAL,
            species=(other.record(),),
        )


def _corresponding(
    species: tuple[Workup, Workup], fields: tuple[MeanField, ...]
) -> tuple[ChromophoreSpace, ...]:
    """The pi spaces of both tautomers, on the same elements with the same electrons.

    Raises:
        InputError: they are not balanced; says the count of both.
    """
    spaces = tuple(
        chromophore(
            work.molecule, work.geometry, field, lone_pairs=LONE_PAIRS, recipe="tautomer-de"
        )
        for work, field in zip(species, fields, strict=True)
    )
    sides = []
    for name, work, space in zip(("given", "other"), species, spaces, strict=True):
        electrons, orbitals = space.system.electrons, space.system.orbitals
        # atoms are numbered anew in every tautomer: elements are what both sides share
        labels = tuple(
            f"{work.molecule.GetAtomWithIdx(i).GetSymbol()} pi" for i in space.system.atoms
        )
        sides.append(
            balance.Side(name, (balance.Correlated(work.smiles, electrons, orbitals, labels),))
        )
    balance.check(*sides)
    windows = [
        balance.Side(
            name,
            (balance.Correlated(work.smiles, space.space.electrons, space.hamiltonian.norb),),
        )
        for name, work, space in zip(("given", "other"), species, spaces, strict=True)
    ]
    balance.check(*windows)
    return spaces


RECIPE = TautomerDE()
