"""Classes of motifs as a chemist names them: as the core of a molecule, and as a substituent.

They are read off the motif's structure alone, so equal motifs have equal classes in every
vocabulary.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from rdkit import Chem

from generative import motifs
from generative.vocabulary import Vocabulary

# What hangs at an attachment, by the atom it hangs by. Ring systems first.
SUBSTITUENTS = (
    "alkyl",
    "carbonyl or cyano",
    "amide nitrogen",
    "amine or nitro",
    "oxygen or sulfur",
    "halogen",
    "aromatic ring",
    "aliphatic ring",
)
_ALKYL, _CARBONYL, _AMIDE, _AMINE, _CHALCOGEN, _HALOGEN, _AROMATIC, _ALIPHATIC = range(8)

# What a molecule is built around.
CORES = (
    "acyclic group",
    "benzene",
    "monocyclic heteroaromatic ring",
    "fused aromatic ring system",
    "partly aromatic ring system",
    "carbocycle",
    "basic heterocycle",
    "heterocycle",
)
_ACYCLIC, _BENZENE, _HETEROAROMATIC, _FUSED, _PARTLY, _CARBOCYCLE, _BASIC, _HETEROCYCLE = range(8)

_HALOGENS = (9, 17, 35, 53)
_CHALCOGENS = (8, 16, 34)
# An acyl, sulfonyl, phosphoryl or amidine neighbour takes the nitrogen's lone pair.
_ACYLATED = Chem.MolFromSmarts("[#7;!$([#7]=*)]-[#6,#15,#16]=[#7,#8,#16]")
# An amine, were nothing electron-withdrawing bound to its open attachments.
_BASIC_NITROGEN = Chem.MolFromSmarts(
    "[#7;X3,X2;R;!a;+0;!$([#7]=*);!$([#7]-*=[#7,#8,#16]);!$([#7]-a);!$([#7]-[#7,#8,#16])]"
)


@lru_cache(maxsize=65536)
def substituent(motif: str, label: int) -> int:
    """The class of a motif that hangs by one of its attachments; index into SUBSTITUENTS."""
    mol = motifs.parse(motif)
    (dummy,) = (a for a in mol.GetAtoms() if not a.GetAtomicNum() and a.GetAtomMapNum() == label)
    atom = dummy.GetNeighbors()[0]
    if atom.IsInRing():
        return _AROMATIC if atom.GetIsAromatic() else _ALIPHATIC
    number = atom.GetAtomicNum()
    if number in _HALOGENS:
        return _HALOGEN
    if number in _CHALCOGENS:
        return _CHALCOGEN
    if number == 7:
        acylated = {match[0] for match in mol.GetSubstructMatches(_ACYLATED)}
        return _AMIDE if atom.GetIdx() in acylated else _AMINE
    hetero = any(
        bond.GetBondType() in (Chem.BondType.DOUBLE, Chem.BondType.TRIPLE)
        and bond.GetOtherAtom(atom).GetAtomicNum() in (7, *_CHALCOGENS)
        for bond in atom.GetBonds()
    )
    return _CARBONYL if hetero else _ALKYL


@lru_cache(maxsize=65536)
def core(motif: str) -> int:
    """The class of a motif as the root of a tree; index into CORES."""
    mol = motifs.parse(motif)
    ring = [atom for atom in mol.GetAtoms() if atom.IsInRing()]
    if not ring:
        return _ACYCLIC
    aromatic = sum(atom.GetIsAromatic() for atom in ring)
    hetero = any(atom.GetAtomicNum() != 6 for atom in ring)
    if aromatic == len(ring):
        if mol.GetRingInfo().NumRings() > 1:
            return _FUSED
        return _HETEROAROMATIC if hetero else _BENZENE
    if aromatic:
        return _PARTLY
    if mol.HasSubstructMatch(_BASIC_NITROGEN):
        return _BASIC
    return _HETEROCYCLE if hetero else _CARBOCYCLE


def action_classes(vocabulary: Vocabulary) -> np.ndarray:
    """The class of each action as a substituent. shape: (actions,), int64"""
    return np.array(
        [substituent(vocabulary.motifs[m], int(k)) for m, k in vocabulary.actions], dtype=np.int64
    )
