"""Motifs of a vocabulary as parts to graft, drawn as often as the training set has them."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from functools import cached_property, lru_cache

import numpy as np

from generative import motifs, numbering
from generative.edits.drawing import weighted
from generative.edits.parent import Fragment, cut_out, loosened
from generative.vocabulary import Vocabulary

# How often a mixture draws from its second part.
OTHERS = 0.5


class Pieces:
    """Motifs whose attachments are single bonds, by the number of attachments."""

    def __init__(self, names: Sequence[str], counts: Sequence[int]) -> None:
        """Take motifs and how often each occurs; those without attachment are left out."""
        self._names = tuple(names)
        self._counts = np.asarray(counts, dtype=float)
        self._others: Pieces | None = None

    @classmethod
    def of(cls, vocabulary: Vocabulary) -> Pieces:
        """The motifs of a prior."""
        return cls(vocabulary.motifs, vocabulary.counts.tolist())

    def mixed(self, others: Pieces) -> Pieces:
        """These, and others that are drawn from half of the time where they have a fitting one."""
        both = copy.copy(self)
        both._others = others
        return both

    @cached_property
    def _tables(self) -> dict[int, tuple[tuple[str, ...], np.ndarray]]:
        chosen: dict[int, list[int]] = {}
        for i, name in enumerate(self._names):
            if any(order != 1 for order in _orders(name)):
                continue
            chosen.setdefault(motifs.attachment_count(name), []).append(i)
        return {
            k: (tuple(self._names[i] for i in places), np.cumsum(self._counts[places]))
            for k, places in chosen.items()
            if k
        }

    def draw(self, attachments: int, rng: np.random.Generator) -> Fragment | None:
        """A motif with this many attachments; None if there is none."""
        if self._others is not None and rng.random() < OTHERS:
            found = self._others.draw(attachments, rng)
            if found is not None:
                return found
        if attachments not in self._tables:
            return None
        names, cumulative = self._tables[attachments]
        return fragment(names[weighted(cumulative, rng)])


def _orders(motif: str) -> tuple[int, ...]:
    # Reading 16,000 motifs takes seconds: most show by their text that all are single.
    multiple = any(mark in motif for mark in ("=[*:", "#[*:", "]=", "]#"))
    return fragment(motif).orders if multiple else ()


@lru_cache(maxsize=32768)
def fragment(motif: str) -> Fragment:
    """A motif as a fragment, its attachments the cuts in the order of their labels."""
    mol = motifs.parse(motif)
    cuts: dict[int, tuple[int, int, int]] = {}
    for index in numbering.dummies(mol):
        dummy = mol.GetAtomWithIdx(index)
        bond = dummy.GetBonds()[0]
        order = motifs.BOND_ORDERS[bond.GetBondType()]
        cuts[dummy.GetAtomMapNum()] = (bond.GetOtherAtomIdx(index), index, order)
    ends = [cuts[label] for label in sorted(cuts)]
    return cut_out(
        loosened(mol),
        frozenset(atom.GetIdx() for atom in mol.GetAtoms() if atom.GetAtomicNum()),
        [(inside, dummy) for inside, dummy, _ in ends],
        tuple(order for _, _, order in ends),
    )
