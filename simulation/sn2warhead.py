"""Alpha-halo carbonyl compounds: carbons where a thiolate displaces a halide."""

from __future__ import annotations

from dataclasses import dataclass

from rdkit import Chem

from simulation.molecule import canonical

# Halogen, the carbon that is attacked, the activating carbon, its oxygen.
SMARTS = ("[Cl,Br,I:1]-[CX4;!$(C([F,Cl,Br,I])[F,Cl,Br,I]):2]-[CX3:3]=[OX1:4]",)

_ACYL = (
    ("amide", "[CX3](=[OX1])[NX3]"),
    ("ester", "[CX3](=[OX1])[OX2][#6]"),
    ("acid", "[CX3](=[OX1])[OX2H1,OX1-]"),
    ("aldehyde", "[CX3H1]=[OX1]"),
    ("ketone", "[CX3](=[OX1])([#6])[#6]"),
)
_HALOGENS = {17: "chloro", 35: "bromo", 53: "iodo"}


@dataclass(frozen=True)
class SN2Warhead:
    """One carbon with its leaving group and the carbonyl that activates it."""

    kind: str  # e.g. "alpha-chloro amide"
    halogen: int
    carbon: int
    carbonyl: int
    oxygen: int

    @property
    def atoms(self) -> tuple[int, int, int, int]:
        """Halogen, carbon, carbonyl carbon, oxygen; canonical indices."""
        return (self.halogen, self.carbon, self.carbonyl, self.oxygen)

    @property
    def name(self) -> str:
        """Kind and atoms, counted from 1 in the canonical SMILES."""
        return f"{self.kind} C{self.carbon + 1}"


def find(molecule: Chem.Mol) -> tuple[SN2Warhead, ...]:
    """Every carbon with one chlorine, bromine or iodine beside a carbonyl group.

    Carbons with two or more halogens do not react by this way and are left out.

    Args:
        molecule: in any atom order; indices are those of its canonical SMILES.
    """
    ordered = canonical(molecule)
    acyl: dict[int, str] = {}
    for name, smarts in _ACYL:
        for match in ordered.GetSubstructMatches(Chem.MolFromSmarts(smarts), maxMatches=10_000):
            acyl.setdefault(match[0], name)
    found = []
    for smarts in SMARTS:
        pattern = Chem.MolFromSmarts(smarts)
        for match in ordered.GetSubstructMatches(pattern, maxMatches=10_000):
            halogen, carbon, carbonyl, oxygen = match
            leaving = _HALOGENS[ordered.GetAtomWithIdx(halogen).GetAtomicNum()]
            kind = f"alpha-{leaving} {acyl.get(carbonyl, 'carbonyl')}"
            found.append(SN2Warhead(kind, halogen, carbon, carbonyl, oxygen))
    return tuple(sorted(found, key=lambda w: w.atoms))
