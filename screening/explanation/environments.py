"""Which atoms each counted substructure of a molecule stands on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from rdkit.Chem import rdFingerprintGenerator

from screening.intake.standardise import molecule
from screening.surrogate import countprints
from screening.surrogate.countprints import SIZE

Environment = tuple[tuple[int, ...], ...]  # the atoms of each occurrence


def environments(smiles: str) -> tuple[Environment, ...]:
    """The occurrences of every entry of ``countprints.row(smiles)``, in its order.

    An environment is a circle with all its atoms, a pair is its two ends, a torsion its
    four atoms. Atoms are counted in the order of the SMILES.

    Raises:
        ValueError: the SMILES is not valid, or RDKit lists an entry's atoms more or less
            often than it counts the entry.
    """
    mol = molecule(smiles)
    found: dict[int, Environment] = {}
    for kind, generator in enumerate(countprints.generators()):
        output = rdFingerprintGenerator.AdditionalOutput()
        output.AllocateAtomsPerBit()
        generator.GetCountFingerprint(mol, additionalOutput=output)
        for position, occurrences in output.GetAtomsPerBit().items():
            found[kind * SIZE + position] = tuple(
                tuple(int(atom) for atom in atoms) for atoms in occurrences
            )
    row = countprints.row(smiles)
    listed = tuple(found.get(int(column), ()) for column in row.columns)
    for column, count, occurrences in zip(row.columns, row.counts, listed, strict=True):
        if len(occurrences) != count:
            raise ValueError(
                f"{smiles}: the fingerprint {countprints.KINDS[column // SIZE]} counts a "
                f"substructure {count} times and places it {len(occurrences)} times"
            )
    return listed


def on_atoms(
    shares: NDArray[np.float64], places: Sequence[Environment], atoms: int
) -> NDArray[np.float64]:
    """Shares of substructures as shares of atoms; the sum stays.

    The occurrences of a substructure share alike, and so do the atoms of an occurrence.

    Args:
        shares: of each substructure, shape (entries,).
        places: where each stands, from ``environments``.
        atoms: heavy atoms of the molecule.

    Returns:
        shape (atoms,).
    """
    total = np.zeros(atoms)
    for share, occurrences in zip(shares, places, strict=True):
        for members in occurrences:
            part = share / len(occurrences) / len(members)
            for atom in members:
                total[atom] += part
    return total
