"""A prior's vocabulary expanded by the motifs of leads, so that growth can place them.

A ring system that no training molecule had is seen through its structure, but no action
adds it. Expansion gives it one for each of its attachments, among the rare actions. Such
an action begins as the mean of the known rare actions most like it, and as probable as the
leads make it; fine-tuning does the rest.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from generative import likeness, motifs
from generative.policy import Policy
from generative.prior import Prior
from generative.vocabulary import Vocabulary

ALIKE = 8  # known actions whose mean a new one begins as


def expanded(prior: Prior, molecules: Sequence[str], share: np.ndarray, kl: float) -> Prior:
    """The prior with every motif of some molecules; the given one is unchanged.

    A new motif's actions together have the share of the rare ones that minimises the loss
    of fine-tuning: q / (1 + kl), with q the weighted share of the molecules' motifs.

    Args:
        prior: to be expanded.
        molecules: SMILES.
        share: of each molecule, shape (molecules,), sums to 1.
        kl: weight of the divergence from the prior.

    Returns:
        the same prior where its vocabulary holds every motif.

    Raises:
        ValueError: a SMILES cannot be read.
    """
    vocabulary = prior.vocabulary
    unknown: Counter[str] = Counter()
    for text, weight in zip(molecules, share.tolist(), strict=True):
        whole = motifs.cut(motifs.parse(text))
        for fine in (False, True):
            pieces = vocabulary.refined(whole, fine=fine).tree.motifs
            for motif in pieces:
                if motif not in vocabulary.index:
                    unknown[motif] += weight / len(pieces) / 2
    if not unknown:
        return prior
    rare = max(1, int(vocabulary.action_counts[prior.policy.head :].sum()))
    words = vocabulary.expanded(
        {
            motif: round(q / (1 + kl) * rare / max(1, motifs.attachment_count(motif)))
            for motif, q in unknown.items()
        }
    )
    weight, bias = _beginning(prior.policy, vocabulary, words)
    policy = prior.policy.expanded(words, weight, bias)
    return Prior(prior.name, words, policy, prior.largest)


def _beginning(policy: Policy, known: Vocabulary, words: Vocabulary) -> tuple[Tensor, Tensor]:
    """Weights and biases of the new actions, from the rare actions most like them."""
    rare = np.arange(policy.head, len(known.actions))
    # How far the biases have moved in training from the log counts they began at.
    counts = torch.from_numpy(known.action_counts[policy.head :]).float()
    drift = policy.rare.bias.detach() - counts.log()
    width = policy.size.tail_width
    added = range(len(known.actions), len(words.actions))
    weight, bias = torch.zeros(len(added), width), torch.zeros(len(added))
    for row, action in enumerate(added):
        motif, label = (int(x) for x in words.actions[action])
        bias[row] = float(np.log(words.action_counts[action]))
        near = likeness.nearest_actions(words, motif, label, rare, ALIKE) - policy.head
        if len(near):
            weight[row] = policy.rare.weight.detach()[near].mean(dim=0)
            bias[row] += drift[near].mean()
    return weight, bias
