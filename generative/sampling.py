"""Molecules from a prior: motif trees grown under constraints.

Valid by construction: an action must fit the bond order in focus and leave room, within
the limit of heavy atoms, to close every other open attachment. Every attempt has random
numbers of its own, so what comes out does not depend on how attempts are batched.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from rdkit import Chem

from generative import assembly, budgets, motifs, scaffold
from generative.budgets import Budget
from generative.choosing import DRAWS, NONE, Chooser, Limits
from generative.constraints import Constraints, rings_beyond
from generative.finetuning import LEASH, REPLAY, finetune, log_likelihoods
from generative.grove import FREE, Grove
from generative.growth import GrowingTree
from generative.motifs import Link, MotifTree
from generative.policy import CANONICAL, COARSE, Policy
from generative.prior import Prior
from generative.scaffold import Scaffold
from generative.start import Start, StartDistribution
from generative.streams import Streams
from generative.threads import limited
from generative.vocabulary import NEVER, Vocabulary

# Sampling ends early after this many attempts in a row that give nothing new.
PATIENCE = 1000
LARGEST_BATCH = 1024
# Heavy atoms that may grow on a scaffold, when no limit is given and it is already large.
ROOM = 15
# Starts are drawn for that many attempts at once.
STARTS = 256


@dataclass(frozen=True)
class Sampled:
    """Molecules of one call, and what became of the attempts that gave none."""

    molecules: tuple[str, ...]  # distinct canonical SMILES, in the order they came
    attempts: int
    # Reason -> attempts: "duplicate", "nothing fits the limits", or what
    # Requirements.refusal says. The counts and the molecules add up to the attempts.
    refused: Mapping[str, int] = field(default_factory=dict)

    @property
    def share(self) -> float:
        """Share of the attempts that gave a molecule; 0 without attempts."""
        return len(self.molecules) / self.attempts if self.attempts else 0.0


class MotifGenerator:
    """Samples molecules from a prior; implements ``generative.generator.Generator``."""

    def __init__(self, prior: Prior, starts: StartDistribution | None = None) -> None:
        """A generator of this prior.

        Args:
            prior: what grows the molecules.
            starts: draws the root motif and the classes of what grows at it, where no
                scaffold is given; None leaves that to the prior.
        """
        self.prior = prior
        self.starts = starts
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
            ValueError: a bad scaffold or constraint, or a scaffold that does not fit the
                limit of heavy atoms.
        """
        return list(
            self.sampled(n, seed=seed, scaffold=scaffold, constraints=constraints).molecules
        )

    def sampled(
        self,
        n: int,
        *,
        seed: int,
        scaffold: str | None = None,
        constraints: Constraints | None = None,
    ) -> Sampled:
        """The same molecules as ``sample``, with the yield and the reasons of refusal.

        Raises:
            ValueError: as ``sample``.
        """
        if n < 0 or seed < 0:
            raise ValueError("the number of molecules and the seed must not be negative")
        limits = constraints or Constraints()
        with limited(1), torch.inference_mode():
            return Growth(self.prior, seed, scaffold, limits, self.starts).collect(n)

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
        taught = finetune(self.prior, smiles, weights, replay, seed=seed, kl=kl)
        return MotifGenerator(taught, self.starts)

    def tempered(self, temperature: float) -> MotifGenerator:
        """A generator whose choices are flatter (above 1) or sharper (below 1).

        Raises:
            ValueError: the temperature is not a positive number.
        """
        return MotifGenerator(self.prior.tempered(temperature), self.starts)

    def log_likelihood(self, smiles: Sequence[str], *, seed: int = 0) -> list[float]:
        """Natural log of the probability of growing each molecule in canonical order.

        A prior that was not taught that order is asked for one random order, drawn by the
        seed. A motif that the vocabulary does not hold contributes nothing.
        """
        return log_likelihoods(self.prior, smiles, seed=seed)


@dataclass(frozen=True)
class Outcome:
    """What an attempt gave."""

    smiles: str | None  # canonical
    reason: str = ""  # why there is none


class Growth:
    """One call of ``sampled``: attempts by their number, grown in batches.

    Its user has switched off torch's gradients and set its threads.
    """

    def __init__(
        self,
        prior: Prior,
        seed: int,
        scaffold_text: str | None,
        constraints: Constraints,
        starts: StartDistribution | None = None,
    ) -> None:
        self.requirements = constraints.read()
        self.scaffold: Scaffold | None = None
        self.own_rings = 0
        vocabulary, policy = prior.vocabulary, prior.policy
        if scaffold_text is not None:
            self.scaffold = scaffold.read(scaffold_text, seed)
            vocabulary = _with_motifs(vocabulary, self.scaffold)
            if vocabulary is not prior.vocabulary:
                policy = policy.extended(vocabulary)
            if constraints.max_ring_size is not None:
                self.own_rings = rings_beyond(self.scaffold.query, constraints.max_ring_size)
        self.vocabulary: Vocabulary = vocabulary
        self.policy: Policy = policy
        fits = budgets.permitted(vocabulary, constraints.max_ring_size)
        permitted = fits[vocabulary.actions[:, 0]]
        atoms = budgets.heavy_atoms(vocabulary, permitted, constraints)
        limit = budgets.largest(constraints)
        self.seedlings: Grove | None = None
        if scaffold_text is not None:
            trees, self.largest = self._seedlings(scaffold_text, atoms, limit, prior.largest)
            self.seedlings = Grove.of(trees, vocabulary)
        else:
            self.largest = prior.largest if limit is None else limit
        atoms = replace(atoms, high=float(self.largest))
        self.budgets: tuple[Budget, ...] = (
            atoms,
            *budgets.budgets(vocabulary, permitted, constraints),
        )
        self.high = np.array([budget.high for budget in self.budgets])
        self.low = np.array([budget.low for budget in self.budgets])
        self.streams = Streams(seed)
        self.seed = seed
        self.starts = starts if self.scaffold is None else None
        self.drawn_starts: dict[int, Sequence[Start]] = {}  # by block of attempts
        if self.scaffold is None:
            self.possible_roots = self._possible_roots(fits)
            if self.starts is None:
                self.roots = self._root_distribution()
        classes = None if self.starts is None else self.starts.action_class
        self.chooser = Chooser(policy, vocabulary, self.budgets, permitted, classes)
        self.finished: dict[tuple[object, ...], Outcome] = {}

    def _seedlings(
        self, text: str, atoms: Budget, limit: int | None, usual: int
    ) -> tuple[list[GrowingTree], int]:
        """The forms of a scaffold that fit, and the limit of heavy atoms."""
        vocabulary = self.vocabulary
        assert self.scaffold is not None
        grown = [scaffold.seedling(form, vocabulary) for form in self.scaffold.forms]
        needed = [
            tree.heavy_atoms
            + sum(
                atoms.closing[vocabulary.orders[vocabulary.starts[tree.motifs[node]] + label - 1]]
                for node, label in tree.stack
            )
            for tree in grown
        ]
        least = min(needed)
        if least >= NEVER:
            raise ValueError(
                f"the scaffold {text!r} has an attachment point whose bond order "
                "this prior cannot close"
            )
        if limit is not None and least > limit:
            raise ValueError(
                f"the scaffold {text!r} needs at least {least:.0f} heavy atoms, "
                f"more than the limit of {limit}"
            )
        largest = max(usual, int(least) + ROOM) if limit is None else limit
        return [t for t, n in zip(grown, needed, strict=True) if n <= largest], largest

    def _possible_roots(self, fits: np.ndarray) -> np.ndarray:
        """Motifs that a molecule within all limits may begin with. shape: (motifs,), bool"""
        possible = fits.copy()
        for budget in self.budgets:
            possible &= budget.least(self.vocabulary) <= budget.high
        # A motif without attachments is a whole molecule.
        whole = np.diff(self.vocabulary.starts) == 0
        for budget in self.budgets:
            possible &= ~whole | (budget.values >= budget.low)
        return possible

    def _root_distribution(self) -> np.ndarray:
        weight = torch.softmax(self.policy.root.double(), dim=0).numpy()
        weight = weight * self.possible_roots[: len(weight)]
        if weight.sum() <= 0:
            further = "" if len(self.budgets) == 1 else " and meets the ranges"
            raise ValueError(
                f"no molecule of this prior has at most {self.largest} heavy atoms{further}"
            )
        return np.asarray(np.cumsum(weight / weight.sum()))

    def collect(self, n: int) -> Sampled:
        """The first ``n`` distinct molecules that meet the constraints."""
        found: dict[str, None] = {}
        refused: Counter[str] = Counter()
        barren = attempts = 0
        outcomes = self._outcomes(n, found)
        while len(found) < n and barren < PATIENCE:
            outcome = next(outcomes)
            attempts += 1
            if outcome.smiles is None or outcome.smiles in found:
                refused["duplicate" if outcome.smiles else outcome.reason] += 1
                barren += 1
            else:
                found[outcome.smiles] = None
                barren = 0
        return Sampled(tuple(found), attempts, dict(refused.most_common()))

    def _outcomes(self, n: int, found: Mapping[str, None]) -> Iterator[Outcome]:
        """Outcomes of attempts 0, 1, ...; batches as large as the yield so far asks for."""
        done = 0
        while True:
            share = (len(found) + 1) / (done + 1)
            size = math.ceil(1.1 * (n - len(found)) / share)
            size = min(LARGEST_BATCH, max(16, size))
            for tree in self.grow(range(done, done + size)):
                yield self.outcome(tree)
            done += size

    def grow(self, attempts: Sequence[int]) -> list[GrowingTree]:
        """The trees of these attempts; each depends on its number alone.

        They are closed, but for those in which no action fits the limits.
        """
        numbers = np.asarray(attempts, dtype=np.int64)
        most = int(np.diff(self.vocabulary.starts).max(initial=1))
        grove = self._started(numbers, most)
        active = np.nonzero(grove.depth)[0]
        step = 1
        while len(active):
            limits = self._limits(grove, active)
            draws = self.streams.draws(step, numbers[active], DRAWS + most)
            action = self.chooser.choose(grove.states(active), limits, draws)
            going = action != NONE
            active, action, draws = active[going], action[going], draws[going]
            if not len(active):
                break
            motif, entered = self.vocabulary.actions[action].T
            grove.add(active, motif, entered, draws[:, DRAWS:])
            active = active[grove.depth[active] > 0]
            step += 1
        return grove.trees()

    def _started(self, numbers: np.ndarray, most: int) -> Grove:
        """The trees before the first step."""
        if self.seedlings is not None:
            forms = len(self.seedlings)
            draws = self.streams.draws(0, numbers, 1 + self.seedlings.stack.shape[1])
            grove = self.seedlings.taken((draws[:, 0] * forms).astype(np.int64))
            grove.shuffle(draws[:, 1:])
            return grove
        draws = self.streams.draws(0, numbers, 1 + most)
        mode = CANONICAL if self.vocabulary.canonical else COARSE
        if self.starts is None:
            roots = np.searchsorted(self.roots, draws[:, 0], side="right")
            roots = np.minimum(roots, len(self.roots) - 1)
            return Grove.planted(roots, mode, draws[:, 1:], self.vocabulary)
        starts = [self._start(number) for number in numbers.tolist()]
        roots = np.array([start.root for start in starts], dtype=np.int64)
        grove = Grove.planted(roots, mode, draws[:, 1:], self.vocabulary)
        for row, start in enumerate(starts):
            for place in range(int(grove.depth[row])):
                kind = start.classes[grove.stack[row, place, 1] - 1]
                grove.stack[row, place, 2] = FREE if kind is None else kind
        return grove

    def _start(self, attempt: int) -> Start:
        assert self.starts is not None
        block, place = divmod(attempt, STARTS)
        if block not in self.drawn_starts:
            seed = int(np.random.SeedSequence([self.seed, 1, block]).generate_state(1)[0])
            self.drawn_starts[block] = self.starts.draw(STARTS, seed=seed)
        return self.drawn_starts[block][place]

    def _limits(self, grove: Grove, rows: np.ndarray) -> Limits:
        """What the next action of these trees must leave and be."""
        words = self.vocabulary
        focus, kind = grove.focus(rows)
        depth = grove.depth[rows]
        here = np.arange(grove.motifs.shape[1]) < grove.sizes[rows, None]
        below = np.arange(grove.stack.shape[1]) < depth[:, None] - 1
        motif = grove.motifs[rows]
        stack = grove.stack[rows]
        node = np.where(below, stack[:, :, 0], 0)
        label = np.where(below, stack[:, :, 1], 1)
        attachment = words.starts[np.take_along_axis(motif, node, axis=1)] + label - 1
        order = np.where(below, words.orders[np.where(below, attachment, 0)], 0)
        used = np.stack([(b.values[motif] * here).sum(axis=1) for b in self.budgets], axis=1)
        others = np.stack([(b.closing[order] * below).sum(axis=1) for b in self.budgets], axis=1)
        wanted = np.where((depth == 1)[:, None], np.maximum(self.low - used, 0.0), 0.0)
        return Limits(words.orders[focus], self.high - used - others, wanted, kind)

    def outcome(self, tree: GrowingTree) -> Outcome:
        """The molecule of a tree, or why there is none."""
        if tree.stack:
            return Outcome(None, "nothing fits the limits")
        # Where few molecules are possible the same trees come again and again.
        key = (tuple(tree.motifs), tuple(tree.links))
        if key not in self.finished:
            self.finished[key] = self._judged(tree)
        return self.finished[key]

    def finish(self, tree: GrowingTree) -> str | None:
        """Canonical SMILES of a closed tree; None if it does not meet the constraints."""
        return self.outcome(tree).smiles

    def _judged(self, tree: GrowingTree) -> Outcome:
        names = [self.vocabulary.motifs[i] for i in tree.motifs]
        text = assembly.joined(names, tree.links)
        if text is None:
            built = motifs.assemble(MotifTree(tuple(names), tuple(Link(*x) for x in tree.links)))
            text = Chem.MolToSmiles(built)
        mol = motifs.parse(text)
        reason = self.requirements.refusal(mol, own_rings=self.own_rings)
        if reason is not None:
            return Outcome(None, reason)
        if self.scaffold is not None and not mol.HasSubstructMatch(
            self.scaffold.query, useChirality=True
        ):
            return Outcome(None, "the scaffold is lost")
        return Outcome(assembly.canonical(mol))


def _with_motifs(vocabulary: Vocabulary, kept: Scaffold) -> Vocabulary:
    unknown: set[str] = set()
    for form in kept.forms:
        unknown.update(vocabulary.refined(form, fine=scaffold.is_fine(form)).tree.motifs)
    return vocabulary.extended(unknown)
