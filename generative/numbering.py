"""The canonical numbering of a motif's attachments, and the symmetry it has.

Attachments are dummy atoms. Equal motifs must get equal text whatever order their atoms
came in, stereochemistry relative to the numbers included: of all numberings that agree
with the canonical ranks of the plain graph, the one with the smallest SMILES is taken.
The numberings that give that same SMILES are the motif's symmetry.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from functools import lru_cache

from rdkit import Chem

# Attachments beyond this many interchangeable orders are numbered by RDKit's own
# canonical order: brute force over the symmetry would cost seconds.
MAX_ORDERINGS = 720


def dummies(mol: Chem.Mol) -> list[int]:
    """Indices of the attachments."""
    return [a.GetIdx() for a in mol.GetAtoms() if a.GetAtomicNum() == 0]


@lru_cache(maxsize=1 << 18)
def canonical(text: str) -> tuple[str, tuple[int, ...]]:
    """The canonical text of a fragment whose dummies carry isotopes 1..k.

    Returns:
        The motif, and the label of each dummy in the order of its isotope.

    Raises:
        ValueError: RDKit cannot read the fragment alone.
    """
    mol = Chem.MolFromSmiles(text)
    if mol is None:
        raise ValueError(f"a piece of the molecule cannot be read alone: {text!r}")
    found = sorted(dummies(mol), key=lambda i: mol.GetAtomWithIdx(i).GetIsotope())
    for index in found:
        mol.GetAtomWithIdx(index).SetIsotope(0)
    motif, labellings = _labellings(mol, found)
    return motif, labellings[0]


def _labellings(mol: Chem.Mol, attachments: Sequence[int]) -> tuple[str, list[tuple[int, ...]]]:
    """The smallest text over all canonical numberings, and the numberings that give it."""
    best: str | None = None
    winners: list[tuple[int, ...]] = []
    work = Chem.Mol(mol)
    for labels in _orderings(mol, attachments):
        for index, label in zip(attachments, labels, strict=True):
            work.GetAtomWithIdx(index).SetAtomMapNum(label)
        text = Chem.MolToSmiles(work)
        if best is None or text < best:
            best, winners = text, [labels]
        elif text == best:
            winners.append(labels)
    assert best is not None
    return best, winners


def _orderings(mol: Chem.Mol, attachments: Sequence[int]) -> Iterator[tuple[int, ...]]:
    plain = Chem.Mol(mol)
    for index in attachments:
        plain.GetAtomWithIdx(index).SetAtomMapNum(0)
    Chem.RemoveStereochemistry(plain)
    ranks = list(Chem.CanonicalRankAtoms(plain, breakTies=False))
    classes: dict[int, list[int]] = {}
    for position, index in enumerate(attachments):
        classes.setdefault(ranks[index], []).append(position)
    groups = [classes[rank] for rank in sorted(classes)]
    if math.prod(math.factorial(len(group)) for group in groups) > MAX_ORDERINGS:
        unique = list(Chem.CanonicalRankAtoms(plain, breakTies=True))
        groups = [
            [p] for p in sorted(range(len(attachments)), key=lambda p: unique[attachments[p]])
        ]
    for choice in itertools.product(*(itertools.permutations(group) for group in groups)):
        labels = [0] * len(attachments)
        for label, position in enumerate(itertools.chain.from_iterable(choice), start=1):
            labels[position] = label
        yield tuple(labels)


@lru_cache(maxsize=65536)
def symmetry(motif: str) -> tuple[tuple[int, ...], ...]:
    """Relabellings that leave a motif as it is, the identity among them.

    Each is a tuple ``p`` with ``p[k - 1]`` the new label of attachment ``k``.
    """
    mol = Chem.MolFromSmiles(motif)
    found = dummies(mol)
    labels = [mol.GetAtomWithIdx(i).GetAtomMapNum() for i in found]
    best = _labellings(mol, found)[1]
    reference = dict(zip(labels, best[0], strict=True))
    group = set()
    for labelling in best:
        # best[0] and labelling give the same text: the step between them is a symmetry.
        step = dict(zip(best[0], labelling, strict=True))
        back = {new: old for old, new in reference.items()}
        group.add(tuple(back[step[reference[k]]] for k in sorted(labels)))
    return tuple(sorted(group))
