"""Tautomers of a molecule, and the pi spaces in which two of them can be compared."""

from __future__ import annotations

from rdkit import Chem, rdBase
from rdkit.Chem.MolStandardize import rdMolStandardize

from simulation.molecule import canonical

MOST_TRANSFORMS = 200
MOST_TAUTOMERS = 50


def others(molecule: Chem.Mol) -> tuple[str, ...]:
    """Canonical SMILES of the molecule's other tautomers, by RDKit's rules.

    Sitzmann, Ihlenfeldt and Nicklaus, J. Comput. Aided Mol. Des. 24, 521 (2010).
    Forms that differ in stereochemistry alone, and those with charges that the
    molecule has not, are left out.

    Args:
        molecule: without explicit hydrogens.

    Returns:
        the best by RDKit's tautomer score first.
    """
    enumerator = rdMolStandardize.TautomerEnumerator()
    enumerator.SetMaxTransforms(MOST_TRANSFORMS)
    enumerator.SetMaxTautomers(MOST_TAUTOMERS)
    enumerator.SetRemoveBondStereo(False)
    enumerator.SetRemoveSp3Stereo(False)
    with rdBase.BlockLogs():
        found = {Chem.MolToSmiles(canonical(t)) for t in enumerator.Enumerate(molecule)}
    own = Chem.MolToSmiles(molecule, isomericSmiles=False)
    charges = sum(abs(a.GetFormalCharge()) for a in molecule.GetAtoms())
    kept = []
    for smiles in sorted(found):
        made = Chem.MolFromSmiles(smiles)
        same = Chem.MolToSmiles(made, isomericSmiles=False) == own
        if not same and sum(abs(a.GetFormalCharge()) for a in made.GetAtoms()) <= charges:
            kept.append(smiles)
    return tuple(
        sorted(
            kept,
            key=lambda s: (
                -rdMolStandardize.TautomerEnumerator.ScoreTautomer(Chem.MolFromSmiles(s)),
                s,
            ),
        )
    )
