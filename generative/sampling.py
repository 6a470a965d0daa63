"""Molecules from a prior: motif trees grown under constraints.

Valid by construction: an action must fit the bond order in focus and leave room, within
the limit of heavy atoms, to close every other open attachment. Every attempt has random
numbers of its own, so what comes out does not depend on how attempts are batched.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import torch
from rdkit import Chem

from generative import growth, motifs, scaffold
from generative.constraints import Constraints
from generative.finetuning import LEASH, REPLAY, finetune, log_likelihoods
from generative.growth import GrowingTree
from generative.motifs import Link, MotifTree
from generative.policy import CANONICAL, COARSE, Policy
from generative.prior import Prior
from generative.scaffold import Scaffold
from generative.threads import limited
from generative.vocabulary import NEVER, Vocabulary

# Sampling ends early after this many attempts in a row that give nothing new.
PATIENCE = 1000
LARGEST_BATCH = 256
# Heavy atoms that may grow on a scaffold, when no limit is given and it is already large.
ROOM = 15
# Where this share of the rare actions fits, their common probability is left as it is.
AMPLE = 0.9


class MotifGenerator:
    """Samples molecules from a prior; implements ``generative.generator.Generator``."""

    def __init__(self, prior: Prior) -> None:
        self.prior = prior
        self.name = prior.name

    def sample(
        self,
        n: int,
        *,
        seed: int,
        scaffold: str | None = None,
        constraints: Constraints | None = None,
    ) -> list[str]:
        """At most ``n`` distinct canonical SMILES; see ``Generator.sample``.

        Fewer come back when 1,000 attempts in a row gave nothing new that meets the
        constraints.

        Raises:
            ValueError: a bad scaffold or SMARTS, or a scaffold that does not fit the limit
                of heavy atoms.
        """
        if n < 0 or seed < 0:
            raise ValueError("the number of molecules and the seed must not be negative")
        limits = constraints or Constraints()
        with limited(1), torch.no_grad():
            return Growth(self.prior, seed, scaffold, limits).collect(n)

    def finetuned(
        self, smiles: Sequence[str], weights: Sequence[float], *, seed: int, kl: float = LEASH
    ) -> MotifGenerator:
        """A generator taught by these molecules; this one is unchanged.

        Args:
            smiles: ranked leads.
            weights: non-negative, one for each molecule.
            seed: of the training.
            kl: weight of the divergence from this prior; larger stays nearer to it.

        Raises:
            ValueError: no molecules, a SMILES that cannot be read, or weights that do not
                fit them.
        """
        replay = self.sample(REPLAY, seed=seed)
        return MotifGenerator(finetune(self.prior, smiles, weights, replay, seed=seed, kl=kl))

    def log_likelihood(self, smiles: Sequence[str], *, seed: int = 0) -> list[float]:
        """Natural log of the probability of growing each molecule in canonical order.

        A prior that was not taught that order is asked for one random order, drawn by the
        seed. A motif that the vocabulary does not hold contributes nothing.
        """
        return log_likelihoods(self.prior, smiles, seed=seed)


class Growth:
    """One call of ``sample``: attempts by their number, grown in batches.

    Its user has switched off torch's gradients and set its threads.
    """

    def __init__(
        self, prior: Prior, seed: int, scaffold_text: str | None, constraints: Constraints
    ) -> None:
        self.seed = seed
        self.patterns = constraints.patterns()
        self.scaffold: Scaffold | None = None
        vocabulary, policy = prior.vocabulary, prior.policy
        limit = constraints.max_heavy_atoms
        self.seedlings: list[GrowingTree] = []
        if scaffold_text is not None:
            self.scaffold = scaffold.read(scaffold_text, seed)
            vocabulary = _with_motifs(vocabulary, self.scaffold)
            if vocabulary is not prior.vocabulary:
                policy = policy.extended(vocabulary)
            grown = [scaffold.seedling(form, vocabulary) for form in self.scaffold.forms]
            needed = [tree.heavy_atoms + _closing(tree, vocabulary) for tree in grown]
            if min(needed) >= NEVER:
                raise ValueError(
                    f"the scaffold {scaffold_text!r} has an attachment point whose bond order "
                    "this prior cannot close"
                )
            if limit is not None and min(needed) > limit:
                raise ValueError(
                    f"the scaffold {scaffold_text!r} needs at least {min(needed)} heavy atoms, "
                    f"more than the limit of {limit}"
                )
            largest = limit or max(prior.largest, min(needed) + ROOM)
            self.seedlings = [
                tree for tree, atoms in zip(grown, needed, strict=True) if atoms <= largest
            ]
        else:
            largest = limit or prior.largest
        self.finished: dict[tuple[object, ...], str | None] = {}
        self.vocabulary: Vocabulary = vocabulary
        self.policy: Policy = policy
        self.largest = largest
        self.costs = torch.from_numpy(vocabulary.action_costs)
        head = policy.head
        orders = vocabulary.action_orders[head:]
        costs, counts = vocabulary.action_costs[head:], vocabulary.action_counts[head:]
        rare = [(costs[orders == order], counts[orders == order]) for order in range(4)]
        self.least_rare = torch.tensor([c.min() if len(c) else NEVER for c, _ in rare])
        self.ample_rare = torch.tensor([_quantile(c, n, AMPLE) if len(c) else 0 for c, n in rare])
        if self.scaffold is None:
            self.roots = self._root_distribution()

    def _root_distribution(self) -> np.ndarray:
        vocabulary = self.vocabulary
        closing = np.concatenate([[0], np.cumsum(vocabulary.closing_cost[vocabulary.orders])])
        cost = vocabulary.heavy_atoms + closing[vocabulary.starts[1:]]
        cost = cost - closing[vocabulary.starts[:-1]]
        weight = torch.softmax(self.policy.root.double(), dim=0).numpy() * (cost <= self.largest)
        if weight.sum() <= 0:
            raise ValueError(f"no molecule of this prior has at most {self.largest} heavy atoms")
        return np.asarray(np.cumsum(weight / weight.sum()))

    def collect(self, n: int) -> list[str]:
        """The first ``n`` distinct molecules that meet the constraints."""
        found: dict[str, None] = {}
        barren = 0
        attempts = itertools.count()
        while len(found) < n and barren < PATIENCE:
            size = min(LARGEST_BATCH, max(16, 5 * (n - len(found)) // 4))
            for tree in self.grow(list(itertools.islice(attempts, size))):
                smiles = self.finish(tree)
                if len(found) == n or barren == PATIENCE:
                    break
                if smiles is None or smiles in found:
                    barren += 1
                else:
                    found[smiles] = None
                    barren = 0
        return list(found)

    def grow(self, attempts: Sequence[int]) -> list[GrowingTree]:
        """The closed trees of these attempts; each depends on its number alone."""
        generators = [np.random.default_rng([self.seed, 0, number]) for number in attempts]
        trees = [self._start(rng) for rng in generators]
        active = [i for i, tree in enumerate(trees) if tree.stack]
        while active:
            self._step([trees[i] for i in active], [generators[i] for i in active])
            active = [i for i in active if trees[i].stack]
        return trees

    def _start(self, rng: np.random.Generator) -> GrowingTree:
        if self.seedlings:
            tree = self.seedlings[int(rng.integers(len(self.seedlings)))].copy()
            rng.shuffle(tree.stack)
            return tree
        root = int(np.searchsorted(self.roots, rng.random(), side="right"))
        root = min(root, len(self.roots) - 1)
        labels = list(range(self.vocabulary.attachments(root), 0, -1))
        mode = CANONICAL if self.vocabulary.canonical else COARSE
        if mode != CANONICAL:
            rng.shuffle(labels)
        heavy = int(self.vocabulary.heavy_atoms[root])
        return GrowingTree([root], [], [(0, label) for label in labels], mode, heavy)

    def _step(self, trees: Sequence[GrowingTree], rngs: Sequence[np.random.Generator]) -> None:
        """Grow every tree by one action."""
        policy = self.policy
        states = growth.pack(trees, self.vocabulary)
        vector = policy(states)
        order = policy.tables.order[states.focus]
        room = torch.tensor([self._room(tree) for tree in trees])
        draws = torch.tensor([[rng.random(), rng.random()] for rng in rngs], dtype=torch.float64)
        actions = _draw(self._main_logits(vector, order, room), draws[:, 0])
        rare = torch.nonzero(actions == policy.head)[:, 0]
        if len(rare):
            fits = self._fits(order[rare], room[rare])
            actions[rare] += _draw(policy.rare_logits(vector[rare], fits), draws[rare, 1])
        for tree, action, rng in zip(trees, actions.tolist(), rngs, strict=True):
            self._apply(tree, action, rng)

    def _main_logits(
        self, vector: torch.Tensor, order: torch.Tensor, room: torch.Tensor
    ) -> torch.Tensor:
        """Logits of the frequent actions, and of all rare ones together, that fit the room.

        shape: (trees, frequent actions + 1)
        """
        head = self.policy.head
        allowed = self.policy.tables.allowed_main[order]
        allowed[:, :head] &= self.costs[None, :head] <= room[:, None]
        allowed[:, head] &= self.least_rare[order] <= room
        logits = self.policy.main_logits(vector, allowed)
        narrow = torch.nonzero(allowed[:, head] & (room < self.ample_rare[order]))[:, 0]
        if len(narrow):
            # Else the few that fit would inherit the probability of all that do not.
            share = self._fitting_share(vector[narrow], order[narrow], room[narrow])
            logits[narrow, head] += share
        return logits

    def _fits(self, order: torch.Tensor, room: torch.Tensor) -> torch.Tensor:
        """Rare actions of that bond order within that room. shape: (trees, rare actions)"""
        within = self.costs[None, self.policy.head :] <= room[:, None]
        return self.policy.tables.allowed_rare[order] & within

    def _fitting_share(
        self, vector: torch.Tensor, order: torch.Tensor, room: torch.Tensor
    ) -> torch.Tensor:
        """Log of the share of the rare actions' probability that fits the room. (trees,)"""
        logits = self.policy.rare_logits(vector, self.policy.tables.allowed_rare[order])
        fitting = logits.masked_fill(~self._fits(order, room), -torch.inf)
        return fitting.logsumexp(dim=1) - logits.logsumexp(dim=1)

    def _room(self, tree: GrowingTree) -> int:
        """Heavy atoms left for the focus when every other open attachment must close."""
        return self.largest - tree.heavy_atoms - _closing(tree, self.vocabulary, -1)

    def _apply(self, tree: GrowingTree, action: int, rng: np.random.Generator) -> None:
        motif, entered = (int(x) for x in self.vocabulary.actions[action])
        node = len(tree.motifs)
        tree.links.append((*tree.stack.pop(), node, entered))
        tree.motifs.append(motif)
        tree.heavy_atoms += int(self.vocabulary.heavy_atoms[motif])
        labels = [k for k in range(self.vocabulary.attachments(motif), 0, -1) if k != entered]
        # In canonical growth the lowest label lies on top.
        if len(labels) > 1 and tree.mode != CANONICAL:
            rng.shuffle(labels)
        tree.stack.extend((node, label) for label in labels)

    def finish(self, tree: GrowingTree) -> str | None:
        """Canonical SMILES of a closed tree; None if it does not meet the constraints."""
        # Where few molecules are possible the same trees come again and again.
        key = (tuple(tree.motifs), tuple(tree.links))
        if key not in self.finished:
            self.finished[key] = self._assembled(tree)
        return self.finished[key]

    def _assembled(self, tree: GrowingTree) -> str | None:
        mol = motifs.assemble(
            MotifTree(
                tuple(self.vocabulary.motifs[i] for i in tree.motifs),
                tuple(Link(*link) for link in tree.links),
            )
        )
        smiles = Chem.MolToSmiles(mol)
        mol = motifs.parse(smiles)
        if not self.patterns.met(mol):
            return None
        if self.scaffold is not None and not mol.HasSubstructMatch(
            self.scaffold.query, useChirality=True
        ):
            return None
        return Chem.MolToSmiles(mol)


def _with_motifs(vocabulary: Vocabulary, kept: Scaffold) -> Vocabulary:
    unknown: set[str] = set()
    for form in kept.forms:
        unknown.update(vocabulary.refined(form, fine=scaffold.is_fine(form)).tree.motifs)
    return vocabulary.extended(unknown)


def _closing(tree: GrowingTree, vocabulary: Vocabulary, end: int | None = None) -> int:
    """Fewest heavy atoms that close the open attachments below ``end`` of the stack."""
    starts, orders = vocabulary.starts, vocabulary.orders
    return sum(
        int(vocabulary.closing_cost[orders[starts[tree.motifs[node]] + label - 1]])
        for node, label in tree.stack[:end]
    )


def _quantile(values: np.ndarray, counts: np.ndarray, share: float) -> int:
    """The least value that this share of the occurrences does not exceed."""
    order = np.argsort(values, kind="stable")
    place = np.searchsorted(np.cumsum(counts[order]), share * counts.sum())
    return int(values[order][place])


def _draw(logits: torch.Tensor, uniform: torch.Tensor) -> torch.Tensor:
    """One action of each row by inversion of the cumulative distribution."""
    weight = torch.softmax(logits.double(), dim=1)
    total = weight.cumsum(dim=1)
    target = uniform * total[:, -1]
    chosen = torch.searchsorted(total, target[:, None], right=True)[:, 0]
    # Rounding must not pick an impossible action behind the last possible one.
    last = weight.shape[1] - 1 - (weight.flip(1) > 0).int().argmax(dim=1)
    return torch.minimum(chosen, last)
