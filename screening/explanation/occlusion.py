"""A molecule with one atom covered at a time: replaced by a dummy atom that is no element."""

from __future__ import annotations

from rdkit import Chem

from screening.intake.standardise import molecule

COVERED = "*"


def covered(smiles: str) -> list[str]:
    """The molecule with all atoms covered, then with each atom covered alone.

    Bonds stay as they are drawn with alternating single and double ones, so that a covered
    atom takes the aromaticity of its ring only as far as the ring needs it.

    Args:
        smiles: of one molecule.

    Returns:
        1 + heavy atoms SMILES, in the order of the atoms of ``smiles``.

    Raises:
        ValueError: the SMILES is not valid.
    """
    plain = Chem.Mol(molecule(smiles))
    Chem.Kekulize(plain, clearAromaticFlags=True)
    atoms = range(plain.GetNumAtoms())
    return [_without(plain, atoms), *(_without(plain, [atom]) for atom in atoms)]


def _without(plain: Chem.Mol, atoms: range | list[int]) -> str:
    editable = Chem.RWMol(plain)
    for atom in atoms:
        editable.ReplaceAtom(atom, Chem.Atom(COVERED))
    found = editable.GetMol()
    Chem.SanitizeMol(found)
    return str(Chem.MolToSmiles(found))
