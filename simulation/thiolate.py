"""Methanethiolate at a carbon: starting geometries from the reactant's own, and their relaxation.

The remote part of a flexible molecule is in the same conformation on both
sides of the difference, so that its energy cancels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem, rdBase

from simulation.atomicunits import BOHR
from simulation.conformers import keeps_bonds
from simulation.errors import ConvergenceError
from simulation.modelhessian import lindh
from simulation.xtb import GFN2, EnergyGradient, relax

if TYPE_CHECKING:
    from simulation.workup import Workup

Vector = NDArray[np.float64]  # shape: (3,)

SMILES = "C[S-]"
ATOMS = ("S", "C", "H", "H", "H")  # of the nucleophile, in the order they are added
_SULFUR_CARBON, _CARBON_HYDROGEN = 1.82, 1.09  # Angstrom
_TETRAHEDRAL = np.deg2rad(109.5)
_CSC = np.deg2rad(101.0)
_STIFFNESS = 2.0  # Hartree/bohr^2, holds a distance to about 0.01 Angstrom


@dataclass(frozen=True)
class Restraint:
    """A distance held near a value while everything else relaxes."""

    atoms: tuple[int, int]
    distance: float  # Angstrom


def reference(work: Workup) -> float:
    """The energy of methanethiolate in a molecule's calculation, Hartree.

    Raises:
        ConvergenceError: GFN2-xTB does not settle.
    """
    # RDKit warns that its force field has no thiolate; GFN2-xTB optimises it from any start.
    with rdBase.BlockLogs():
        return work.species(SMILES, name="methanethiolate").geometry.energy


def attached(
    places: NDArray[np.float64], carbon: int, direction: Vector, distance: float, over: Vector
) -> NDArray[np.float64]:
    """Where the atoms of methanethiolate stand next to a carbon.

    Args:
        places: of the molecule, Angstrom. # shape: (natoms, 3)
        carbon: the atom attacked.
        direction: from it to the sulfur.
        distance: carbon to sulfur, Angstrom.
        over: the point that the methyl group is turned to, where it nearly always ends.

    Returns:
        S, C, H, H, H, Angstrom. # shape: (5, 3)
    """
    axis = direction / np.linalg.norm(direction)
    across = over - places[carbon]
    across = across - (across @ axis) * axis
    if float(np.linalg.norm(across)) < 1e-3:
        across = np.cross(axis, np.eye(3)[int(np.argmin(np.abs(axis)))])
    across = across / np.linalg.norm(across)
    sulfur = places[carbon] + distance * axis
    bond = np.sin(_CSC) * across - np.cos(_CSC) * axis
    methyl = sulfur + _SULFUR_CARBON * bond
    side = np.cross(bond, axis)
    side /= np.linalg.norm(side)
    hydrogens = []
    for turn in (np.pi / 3, np.pi, 5 * np.pi / 3):
        around = np.cos(turn) * np.cross(side, bond) + np.sin(turn) * side
        hydrogens.append(
            methyl
            + _CARBON_HYDROGEN * (np.sin(_TETRAHEDRAL) * around - np.cos(_TETRAHEDRAL) * bond)
        )
    return np.array([sulfur, methyl, *hydrogens])


def with_thiolate(molecule: Chem.Mol, carbon: int) -> Chem.RWMol:
    """The molecule with hydrogens, CH3S bonded to a carbon, its atoms at the end.

    Bond orders and charges are left to the caller.
    """
    edited = Chem.RWMol(molecule)
    first = edited.GetNumAtoms()
    for symbol in ATOMS:
        edited.AddAtom(Chem.Atom(symbol))
    for one, other in ((0, 1), (1, 2), (1, 3), (1, 4)):
        edited.AddBond(first + one, first + other, Chem.BondType.SINGLE)
    edited.AddBond(carbon, first, Chem.BondType.SINGLE)
    edited.ClearComputedProps()  # the adjacency matrix is cached
    return edited


@dataclass(frozen=True)
class Point:
    """One relaxed geometry."""

    energy: float  # Hartree, without the restraints
    coordinates: NDArray[np.float64]  # shape: (natoms, 3), Angstrom


def to_xyz(molecule: Chem.Mol, point: Point) -> str:
    """XYZ text, Angstrom."""
    lines = [str(molecule.GetNumAtoms()), "with methanethiolate, its atoms last"]
    lines += [
        f"{atom.GetSymbol():2s} {x:14.8f} {y:14.8f} {z:14.8f}"
        for atom, (x, y, z) in zip(molecule.GetAtoms(), point.coordinates, strict=True)
    ]
    return "\n".join(lines) + "\n"


def restrained(function: EnergyGradient, restraints: Sequence[Restraint]) -> EnergyGradient:
    """An energy with harmonic restraints added."""

    def total(positions: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        energy, gradient = function(positions)
        places, force = positions.reshape(-1, 3), gradient.copy().reshape(-1, 3)
        for restraint in restraints:
            i, j = restraint.atoms
            apart = places[i] - places[j]
            length = float(np.linalg.norm(apart))
            excess = length - restraint.distance / BOHR
            energy += 0.5 * _STIFFNESS * excess**2
            pull = _STIFFNESS * excess * apart / length
            force[i] += pull
            force[j] -= pull
        return energy, force.ravel()

    return total


def relaxed(
    molecule: Chem.Mol,
    places: NDArray[np.float64],
    *,
    charge: int,
    solvent: str | None,
    restraints: Sequence[Restraint] = (),
    bonds_must_hold: bool = True,
    max_evaluations: int = 400,
) -> Point | None:
    """Relax a geometry with GFN2-xTB; None where it does not settle or falls apart.

    Args:
        molecule: with hydrogens; its bonds are the ones that must hold.
        places: start, Angstrom. # shape: (natoms, 3)
        charge: total charge.
        solvent: ALPB solvent, or None.
        restraints: distances to hold.
        bonds_must_hold: leave a geometry out whose bonds are not the molecule's.
        max_evaluations: of energy and gradient.
    """
    numbers = np.array([a.GetAtomicNum() for a in molecule.GetAtoms()])
    start = places / BOHR
    bonds = [(b.GetBeginAtomIdx(), b.GetEndAtomIdx()) for b in molecule.GetBonds()]
    hessian = lindh(numbers, start, bonds)
    for restraint in restraints:
        i, j = restraint.atoms
        unit = start[i] - start[j]
        unit = unit / np.linalg.norm(unit)
        row = np.zeros(3 * len(numbers))
        row[3 * i : 3 * i + 3], row[3 * j : 3 * j + 3] = unit, -unit
        hessian += _STIFFNESS * np.outer(row, row)
    calculator = GFN2(numbers, start, charge=charge, solvent=solvent)
    function = restrained(calculator, restraints) if restraints else calculator
    try:
        end = relax(function, start, hessian, max_evaluations=max_evaluations)
        if not end.converged:
            return None
        energy, _ = calculator(end.positions) if restraints else (end.energy, None)
    except ConvergenceError:
        return None
    coordinates = end.positions * BOHR
    if bonds_must_hold and not keeps_bonds(molecule, coordinates):
        return None
    return Point(energy, coordinates)
