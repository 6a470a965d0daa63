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

from generative import growth, motifs
from generative.growth import EncodedTree
from generative.motifs import Cut
from generative.policy import COARSE, FINE, States
from generative.prior import Prior
from generative.threads import limited
from generative.vocabulary import Vocabulary

# Molecules of the prior on which the policy is held, and how strongly.
REPLAY = 128
LEASH = 0.5

STEPS = 40
LEADS_PER_STEP = 16
REPLAY_PER_STEP = 16
GROWTH_STEPS = 10  # learned from one molecule at a time
LEARNING_RATE = 5e-4
CLIP = 1.0


@dataclass(frozen=True)
class _Molecules:
    """Trees with acyclic groups whole where known (coarse) and in units (fine)."""

    coarse: list[EncodedTree]
    fine: list[EncodedTree]
    vocabulary: Vocabulary  # extended by motifs that only they hold


def finetune(
    prior: Prior,
    leads: Sequence[str],
    weights: Sequence[float],
    replay: Sequence[str],
    *,
    seed: int,
) -> Prior:
    """A prior taught by weighted molecules; the given one is unchanged.

    Args:
        prior: where the training starts and what it is held to.
        leads: SMILES.
        weights: non-negative, one for each lead; they need not sum to one.
        replay: SMILES sampled from the prior.
        seed: of the training.

    Raises:
        ValueError: no leads, a SMILES that cannot be read, or weights that do not fit.
    """
    if len(leads) != len(weights):
        raise ValueError(f"{len(leads)} molecules but {len(weights)} weights to learn from")
    share = np.asarray(weights, dtype=np.float64)
    if not len(leads) or not np.all(np.isfinite(share)) or share.min() < 0 or share.sum() <= 0:
        raise ValueError("fine-tuning needs molecules with finite weights, at least one above 0")
    share = share / share.sum()
    rng = np.random.default_rng([seed, 2])
    with limited(1), torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
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
                loss = loss + LEASH * _divergence(before, learner.main_log_probabilities(states))
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(policy.parameters(), CLIP)
            optimizer.step()
    policy.requires_grad_(False)
    policy.root.copy_(_roots(prior, together.coarse[: len(leads)], share))
    return Prior(prior.name, prior.vocabulary, policy, prior.largest)


def _roots(prior: Prior, leads: Sequence[EncodedTree], share: np.ndarray) -> Tensor:
    """Logits of the root motif that minimise the same loss; here it has a closed form.

    The minimum of -sum q log p + LEASH KL(prior, p) is p = (q + LEASH prior) / (1 + LEASH).
    """
    before = torch.softmax(prior.policy.root.double(), dim=0)
    observed = torch.zeros_like(before)
    for tree, weight in zip(leads, share.tolist(), strict=True):
        for motif in tree.motifs:
            if motif < len(observed):
                observed[motif] += weight / len(tree.motifs)
    return ((observed + LEASH * before) / (1 + LEASH)).clamp(min=1e-13).log().float()


def log_likelihoods(prior: Prior, smiles: Sequence[str], *, seed: int) -> list[float]:
    """Natural log of the probability of growing each molecule in one random order.

    The trees are coarse. A motif that no action adds contributes nothing.

    Raises:
        ValueError: a SMILES cannot be read.
    """
    if not smiles:
        return []
    rng = np.random.default_rng([seed, 3])
    with limited(1), torch.no_grad():
        encoded = _encode(prior, smiles)
        policy = prior.policy.extended(encoded.vocabulary)
        traversals = [growth.traverse(t, encoded.vocabulary, rng) for t in encoded.coarse]
        states, actions, owner = growth.forced(
            traversals,
            [range(1, len(t.motifs)) for t in traversals],
            [COARSE] * len(traversals),
            encoded.vocabulary,
        )
        root = torch.log_softmax(policy.root.double(), dim=0)
        total = torch.tensor(
            [float(root[t.motifs[0]]) if t.motifs[0] < len(root) else 0.0 for t in traversals],
            dtype=torch.float64,
        )
        if len(actions):
            total.index_add_(0, owner, policy.log_likelihood(states, actions).double())
    return [float(x) for x in total]


def _encode(prior: Prior, smiles: Sequence[str]) -> _Molecules:
    coarse: list[Cut] = []
    fine: list[Cut] = []
    for text in smiles:
        whole = motifs.cut(motifs.parse(text))
        coarse.append(prior.vocabulary.refined(whole, fine=False))
        fine.append(prior.vocabulary.refined(whole, fine=True))
    unknown = {motif for cut in [*coarse, *fine] for motif in cut.tree.motifs}
    vocabulary = prior.vocabulary.extended(unknown)
    return _Molecules(
        [growth.encode(cut.tree, vocabulary) for cut in coarse],
        [growth.encode(cut.tree, vocabulary) for cut in fine],
        vocabulary,
    )


def _batch(
    molecules: _Molecules, rows: np.ndarray, rng: np.random.Generator
) -> tuple[States, Tensor]:
    """States and actions of some molecules, each coarse or fine by chance."""
    traversals, chosen, modes = [], [], []
    for row in rows.tolist():
        mode = FINE if rng.random() < 0.5 else COARSE
        tree = (molecules.fine if mode == FINE else molecules.coarse)[row]
        traversal = growth.traverse(tree, molecules.vocabulary, rng)
        traversals.append(traversal)
        chosen.append(growth.some_steps(traversal, GROWTH_STEPS, rng))
        modes.append(mode)
    states, actions, _ = growth.forced(traversals, chosen, modes, molecules.vocabulary)
    return states, actions


def _divergence(before: Tensor, now: Tensor) -> Tensor:
    """Mean Kullback-Leibler divergence of the rows, from log-probabilities; nats."""
    terms = before.exp() * (before - now)
    return terms.masked_fill(torch.isneginf(before), 0.0).sum(dim=1).mean()
