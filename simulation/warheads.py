"""Electrophilic multiple bonds: where they are, what they are called, which pi space is theirs.

A carbonyl or nitrile on the alpha carbon is conjugated with the multiple bond
and belongs to its pi system (four functions). A sulfonyl group has no pi
function: its S-O antibonding orbitals mix into the pi* of the multiple bond,
whose two functions are the space. A multiple bond with a carbonyl and a nitrile
(a 2-cyanoacrylamide) is taken with the carbonyl.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from rdkit import Chem

from simulation.molecule import canonical

# Neither the alkene nor the carbonyl may belong to an aromatic ring (uracils,
# pyridones, coumarins): those add no thiol under physiological conditions.
ALKENE = "[CX3;!a:1]=[CX3;!a:2]-[CX3;!a:3]=[OX1:4]"
ALKYNE = "[CX2:1]#[CX2:2]-[CX3;!a:3]=[OX1:4]"
SULFONYL_ALKENE = "[CX3;!a:1]=[CX3;!a:2]-[SX4:3](=[OX1])=[OX1]"
SULFONYL_ALKYNE = "[CX2:1]#[CX2:2]-[SX4:3](=[OX1])=[OX1]"
NITRILE_ALKENE = "[CX3;!a:1]=[CX3;!a:2]-[CX2:3]#[NX1:4]"

Family = Literal["carbonyl", "sulfonyl", "nitrile"]

_PATTERNS: tuple[tuple[str, Family, bool, int], ...] = (  # SMARTS, family, alkyne, atoms kept
    (ALKENE, "carbonyl", False, 4),
    (ALKYNE, "carbonyl", True, 4),
    (SULFONYL_ALKENE, "sulfonyl", False, 3),
    (SULFONYL_ALKYNE, "sulfonyl", True, 3),
    (NITRILE_ALKENE, "nitrile", False, 4),
)
SMARTS = tuple(pattern for pattern, *_ in _PATTERNS)

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


# What a sulfonyl or nitrile on the multiple bond makes of it; the first that matches names it.
_OTHER_NAMES = (
    ("vinyl sulfonamide", "[CX3:1]=[CX3:2][SX4](=O)(=O)[#7]"),
    ("vinyl sulfone", "[CX3:1]=[CX3:2][SX4](=O)(=O)[#6]"),
    ("vinyl sulfonate", "[CX3:1]=[CX3:2][SX4](=O)(=O)[#8]"),
    ("alkynyl sulfone", "[CX2:1]#[CX2:2][SX4](=O)(=O)[#6]"),
    ("acrylonitrile", "[CX3:1]=[CX3:2][CX2]#N"),
)
_GENERICS: dict[Family, str] = {
    "carbonyl": GENERIC,
    "sulfonyl": "alpha,beta-unsaturated sulfonyl",
    "nitrile": "alpha,beta-unsaturated nitrile",
}

# Vertical triplet energies (eV) in the group's own space of planar groups that are
# the intended ones; docs/recipes/warhead-st.md shows them.
_TRIPLETS: dict[tuple[Family, bool], tuple[float, float]] = {
    ("carbonyl", False): (4.2, 6.0),
    ("carbonyl", True): (5.3, 7.2),
    ("sulfonyl", False): (5.2, 6.6),  # two functions: no conjugation lowers it
    ("sulfonyl", True): (6.0, 8.4),
    ("nitrile", False): (4.2, 6.0),
}


@dataclass(frozen=True)
class Warhead:
    """One multiple bond and the group that activates it."""

    kind: str  # e.g. "acrylamide"
    # beta, alpha, then carbonyl carbon and oxygen, nitrile carbon and nitrogen, or sulfur;
    # canonical indices
    atoms: tuple[int, ...]
    alkyne: bool
    family: Family = "carbonyl"

    @property
    def name(self) -> str:
        """Kind and atoms, counted from 1 in the canonical SMILES."""
        beta, alpha, *activator = (i + 1 for i in self.atoms)
        bond = f"{self.kind} C{beta}{'#' if self.alkyne else '='}C{alpha}"
        if self.family == "sulfonyl":
            return f"{bond}-S{activator[0]}"
        ends = "=O" if self.family == "carbonyl" else "#N"
        return f"{bond}-C{activator[0]}{ends}{activator[1]}"

    @property
    def pi_atoms(self) -> tuple[int, ...]:
        """The atoms whose pi functions make the space; beta and alpha first."""
        return self.atoms[:2] if self.family == "sulfonyl" else self.atoms

    @property
    def triplet_window(self) -> tuple[float, float]:
        """Between which vertical triplet energies (eV) the space is the intended one."""
        return _TRIPLETS[self.family, self.alkyne]


def find(molecule: Chem.Mol) -> tuple[Warhead, ...]:
    """Every pair of a carbon-carbon multiple bond and an activating group next to it.

    An alkene between two carbonyls (a maleimide, a fumarate) is two warheads,
    one for each: a thiol adds beta to either, and each has four orbitals of its
    own. So is a carbonyl between two alkenes. Equivalent groups are all listed,
    because a conformer may tell them apart. A nitrile counts only on a bond
    that no carbonyl and no sulfonyl group activates.

    Args:
        molecule: in any atom order; indices are those of its canonical SMILES.

    Returns:
        in the order of the atoms.
    """
    ordered = canonical(molecule)
    found: dict[tuple[int, ...], tuple[Family, bool]] = {}
    for smarts, family, alkyne, kept in _PATTERNS:
        pattern = Chem.MolFromSmarts(smarts)
        for match in ordered.GetSubstructMatches(pattern, uniquify=False, maxMatches=10_000):
            found[match[:kept]] = (family, alkyne)
    activated = {
        frozenset(atoms[:2]) for atoms, (family, _) in found.items() if family != "nitrile"
    }
    kinds = _kinds(ordered)
    others = _other_kinds(ordered)
    warheads = []
    for atoms, (family, alkyne) in sorted(found.items()):
        if family == "nitrile" and frozenset(atoms[:2]) in activated:
            continue
        if family == "carbonyl":
            kind = kinds.get(atoms[:3], GENERIC)
        else:
            kind = others.get(atoms[:3], _GENERICS[family])
        warheads.append(Warhead(kind=kind, atoms=atoms, alkyne=alkyne, family=family))
    return tuple(warheads)


def _other_kinds(molecule: Chem.Mol) -> dict[tuple[int, ...], str]:
    """(beta, alpha, first atom of the activator) -> name of a sulfonyl or nitrile."""
    kinds: dict[tuple[int, ...], str] = {}
    for name, smarts in _OTHER_NAMES:
        pattern = Chem.MolFromSmarts(smarts)
        for match in molecule.GetSubstructMatches(pattern, uniquify=False, maxMatches=10_000):
            kinds.setdefault(match[:3], name)
    return kinds


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
