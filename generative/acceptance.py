"""Whether an edited molecule keeps the scaffold and meets the constraints of its call.

What a prior grows on a scaffold keeps it by construction; what is edited is looked at.
"""

from __future__ import annotations

from collections.abc import Callable

from rdkit import Chem

from generative import motifs
from generative.constraints import Constraints


def acceptance(scaffold: str | None, constraints: Constraints | None) -> Callable[[Chem.Mol], bool]:
    """The test of a molecule.

    Args:
        scaffold: SMILES that is kept; where it marks attachment points nothing hangs on
            its other atoms.
        constraints: what a molecule must and must not be.

    Raises:
        ValueError: the scaffold or a constraint is not valid.
    """
    required = (constraints or Constraints()).read()
    kept = None if scaffold is None else _query(scaffold)

    def accepts(mol: Chem.Mol) -> bool:
        if kept is not None and not mol.HasSubstructMatch(kept, useChirality=True):
            return False
        return required.met(mol)

    return accepts


def _query(scaffold: str) -> Chem.Mol:
    mol = motifs.parse(scaffold)
    marked = False
    for atom in mol.GetAtoms():
        atom.SetAtomMapNum(0)
        if atom.GetAtomicNum() == 0:
            atom.SetIsotope(0)
            marked = True
    parameters = Chem.AdjustQueryParameters.NoAdjustments()
    parameters.makeDummiesQueries = True  # type: ignore[assignment]
    if marked:
        parameters.adjustDegree = True  # type: ignore[assignment]
        parameters.adjustDegreeFlags = Chem.AdjustQueryWhichFlags.ADJUST_IGNOREDUMMIES
    return Chem.AdjustQueryProperties(mol, parameters)
