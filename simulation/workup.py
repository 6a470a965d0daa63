"""What the recipes of one molecule share: conformers and mean field, computed once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from copy import copy
from functools import cached_property, wraps
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from rdkit import Chem, rdBase

from simulation.errors import InputError, SimulationError
from simulation.molecule import check, parse
from simulation.provenance import StepClock
from simulation.score import SpeciesRecord
from simulation.settings import SimulationSettings

if TYPE_CHECKING:  # pyscf and tblite are loaded when a molecule is computed
    from simulation.checkpoint import Checkpoint
    from simulation.ensemble import Ensemble
    from simulation.geometry import Geometry
    from simulation.meanfield import MeanField

Result = TypeVar("Result")


def _failing_once(step: Callable[[Workup], Result]) -> Callable[[Workup], Result]:
    """A step that raises its error again when asked again, without another attempt.

    With the same settings and seed it would fail again, at the same cost for every recipe.
    """

    @wraps(step)
    def attempt(work: Workup) -> Result:
        if step.__name__ in work._failed:
            raise copy(work._failed[step.__name__])
        try:
            return step(work)
        except SimulationError as error:
            # a copy has no traceback, which would keep every array of the step alive
            work._failed[step.__name__] = copy(error)
            raise

    return attempt


class Workup:
    """A molecule on its way through the steps; each is done when first asked for.

    A step that failed raises the same error whenever it is asked for again.

    Args:
        smiles: of the molecule.
        settings: of the calculation.
        seed: of everything random in it.
        clock: CPU time is added to it; a new one where there is none.
        checkpoint: where long steps leave how far they are and find it again; None to
            leave nothing.

    Raises:
        InputError: the SMILES cannot be read, or the molecule is outside the methods.
    """

    def __init__(
        self,
        smiles: str,
        settings: SimulationSettings,
        *,
        seed: int,
        clock: StepClock | None = None,
        checkpoint: Checkpoint | None = None,
    ) -> None:
        molecule = parse(smiles, max_heavy_atoms=settings.max_heavy_atoms)
        self._begin(molecule, settings, seed, clock or StepClock(), checkpoint)

    def _begin(
        self,
        molecule: Chem.Mol,
        settings: SimulationSettings,
        seed: int,
        clock: StepClock,
        checkpoint: Checkpoint | None,
        *,
        charge: int | None = None,
        multiplicity: int = 1,
        name: str = "",
    ) -> None:
        self.molecule = molecule
        self.settings = settings
        self.seed = seed
        self.clock = clock
        self.checkpoint = checkpoint
        self.charge: int = Chem.GetFormalCharge(molecule) if charge is None else charge
        self.multiplicity = multiplicity
        self.name = name
        self._species: dict[tuple[object, ...], Workup] = {}
        self._failed: dict[str, SimulationError] = {}  # step -> how it ended

    @cached_property
    def smiles(self) -> str:
        """Canonical."""
        return str(Chem.MolToSmiles(self.molecule))

    @cached_property
    def inchikey(self) -> str:
        """Of the molecule as it is computed."""
        with rdBase.BlockLogs():
            return str(Chem.MolToInchiKey(self.molecule))

    @cached_property
    @_failing_once
    def ensemble(self) -> Ensemble:
        """Every distinct conformer, optimised with GFN2-xTB.

        Raises:
            StochasticError: no conformer was found with this seed.
            ConvergenceError: no conformer could be optimised.
        """
        from simulation.conformersearch import starts
        from simulation.ensemble import Ensemble
        from simulation.geometry import optimise_all

        with self.clock.step("embedding"):
            found = starts(self.molecule, self.settings, seed=self.seed, checkpoint=self.checkpoint)
        with self.clock.step("geometry"):
            return Ensemble(
                optimise_all(
                    found.molecule,
                    self.settings,
                    charge=self.charge,
                    multiplicity=self.multiplicity,
                    search=found.method,
                    checkpoint=self.checkpoint,
                )
            )

    @property
    def geometry(self) -> Geometry:
        """The lowest conformer; raises what ``ensemble`` raises."""
        return self.ensemble.lowest

    @cached_property
    @_failing_once
    def field(self) -> MeanField:
        """The mean field of the lowest conformer, restricted open-shell where it has one.

        Raises:
            InputError: the basis has no functions for an element.
            ConvergenceError: no rung of the ladder converged.
        """
        from simulation.meanfield import check_basis, solve

        check_basis(self.molecule, self.settings.basis)
        geometry = self.geometry
        with self.clock.step("meanfield"):
            return solve(geometry, self.settings, checkpoint=self.checkpoint)

    def record(self, name: str | None = None) -> SpeciesRecord:
        """The species as a score reports it, with the energy of the lowest conformer.

        Args:
            name: in the place of the one it was made with.
        """
        geometry = self.geometry
        return SpeciesRecord(
            name=self.name if name is None else name,
            smiles=self.smiles,
            charge=self.charge,
            multiplicity=self.multiplicity,
            energy=geometry.energy,
            method=geometry.method,
            geometry=geometry.to_xyz(f"{self.smiles} {geometry.method}"),
        )

    def species(
        self,
        molecule: str | Chem.Mol,
        *,
        charge: int | None = None,
        multiplicity: int = 1,
        name: str = "",
    ) -> Workup:
        """Another species of the same calculation: an adduct, a tautomer, a radical, an ion.

        It has the same settings and clock, and a seed that follows from this
        one's and the species itself. Asked for again it is the same object, so
        that what was computed for one recipe serves the next.

        Args:
            molecule: SMILES, or a molecule whose atom order is kept; radicals
                are accepted.
            charge: total charge; the sum of the formal charges where None.
            multiplicity: 2 S + 1.
            name: what the score calls it, e.g. "thiolate adduct"; the first one given stays.

        Raises:
            InputError: it cannot be read, is outside the methods, or its
                electrons do not fit the multiplicity.
        """
        from simulation.geometry import check_multiplicity

        limit = self.settings.max_heavy_atoms
        if isinstance(molecule, str):
            made = parse(molecule, max_heavy_atoms=limit, open_shell=True)
        else:
            made = _sanitised(molecule)
            check(made, max_heavy_atoms=limit, open_shell=True)
        total = Chem.GetFormalCharge(made) if charge is None else charge
        check_multiplicity(made, total, multiplicity)
        smiles = Chem.MolToSmiles(made)
        order = tuple(made.GetPropsAsDict(True, True)["_smilesAtomOutputOrder"])
        key = (smiles, order, total, multiplicity)
        if key not in self._species:
            species = Workup.__new__(Workup)
            seed = _derived(self.seed, f"{smiles} {total} {multiplicity}")
            species._begin(
                made,
                self.settings,
                seed,
                self.clock,
                self.checkpoint,
                charge=total,
                multiplicity=multiplicity,
                name=name,
            )
            self._species[key] = species
        return self._species[key]

    def protonated(self, ph: float = 7.4) -> Workup:
        """The form that dominates in water at ``ph``; this one where that is it.

        Its atoms are in this one's order. See ``simulation.protonation.at_ph``.

        Args:
            ph: of the water.
        """
        from simulation.protonation import at_ph

        form = at_ph(self.molecule, ph)
        if not form.changes:
            return self
        gained = Chem.GetFormalCharge(form.molecule) - Chem.GetFormalCharge(self.molecule)
        return self.species(
            form.molecule,
            charge=self.charge + gained,
            multiplicity=self.multiplicity,
            name=f"at pH {ph:g}",
        )


def _sanitised(molecule: Chem.Mol) -> Chem.Mol:
    """A copy without explicit hydrogens, its valences and stereochemistry read anew."""
    made = Chem.Mol(molecule)
    try:
        with rdBase.BlockLogs():
            Chem.SanitizeMol(made)
            made = Chem.RemoveHs(made)
    except (Chem.MolSanitizeException, ValueError) as error:
        raise InputError("geometry", f"a species that cannot exist: {error}") from error
    for atom in made.GetAtoms():
        atom.SetAtomMapNum(0)
    made.RemoveAllConformers()
    Chem.AssignStereochemistry(made, cleanIt=True, force=True)
    return made


def _derived(seed: int, species: str) -> int:
    """A seed that depends on the parent's and on the species, not on the order of asking."""
    digest = hashlib.sha256(species.encode()).digest()
    entropy = np.random.SeedSequence([seed % 2**64, int.from_bytes(digest[:8], "big")])
    return int(entropy.generate_state(1, np.uint32)[0])
