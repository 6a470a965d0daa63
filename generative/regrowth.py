"""Local edits that the network scores: what grows at one cut of a good molecule.

A molecule's motif tree is cut at one link and the smaller side is taken off. What stays
is a state the policy knows, the cut its focus. Two edits start there:

exchange
    One motif in place of the one that was there, with what hung on that one hung on the
    new motif. All actions that fit are scored at once and one is drawn from the softmax
    of their logits.
regrowth
    The policy grows the whole branch anew.

Cuts of many molecules are one batch; each edit has random numbers of its own, so what
comes out does not depend on how edits are batched.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from generative import growth, motifs, scaffold
from generative.growth import GrowingTree
from generative.motifs import Cut, Link, MotifTree
from generative.policy import Policy, States
from generative.prior import Prior
from generative.scaffold import Branch
from generative.threads import limited
from generative.vocabulary import Vocabulary

# Part of the edits that exchange one motif; the others grow the branch anew.
EXCHANGES = 0.5
BATCH = 64
# Heavy atoms by which a branch may outgrow the one it replaces, where no limit is given.
ROOM = 8


@dataclass(frozen=True)
class Edited:
    """A molecule and the one it was made from."""

    smiles: str
    parent: str


@dataclass
class _Edit:
    """One edit on its way."""

    parent: str
    tree: GrowingTree
    room: int  # heavy atoms that the tree may reach
    children: tuple[Branch, ...] | None  # to be hung on the exchanged motif; None: regrowth
    rng: np.random.Generator


def edits(
    prior: Prior,
    parents: Sequence[str],
    *,
    seed: int,
    temperature: float = 1.0,
    max_heavy_atoms: int | None = None,
) -> list[Edited]:
    """One local edit of each of these molecules; give a molecule twice for two.

    An edit that gives the molecule back, or for which nothing fits, is left out.

    Args:
        prior: whose network scores the edits.
        parents: SMILES.
        seed: of this call.
        temperature: of the softmax; below 1 prefers what the network finds likely.
        max_heavy_atoms: limit of the edited molecules.

    Raises:
        ValueError: a SMILES cannot be read, or the temperature is not positive.
    """
    if not temperature > 0:
        raise ValueError(f"the temperature of edits must be positive: {temperature}")
    cuts = [_cut(parent, np.random.default_rng([seed, 5, i])) for i, parent in enumerate(parents)]
    words = prior.vocabulary
    unknown: set[str] = set()
    for cut in cuts:
        for part in () if cut is None else (cut.kept, *cut.children, *cut.removed):
            unknown.update(words.refined(part, fine=False).tree.motifs)
    words = words.extended(unknown)
    policy = prior.policy if words is prior.vocabulary else prior.policy.extended(words)
    found = []
    with limited(1), torch.no_grad():
        grower = _Grower(policy, words, temperature)
        ready = [x for x in (_begun(cut, words, max_heavy_atoms) for cut in cuts) if x is not None]
        for start in range(0, len(ready), BATCH):
            for edit in grower.finished(ready[start : start + BATCH]):
                smiles = _written(edit.tree, words)
                if smiles != edit.parent:
                    found.append(Edited(smiles, edit.parent))
    return found


@dataclass(frozen=True)
class _CutMolecule:
    parent: str
    kept: Cut
    children: tuple[Cut, ...]
    removed: tuple[Cut, ...]  # the whole branch, where it is not exchanged motif by motif
    heavy_atoms: int
    exchange: bool
    rng: np.random.Generator


def _cut(parent: str, rng: np.random.Generator) -> _CutMolecule | None:
    mol = motifs.parse(parent)
    tree = motifs.decompose(mol)
    if not tree.links:
        return None
    link = tree.links[int(rng.random() * len(tree.links))]
    sides = [_side(tree, link, node) for node in (link.first, link.second)]
    sizes = [sum(_heavy(tree.motifs[x]) for x in side) for side in sides]
    near = int(sizes[1] > sizes[0]) if sizes[0] != sizes[1] else int(rng.random() < 0.5)
    inside, removed = sides[near], sides[1 - near]
    ends = ((link.first, link.first_label), (link.second, link.second_label))
    head = ends[1 - near][0]
    exchange = bool(rng.random() < EXCHANGES)
    children = []
    for other in tree.links if exchange else ():
        if head in (other.first, other.second) and other != link:
            outer, label = (
                (other.second, other.second_label)
                if other.first == head
                else (other.first, other.first_label)
            )
            children.append(_part(tree, _side(tree, other, outer), (outer, label)))
    return _CutMolecule(
        parent,
        _part(tree, inside, ends[near]),
        tuple(children),
        (_part(tree, removed, ends[1 - near]),),
        mol.GetNumHeavyAtoms(),
        exchange,
        rng,
    )


def _heavy(motif: str) -> int:
    return int(motifs.parse(motif).GetNumHeavyAtoms())


def _side(tree: MotifTree, cut: Link, start: int) -> list[int]:
    """The motifs on one side of a link, by their place in the tree."""
    seen, queue = {start}, [start]
    while queue:
        here = queue.pop()
        for link in tree.links:
            if link == cut or here not in (link.first, link.second):
                continue
            other = link.second if link.first == here else link.first
            if other not in seen:
                seen.add(other)
                queue.append(other)
    return sorted(seen)


def _part(tree: MotifTree, nodes: Sequence[int], open_end: tuple[int, int]) -> Cut:
    place = {node: i for i, node in enumerate(nodes)}
    links = tuple(
        Link(place[x.first], x.first_label, place[x.second], x.second_label)
        for x in tree.links
        if x.first in place and x.second in place
    )
    part = MotifTree(tuple(tree.motifs[node] for node in nodes), links)
    return Cut(part, ((place[open_end[0]], open_end[1]),))


def _begun(cut: _CutMolecule | None, words: Vocabulary, limit: int | None) -> _Edit | None:
    if cut is None:
        return None
    tree = scaffold.seedling(cut.kept, words, fine=False)
    room = cut.heavy_atoms + ROOM if limit is None else limit
    children = None
    if cut.exchange:
        children = tuple(scaffold.branch(child, words, fine=False) for child in cut.children)
        room -= sum(child.heavy_atoms for child in children)
    return _Edit(cut.parent, tree, room, children, cut.rng)


class _Grower:
    def __init__(self, policy: Policy, words: Vocabulary, temperature: float) -> None:
        self.policy = policy
        self.words = words
        self.temperature = temperature
        motif = words.actions[:, 0]
        others = np.diff(words.starts)[motif] - 1
        multiple = np.add.reduceat(np.append(words.orders > 1, False), words.starts[:-1]) * (
            np.diff(words.starts) > 0
        )
        beside = multiple[motif] - (words.action_orders > 1)
        self.others = torch.from_numpy(np.where(beside > 0, -1, others))  # -1: not all single
        self.heavy = torch.from_numpy(words.heavy_atoms[motif])
        self.costs = torch.from_numpy(words.action_costs)

    def finished(self, batch: Sequence[_Edit]) -> list[_Edit]:
        """The edits that could be carried out."""
        growing = list(batch)
        done = []
        while growing:
            growing = self._stepped(growing)
            done += [edit for edit in growing if not edit.tree.stack]
            growing = [edit for edit in growing if edit.tree.stack]
        return done

    def _stepped(self, batch: Sequence[_Edit]) -> list[_Edit]:
        states = growth.pack([edit.tree for edit in batch], self.words)
        logits = self._log_probabilities(states) / self.temperature
        for row, edit in enumerate(batch):
            logits[row].masked_fill_(~self._fitting(edit), -torch.inf)
        going = torch.isfinite(logits).any(dim=1).tolist()
        kept = []
        for row, edit in enumerate(batch):
            if going[row]:
                self._apply(edit, _drawn(logits[row], edit.rng.random()))
                kept.append(edit)
        return kept

    def _log_probabilities(self, states: States) -> torch.Tensor:
        """Of every action. shape: (trees, actions)"""
        policy = self.policy
        vector = policy(states)
        order = policy.tables.order[states.focus]
        main = torch.log_softmax(
            policy.main_logits(vector, policy.tables.allowed_main[order]), dim=1
        )
        rare = policy.rare_logits(vector, policy.tables.allowed_rare[order])
        if not rare.shape[1]:
            return main[:, : policy.head]
        # A row without any rare action that fits has no rare probability to share.
        within = torch.log_softmax(rare, dim=1).nan_to_num(nan=-torch.inf)
        return torch.cat([main[:, : policy.head], main[:, policy.head :] + within], dim=1)

    def _fitting(self, edit: _Edit) -> torch.Tensor:
        tree = edit.tree
        if edit.children is not None:
            return (self.others == len(edit.children)) & (
                self.heavy <= edit.room - tree.heavy_atoms
            )
        words = self.words
        others = sum(
            int(words.closing_cost[words.orders[words.starts[tree.motifs[n]] + k - 1]])
            for n, k in tree.stack[:-1]
        )
        return self.costs <= edit.room - tree.heavy_atoms - others

    def _apply(self, edit: _Edit, action: int) -> None:
        motif, entered = (int(x) for x in self.words.actions[action])
        tree, node = edit.tree, len(edit.tree.motifs)
        tree.links.append((*tree.stack.pop(), node, entered))
        tree.motifs.append(motif)
        tree.heavy_atoms += int(self.words.heavy_atoms[motif])
        labels = [k for k in range(1, self.words.attachments(motif) + 1) if k != entered]
        edit.rng.shuffle(labels)
        tree.stack.extend((node, label) for label in labels)
        if edit.children is not None:
            for child in edit.children:
                child.join(tree)


def _drawn(logits: torch.Tensor, uniform: float) -> int:
    """One place, by inversion of the cumulative distribution."""
    weight = torch.softmax(logits.double(), dim=0)
    chosen = int(torch.searchsorted(weight.cumsum(dim=0), uniform, right=True))
    last = int(torch.nonzero(weight)[-1])
    return min(chosen, last)


def _written(tree: GrowingTree, words: Vocabulary) -> str:
    whole = MotifTree(
        tuple(words.motifs[i] for i in tree.motifs), tuple(Link(*link) for link in tree.links)
    )
    return motifs.canonical(motifs.assemble(whole))
