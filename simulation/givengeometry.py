"""A molecule at a geometry that somebody else made, on its way through the same steps."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike
from rdkit import Chem

from simulation.atomicunits import BOHR, HARTREE_EV
from simulation.errors import InputError
from simulation.score import ConformerRecord
from simulation.settings import SimulationSettings
from simulation.workup import Workup

if TYPE_CHECKING:  # tblite is loaded when the molecule is computed
    from simulation.ensemble import Ensemble

TAKEN = "the geometry was given and is not optimised"


class GivenGeometry(Workup):
    """A molecule whose only conformer is given: no search, no optimisation.

    One energy of GFN2-xTB at the given places stands in for the optimised one. Other
    species that a recipe asks for (an adduct, a radical) are searched and optimised as
    ever, so that only differences within the given geometry are consistent.

    Args:
        smiles: of the molecule, canonical.
        symbols: of the atoms: the heavy ones in the order of the canonical SMILES, then
            the hydrogens in the order in which RDKit adds them.
        coordinates: Angstrom. # shape: (natoms, 3)
        settings: of the calculation.
        seed: of everything random in it.
        flag: what the score says of the geometry; "" for nothing.

    Raises:
        InputError: the SMILES cannot be read, the molecule is outside the methods, or the
            atoms are not those of the SMILES.
    """

    def __init__(
        self,
        smiles: str,
        symbols: Sequence[str],
        coordinates: ArrayLike,
        settings: SimulationSettings,
        *,
        seed: int,
        flag: str = TAKEN,
    ) -> None:
        super().__init__(smiles, settings, seed=seed)
        self._explicit = Chem.AddHs(self.molecule)
        self._symbols = tuple(symbols)
        self._places = np.asarray(coordinates, dtype=np.float64)
        self._flag = flag
        expected = tuple(atom.GetSymbol() for atom in self._explicit.GetAtoms())
        if self._symbols != expected or self._places.shape != (len(expected), 3):
            raise InputError(
                "geometry",
                f"the given atoms are not those of {smiles}, heavy atoms first: "
                f"{len(expected)} atoms ({' '.join(expected)}) are wanted",
            )
        if not np.isfinite(self._places).all():
            raise InputError("geometry", "a coordinate of the given geometry is not a number")

    @cached_property
    def ensemble(self) -> Ensemble:
        """The given conformer alone.

        Raises:
            ConvergenceError: GFN2-xTB has no energy there.
        """
        from simulation.ensemble import Ensemble
        from simulation.geometry import Geometry
        from simulation.xtb import GFN2

        numbers = np.array([atom.GetAtomicNum() for atom in self._explicit.GetAtoms()])
        solvent = self.settings.solvent
        method = "GFN2-xTB" + (f" ALPB({solvent})" if solvent else "")
        places = self._places / BOHR
        with self.clock.step("geometry"):
            calculator = GFN2(
                numbers,
                places,
                charge=self.charge,
                solvent=solvent,
                multiplicity=self.multiplicity,
                accuracy=1.0,
            )
            energy, _ = calculator(places)
        record = ConformerRecord(
            requested=0,
            embedded=0,
            optimised=0,
            distinct=1,
            spread=0.0,
            method=f"given / {method} energy",
        )
        return Ensemble(
            (
                Geometry(
                    molecule=self._explicit,
                    symbols=self._symbols,
                    coordinates=self._places,
                    charge=self.charge,
                    energy=energy,
                    lumo=calculator.lumo() * HARTREE_EV,
                    method=method,
                    conformers=record,
                    flags=(self._flag,) if self._flag else (),
                    multiplicity=self.multiplicity,
                ),
            )
        )
