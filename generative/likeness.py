"""Which known action an unknown one is most like: what the network takes in its place."""

from __future__ import annotations

import numpy as np

from generative.vocabulary import Vocabulary, entry

# How much the same surroundings at the attachment count, beside a cosine of 0 to 1.
SAME_ENVIRONMENT = 1.0


def nearest_actions(
    vocabulary: Vocabulary, motif: int, label: int, most: int = 1
) -> tuple[np.ndarray, np.ndarray]:
    """Known actions like that of entering a motif by an attachment, the most alike first.

    Likeness is the cosine of the motifs' structural features, plus one where the
    attachments have the same surroundings. Only actions of the same bond order count; an
    action that is known is most like itself.

    Args:
        vocabulary: that holds the motif, maybe by ``Vocabulary.extended``.
        motif: its number.
        label: of the attachment it is entered by.
        most: how many are wanted.

    Returns:
        numbers of the actions, shape: (found,), int64, and their likeness (0 to 2).
    """
    own = vocabulary.action_index.get((motif, entry(vocabulary.motifs[motif], label)))
    if own is not None and most == 1:
        return np.array([own]), np.array([1.0 + SAME_ENVIRONMENT])
    place = vocabulary.starts[motif] + label - 1
    motifs, labels = vocabulary.actions[:, 0], vocabulary.actions[:, 1]
    same_order = np.nonzero(vocabulary.action_orders == vocabulary.orders[place])[0]
    features = vocabulary.dense_features()
    norms = np.linalg.norm(features, axis=1)
    norms[norms == 0] = 1.0
    cosine = features @ features[motif] / (norms * norms[motif])
    places = vocabulary.starts[motifs[same_order]] + labels[same_order] - 1
    alike = cosine[motifs[same_order]].astype(np.float64)
    alike += SAME_ENVIRONMENT * (vocabulary.environment[places] == vocabulary.environment[place])
    order = np.argsort(-alike, kind="stable")[:most]
    return same_order[order], alike[order]
