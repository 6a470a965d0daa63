"""A library of any length for benchmarks: pieces of real molecules, put together anew.

Real molecules are cut at single bonds between a ring and its substituent or beside a
heteroatom; two pieces on a linker make a row. The order and the blemishes are drawn from a
seed, so that the same length and seed give the same file.
"""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from rdkit import Chem

ROOT = Path(__file__).parent.parent
SOURCES = (
    ROOT / "configs" / "libraries" / "acrylamides.csv",
    ROOT / "configs" / "libraries" / "covalent_drugs.csv",
    ROOT / "configs" / "libraries" / "flexible_drugs.csv",
    ROOT / "tests" / "screening" / "data" / "calculations.csv",
)

_CUT = "[!#1;!D1]-!@[!#1;!D1;R,#7,#8,#16]"
_SMALLEST, _LARGEST = 3, 16  # heavy atoms of a piece
# A piece stands for each letter; its text begins with the atom that is bound.
_LINKERS = (
    "O=C({a})N{b}",
    "O=C({a})N(C){b}",
    "O=C({a})N%11CCN({b})CC%11",
    "O=C({a})NCC{b}",
    "O=S(=O)({a})N{b}",
    "O=C(N{a})N(C){b}",
    "O=C(O{a})N{b}",
    "C({a})N{b}",
    "O=C({a})N%11CCC({b})CC%11",
    "c%11({a})nc({b})no%11",
    "O=C({a})NCc%11ccc({b})cc%11",
    "O=C({a})Nc%11cccc({b})c%11",
    "C=CC(=O)N%11CCN(CC%11)C({a})C{b}",
    "c%11({a})ccnc({b})n%11",
    "C=CC(=O)N({a})C{b}",
)
# One row in 200 each: what a vendor's file holds besides molecules.
_BLEMISHES = (
    "{}.Cl",  # a salt
    "{}.[Na+].[Cl-]",
    "{}(",  # broken
    "",  # nothing
    "[{}",
)
_BLEMISHED = 200


def pieces() -> list[str]:
    """SMILES of the pieces, each beginning with the atom that is bound, sorted."""
    found = set()
    pattern = Chem.MolFromSmarts(_CUT)
    for source in SOURCES:
        with source.open(newline="") as file:
            for row in csv.DictReader(file):
                found |= _pieces_of(row["smiles"], pattern)
    return sorted(found)


def _pieces_of(smiles: str, pattern: Chem.Mol) -> set[str]:
    found = set()
    mol = Chem.MolFromSmiles(smiles)
    for first, second in mol.GetSubstructMatches(pattern):
        bond = mol.GetBondBetweenAtoms(first, second).GetIdx()
        cut = Chem.FragmentOnBonds(mol, [bond], dummyLabels=[(0, 0)])
        for part in Chem.GetMolFrags(cut, asMols=True):
            dummies = [atom.GetIdx() for atom in part.GetAtoms() if atom.GetAtomicNum() == 0]
            if len(dummies) == 1 and _SMALLEST <= part.GetNumHeavyAtoms() <= _LARGEST:
                text = Chem.MolToSmiles(part, rootedAtAtom=dummies[0])
                if text.startswith("*"):
                    found.add(text[1:])
    return found


def rows(length: int, seed: int) -> Iterator[tuple[str, str]]:
    """Name and SMILES of each row.

    Raises:
        ValueError: there are not as many different molecules.
    """
    parts = pieces()
    most = len(parts) ** 2 * len(_LINKERS)
    if length > most:
        raise ValueError(f"at most {most} rows can be made of {len(parts)} pieces")
    # a step that has no divisor in common with the number meets each combination once
    step = int(0.6180339887 * most) | 1
    while np.gcd(step, most) != 1:
        step += 2
    start = int(np.random.default_rng(seed).integers(most))
    for row in range(length):
        code = (start + row * step) % most
        code, linker = divmod(code, len(_LINKERS))
        a, b = divmod(code, len(parts))
        smiles = _LINKERS[linker].format(a=parts[a], b=parts[b])
        mark = row % _BLEMISHED
        if mark < len(_BLEMISHES):
            smiles = _BLEMISHES[mark].format(smiles)
        yield f"M{row + 1:07d}", smiles


def write(path: Path, length: int, seed: int) -> None:
    """Write the library as gzip-compressed CSV."""
    with gzip.open(path, "wt", compresslevel=3, newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("name", "smiles"))
        writer.writerows(rows(length, seed))
