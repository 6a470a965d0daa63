"""Partial trees grown to their end under limits that each of them has for itself.

Every action that would break a limit is masked before one is drawn: too many heavy atoms,
an end before there are enough of them, a ring that is too large. So a size window holds
by construction. Each attempt has random numbers of its own.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import torch
from rdkit import Chem
from torch import Tensor

from generative import budgets, growth, motifs
from generative.constraints import Constraints
from generative.growth import GrowingTree
from generative.motifs import Link, MotifTree
from generative.policy import Policy, States
from generative.prior import Prior
from generative.vocabulary import Vocabulary


@dataclass(frozen=True)
class Window:
    """How many heavy atoms a finished molecule has, the ends included."""

    low: int
    high: int

    def check(self, what: str) -> None:
        """Refuse an empty or negative window.

        Raises:
            ValueError: naming ``what``.
        """
        if self.low < 0 or self.high < self.low:
            raise ValueError(
                f"{what} from {self.low} to {self.high} is no window: give two numbers, neither "
                "negative, the smaller first"
            )


def narrowed(window: Window, constraints: Constraints) -> Window:
    """The window within what the constraints say of heavy atoms; an empty one is one number."""
    most = budgets.largest(constraints)
    high = window.high if most is None else min(window.high, most)
    lows = [
        math.ceil(limit.low)
        for limit in constraints.ranges
        if limit.name == budgets.HEAVY_ATOMS and limit.low is not None
    ]
    return Window(min(max(window.low, *lows, 0), high), high)


@dataclass
class Attempt:
    """A tree on its way, with its own limits and random numbers."""

    tree: GrowingTree
    window: Window
    rng: np.random.Generator
    beside: np.ndarray | None = None  # shape: (actions,), bool, what may hang on the kept nodes
    kept: set[int] = field(init=False)  # nodes that were not grown

    def __post_init__(self) -> None:
        self.kept = set(range(len(self.tree.motifs)))


class Grower:
    """A prior's network, ready to grow partial trees."""

    def __init__(
        self, prior: Prior, unknown: Iterable[str] = (), constraints: Constraints | None = None
    ) -> None:
        """Prepare.

        Args:
            prior: whose network decides.
            unknown: motifs of the trees that its vocabulary may not hold.
            constraints: whose largest ring and additive ranges (molecular weight, rings,
                aromatic rings, donors) are kept by masks.
        """
        self.vocabulary: Vocabulary = prior.vocabulary.extended(unknown)
        self.policy: Policy = prior.policy
        if self.vocabulary is not prior.vocabulary:
            self.policy = prior.policy.extended(self.vocabulary)
        limits = constraints or Constraints()
        fits = budgets.permitted(self.vocabulary, limits.max_ring_size)
        # shape: (actions,), bool, actions whose motif has no ring that is too large
        self.permitted: np.ndarray = fits[self.vocabulary.actions[:, 0]]
        self.budgets = budgets.budgets(self.vocabulary, self.permitted, limits)

    @cached_property
    def sizes(self) -> np.ndarray:
        """Heavy atoms of each action's motif. shape: (actions,), int64"""
        sizes: np.ndarray = self.vocabulary.heavy_atoms[self.vocabulary.actions[:, 0]]
        return sizes

    @cached_property
    def ends(self) -> np.ndarray:
        """Attachments that each action leaves open. shape: (actions,), int64"""
        ends: np.ndarray = np.diff(self.vocabulary.starts)[self.vocabulary.actions[:, 0]] - 1
        return ends

    def entered_at(self, environment: str) -> np.ndarray:
        """Actions whose motif is entered at an atom with such surroundings.

        Args:
            environment: regular expression for ``Vocabulary.environments``.

        Returns:
            shape: (actions,), bool.
        """
        vocabulary = self.vocabulary
        pattern = re.compile(environment)
        known = np.array([pattern.match(text) is not None for text in vocabulary.environments])
        places = vocabulary.starts[vocabulary.actions[:, 0]] + vocabulary.actions[:, 1] - 1
        fits: np.ndarray = known[vocabulary.environment[places]]
        return fits

    def order_at(self, node: int, label: int) -> int:
        """Bond order of an attachment of a motif (by its number in the vocabulary)."""
        return int(self.vocabulary.orders[self.vocabulary.starts[node] + label - 1])

    def closing(self, tree: GrowingTree, end: int | None = None) -> int:
        """Fewest heavy atoms that close the open attachments below ``end`` of the stack."""
        return sum(
            int(self.vocabulary.closing_cost[self.order_at(tree.motifs[node], label)])
            for node, label in tree.stack[:end]
        )

    def needed(self, tree: GrowingTree) -> int:
        """Heavy atoms of the smallest molecule that a tree can become."""
        return tree.heavy_atoms + self.closing(tree)

    def log_probabilities(self, trees: Sequence[GrowingTree]) -> np.ndarray:
        """Natural log of the probability of each action at each tree's focus.

        shape: (trees, actions), float64; only the bond order is masked.
        """
        return every_action(self.policy, growth.pack(trees, self.vocabulary)).double().numpy()

    def room(self, attempt: Attempt) -> int:
        """Heavy atoms left for the focus when every other open attachment must close."""
        tree = attempt.tree
        return attempt.window.high - tree.heavy_atoms - self.closing(tree, -1)

    def allowed(self, attempt: Attempt) -> np.ndarray:
        """Actions after which the molecule can still meet its limits. shape: (actions,), bool"""
        fits = self.permitted & (self.vocabulary.action_costs <= self.room(attempt))
        if attempt.beside is not None and attempt.tree.stack[-1][0] in attempt.kept:
            fits &= attempt.beside
        goes_on = self.ends > 0
        is_last = len(attempt.tree.stack) == 1
        for budget, used in zip(self.budgets, self.used(attempt.tree, -1), strict=True):
            fits &= used + budget.costs <= budget.high
            if is_last:
                ends_well = used + budget.values[self.vocabulary.actions[:, 0]] >= budget.low
                fits &= goes_on | ends_well
        missing = attempt.window.low - attempt.tree.heavy_atoms
        if is_last and missing > 0:
            large = fits & (goes_on | (self.sizes >= missing))
            # An attachment that nothing but an end fits closes; the molecule is then too small.
            if (large & self._orders(attempt)).any():
                return large
        return fits

    def used(self, tree: GrowingTree, end: int | None = None) -> list[float]:
        """What a tree has of each budget, with the least that closes the stack below ``end``."""
        motifs_here = np.array(tree.motifs)
        orders = [self.order_at(tree.motifs[node], label) for node, label in tree.stack[:end]]
        return [
            float(budget.values[motifs_here].sum() + budget.closing[orders].sum())
            for budget in self.budgets
        ]

    def _orders(self, attempt: Attempt) -> np.ndarray:
        node, label = attempt.tree.stack[-1]
        order = self.order_at(attempt.tree.motifs[node], label)
        fits: np.ndarray = self.vocabulary.action_orders == order
        return fits

    def finish(self, attempts: Sequence[Attempt]) -> None:
        """Grow every tree until nothing is open.

        A tree whose focus no action fits is left with it open (see :func:`molecule`).
        """
        active = [attempt for attempt in attempts if attempt.tree.stack]
        while active:
            logs = self.log_probabilities([attempt.tree for attempt in active])
            going = []
            for attempt, log in zip(active, logs, strict=True):
                action = draw(log, self.allowed(attempt), attempt.rng)
                if action is None:
                    continue
                self.apply(attempt.tree, action, attempt.rng)
                if attempt.tree.stack:
                    going.append(attempt)
            active = going

    def apply(self, tree: GrowingTree, action: int, rng: np.random.Generator) -> list[int]:
        """Add an action's motif at the focus; its other attachments, shuffled, are returned."""
        motif, entered = (int(x) for x in self.vocabulary.actions[action])
        node = len(tree.motifs)
        tree.links.append((*tree.stack.pop(), node, entered))
        tree.motifs.append(motif)
        tree.heavy_atoms += int(self.vocabulary.heavy_atoms[motif])
        labels = [k for k in range(1, self.vocabulary.attachments(motif) + 1) if k != entered]
        rng.shuffle(labels)
        tree.stack.extend((node, label) for label in labels)
        return labels

    def molecule(self, tree: GrowingTree) -> Chem.Mol | None:
        """A closed tree's molecule; None when it is open or no molecule."""
        if tree.stack:
            return None
        built = motifs.assemble(self._tree(tree, range(len(tree.motifs))))
        return Chem.MolFromSmiles(Chem.MolToSmiles(built))

    def grown(self, tree: GrowingTree, kept: Iterable[int]) -> str:
        """SMILES of what was added to the kept nodes; ``*`` where they are bound."""
        before = set(kept)
        added = [node for node in range(len(tree.motifs)) if node not in before]
        if not added:
            return ""
        built = motifs.assemble(self._tree(tree, added))
        return Chem.MolToSmiles(built)

    def _tree(self, tree: GrowingTree, nodes: Iterable[int]) -> MotifTree:
        place = {node: i for i, node in enumerate(nodes)}
        return MotifTree(
            tuple(self.vocabulary.motifs[tree.motifs[node]] for node in place),
            tuple(
                Link(place[a], x, place[b], y)
                for a, x, b, y in tree.links
                if a in place and b in place
            ),
        )


def every_action(policy: Policy, states: States) -> Tensor:
    """Natural log of the probability of every action, the rare ones one by one.

    shape: (states, actions); minus infinity for another bond order.
    """
    vector = policy(states)
    order = policy.tables.order[states.focus]
    main = torch.log_softmax(policy.main_logits(vector, policy.tables.allowed_main[order]), dim=1)
    head, tail = main[:, : policy.head], main[:, policy.head :]
    if not policy.tail:
        return head
    fits = policy.tables.allowed_rare[order]
    rare = torch.log_softmax(policy.rare_logits(vector, fits), dim=1)
    # A row without any rare action of that bond order is all NaN.
    return torch.cat([head, (tail + rare).masked_fill(~fits, -torch.inf)], dim=1)


def draw(log: np.ndarray, allowed: np.ndarray, rng: np.random.Generator) -> int | None:
    """One action by its probability among the allowed ones; None when none is possible.

    Args:
        log: shape (actions,), natural log of unnormalised probabilities.
        allowed: shape (actions,), bool.
        rng: of the attempt; one number is drawn.
    """
    uniform = rng.random()
    places = np.nonzero(allowed & np.isfinite(log))[0]
    if not len(places):
        return None
    weight = np.exp(log[places] - log[places].max())
    total = np.cumsum(weight)
    chosen = int(np.searchsorted(total, uniform * total[-1], side="right"))
    return int(places[min(chosen, len(places) - 1)])
