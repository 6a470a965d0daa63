"""Methanethiolate displaces a halide: a point near the transition state, by GFN2-xTB."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem
from rdkit.Chem import rdMolTransforms

from simulation import thiolate
from simulation.atomicunits import HARTREE_KCAL
from simulation.errors import ConvergenceError
from simulation.geometry import Geometry
from simulation.sn2warhead import SN2Warhead
from simulation.thiolate import Point, Restraint

FORMING = 2.50  # Angstrom, S-C
BREAKING = {17: 2.25, 35: 2.40, 53: 2.60}  # Angstrom, C-halogen, by atomic number
_TURNS = (90.0, -90.0)  # degrees; the halogen across the carbonyl's plane, on either side


@dataclass(frozen=True)
class Displacement:
    """The point of lowest energy with both bonds half made."""

    energy: float  # kcal/mol, point minus lowest conformer minus thiolate
    found: tuple[float, ...]  # kcal/mol, every point that settled
    point: Point
    complex: Chem.Mol  # with hydrogens; methanethiolate's atoms last
    started: int


def displace(
    geometries: Sequence[Geometry],
    warhead: SN2Warhead,
    thiolate_energy: float,
    *,
    solvent: str | None,
) -> Displacement:
    """Hold S-C and C-halogen half way and relax everything else.

    The thiolate comes from behind the halogen, with the bond to it turned
    across the plane of the carbonyl group, on either side of it, where the pi
    system takes part in the substitution.

    Args:
        geometries: conformers, lowest first.
        warhead: its indices are the geometries'.
        thiolate_energy: of methanethiolate by the same method, Hartree.
        solvent: ALPB solvent, or None.

    Raises:
        ConvergenceError: no point settled.
    """
    halogen, carbon = warhead.halogen, warhead.carbon
    molecule = geometries[0].molecule
    breaking = BREAKING[molecule.GetAtomWithIdx(halogen).GetAtomicNum()]
    complex_ = thiolate.with_thiolate(molecule, carbon)
    sulfur = molecule.GetNumAtoms()
    restraints = (
        Restraint((carbon, sulfur), FORMING),
        Restraint((carbon, halogen), breaking),
    )
    points: list[Point] = []
    for geometry in geometries:
        for turn in _TURNS:
            places = turned(geometry, warhead, turn)
            bond = places[halogen] - places[carbon]
            bond = bond / np.linalg.norm(bond)
            places[halogen] = places[carbon] + breaking * bond
            start = thiolate.attached(places, carbon, -bond, FORMING, over=places[warhead.carbonyl])
            point = thiolate.relaxed(
                complex_,
                np.vstack([places, start]),
                charge=geometry.charge - 1,
                solvent=solvent,
                restraints=restraints,
                bonds_must_hold=False,
            )
            if point is not None:
                points.append(point)
    started = len(_TURNS) * len(geometries)
    if not points:
        raise ConvergenceError(
            "recipe", f"{warhead.name}: none of {started} points near the transition state settled"
        )
    reference = geometries[0].energy + thiolate_energy
    best = min(points, key=lambda p: p.energy)
    return Displacement(
        energy=(best.energy - reference) * HARTREE_KCAL,
        found=tuple((p.energy - reference) * HARTREE_KCAL for p in points),
        point=best,
        complex=complex_.GetMol(),
        started=started,
    )


def turned(geometry: Geometry, warhead: SN2Warhead, angle: float) -> NDArray[np.float64]:
    """The coordinates with the torsion O=C-C-halogen at ``angle`` degrees.

    Where the bond is in a ring it stays as it is. # shape: (natoms, 3), Angstrom
    """
    bond = geometry.molecule.GetBondBetweenAtoms(warhead.carbonyl, warhead.carbon)
    if bond.IsInRing():
        return geometry.coordinates.copy()
    conformer = Chem.Conformer(geometry.molecule.GetNumAtoms())
    conformer.SetPositions(np.ascontiguousarray(geometry.coordinates))
    copy = Chem.Mol(geometry.molecule)
    copy.AddConformer(conformer, assignId=True)
    rdMolTransforms.SetDihedralDeg(
        copy.GetConformer(),
        warhead.oxygen,
        warhead.carbonyl,
        warhead.carbon,
        warhead.halogen,
        angle,
    )
    return np.array(copy.GetConformer().GetPositions())


def backside_burial(geometry: Geometry, warhead: SN2Warhead) -> float:
    """Buried volume where the sulfur comes, 0..1; the freer of both turns."""
    from simulation.stericaccess import buried_volume

    numbers = np.array([a.GetAtomicNum() for a in geometry.molecule.GetAtoms()])
    values = []
    for turn in _TURNS:
        places = turned(geometry, warhead, turn)
        bond = places[warhead.halogen] - places[warhead.carbon]
        centre = places[warhead.carbon] - FORMING * bond / np.linalg.norm(bond)
        values.append(buried_volume(numbers, places, centre))
    return min(values)
