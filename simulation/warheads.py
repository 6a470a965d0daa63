"""Alpha,beta-unsaturated carbonyl groups: where they are and what they are called."""

from __future__ import annotations

from dataclasses import dataclass

from rdkit import Chem

from simulation.molecule import canonical

# Neither the alkene nor the carbonyl may belong to an aromatic ring (uracils,
# pyridones, coumarins): those add no thiol under physiological conditions.
ALKENE = "[CX3;!a:1]=[CX3;!a:2]-[CX3;!a:3]=[OX1:4]"
ALKYNE = "[CX2:1]#[CX2:2]-[CX3;!a:3]=[OX1:4]"

# The first pattern that matches at the group's atoms names it. The atoms of a
# match are beta, alpha, carbonyl carbon, oxygen, as in the patterns above.
_AMIDE = "(=[OX1])[NX3]"
_ESTER = "(=[OX1])[OX2][#6]"
_KETONE = "(=[OX1])[#6]"
_NAMES = (
    ("maleimide", "[CX3;r5]1=[CX3;r5][CX3](=[OX1])[NX3][CX3]1=[OX1]"),
    ("quinone", "[CX3;r6]1=[CX3;r6][CX3](=[OX1])[#6]=,:[#6][CX3]1=[OX1]"),
    ("propiolamide", "[CX2H1]#[CX2][CX3]" + _AMIDE),
    ("2-butynamide", "[CX2]([CX4H3])#[CX2][CX3]" + _AMIDE),
    ("alkynamide", "[CX2]#[CX2][CX3]" + _AMIDE),
    ("propiolate", "[CX2H1]#[CX2][CX3]" + _ESTER),
    ("alkynoate", "[CX2]#[CX2][CX3]" + _ESTER),
    ("ynone", "[CX2]#[CX2][CX3]" + _KETONE),
    ("2-cyanoacrylamide", "[CX3]=[CX3](C#N)[CX3]" + _AMIDE),
    ("acrylamide", "[CX3H2]=[CX3H1][CX3]" + _AMIDE),
    ("methacrylamide", "[CX3H2]=[CX3]([CX4H3])[CX3]" + _AMIDE),
    ("2-haloacrylamide", "[CX3H2]=[CX3]([F,Cl,Br,I])[CX3]" + _AMIDE),
    ("cinnamamide", "[CX3H1](c)=[CX3H1][CX3]" + _AMIDE),
    ("crotonamide", "[CX3H1]([CX4])=[CX3H1][CX3]" + _AMIDE),
    ("3,3-disubstituted acrylamide", "[CX3]([CX4])([CX4])=[CX3H1][CX3]" + _AMIDE),
    ("alpha,beta-unsaturated amide", "[CX3]=[CX3][CX3]" + _AMIDE),
    ("acrylate", "[CX3H2]=[CX3H1][CX3]" + _ESTER),
    ("methacrylate", "[CX3H2]=[CX3]([CX4H3])[CX3]" + _ESTER),
    ("cinnamate", "[CX3H1](c)=[CX3H1][CX3]" + _ESTER),
    ("crotonate", "[CX3H1]([CX4])=[CX3H1][CX3]" + _ESTER),
    ("alpha,beta-unsaturated ester", "[CX3]=[CX3][CX3]" + _ESTER),
    ("enone", "[CX3]=[CX3][CX3]" + _KETONE),
    ("enal", "[CX3]=[CX3][CX3H1]=[OX1]"),
)
GENERIC = "alpha,beta-unsaturated carbonyl"


@dataclass(frozen=True)
class Warhead:
    """One C=C-C=O (or C#C-C=O) group."""

    kind: str  # e.g. "acrylamide"
    atoms: tuple[int, int, int, int]  # beta, alpha, carbonyl carbon, oxygen; canonical indices
    alkyne: bool

    @property
    def name(self) -> str:
        """Kind and atoms, counted from 1 in the canonical SMILES."""
        beta, alpha, carbon, oxygen = (i + 1 for i in self.atoms)
        return f"{self.kind} C{beta}{'#' if self.alkyne else '='}C{alpha}-C{carbon}=O{oxygen}"


def find(molecule: Chem.Mol) -> tuple[Warhead, ...]:
    """Every pair of a carbon-carbon multiple bond and a carbonyl next to it.

    An alkene between two carbonyls (a maleimide, a fumarate) is two warheads,
    one for each: a thiol adds beta to either, and each has four orbitals of its
    own. So is a carbonyl between two alkenes. Equivalent groups are all listed,
    because a conformer may tell them apart.

    Args:
        molecule: in any atom order; indices are those of its canonical SMILES.

    Returns:
        in the order of the atoms.
    """
    ordered = canonical(molecule)
    found: dict[tuple[int, int, int, int], bool] = {}
    for smarts, alkyne in ((ALKENE, False), (ALKYNE, True)):
        pattern = Chem.MolFromSmarts(smarts)
        for match in ordered.GetSubstructMatches(pattern, uniquify=False, maxMatches=10_000):
            found[match] = alkyne
    kinds = _kinds(ordered)
    return tuple(
        Warhead(kind=kinds.get(atoms[:3], GENERIC), atoms=atoms, alkyne=found[atoms])
        for atoms in sorted(found)
    )


def _kinds(molecule: Chem.Mol) -> dict[tuple[int, ...], str]:
    """(beta, alpha, carbonyl carbon) -> name, by the first pattern that matches there."""
    kinds: dict[tuple[int, ...], str] = {}
    for name, smarts in _NAMES:
        pattern = Chem.MolFromSmarts(smarts)
        chain = _chain(pattern)
        for match in molecule.GetSubstructMatches(pattern, uniquify=False, maxMatches=10_000):
            kinds.setdefault(tuple(match[i] for i in chain), name)
    return kinds


def _chain(pattern: Chem.Mol) -> tuple[int, int, int]:
    """Where beta, alpha and the carbonyl carbon stand in a pattern of ``_NAMES``."""
    for bond in pattern.GetBonds():
        if bond.GetBeginAtomIdx() != 0:
            continue
        if bond.GetBondType() in (Chem.BondType.DOUBLE, Chem.BondType.TRIPLE):
            alpha = bond.GetEndAtomIdx()
            break
    else:
        raise ValueError("a warhead's pattern begins with the beta carbon")
    for neighbour in pattern.GetAtomWithIdx(alpha).GetNeighbors():
        index = neighbour.GetIdx()
        if index > alpha and any(
            n.GetAtomicNum() == 8
            and pattern.GetBondBetweenAtoms(index, n.GetIdx()).GetBondType() == Chem.BondType.DOUBLE
            for n in neighbour.GetNeighbors()
        ):
            return 0, alpha, index
    raise ValueError("a warhead's pattern has a carbonyl next to the alpha carbon")
