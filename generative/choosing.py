"""Drawing the next action of many trees, among those that fit.

An action fits when it has the bond order in focus, leaves within every budget what the
other open attachments need, and is of the class that is asked for there.

The rare actions stand as one behind the frequent ones. A rare action is drawn from all
rare ones; if it does not fit, the choice is made again with the exact share of the rare
actions that fit. Together that is the policy's distribution among the actions that fit,
and the rare ones are looked at only where one was drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from generative.budgets import Budget
from generative.policy import Policy, States
from generative.vocabulary import NEVER, ORDERS, Vocabulary

DRAWS = 4  # random numbers for each choice
NONE = -1  # no action fits
# Rows of rare actions that are worked on at once: there may be tens of thousands.
ROWS = 64
_BLOCK = 64


@dataclass(frozen=True)
class Limits:
    """What an action must leave and be, for each of several trees."""

    order: np.ndarray  # shape: (trees,), int64, bond order in focus
    room: np.ndarray  # shape: (trees, budgets), what the action and its followers may add
    wanted: np.ndarray  # shape: (trees, budgets), what an action that closes the tree must add
    kind: np.ndarray  # shape: (trees,), int64, class of the action; negative where it is free

    def taken(self, rows: np.ndarray) -> Limits:
        """Those of some trees."""
        return Limits(self.order[rows], self.room[rows], self.wanted[rows], self.kind[rows])


class Chooser:
    """Draws actions of one policy within budgets."""

    def __init__(
        self,
        policy: Policy,
        vocabulary: Vocabulary,
        budgets: Sequence[Budget],
        permitted: np.ndarray,
        classes: np.ndarray | None,
    ) -> None:
        """Prepare the tables.

        Args:
            policy: whose actions are drawn.
            vocabulary: that of the policy.
            budgets: at least one.
            permitted: shape (actions,), bool, actions that may be taken at all.
            classes: shape (actions,), int64; None if no class is ever asked for.
        """
        self.policy = policy
        self.budgets = tuple(budgets)
        self.classes = classes
        actions, orders = vocabulary.actions[:, 0], vocabulary.action_orders
        # The first budget and the bond order are one table: most calls have no other limit.
        costs = np.full((len(ORDERS) + 1, len(actions)), np.inf, dtype=np.float32)
        for order in ORDERS:
            here = permitted & (orders == order)
            costs[order, here] = self.budgets[0].costs[here]
        self.costs = torch.from_numpy(costs)
        self.ends = np.diff(vocabulary.starts)[actions] == 1
        self.values = np.stack([budget.values[actions] for budget in self.budgets])
        head = policy.head
        least = costs[:, head:].min(axis=1, initial=np.inf)
        main = np.concatenate([costs[:, :head], least[:, None]], axis=1)
        # Heavy atoms are whole numbers: the masks of every room, from none (-1) to ample.
        finite = main[main < NEVER]
        self.ample = int(finite.max(initial=0))
        rooms = np.arange(-1, self.ample + 1, dtype=np.float32)
        self.main_masks = torch.from_numpy(main[:, None, :] <= rooms[:, None])

    def choose(self, states: States, limits: Limits, draws: np.ndarray) -> np.ndarray:
        """One action for each tree, or NONE. shape: (trees,), int64

        Args:
            states: of the trees.
            limits: of the trees.
            draws: shape (trees, DRAWS), uniform on [0, 1).
        """
        head = self.policy.head
        vector = self.policy(states)
        fits = self.main_fits(limits)
        weights = _weights(self.policy.main_logits(vector, fits))
        chosen = drawn(weights, draws[:, 0])
        for rows in _chunks(np.nonzero(chosen == head)[0]):
            chosen[rows] = self._rare(vector[rows], weights[rows], limits.taken(rows), draws[rows])
        return chosen

    def main_fits(self, limits: Limits) -> Tensor:
        """Frequent actions that fit, and whether a rare one may. (trees, frequent + 1), bool"""
        head = self.policy.head
        room = np.clip(np.floor(limits.room[:, 0]), -1, self.ample).astype(np.int64)
        fits = self.main_masks[torch.from_numpy(limits.order), torch.from_numpy(room + 1)]
        self._narrow(fits[:, :head], limits, slice(0, head))
        return fits

    def rare_fits(self, limits: Limits) -> Tensor:
        """Rare actions that fit. shape: (trees, rare actions), bool"""
        head = self.policy.head
        room = torch.from_numpy(limits.room[:, 0].astype(np.float32))
        fits = self.costs[torch.from_numpy(limits.order), head:] <= room[:, None]
        self._narrow(fits, limits, slice(head, None))
        return fits

    def _narrow(self, fits: Tensor, limits: Limits, actions: slice) -> None:
        """Take out, in place, what the further limits forbid."""
        array = fits.numpy()
        for number, budget in enumerate(self.budgets[1:], start=1):
            array &= budget.costs[None, actions] <= limits.room[:, number, None]
        for number in range(len(self.budgets)):
            rows = np.nonzero(limits.wanted[:, number] > 0)[0]
            if len(rows):
                enough = self.values[number, None, actions] >= limits.wanted[rows, number, None]
                array[rows] &= enough | ~self.ends[None, actions]
        rows = np.nonzero(limits.kind >= 0)[0]
        if len(rows) and self.classes is not None:
            array[rows] &= self.classes[None, actions] == limits.kind[rows, None]

    def _rare(self, vector: Tensor, main: Tensor, limits: Limits, draws: np.ndarray) -> np.ndarray:
        """Actions of trees that drew a rare one."""
        head = self.policy.head
        allowed = self.policy.tables.allowed_rare[torch.from_numpy(limits.order)]
        weights = _weights(self.policy.rare_logits(vector, allowed))
        chosen = drawn(weights, draws[:, 1])
        fits = self.rare_fits(limits)
        places = torch.from_numpy(np.maximum(chosen, 0))[:, None]
        good = fits.gather(1, places)[:, 0].numpy() & (chosen >= 0)
        result = np.where(good, chosen + head, NONE)
        for row in np.nonzero(~good)[0].tolist():
            fitting = weights[row].double() * fits[row]
            share = float(fitting.sum() / weights[row].double().sum())
            again = main[row].double()
            again[head] *= share
            if float(again.sum()) > 0.0:
                action = int(drawn(again[None], draws[row, 2:3])[0])
                if action < head:
                    result[row] = action
                    continue
            else:
                # What fits is so unlikely that its weights were rounded to nothing.
                one = slice(row, row + 1)
                fitting = _weights(self.policy.rare_logits(vector[one], fits[one]))[0]
            action = int(drawn(fitting[None], draws[row, 3:4])[0])
            result[row] = NONE if action == NONE else head + action
        return result


def _chunks(rows: np.ndarray) -> list[np.ndarray]:
    return [rows[start : start + ROWS] for start in range(0, len(rows), ROWS)]


def _weights(logits: Tensor) -> Tensor:
    """Unnormalised probabilities; a row of nothing possible is all 0. In place."""
    if not logits.shape[1]:
        return logits
    # The largest is finite wherever anything is possible.
    largest = logits.amax(dim=1, keepdim=True).clamp_(min=torch.finfo(logits.dtype).min)
    return logits.sub_(largest).exp_()


def drawn(weights: Tensor, uniform: np.ndarray) -> np.ndarray:
    """One column of each row by inversion of its cumulative sum; NONE where all are 0.

    Sums of blocks first, then within the block: most columns are never summed up.

    Args:
        weights: shape (rows, columns), not negative.
        uniform: shape (rows,), on [0, 1).
    """
    rows, columns = weights.shape
    if not rows or not columns:
        return np.full(rows, NONE, dtype=np.int64)
    whole = columns // _BLOCK
    sums = weights.new_zeros(rows, whole + 1)
    if whole:
        blocks = weights[:, : whole * _BLOCK].unflatten(1, (whole, _BLOCK))
        torch.sum(blocks, dim=2, out=sums[:, :whole])
    sums[:, whole] = weights[:, whole * _BLOCK :].sum(dim=1)
    edges = sums.double().cumsum(dim=1)
    target = torch.from_numpy(np.ascontiguousarray(uniform))[:, None] * edges[:, -1:]
    block = _place(edges, target)
    before = torch.where(block > 0, edges.gather(1, (block - 1).clamp(min=0)), 0.0)
    column = block * _BLOCK + torch.arange(_BLOCK)
    inner = weights.gather(1, column.clamp(max=columns - 1)).double()
    inner = inner.masked_fill_(column >= columns, 0.0).cumsum(dim=1)
    place = _place(inner, target - before)
    found = (block * _BLOCK + place)[:, 0]
    return torch.where(edges[:, -1] > 0, found, NONE).numpy()


def _place(edges: Tensor, target: Tensor) -> Tensor:
    """The first column whose cumulative sum exceeds the target, the last of weight at most."""
    last = torch.searchsorted(edges, edges[:, -1:].contiguous())
    return torch.minimum(torch.searchsorted(edges, target, right=True), last)
