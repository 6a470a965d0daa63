"""Conformers: embedding, the check against the input's bonds, duplicates."""

from __future__ import annotations

from time import monotonic
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem
from rdkit.Chem import rdDistGeom, rdForceFieldHelpers, rdMolAlign

from simulation.errors import ResourceError, StochasticError
from simulation.settings import SimulationSettings

# Distances in units of the sum of covalent radii. A bond of the input may
# stretch to the first, atoms that are not bonded may come as near as the
# second: transferred protons and closed rings fall outside, hydrogen bonds,
# bicyclic cages and long C-I bonds inside.
LONGEST_BOND = 1.35
CLOSEST_CONTACT = 1.20

# Structures embedded for each that is optimised: embedding and one energy cost a
# fiftieth of an optimisation, and the lowest of many starts ends lower.
EMBEDDED_PER_OPTIMISED = 5

DUPLICATE_ENERGY = 0.1  # kcal/mol
DUPLICATE_RMSD = 0.125  # Angstrom, heavy atoms
_SYMMETRY_MATCHES = 1000  # symmetry-equivalent atom orders tried for one RMSD
_FORCE_FIELD_STEPS = 2000


def embed(
    molecule: Chem.Mol,
    settings: SimulationSettings,
    *,
    seed: int,
    per_optimised: int = EMBEDDED_PER_OPTIMISED,
) -> Chem.Mol:
    """ETKDGv3 conformers, relaxed with MMFF94 (UFF, or nothing, where it has no parameters).

    Riniker and Landrum, J. Chem. Inf. Model. 55, 2562 (2015). Where the
    distance geometry fails it is repeated from random coordinates.

    Args:
        molecule: without explicit hydrogens.
        settings: ``conformers`` and ``embed_timeout_s``.
        seed: the same seed gives the same conformers.
        per_optimised: structures embedded for each of ``settings.conformers``.

    Returns:
        the molecule with hydrogens (after the heavy atoms) and its conformers.

    Raises:
        ResourceError: the time limit was reached.
        StochasticError: no conformer was found with this seed.
    """
    hydrogenated = Chem.AddHs(molecule)
    parameters: Any = rdDistGeom.ETKDGv3()  # the stubs mistype its fields
    # RDKit multiplies the seed by the conformer's number: with 0 all would be alike.
    parameters.randomSeed = seed % (2**31 - 1) or 1
    parameters.numThreads = 1
    start = monotonic()
    for random_coordinates in (False, True):
        remaining = settings.embed_timeout_s - (monotonic() - start)
        if remaining < 1:
            break
        parameters.useRandomCoords = random_coordinates
        parameters.timeout = int(remaining)
        found = rdDistGeom.EmbedMultipleConfs(
            hydrogenated, per_optimised * settings.conformers, parameters
        )
        if len(found):
            relax_by_force_field(hydrogenated)
            return hydrogenated
    elapsed = monotonic() - start
    if elapsed > settings.embed_timeout_s - 1:
        raise ResourceError(
            "geometry",
            f"no conformer within {settings.embed_timeout_s} s; raise simulation.embed_timeout_s",
        )
    raise StochasticError(
        "geometry",
        f"no conformer with seed {seed}, from distance geometry or from random coordinates; "
        "check the stereochemistry for an impossible ring",
    )


def relax_by_force_field(molecule: Chem.Mol, *, max_steps: int = _FORCE_FIELD_STEPS) -> None:
    """Relax every conformer in place with MMFF94, or UFF, or leave it where neither has parameters.

    An end short of convergence is harmless: the conformers go on to GFN2-xTB.
    """
    if rdForceFieldHelpers.MMFFHasAllMoleculeParams(molecule):
        rdForceFieldHelpers.MMFFOptimizeMoleculeConfs(molecule, maxIters=max_steps)
    elif rdForceFieldHelpers.UFFHasAllMoleculeParams(molecule):
        rdForceFieldHelpers.UFFOptimizeMoleculeConfs(molecule, maxIters=max_steps)


def keeps_bonds(molecule: Chem.Mol, coordinates: NDArray[np.float64]) -> bool:
    """Whether the atoms at these places are bonded as in the input.

    Args:
        molecule: with hydrogens.
        coordinates: Angstrom. # shape: (natoms, 3)
    """
    table = Chem.GetPeriodicTable()
    radii = np.array([table.GetRcovalent(a.GetAtomicNum()) for a in molecule.GetAtoms()])
    distances = np.linalg.norm(coordinates[:, None] - coordinates[None], axis=-1)
    ratio = distances / (radii[:, None] + radii[None])
    # an edited molecule still has the matrix of before: force takes it anew
    bonded = np.array(Chem.GetAdjacencyMatrix(molecule, force=True), dtype=bool)
    apart = ~bonded & ~np.eye(len(radii), dtype=bool)
    return bool((ratio[bonded] < LONGEST_BOND).all() and (ratio[apart] > CLOSEST_CONTACT).all())


def distinct(
    molecule: Chem.Mol, energies: NDArray[np.float64], coordinates: NDArray[np.float64]
) -> list[int]:
    """Indices of the conformers that are left without duplicates, lowest energy first.

    Two are the same when their energies agree to ``DUPLICATE_ENERGY`` and their
    heavy atoms, superimposed over every symmetry, to ``DUPLICATE_RMSD``.

    Args:
        molecule: with hydrogens.
        energies: kcal/mol. # shape: (n,)
        coordinates: Angstrom. # shape: (n, natoms, 3)
    """
    skeletons = []
    for places in coordinates:
        copy = Chem.Mol(molecule)
        copy.RemoveAllConformers()
        conformer = Chem.Conformer(copy.GetNumAtoms())
        conformer.SetPositions(np.ascontiguousarray(places))
        copy.AddConformer(conformer)
        skeletons.append(Chem.RemoveHs(copy, sanitize=False))
    kept: list[int] = []
    for index in (int(i) for i in np.argsort(energies, kind="stable")):
        for other in reversed(kept):
            if energies[index] - energies[other] > DUPLICATE_ENERGY:
                continue
            if _rmsd(skeletons[index], skeletons[other]) < DUPLICATE_RMSD:
                break
        else:
            kept.append(index)
    return kept


def _rmsd(one: Chem.Mol, other: Chem.Mol) -> float:
    if one.GetNumAtoms() < 2:
        return 0.0
    return rdMolAlign.GetBestRMS(Chem.Mol(one), other, maxMatches=_SYMMETRY_MATCHES)
