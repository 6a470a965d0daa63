"""Code words for the start of a molecule: its core and what hangs there, in a few bits.

A word is an integer below 2**qubits. Its low bits are the classes of the substituents at
the core's first attachments, three bits each; the high bits name the core: one of the most
frequent root motifs, or for the others the class they belong to. So every molecule has a
word, and a word says something to a chemist.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np

from generative import forest, motifs
from generative.forest import Forest
from generative.motifclasses import CORES, SUBSTITUENTS, action_classes, core, substituent
from generative.start import Start
from generative.vocabulary import Vocabulary

CLASS_BITS = (len(SUBSTITUENTS) - 1).bit_length()
FEWEST_QUBITS, MOST_QUBITS = 8, 16


@dataclass(frozen=True)
class Core:
    """What the high bits of a word name: one root motif, or the rarer ones of a class."""

    name: str  # SMILES of the motif, or the class
    roots: tuple[int, ...]  # motif numbers
    shares: tuple[float, ...]  # probability of each among them; sums to 1


@dataclass(frozen=True)
class StartCode:
    """The code book of one set of molecules, over one vocabulary."""

    vocabulary: Vocabulary
    qubits: int
    cores: tuple[Core, ...]  # by number; fewer than 2**core bits where there are no more roots

    @property
    def slots(self) -> int:
        """Attachments whose substituents are part of the word."""
        return slots(self.qubits)

    @cached_property
    def action_class(self) -> np.ndarray:
        """Class of each action of the vocabulary. shape: (actions,), int64"""
        return action_classes(self.vocabulary)

    @cached_property
    def named(self) -> np.ndarray:
        """Whether a word names a start. shape: (2**qubits,), bool"""
        known = np.zeros(2**self.qubits, dtype=bool)
        for number, kind in enumerate(self.cores):
            for root in kind.roots:
                known[self._words(number, root)] = True
        return known

    def word(self, start: Start) -> int | None:
        """The word of a start; None where its root is in no core.

        A substituent that is left free counts as the first class.
        """
        number = self._core_of.get(start.root)
        if number is None:
            return None
        shown = start.classes[: self.slots]
        word = number
        for place in range(self.slots):
            value = shown[place] if place < len(shown) else 0
            word = (word << CLASS_BITS) | (value or 0)
        return word

    def start(self, word: int, rng: np.random.Generator) -> Start | None:
        """A start that a word names; None where it names none.

        Args:
            word: below 2**qubits.
            rng: chooses among the rarer roots of a class.
        """
        number, classes = self._parts(word)
        if number >= len(self.cores):
            return None
        kind = self.cores[number]
        fitting = [i for i, root in enumerate(kind.roots) if self._fits(root, classes)]
        if not fitting:
            return None
        chosen = fitting[0]
        if len(fitting) > 1:
            weight = np.cumsum([kind.shares[i] for i in fitting])
            place = int(np.searchsorted(weight, rng.random() * weight[-1], side="right"))
            chosen = fitting[min(place, len(fitting) - 1)]
        root = kind.roots[chosen]
        attachments = self.vocabulary.attachments(root)
        free = (None,) * max(0, attachments - self.slots)
        return Start(root, (*classes[:attachments], *free))

    def describe(self, word: int) -> str:
        """A word in a chemist's words: ``c1ccc([*:1])cc1 with amide nitrogen``."""
        number, classes = self._parts(word)
        if number >= len(self.cores):
            return "no start"
        kind = self.cores[number]
        most = max(self.vocabulary.attachments(root) for root in kind.roots)
        hanging = ", ".join(SUBSTITUENTS[value] for value in classes[:most])
        return f"{kind.name} with {hanging}" if hanging else kind.name

    @cached_property
    def _core_of(self) -> Mapping[int, int]:
        return {root: number for number, kind in enumerate(self.cores) for root in kind.roots}

    @cached_property
    def _available(self) -> np.ndarray:
        """Whether some action of a class enters by that bond order. shape: (4, classes), bool"""
        table = np.zeros((4, len(SUBSTITUENTS)), dtype=bool)
        table[self.vocabulary.action_orders, self.action_class] = True
        return table

    def _parts(self, word: int) -> tuple[int, tuple[int, ...]]:
        mask = (1 << CLASS_BITS) - 1
        shifts = [CLASS_BITS * place for place in reversed(range(self.slots))]
        return word >> (CLASS_BITS * self.slots), tuple((word >> s) & mask for s in shifts)

    def _fits(self, root: int, classes: Sequence[int]) -> bool:
        orders = self._orders(root)
        return not any(classes[len(orders) :]) and all(
            self._available[order, value] for order, value in zip(orders, classes, strict=False)
        )

    def _orders(self, root: int) -> np.ndarray:
        starts = self.vocabulary.starts
        return self.vocabulary.orders[starts[root] : starts[root + 1]]

    def _words(self, number: int, root: int) -> np.ndarray:
        """Every word that may stand for that root."""
        words = np.array([number], dtype=np.int64)
        orders = self._orders(root)
        for place in range(self.slots):
            values = np.nonzero(self._available[orders[place]])[0] if place < len(orders) else [0]
            words = ((words[:, None] << CLASS_BITS) | np.asarray(values)[None, :]).ravel()
        return words


def slots(qubits: int) -> int:
    """How many substituents fit beside a core of five to eight bits.

    Raises:
        ValueError: too few or too many qubits.
    """
    if not FEWEST_QUBITS <= qubits <= MOST_QUBITS:
        raise ValueError(
            f"{qubits} qubits for the code of starts: use {FEWEST_QUBITS} to {MOST_QUBITS}"
        )
    return max(1, (qubits - 2 * CLASS_BITS) // CLASS_BITS)


def starts_of(smiles: Sequence[str], vocabulary: Vocabulary) -> list[Start | None]:
    """Where molecules start: the roots of their canonical trees and what hangs there.

    Where the vocabulary does not hold the root, the motif that would be the root among
    those it holds takes its place; what it does not hold is classed by its structure.

    Args:
        smiles: molecules.
        vocabulary: whose motifs the roots are.

    Returns:
        One for each molecule; None where the vocabulary holds none of its motifs.

    Raises:
        ValueError: a SMILES cannot be read.
    """
    if not smiles:
        return []
    cuts = [vocabulary.refined(motifs.cut(motifs.parse(text)), fine=False) for text in smiles]
    extended = vocabulary.extended({motif for whole in cuts for motif in whole.tree.motifs})
    planted = forest.plant_trees((whole.tree for whole in cuts), extended, fine=False)
    words = len(vocabulary.motifs)
    return [
        _start(planted, range(begin, end), words, extended)
        for begin, end in pairwise(planted.starts.tolist())
    ]


def _start(planted: Forest, steps: range, words: int, vocabulary: Vocabulary) -> Start | None:
    """The start of one tree by its rarest motif below ``words``; None where it has none."""
    known = [step for step in steps if planted.motifs[step] < words]
    if not known:
        return None
    # Of equal motifs the one that canonical growth reaches first.
    node = max(known, key=lambda step: (planted.motifs[step], -step))
    root = int(planted.motifs[node])
    classes: list[int | None] = [None] * vocabulary.attachments(root)

    def hang(label: int, other: int, other_label: int) -> None:
        motif = vocabulary.motifs[planted.motifs[other]]
        classes[label - 1] = substituent(motif, other_label)

    for step in steps:
        if step != steps.start and steps.start + planted.parents[step] == node:
            hang(int(planted.parent_labels[step]), step, int(planted.labels[step]))
    if node != steps.start:
        parent = steps.start + int(planted.parents[node])
        hang(int(planted.labels[node]), parent, int(planted.parent_labels[node]))
    return Start(root, tuple(classes))


def code_book(
    weighted: Sequence[tuple[Start, float]], vocabulary: Vocabulary, qubits: int
) -> StartCode:
    """The code book in which these starts are told apart best.

    The roots with the largest weight get a number of their own, the others share that of
    their class. Numbers follow the classes, so that near numbers mean like cores.

    Args:
        weighted: starts and their weights, which need not sum to one.
        vocabulary: whose motifs the roots are.
        qubits: of the word.

    Raises:
        ValueError: no start, or a number of qubits that no code has.
    """
    weight: dict[int, float] = defaultdict(float)
    for start, value in weighted:
        weight[start.root] += value
    if not weight:
        raise ValueError("a code of starts needs at least one molecule whose core is known")
    room = 2 ** (qubits - CLASS_BITS * slots(qubits))
    ordered = sorted(weight, key=lambda root: (-weight[root], root))
    single = ordered if len(ordered) <= room else ordered[: room - len(CORES)]
    kinds: list[tuple[int, int, tuple[int, ...]]] = [
        (core(vocabulary.motifs[root]), 0, (root,)) for root in single
    ]
    shared: dict[int, list[int]] = defaultdict(list)
    for root in ordered[len(single) :]:
        shared[core(vocabulary.motifs[root])].append(root)
    kinds += [(number, 1, tuple(roots)) for number, roots in shared.items()]
    kinds.sort(key=lambda kind: kind[:2])
    cores = []
    for number, is_class, roots in kinds:
        name = f"another {CORES[number]}" if is_class else vocabulary.motifs[roots[0]]
        shares = np.array([weight[root] for root in roots])
        cores.append(Core(name, roots, tuple((shares / shares.sum()).tolist())))
    return StartCode(vocabulary, qubits, tuple(cores))
