"""Teaching a prior by ranked leads, on a leash.

The loss is the weighted negative log-likelihood of the leads' motif trees plus the
Kullback-Leibler divergence of the policy from the prior on the prior's own molecules.
The number of steps is fixed, so a few leads cannot be learned by heart, and the same
seed gives the same network.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from generative import forest, growth, motifs
from generative.expansion import expanded
from generative.forest import Forest
from generative.policy import CANONICAL, COARSE, FINE, States
from generative.prior import Prior
from generative.threads import limited
from generative.vocabulary import Vocabulary

# Molecules of the prior on which the policy is held, and how strongly by default.
REPLAY = 128
LEASH = 0.5

STEPS = 20
LEADS_PER_STEP = 16
REPLAY_PER_STEP = 16
GROWTH_STEPS = 10  # learned from one molecule at a time
LEARNING_RATE = 5e-4
CLIP = 1.0


@dataclass(frozen=True)
class _Molecules:
    """Trees with acyclic groups whole where known (coarse) and in units (fine)."""

    coarse: Forest
    fine: Forest
    vocabulary: Vocabulary  # extended by motifs that only they hold


def finetune(
    prior: Prior,
    leads: Sequence[str],
    weights: Sequence[float],
    replay: Sequence[str],
    *,
    seed: int,
    kl: float = LEASH,
) -> Prior:
    """A prior taught by weighted molecules; the given one is unchanged.

    Motifs that only the molecules have are added to its vocabulary, with actions.

    Args:
        prior: where the training starts and what it is held to.
        leads: SMILES.
        weights: non-negative, one for each lead; they need not sum to one.
        replay: SMILES sampled from the prior.
        seed: of the training.
        kl: weight of the divergence from the prior; larger stays nearer to it.

    Raises:
        ValueError: no leads, a SMILES that cannot be read, weights that do not fit, or a
            negative weight of the divergence.
    """
    if len(leads) != len(weights):
        raise ValueError(f"{len(leads)} molecules but {len(weights)} weights to learn from")
    share = np.asarray(weights, dtype=np.float64)
    if not len(leads) or not np.all(np.isfinite(share)) or share.min() < 0 or share.sum() <= 0:
        raise ValueError("fine-tuning needs molecules with finite weights, at least one above 0")
    if not kl >= 0:
        raise ValueError(f"the weight of the divergence from the prior is negative: {kl}")
    share = share / share.sum()
    rng = np.random.default_rng([seed, 2])
    with limited(1), torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        prior = expanded(prior, leads, share, kl)
        together = _encode(prior, [*leads, *replay])
        policy = copy.deepcopy(prior.policy)
        policy.requires_grad_(True)
        learner = policy.extended(together.vocabulary)
        teacher = prior.policy.extended(together.vocabulary)
        optimizer = torch.optim.Adam(policy.parameters(), LEARNING_RATE)
        for _ in range(STEPS):
            chosen = rng.choice(len(leads), size=LEADS_PER_STEP, p=share)
            states, actions = _batch(together, chosen, rng)
            loss = -learner.log_likelihood(states, actions).sum() / max(1, len(actions))
            if len(replay):
                held = len(leads) + rng.integers(len(replay), size=REPLAY_PER_STEP)
                states, _ = _batch(together, held, rng)
                with torch.no_grad():
                    before = teacher.main_log_probabilities(states)
                loss = loss + kl * _divergence(before, learner.main_log_probabilities(states))
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(policy.parameters(), CLIP)
            optimizer.step()
    policy.requires_grad_(False)
    policy.root.copy_(_roots(prior, together.coarse, share, kl))
    return Prior(prior.name, prior.vocabulary, policy, prior.largest)


def _roots(prior: Prior, leads: Forest, share: np.ndarray, kl: float) -> Tensor:
    """Logits of the root motif that minimise the same loss; here it has a closed form.

    The minimum of -sum q log p + kl KL(prior, p) is p = (q + kl prior) / (1 + kl).
    The leads are the first trees of the forest.
    """
    before = torch.softmax(prior.policy.root.double(), dim=0)
    observed = torch.zeros_like(before)
    for tree, weight in enumerate(share.tolist()):
        nodes = leads.motifs[leads.starts[tree] : leads.starts[tree + 1]]
        roots = nodes[:1] if prior.vocabulary.canonical else nodes
        for motif in roots.tolist():
            if motif < len(observed):
                observed[motif] += weight / len(roots)
    return ((observed + kl * before) / (1 + kl)).clamp(min=1e-13).log().float()


def log_likelihoods(
    prior: Prior, smiles: Sequence[str], *, seed: int, unknown: float = 0.0
) -> list[float]:
    """Natural log of the probability of growing each molecule in canonical order.

    A prior that knows no canonical order is asked for one random order instead. The
    trees are coarse. A motif that no action adds contributes ``unknown`` nats.

    Raises:
        ValueError: a SMILES cannot be read.
    """
    if not smiles:
        return []
    rng = np.random.default_rng([seed, 3])
    with limited(1), torch.no_grad():
        encoded = _encode(prior, smiles)
        policy = prior.policy.extended(encoded.vocabulary)
        modes = [CANONICAL if prior.vocabulary.canonical else COARSE] * len(smiles)
        trees = forest.traverse(encoded.coarse, range(len(smiles)), modes, encoded.vocabulary, rng)
        states, actions, owner = growth.forced(
            trees, np.ones(len(trees.motifs), dtype=bool), modes, encoded.vocabulary
        )
        root = torch.log_softmax(policy.root.double(), dim=0)
        total = torch.tensor(
            [
                float(root[motif]) if motif < len(root) else unknown
                for motif in trees.roots.tolist()
            ],
            dtype=torch.float64,
        )
        grown = torch.bincount(owner, minlength=len(smiles))
        total += unknown * (torch.from_numpy(np.asarray(trees.lengths)) - 1 - grown)
        if len(actions):
            total.index_add_(0, owner, policy.log_likelihood(states, actions).double())
    return [float(x) for x in total]


def _encode(prior: Prior, smiles: Sequence[str]) -> _Molecules:
    trees = [motifs.cut(motifs.parse(text)) for text in smiles]
    unknown = {
        motif
        for whole in trees
        for fine in (False, True)
        for motif in prior.vocabulary.refined(whole, fine=fine).tree.motifs
    }
    vocabulary = prior.vocabulary.extended(unknown)
    coarse, fine = (
        forest.plant_trees((whole.tree for whole in trees), vocabulary, fine=fine)
        for fine in (False, True)
    )
    return _Molecules(coarse, fine, vocabulary)


def _batch(
    molecules: _Molecules, rows: np.ndarray, rng: np.random.Generator
) -> tuple[States, Tensor]:
    """States and actions of some molecules, each in one mode of growth by chance."""
    words = molecules.vocabulary
    # Free sampling is canonical; on a scaffold both others are needed.
    known = [CANONICAL, CANONICAL, COARSE, FINE] if words.canonical else [COARSE, FINE]
    modes = rng.choice(known, size=len(rows))
    fine = modes == FINE
    together = Forest.joined(
        [
            forest.traverse(trees, rows[those], modes[those], words, rng)
            for trees, those in ((molecules.coarse, ~fine), (molecules.fine, fine))
        ]
    )
    chosen = forest.some_steps(together, GROWTH_STEPS, rng)
    ordered = np.concatenate([modes[~fine], modes[fine]])
    states, actions, _ = growth.forced(together, chosen, ordered, words)
    return states, actions


def _divergence(before: Tensor, now: Tensor) -> Tensor:
    """Mean Kullback-Leibler divergence of the rows, from log-probabilities; nats."""
    terms = before.exp() * (before - now)
    return terms.masked_fill(torch.isneginf(before), 0.0).sum(dim=1).mean()
