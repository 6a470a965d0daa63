"""The geometry of a molecule: the lowest of its GFN2-xTB optimised conformers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem
from scipy.constants import calorie, physical_constants

from simulation import conformers
from simulation.errors import ConvergenceError
from simulation.modelhessian import lindh
from simulation.molecule import unassigned_stereo
from simulation.score import ConformerRecord
from simulation.settings import SimulationSettings
from simulation.xtb import BOHR, GFN2, relax

HARTREE_EV = physical_constants["Hartree energy in eV"][0]
HARTREE_KCAL = (
    physical_constants["Hartree energy"][0] * physical_constants["Avogadro constant"][0]
) / (1000 * calorie)


@dataclass(frozen=True)
class Geometry:
    """A molecule in space.

    The heavy atoms come first, in the order of the canonical SMILES.
    """

    molecule: Chem.Mol  # with hydrogens, without conformers
    symbols: tuple[str, ...]
    coordinates: NDArray[np.float64]  # shape: (natoms, 3), Angstrom
    charge: int
    energy: float  # Hartree, GFN2-xTB
    lumo: float  # eV, GFN2-xTB
    method: str  # e.g. "GFN2-xTB ALPB(water)"
    conformers: ConformerRecord
    flags: tuple[str, ...] = ()

    def to_xyz(self, comment: str = "") -> str:
        """XYZ text, Angstrom."""
        lines = [str(len(self.symbols)), comment]
        lines += [
            f"{symbol:2s} {x:14.8f} {y:14.8f} {z:14.8f}"
            for symbol, (x, y, z) in zip(self.symbols, self.coordinates, strict=True)
        ]
        return "\n".join(lines) + "\n"


def embed(molecule: Chem.Mol, settings: SimulationSettings, *, seed: int) -> Chem.Mol:
    """Conformers of a parsed molecule; see ``simulation.conformers.embed``."""
    return conformers.embed(molecule, settings, seed=seed)


def optimise(embedded: Chem.Mol, settings: SimulationSettings) -> Geometry:
    """Optimise every conformer with GFN2-xTB and keep the lowest.

    A conformer whose optimisation fails, or that ends with other bonds than the
    input (a proton transferred, a ring closed), is left out and counted.

    Args:
        embedded: a molecule with hydrogens and conformers, from ``embed``.
        settings: ``conformers`` (for the record) and ``solvent``.

    Raises:
        InputError: the solvent is unknown.
        ConvergenceError: no conformer is left.
    """
    numbers = np.array([a.GetAtomicNum() for a in embedded.GetAtoms()])
    bonds = [(b.GetBeginAtomIdx(), b.GetEndAtomIdx()) for b in embedded.GetBonds()]
    charge = Chem.GetFormalCharge(embedded)
    method = "GFN2-xTB" + (f" ALPB({settings.solvent})" if settings.solvent else "")

    energies: list[float] = []
    lumos: list[float] = []
    places: list[NDArray[np.float64]] = []
    unconverged = rebonded = 0
    for conformer in embedded.GetConformers():
        start = conformer.GetPositions() / BOHR
        calculator = GFN2(numbers, start, charge=charge, solvent=settings.solvent)
        try:
            end = relax(calculator, start, lindh(numbers, start, bonds))
            calculator(end.positions)
        except ConvergenceError:
            unconverged += 1
            continue
        if not end.converged:
            unconverged += 1
        elif not conformers.keeps_bonds(embedded, end.positions * BOHR):
            rebonded += 1
        else:
            energies.append(end.energy)
            lumos.append(calculator.lumo())
            places.append(end.positions * BOHR)

    embedded_count = embedded.GetNumConformers()
    if not energies:
        raise ConvergenceError(
            "geometry",
            f"none of {embedded_count} conformers gave a geometry: {unconverged} GFN2-xTB "
            f"optimisations did not converge, {rebonded} ended with other bonds than the input",
        )
    relative = (np.array(energies) - min(energies)) * HARTREE_KCAL
    kept = conformers.distinct(embedded, relative, np.array(places))
    lowest = kept[0]
    skeleton = Chem.Mol(embedded)
    skeleton.RemoveAllConformers()
    return Geometry(
        molecule=skeleton,
        symbols=tuple(a.GetSymbol() for a in embedded.GetAtoms()),
        coordinates=places[lowest],
        charge=charge,
        energy=energies[lowest],
        lumo=lumos[lowest] * HARTREE_EV,
        method=method,
        conformers=ConformerRecord(
            requested=settings.conformers,
            embedded=embedded_count,
            optimised=len(energies) + rebonded,
            distinct=len(kept),
            spread=float(relative.max()),
            method=f"ETKDGv3 / {method}",
        ),
        flags=_flags(embedded, embedded_count, unconverged, rebonded),
    )


def _flags(embedded: Chem.Mol, count: int, unconverged: int, rebonded: int) -> tuple[str, ...]:
    flags = []
    if unconverged:
        flags.append(f"{unconverged} of {count} GFN2-xTB optimisations did not converge")
    if rebonded:
        flags.append(f"{rebonded} of {count} conformers rebonded on optimisation and were left out")
    stereo = unassigned_stereo(Chem.RemoveHs(embedded))
    if stereo:
        flags.append(f"stereo not given at {', '.join(stereo)}: the lowest conformer's was taken")
    return tuple(flags)
