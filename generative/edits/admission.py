"""What an edited molecule must be before it is taken as one."""

from __future__ import annotations

from dataclasses import dataclass

from rdkit import Chem

# Rings that an edit may make whatever the parents have.
USUAL_RINGS = frozenset({5, 6, 7})
# A cumulated or triple bond in a ring, a double bond in a small one.
_STRAINED = Chem.MolFromSmarts("[$([#6](@=*)@=*),$(*@#*),$([r3]@=[r3]),$([r4;!a]@=[r4;!a])]")
# Bonds no drug has: between oxygens, of a halogen to N, O or S, hydrogen on S(IV), S(VI) or P.
_UNSTABLE = Chem.MolFromSmarts(
    "[$([OX2]-[OX2]),$([F,Cl,Br,I]~[#7,#8,#16]),$([#16;v4,v5,v6;!H0]),$([#15;!H0])]"
)
# What would not stay as it is drawn, or is not what a chemist would make: conjugated dienes
# that are not aromatic (all carbon, or in a ring), enols and imidic acids, two OH or NH2
# at one carbon.
_UNSETTLED = tuple(
    Chem.MolFromSmarts(pattern)
    for pattern in (
        "[#6;!a]=[#6;!a]-[#6;!a]=[#6;!a]",
        "[#6,#7;!a]=@[#6,#7;!a]-@[#6,#7;!a]=@[#6,#7;!a]",
        "[OX2H][#6;!a]=[#6,#7;!a]",
        "[OX2H,NX3H2][CX4][OX2H,NX3H2]",
    )
)


@dataclass(frozen=True)
class Limits:
    """Limits that every offspring meets."""

    min_heavy_atoms: int = 4
    max_heavy_atoms: int = 60
    max_ring_size: int | None = None  # on top of: 5, 6, 7, and sizes that the parents have
    settled: bool = False  # refuse enols, dienes that are not aromatic, and their like


def admitted(
    mol: Chem.RWMol, limits: Limits, ring_sizes: frozenset[int], charges: set[int]
) -> Chem.Mol | None:
    """The edited molecule, sanitised; None where it is not a sensible one.

    Args:
        mol: Kekulé, unsanitised; it is changed.
        limits: of size and rings.
        ring_sizes: allowed beside the usual ones.
        charges: net charges that it may have.
    """
    if not limits.min_heavy_atoms <= mol.GetNumAtoms() <= limits.max_heavy_atoms:
        return None
    if Chem.GetFormalCharge(mol) not in charges:
        return None
    if Chem.SanitizeMol(mol, catchErrors=True) != Chem.SanitizeFlags.SANITIZE_NONE:
        return None
    for ring in mol.GetRingInfo().AtomRings():
        size = len(ring)
        if size not in USUAL_RINGS and size not in ring_sizes:
            return None
        if limits.max_ring_size is not None and size > limits.max_ring_size:
            return None
    if mol.HasSubstructMatch(_STRAINED) or mol.HasSubstructMatch(_UNSTABLE):
        return None
    if limits.settled and any(mol.HasSubstructMatch(pattern) for pattern in _UNSETTLED):
        return None
    return mol


def written(mol: Chem.Mol) -> tuple[str, Chem.Mol] | None:
    """Canonical SMILES and the molecule it is read as; None where it is in pieces."""
    Chem.SetDoubleBondNeighborDirections(mol)
    Chem.AssignStereochemistry(mol, cleanIt=True, force=True)
    smiles = Chem.MolToSmiles(mol)
    if "." in smiles:
        return None
    again = Chem.MolFromSmiles(smiles)
    if again is None:
        return None
    return Chem.MolToSmiles(again), again
