"""What the recipes of one molecule share: geometry and mean field, computed once."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from rdkit import Chem, rdBase

from simulation.molecule import parse
from simulation.provenance import StepClock
from simulation.settings import SimulationSettings

if TYPE_CHECKING:  # pyscf and tblite are loaded when a molecule is computed
    from simulation.geometry import Geometry
    from simulation.meanfield import MeanField


class Workup:
    """A molecule on its way through the steps; each is done when first asked for.

    Args:
        smiles: of the molecule.
        settings: of the calculation.
        seed: of everything random in it.
        clock: CPU time is added to it; a new one where there is none.

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
    ) -> None:
        self.molecule: Chem.Mol = parse(smiles, max_heavy_atoms=settings.max_heavy_atoms)
        self.settings = settings
        self.seed = seed
        self.clock = clock or StepClock()

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
    def geometry(self) -> Geometry:
        """The lowest conformer.

        Raises:
            StochasticError: no conformer was found with this seed.
            ConvergenceError: no conformer could be optimised.
        """
        from simulation.geometry import embed, optimise

        with self.clock.step("embedding"):
            embedded = embed(self.molecule, self.settings, seed=self.seed)
        with self.clock.step("geometry"):
            return optimise(embedded, self.settings)

    @cached_property
    def field(self) -> MeanField:
        """The closed-shell mean field of the lowest conformer.

        Raises:
            InputError: the basis has no functions for an element.
            ConvergenceError: no rung of the ladder converged.
        """
        from simulation.meanfield import check_basis, solve

        check_basis(self.molecule, self.settings.basis)
        geometry = self.geometry
        with self.clock.step("meanfield"):
            return solve(geometry, self.settings)
