"""Geometries of records in the form in which a page draws them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem
from scipy.spatial.transform import Rotation

from screening.leadfiles import embedded
from simulation.recipes.docking import docked
from simulation.score import Score, SpeciesRecord

_LEAST_ATOMS = 3  # that make a plane
_TILT = -35.0  # degrees; of lobes above and below a plane both are to be seen
_PLACES = 3  # of a coordinate in Angstrom, after the point


def lines(geometry: str) -> list[list[str]]:
    """The atoms of an XYZ text: element and coordinates; none where there is no geometry."""
    return [line.split() for line in geometry.strip().splitlines()[2:]]


def conformer_json(score: Score) -> dict[str, Any]:
    """The geometry, with bonds where its atoms are those of the SMILES, hydrogens last.

    Bonds are in a Kekule form: whole orders, as files of molecules have them.
    """
    found = _coordinates(lines(score.provenance.geometry))
    found |= {"bonds": None, "charge": score.provenance.charge}
    molecule = docked(score) or embedded(score)
    if molecule is None:
        return found
    Chem.Kekulize(molecule, clearAromaticFlags=True)
    found["bonds"] = [
        [bond.GetBeginAtomIdx(), bond.GetEndAtomIdx(), int(bond.GetBondTypeAsDouble())]
        for bond in molecule.GetBonds()
    ]
    charges = {str(a.GetIdx()): a.GetFormalCharge() for a in molecule.GetAtoms()}
    found["charges"] = {atom: charge for atom, charge in charges.items() if charge}
    return found


def _coordinates(atoms: list[list[str]]) -> dict[str, Any]:
    return {
        "symbols": " ".join(line[0] for line in atoms),
        "xyz": [round(float(x), _PLACES) for line in atoms for x in line[1:4]],
    }


def species_json(species: SpeciesRecord) -> dict[str, Any]:
    """Another species of a difference, without bonds: its SMILES may not tell the atoms' order."""
    found = asdict(species) | _coordinates(lines(species.geometry))
    del found["geometry"]
    return found


def turn(places: NDArray[np.float64], site: Sequence[int]) -> list[float]:
    """How to turn a molecule so that its site faces the reader, a little from above.

    The normal of the plane through the site (or through all atoms, where it has fewer than
    three) points to the reader, the longest direction across it to the right.

    Args:
        places: of the heavy atoms, Angstrom. # shape: (atoms, 3)
        site: of these.

    Returns:
        unit quaternion x, y, z, w.
    """
    if len(places) < _LEAST_ATOMS:
        return [0.0, 0.0, 0.0, 1.0]
    chosen = places[list(site)] if len(site) >= _LEAST_ATOMS else places
    normal = np.linalg.svd(chosen - chosen.mean(axis=0))[2][2]
    flat = places - places.mean(axis=0)
    flat = flat - np.outer(flat @ normal, normal)
    right = np.linalg.svd(flat)[2][0]
    axes = np.array([right, np.cross(normal, right), normal])
    tilted = Rotation.from_euler("x", _TILT, degrees=True) * Rotation.from_matrix(axes)
    return [float(x) for x in tilted.as_quat()]
