"""Changes of one atom, bond or ring, chosen by how likely the network finds the result.

For each molecule a few changes are tried and one is drawn from the softmax of their
log-likelihoods: what all of them have in common cancels, so the changed part decides.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from rdkit import Chem

from generative.edits import Limits, mutate
from generative.edits.parent import prepared
from generative.finetuning import log_likelihoods
from generative.prior import Prior
from generative.regrowth import Edited

TRIED = 6  # changes of a molecule of which one is drawn
# Log-likelihood of a motif that no training molecule had, about that of the rarest.
UNSEEN = -14.0  # nats


def edits(
    prior: Prior,
    parents: Sequence[str],
    *,
    seed: int,
    temperature: float = 1.0,
    limits: Limits | None = None,
) -> list[Edited]:
    """One changed molecule of each of these; fewer where no change was a sensible one.

    Args:
        prior: whose network judges the changes.
        parents: SMILES; give a molecule twice for two.
        seed: of this call.
        temperature: of the softmax.
        limits: of the changed molecules.

    Raises:
        ValueError: a SMILES cannot be read, or the temperature is not positive.
    """
    if not temperature > 0:
        raise ValueError(f"the temperature of edits must be positive: {temperature}")
    rngs = [np.random.default_rng([seed, 6, i]) for i in range(len(parents))]
    tried = []
    for parent, rng in zip(parents, rngs, strict=True):
        ready = prepared(parent)
        found = [mutate(ready, rng, None, limits) for _ in range(TRIED)]
        tried.append(list(dict.fromkeys(x for x in found if x is not None)))
    flat = [smiles for some in tried for smiles in some]
    likely = iter(log_likelihoods(prior, flat, seed=seed, unknown=UNSEEN))
    edited = []
    for parent, some, rng in zip(parents, tried, rngs, strict=True):
        values = np.array([next(likely) for _ in some]) / temperature
        if some:
            weight = np.cumsum(np.exp(values - values.max()))
            place = int(np.searchsorted(weight, rng.random() * weight[-1], side="right"))
            edited.append(Edited(some[min(place, len(some) - 1)], Chem.CanonSmiles(parent)))
    return edited
