"""Michael acceptors: activated carbon-carbon multiple bonds that add a thiol."""

from __future__ import annotations

from dataclasses import dataclass

from rdkit import Chem

from simulation.molecule import canonical

# beta, alpha, first atom of the activating group. Neither carbon may belong to an
# aromatic ring: those add no thiol under physiological conditions.
_ALKENE = "[CX3;!a:1]=[CX3;!a:2]"
_ALKYNE = "[CX2:1]#[CX2:2]"
_GROUPS = (
    ("carbonyl", "[CX3;!a:3]=[OX1]"),
    ("sulfonyl", "[SX4:3](=[OX1])=[OX1]"),
    ("nitrile", "[CX2:3]#[NX1]"),
    ("nitro", "[NX3+:3](=[OX1])[OX1-]"),
    ("sulfinyl", "[SX3:3]=[OX1]"),
    ("phosphoryl", "[PX4:3]=[OX1]"),
)
SMARTS = tuple(f"{bond}-{group}" for bond in (_ALKENE, _ALKYNE) for _, group in _GROUPS)

# The first that matches names the group around a beta carbon.
_NAMES = (
    ("maleimide", "[CX3;r5:1]1=[CX3;r5:2][CX3](=O)[NX3][CX3]1=O"),
    ("2-cyanoacrylamide", "[CX3:1]=[CX3:2](C#N)C(=O)[NX3]"),
    ("vinyl sulfonamide", "[CX3:1]=[CX3:2]S(=O)(=O)[NX3]"),
    ("vinyl sulfone", "[CX3:1]=[CX3:2]S(=O)(=O)[#6]"),
    ("vinyl sulfoxide", "[CX3:1]=[CX3:2][SX3]=O"),
    ("nitroalkene", "[CX3:1]=[CX3:2][N+](=O)[O-]"),
    ("propiolamide", "[CX2H1:1]#[CX2:2]C(=O)[NX3]"),
    ("alkynamide", "[CX2:1]#[CX2:2]C(=O)[NX3]"),
    ("alkynoate", "[CX2:1]#[CX2:2]C(=O)[OX2]"),
    ("ynone", "[CX2:1]#[CX2:2]C(=O)[#6]"),
    ("acrylamide", "[CX3H2:1]=[CX3H1:2]C(=O)[NX3]"),
    ("methacrylamide", "[CX3H2:1]=[CX3:2]([CX4])C(=O)[NX3]"),
    ("2-haloacrylamide", "[CX3H2:1]=[CX3:2]([F,Cl,Br,I])C(=O)[NX3]"),
    ("cinnamamide", "[CX3H1:1](c)=[CX3H1:2]C(=O)[NX3]"),
    ("crotonamide", "[CX3H1:1]([CX4])=[CX3H1:2]C(=O)[NX3]"),
    ("unsaturated amide", "[CX3:1]=[CX3:2]C(=O)[NX3]"),
    ("unsaturated ester", "[CX3:1]=[CX3:2]C(=O)[OX2]"),
    ("enone", "[CX3:1]=[CX3:2]C(=O)[#6]"),
    ("enal", "[CX3:1]=[CX3:2][CX3H1]=O"),
    ("acrylonitrile", "[CX3:1]=[CX3:2]C#N"),
)
GENERIC = "Michael acceptor"


@dataclass(frozen=True)
class MichaelAcceptor:
    """A multiple bond and the group that activates it."""

    kind: str  # e.g. "acrylamide"
    beta: int  # the carbon that the thiol adds to; canonical index
    alpha: int
    activators: tuple[int, ...]  # first atoms of the activating groups on the alpha carbon
    alkyne: bool

    @property
    def atoms(self) -> tuple[int, ...]:
        """Beta, alpha and the first atoms of the activating groups."""
        return (self.beta, self.alpha, *self.activators)

    @property
    def name(self) -> str:
        """Kind and atoms, counted from 1 in the canonical SMILES."""
        bond = "#" if self.alkyne else "="
        return f"{self.kind} C{self.beta + 1}{bond}C{self.alpha + 1}"


def find(molecule: Chem.Mol) -> tuple[MichaelAcceptor, ...]:
    """Every carbon that adds a thiol, in the order of the atoms.

    A multiple bond with activating groups at both ends (a maleimide, a
    fumarate) is two acceptors, one for each end that can be the beta carbon.

    Args:
        molecule: in any atom order; indices are those of its canonical SMILES.
    """
    ordered = canonical(molecule)
    activators: dict[tuple[int, int], set[int]] = {}
    for smarts in SMARTS:
        for match in _mapped(ordered, smarts):
            activators.setdefault((match[1], match[2]), set()).add(match[3])
    kinds: dict[tuple[int, int], str] = {}
    for name, smarts in _NAMES:
        for match in _mapped(ordered, smarts):
            kinds.setdefault((match[1], match[2]), name)
    triple = Chem.BondType.TRIPLE
    return tuple(
        MichaelAcceptor(
            kind=kinds.get((beta, alpha), GENERIC),
            beta=beta,
            alpha=alpha,
            activators=tuple(sorted(found)),
            alkyne=ordered.GetBondBetweenAtoms(beta, alpha).GetBondType() == triple,
        )
        for (beta, alpha), found in sorted(activators.items())
    )


def _mapped(molecule: Chem.Mol, smarts: str) -> list[dict[int, int]]:
    """Each match of a pattern: the pattern's map numbers -> atoms of the molecule."""
    pattern = Chem.MolFromSmarts(smarts)
    maps = [(a.GetAtomMapNum(), a.GetIdx()) for a in pattern.GetAtoms() if a.GetAtomMapNum()]
    return [
        {number: match[index] for number, index in maps}
        for match in molecule.GetSubstructMatches(pattern, uniquify=False, maxMatches=10_000)
    ]
