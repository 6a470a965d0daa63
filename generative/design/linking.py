"""A linker grown by the prior between two attachment points.

The tree grows from one end as a *spine*: at its tip only motifs with a further
attachment are allowed, and which of their attachments becomes the next tip is drawn by how
likely the network finds the other fragment there. The spine goes on to the end of its
room. The other fragment then closes one of the tips it had, drawn in the same way, and
the side branches that are open there grow as in any tree. Limits on the linker's size and
length are masks on the actions: nothing is grown and thrown away for them.

The other attachment point may lie on the same molecule: the linker then closes a ring.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

import numpy as np
from rdkit import Chem

from generative import likeness, motifs
from generative.design.growing import Attempt, Grower, Window, draw
from generative.growth import GrowingTree
from generative.scaffold import Branch


@dataclass(frozen=True)
class LinkerLimits:
    """How large a linker is: its heavy atoms, and the atoms on its shortest path."""

    atoms: Window
    length: Window | None = None

    def check(self) -> None:
        """Refuse limits that no linker meets.

        Raises:
            ValueError: an empty window, or a path longer than the linker has atoms.
        """
        self.atoms.check("a linker")
        if self.length is None:
            return
        self.length.check("a linker's length")
        if self.length.low > self.atoms.high:
            raise ValueError(
                f"a linker of at most {self.atoms.high} heavy atoms is never "
                f"{self.length.low} atoms long"
            )


@dataclass(frozen=True)
class End:
    """What the linker leads to: another fragment, or an attachment point of the same tree."""

    branch: Branch | None  # None: the lowest open attachment of the tree itself
    action: int  # the action that the network judges it by

    def close(self, tree: GrowingTree) -> None:
        """Bind the tree's focus to it."""
        if self.branch is not None:
            self.branch.join(tree)
        else:
            tree.links.append((*tree.stack.pop(), *tree.stack.pop(0)))


@dataclass
class _Spine:
    attempt: Attempt
    end: End
    before: int  # heavy atoms of what is linked and lies in the tree
    length: int = 0  # atoms on the path so far
    tips: list[tuple[GrowingTree, float]] = field(default_factory=list)  # log-likelihood of the end
    # trees that differ in their tip, and the length each of them has
    choices: list[tuple[GrowingTree, int]] = field(default_factory=list)


class Linking:
    """Linkers of one call."""

    def __init__(self, grower: Grower, limits: LinkerLimits) -> None:
        self.grower = grower
        self.limits = limits

    def end(self, tree: GrowingTree, branch: Branch | None) -> End:
        """The end a linker leads to: a branch, or the tree's own lowest open attachment."""
        vocabulary = self.grower.vocabulary
        if branch is not None:
            motif, label = branch.motifs[0], branch.entry
        else:
            node, label = tree.stack[0]
            motif = tree.motifs[node]
        return End(branch, likeness.stand_in(vocabulary, motif, label))

    def grow(self, attempts: Sequence[Attempt], ends: Sequence[End]) -> list[bool]:
        """Grow the linkers of these attempts; the side branches stay open.

        Args:
            attempts: whose trees have one open attachment, or two when the end is their own.
            ends: of each attempt.

        Returns:
            whether the limits left room for a linker.
        """
        spines = []
        for attempt, end in zip(attempts, ends, strict=True):
            spine = _Spine(attempt, end, attempt.tree.heavy_atoms)
            spine.choices = [(attempt.tree.copy(), 0)]
            spines.append(spine)
        active = spines
        while active:
            flat = [tree for spine in active for tree, _ in spine.choices]
            logs = self.grower.log_probabilities(flat)
            place = 0
            for spine in active:
                rows = logs[place : place + len(spine.choices)]
                place += len(spine.choices)
                self._step(spine, rows)
            active = [spine for spine in active if spine.choices]
        return [self._close(spine) for spine in spines]

    def _step(self, spine: _Spine, logs: np.ndarray) -> None:
        """Settle the tip, remember it, and go on by one motif."""
        attempt = spine.attempt
        likely = logs[:, spine.end.action]
        tip = draw(likely, np.ones(len(likely), dtype=bool), attempt.rng)
        if tip is None:  # the network gives the end no probability anywhere
            tip = 0
        tree, spine.length = spine.choices[tip]
        if self._may_close(spine, tree):
            spine.tips.append((tree.copy(), float(likely[tip])))
        spine.choices = []
        allowed, room = self._allowed(spine, tree)
        action = draw(logs[tip], allowed, attempt.rng)
        if action is None:
            return
        sides = tree.stack[:-1]
        labels = self.grower.apply(tree, action, attempt.rng)
        node = len(tree.motifs) - 1
        motif, entered = (int(x) for x in self.grower.vocabulary.actions[action])
        left = room - int(self._costs[action])
        distances = path_atoms(self.grower.vocabulary.motifs[motif])
        for label in labels:
            length = spine.length + int(distances[entered - 1, label - 1])
            if self.grower.order_at(motif, label) != 1 or not self._in_reach(length, left):
                continue
            choice = tree.copy()
            others = [(node, k) for k in labels if k != label]
            choice.stack = [*sides, *others, (node, label)]
            spine.choices.append((choice, length))

    def _in_reach(self, length: int, room: int) -> bool:
        limit = self.limits.length
        return limit is None or (length <= limit.high and length + room >= limit.low)

    def _atoms(self, spine: _Spine, tree: GrowingTree) -> tuple[int, int]:
        """Heavy atoms of the linker so far, and the fewest that close its side branches."""
        closing = self.grower.closing(tree, -1)
        if spine.end.branch is None:
            closing -= self.grower.closing(tree, 1)
        return tree.heavy_atoms - spine.before, closing

    def _may_close(self, spine: _Spine, tree: GrowingTree) -> bool:
        atoms, closing = self._atoms(spine, tree)
        limit = self.limits
        return (
            atoms + closing <= limit.atoms.high
            and (atoms >= limit.atoms.low or closing > 0)
            and (limit.length is None or limit.length.low <= spine.length <= limit.length.high)
            and all(
                used <= budget.high
                for budget, used in zip(self.grower.budgets, self._used(spine, tree), strict=True)
            )
        )

    def _allowed(self, spine: _Spine, tree: GrowingTree) -> tuple[np.ndarray, int]:
        """Actions that leave a tip within the limits, and the heavy atoms there is room for."""
        atoms, closing = self._atoms(spine, tree)
        room = self.limits.atoms.high - atoms - closing
        fits = self._going_on & self.grower.permitted & (self._costs <= room)
        for budget, used in zip(self.grower.budgets, self._used(spine, tree), strict=True):
            fits &= used + budget.costs - budget.closing[1] <= budget.high
        if self.limits.length is not None:
            shortest, longest = self._reach
            fits &= spine.length + shortest <= self.limits.length.high
            fits &= spine.length + longest + room - self._costs >= self.limits.length.low
        return fits, room

    def _used(self, spine: _Spine, tree: GrowingTree) -> list[float]:
        """What is taken of each budget, by the fragment that will be bound too."""
        used = self.grower.used(tree, -1)
        branch = spine.end.branch
        if branch is None:
            closed = (budget.closing[1] for budget in self.grower.budgets)
            return [x - y for x, y in zip(used, closed, strict=True)]
        beyond = (budget.values[list(branch.motifs)].sum() for budget in self.grower.budgets)
        return [x + float(y) for x, y in zip(used, beyond, strict=True)]

    def _close(self, spine: _Spine) -> bool:
        if not spine.tips:
            return False
        values = np.array([value for _, value in spine.tips])
        chosen = draw(values, np.ones(len(values), dtype=bool), spine.attempt.rng)
        tree, _ = spine.tips[chosen or 0]
        before = len(tree.motifs)
        spine.end.close(tree)
        spine.attempt.tree = tree
        spine.attempt.kept.update(range(before, len(tree.motifs)))
        return True

    @cached_property
    def _costs(self) -> np.ndarray:
        """Heavy atoms an action takes at least on a spine, whose tip the end closes."""
        vocabulary = self.grower.vocabulary
        costs: np.ndarray = vocabulary.action_costs - vocabulary.closing_cost[1]
        return costs

    @cached_property
    def _going_on(self) -> np.ndarray:
        """Actions with a further attachment of a single bond. shape: (actions,), bool"""
        vocabulary = self.grower.vocabulary
        single = np.concatenate([[0], np.cumsum(vocabulary.orders == 1)])
        per_motif = single[vocabulary.starts[1:]] - single[vocabulary.starts[:-1]]
        goes_on: np.ndarray = (
            per_motif[vocabulary.actions[:, 0]] - (vocabulary.action_orders == 1) > 0
        )
        return goes_on

    @cached_property
    def _reach(self) -> tuple[np.ndarray, np.ndarray]:
        """Atoms on the shortest path to the nearest and the farthest tip of each action."""
        vocabulary = self.grower.vocabulary
        shortest = np.zeros(len(vocabulary.actions), dtype=np.int64)
        longest = np.zeros(len(vocabulary.actions), dtype=np.int64)
        for action in np.nonzero(self._going_on & (self._costs <= self.limits.atoms.high))[0]:
            motif, entered = (int(x) for x in vocabulary.actions[action])
            distances = path_atoms(vocabulary.motifs[motif])[entered - 1]
            tips = [
                int(distances[k - 1])
                for k in range(1, len(distances) + 1)
                if k != entered and self.grower.order_at(motif, k) == 1
            ]
            shortest[action], longest[action] = min(tips), max(tips)
        return shortest, longest


@lru_cache(maxsize=65536)
def path_atoms(motif: str) -> np.ndarray:
    """Atoms on the shortest path between two attachments, both ends included.

    shape: (attachments, attachments), int64; the diagonal has no meaning.
    """
    mol = motifs.parse(motif)
    points = sorted(
        (atom.GetAtomMapNum(), atom.GetIdx()) for atom in mol.GetAtoms() if not atom.GetAtomicNum()
    )
    places = [index for _, index in points]
    distances: np.ndarray = Chem.GetDistanceMatrix(mol)[np.ix_(places, places)]
    return distances.astype(np.int64) - 1
