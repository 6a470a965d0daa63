"""A molecule as the page's substructure search needs it: RDKit's view of it, nothing derived.

The page matches SMARTS patterns by itself. Rings, aromaticity, hydrogens and valences are
RDKit's, so that it finds what ``HasSubstructMatch`` finds.
"""

from __future__ import annotations

from typing import Any

from rdkit import Chem

_ORDERS = {
    Chem.BondType.SINGLE: "-",
    Chem.BondType.DOUBLE: "=",
    Chem.BondType.TRIPLE: "#",
    Chem.BondType.QUADRUPLE: "$",
    Chem.BondType.AROMATIC: ":",
}
_OTHER = "?"  # only any bond finds it


def graph(molecule: Chem.Mol) -> dict[str, Any]:
    """Atoms, bonds and rings as plain JSON types; atoms in the molecule's order.

    Args:
        molecule: sanitised, with its hydrogens implicit.

    Returns:
        ``numbers``, ``hydrogens`` (on the atom), ``connections`` (neighbours and hydrogens),
        ``valences``, ``aromatic`` (0 or 1) are of each atom; ``charges`` and ``isotopes`` are
        pairs of an atom and what is not zero; ``bonds`` holds the two atoms of each bond, and
        ``orders`` one letter for each as SMARTS writes it; ``rings`` holds the atoms of each ring
        of RDKit's symmetrised smallest set.
    """
    atoms = list(molecule.GetAtoms())
    bonds = list(molecule.GetBonds())
    return {
        "numbers": [atom.GetAtomicNum() for atom in atoms],
        "hydrogens": [atom.GetTotalNumHs(includeNeighbors=True) for atom in atoms],
        "connections": [atom.GetTotalDegree() for atom in atoms],
        "valences": [atom.GetTotalValence() for atom in atoms],
        "aromatic": [int(atom.GetIsAromatic()) for atom in atoms],
        "charges": [[a.GetIdx(), a.GetFormalCharge()] for a in atoms if a.GetFormalCharge()],
        "isotopes": [[a.GetIdx(), a.GetIsotope()] for a in atoms if a.GetIsotope()],
        "bonds": [end for b in bonds for end in (b.GetBeginAtomIdx(), b.GetEndAtomIdx())],
        "orders": "".join(_ORDERS.get(bond.GetBondType(), _OTHER) for bond in bonds),
        "rings": [list(ring) for ring in molecule.GetRingInfo().AtomRings()],
    }
