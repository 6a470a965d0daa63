"""Geometries of a molecule: its conformers, each optimised with GFN2-xTB."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem

from simulation import conformers
from simulation.atomicunits import BOHR, HARTREE_EV, HARTREE_KCAL
from simulation.checkpoint import Checkpoint, StepCheckpoint
from simulation.errors import ConvergenceError, InputError
from simulation.modelhessian import lindh
from simulation.molecule import unassigned_stereo
from simulation.score import ConformerRecord
from simulation.settings import SimulationSettings
from simulation.xtb import GFN2, relax

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
    checkpoint: Checkpoint | None = None,
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
        checkpoint: where the conformers that are done are kept and found again.

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

    saved = None
    if checkpoint is not None:
        inputs = {
            "numbers": numbers.tolist(),
            "bonds": bonds,
            "charge": charge,
            "multiplicity": multiplicity,
            "conformers": settings.conformers,
            "method": method,
        }
        saved = checkpoint.step("geometry", inputs, {"embedded": _positions(embedded)})
    progress = _Progress.resumed(saved, embedded)
    if progress is None:
        progress = _Progress(_screened(embedded, settings.conformers, calculator))
    for index in progress.starts[len(progress.ends) :]:
        start = np.asarray(embedded.GetConformers()[index].GetPositions())
        progress.ends.append(_optimised(embedded, start, bonds, calculator, progress.lowest))
        progress.keep(saved)
    done = [end for end in progress.ends if end.how == _How.DONE]
    energies, lumos = [end.energy for end in done], [end.lumo for end in done]
    places = [end.places for end in done]
    unconverged, rebonded, abandoned = map(
        progress.count, (_How.UNCONVERGED, _How.REBONDED, _How.ABANDONED)
    )
    starts = progress.starts

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


def _positions(embedded: Chem.Mol) -> NDArray[np.float64]:
    """Of all conformers, Angstrom. # shape: (n, natoms, 3)"""
    return np.array([conformer.GetPositions() for conformer in embedded.GetConformers()])


def _screened(embedded: Chem.Mol, count: int, calculator: Callable[..., GFN2]) -> list[int]:
    """The lowest distinct structures by one coarse energy, lowest first, by their place."""
    places, energies = _positions(embedded), []
    for positions in places:
        try:
            energy, _ = calculator(positions, _SCREENING)(positions / BOHR)
        except ConvergenceError:
            energy = np.inf  # an embedded clash; the optimisation is tried last
        energies.append(energy * HARTREE_KCAL)
    return conformers.distinct(embedded, np.array(energies), places)[:count]


class _How(IntEnum):
    """How the optimisation of a conformer ended; the numbers are those of the files."""

    DONE = 0
    UNCONVERGED = 1
    ABANDONED = 2  # clearly above another one
    REBONDED = 3


@dataclass(frozen=True)
class _End:
    """What the optimisation of one conformer ended with; the energies are those of a done one."""

    how: _How
    places: NDArray[np.float64]  # shape: (natoms, 3), Angstrom
    energy: float = 0.0  # Hartree
    lumo: float = 0.0  # Hartree


def _optimised(
    embedded: Chem.Mol,
    start: NDArray[np.float64],
    bonds: list[tuple[int, int]],
    calculator: Callable[..., GFN2],
    lowest: float,
) -> _End:
    """One conformer's optimisation.

    Args:
        embedded: the molecule.
        start: Angstrom. # shape: (natoms, 3)
        bonds: pairs of atoms.
        calculator: of this molecule, at positions in Angstrom.
        lowest: energy of the best conformer so far, Hartree.
    """
    numbers = np.array([a.GetAtomicNum() for a in embedded.GetAtoms()])
    ceiling = lowest + ABANDONED / HARTREE_KCAL
    try:
        descent, from_here = calculator(start, _DESCENT), start / BOHR
        end = relax(descent, from_here, lindh(numbers, from_here, bonds), ceiling=ceiling)
        places = end.positions * BOHR
        final = calculator(places)
        energy = final(end.positions)[0] if end.converged else np.inf
    except ConvergenceError:
        return _End(_How.UNCONVERGED, start)
    if end.abandoned:
        return _End(_How.ABANDONED, places)
    if not end.converged:
        return _End(_How.UNCONVERGED, places)
    if not conformers.keeps_bonds(embedded, places):
        return _End(_How.REBONDED, places)
    return _End(_How.DONE, places, energy, final.lumo())


@dataclass
class _Progress:
    """The conformers of a molecule that are optimised, and those still to be."""

    starts: list[int]  # conformers of the embedded molecule, in the order of their turn
    ends: list[_End] = field(default_factory=list)  # of the first of them

    @classmethod
    def resumed(cls, saved: StepCheckpoint | None, embedded: Chem.Mol) -> _Progress | None:
        """What a checkpoint holds, None where there is none."""
        arrays = None if saved is None else saved.load()
        if saved is None or arrays is None:
            return None
        try:
            starts = [int(index) for index in arrays["starts"]]
            hows = [_How(int(how)) for how in arrays["ends"]]
            places, energies, lumos = (
                np.asarray(arrays[name], float) for name in ("places", "energies", "lumos")
            )
            most = embedded.GetNumConformers()
            if (
                not all(0 <= index < most for index in starts)
                or len(hows) > len(starts)
                or places.shape != (len(hows), embedded.GetNumAtoms(), 3)
                or energies.shape != lumos.shape
                or energies.shape != (len(hows),)
                or not all(np.isfinite(values).all() for values in (places, energies, lumos))
            ):
                raise ValueError("not the conformers of this molecule")
        except (KeyError, ValueError, TypeError) as error:
            saved.ignored(str(error))
            return None
        ends = [
            _End(how, place, float(energy), float(lumo))
            for how, place, energy, lumo in zip(hows, places, energies, lumos, strict=True)
        ]
        saved.resumed(f"after {len(ends)} of {len(starts)} conformers")
        return cls(starts, ends)

    @property
    def lowest(self) -> float:
        """Energy of the best conformer so far, Hartree; infinite before the first."""
        return min((end.energy for end in self.ends if end.how == _How.DONE), default=np.inf)

    def count(self, how: _How) -> int:
        """Conformers that ended so."""
        return sum(end.how == how for end in self.ends)

    def keep(self, saved: StepCheckpoint | None) -> None:
        """Write a checkpoint when it is time to, or at the end."""
        if saved is None:
            return
        if len(self.ends) == len(self.starts):
            saved.finish(self._arrays())
        elif saved.due():
            saved.save(self._arrays())

    def _arrays(self) -> dict[str, NDArray[Any]]:
        return {
            "starts": np.array(self.starts, np.int64),
            "ends": np.array([end.how for end in self.ends], np.int64),
            "places": np.array([end.places for end in self.ends]),
            "energies": np.array([end.energy for end in self.ends]),
            "lumos": np.array([end.lumo for end in self.ends]),
        }


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
