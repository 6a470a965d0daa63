"""A molecule as a file gives it: a text or a drawing."""

from __future__ import annotations

from dataclasses import dataclass

from screening.failure import Failure
from screening.intake import sdf
from screening.intake.standardise import Parent, standardise, standardise_molecule


@dataclass(frozen=True)
class Structure:
    """A SMILES, a CXSMILES or a mol block, not looked at yet."""

    text: str
    is_block: bool = False

    def parent(self, max_heavy_atoms: int) -> Parent | Failure:
        """Its standard form, or why it has none."""
        if not self.is_block:
            return standardise(self.text, max_heavy_atoms=max_heavy_atoms)
        mol = sdf.molecule(self.text)
        if isinstance(mol, str):
            return Failure("input", "library", mol)
        return standardise_molecule(mol, max_heavy_atoms=max_heavy_atoms)
