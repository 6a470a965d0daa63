"""Geometries of a molecule: its conformers, each optimised with GFN2-xTB."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem
from scipy.constants import calorie, physical_constants

from simulation import conformers
from simulation.errors import ConvergenceError, InputError
from simulation.modelhessian import lindh
from simulation.molecule import unassigned_stereo
from simulation.score import ConformerRecord
from simulation.settings import SimulationSettings
from simulation.xtb import BOHR, GFN2, relax

HARTREE_EV = physical_constants["Hartree energy in eV"][0]
HARTREE_KCAL = (
    physical_constants["Hartree energy"][0] * physical_constants["Avogadro constant"][0]
) / (1000 * calorie)

# Of 200 optimisations of acrylamides and amines 39 were still this far above the
# lowest after 16 evaluations, and none of those ended within 1.5 kcal/mol of it.
ABANDONED = 4.0  # kcal/mol
# tblite's factors on its thresholds: for the first look at a structure, and on the
# way down, where the errors (1e-4 Hartree/bohr) stay below the optimiser's tolerance.
_SCREENING, _DESCENT = 100.0, 10.0


@dataclass(frozen=True)
class Geometry:
    """A molecule in space.

    The heavy atoms come first, in the order of the molecule that was embedded
    (for a molecule read from SMILES that of its canonical SMILES).
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
    multiplicity: int = 1  # 2 S + 1

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


def optimise(
    embedded: Chem.Mol,
    settings: SimulationSettings,
    *,
    charge: int | None = None,
    multiplicity: int = 1,
) -> Geometry:
    """The lowest conformer alone; see ``optimise_all``."""
    return optimise_all(embedded, settings, charge=charge, multiplicity=multiplicity)[0]


def optimise_all(
    embedded: Chem.Mol,
    settings: SimulationSettings,
    *,
    charge: int | None = None,
    multiplicity: int = 1,
    search: str = "ETKDGv3",
) -> tuple[Geometry, ...]:
    """Optimise conformers with GFN2-xTB and keep the distinct ones, lowest first.

    One energy of every structure comes first; the ``settings.conformers`` lowest
    that differ are optimised, the lowest first. An optimisation that after a few
    steps is still ``ABANDONED`` above the best is given up. A conformer whose
    optimisation fails, or that ends with other bonds than the input (a proton
    transferred, a ring closed), is left out and counted.

    Args:
        embedded: a molecule with hydrogens and conformers, from ``embed`` or
            ``conformersearch.starts``.
        settings: ``conformers`` (how many are optimised at most) and ``solvent``.
        charge: total charge; the sum of the formal charges where None.
        multiplicity: 2 S + 1.
        search: where the structures come from, for the record.

    Raises:
        InputError: the solvent is unknown, or the electrons do not fit the multiplicity.
        ConvergenceError: no conformer is left.
    """
    numbers = np.array([a.GetAtomicNum() for a in embedded.GetAtoms()])
    bonds = [(b.GetBeginAtomIdx(), b.GetEndAtomIdx()) for b in embedded.GetBonds()]
    charge = Chem.GetFormalCharge(embedded) if charge is None else charge
    check_multiplicity(embedded, charge, multiplicity)
    method = "GFN2-xTB" + (f" ALPB({settings.solvent})" if settings.solvent else "")

    def calculator(places: NDArray[np.float64], accuracy: float = 1.0) -> GFN2:
        return GFN2(
            numbers,
            places / BOHR,
            charge=charge,
            solvent=settings.solvent,
            multiplicity=multiplicity,
            accuracy=accuracy,
        )

    starts = _screened(embedded, settings.conformers, calculator)
    energies: list[float] = []
    lumos: list[float] = []
    places: list[NDArray[np.float64]] = []
    unconverged = rebonded = abandoned = 0
    for positions in starts:
        start = positions / BOHR
        ceiling = min(energies, default=np.inf) + ABANDONED / HARTREE_KCAL
        try:
            descent = calculator(positions, _DESCENT)
            end = relax(descent, start, lindh(numbers, start, bonds), ceiling=ceiling)
            final = calculator(end.positions * BOHR)
            energy = final(end.positions)[0] if end.converged else np.inf
        except ConvergenceError:
            unconverged += 1
            continue
        if end.abandoned:
            abandoned += 1
        elif not end.converged:
            unconverged += 1
        elif not conformers.keeps_bonds(embedded, end.positions * BOHR):
            rebonded += 1
        else:
            energies.append(energy)
            lumos.append(final.lumo())
            places.append(end.positions * BOHR)

    if not energies:
        raise ConvergenceError(
            "geometry",
            f"none of {len(starts)} conformers gave a geometry: {unconverged} GFN2-xTB "
            f"optimisations did not converge, {rebonded} ended with other bonds than the input",
        )
    relative = (np.array(energies) - min(energies)) * HARTREE_KCAL
    kept = conformers.distinct(embedded, relative, np.array(places))
    skeleton = Chem.Mol(embedded)
    skeleton.RemoveAllConformers()
    symbols = tuple(a.GetSymbol() for a in embedded.GetAtoms())
    record = ConformerRecord(
        requested=settings.conformers,
        embedded=embedded.GetNumConformers(),
        optimised=len(energies) + rebonded,
        distinct=len(kept),
        spread=float(relative.max()),
        method=f"{search} / {method}",
        abandoned=abandoned,
    )
    flags = _flags(embedded, len(starts), unconverged, rebonded)
    return tuple(
        Geometry(
            molecule=skeleton,
            symbols=symbols,
            coordinates=places[index],
            charge=charge,
            energy=energies[index],
            lumo=lumos[index] * HARTREE_EV,
            method=method,
            conformers=record,
            flags=flags,
            multiplicity=multiplicity,
        )
        for index in kept
    )


def _screened(
    embedded: Chem.Mol, count: int, calculator: Callable[..., GFN2]
) -> list[NDArray[np.float64]]:
    """The lowest distinct structures by one coarse energy, Angstrom, lowest first."""
    places, energies = [], []
    for conformer in embedded.GetConformers():
        positions = np.asarray(conformer.GetPositions())
        try:
            energy, _ = calculator(positions, _SCREENING)(positions / BOHR)
        except ConvergenceError:
            energy = np.inf  # an embedded clash; the optimisation is tried last
        places.append(positions)
        energies.append(energy * HARTREE_KCAL)
    order = conformers.distinct(embedded, np.array(energies), np.array(places))
    return [places[index] for index in order[:count]]


def check_multiplicity(molecule: Chem.Mol, charge: int, multiplicity: int) -> None:
    """Refuse a multiplicity that the number of electrons cannot have.

    Args:
        molecule: with or without explicit hydrogens.
        charge: total charge.
        multiplicity: 2 S + 1.

    Raises:
        InputError: says which electrons and which multiplicity.
    """
    atoms = molecule.GetAtoms()
    protons = sum(a.GetAtomicNum() + a.GetTotalNumHs() for a in atoms)
    electrons = protons - charge
    if multiplicity < 1 or multiplicity - 1 > electrons or (electrons - multiplicity) % 2 == 0:
        raise InputError(
            "geometry",
            f"{electrons} electrons (charge {charge:+d}) cannot have the multiplicity "
            f"{multiplicity}; even numbers of electrons take 1, 3, ..., odd ones 2, 4, ...",
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
