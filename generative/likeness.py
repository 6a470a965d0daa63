"""Which known actions an unknown one is most like: what the network takes in its place."""

from __future__ import annotations

import numpy as np

from generative.vocabulary import Vocabulary, entry

# How much the same surroundings at the attachment count, beside a cosine of 0 to 1.
SAME_ENVIRONMENT = 1.0


def stand_in(vocabulary: Vocabulary, motif: int, label: int) -> int:
    """The action that enters a motif by an attachment, or the known one most like it.

    Args:
        vocabulary: that holds the motif, maybe by ``Vocabulary.extended``.
        motif: its number.
        label: of the attachment it is entered by.
    """
    own = vocabulary.action_index.get((motif, entry(vocabulary.motifs[motif], label)))
    if own is not None:
        return own
    return int(nearest_actions(vocabulary, motif, label, np.arange(len(vocabulary.actions)), 1)[0])


def nearest_actions(
    vocabulary: Vocabulary, motif: int, label: int, among: np.ndarray, most: int
) -> np.ndarray:
    """Known actions like that of entering a motif by an attachment, the most alike first.

    Likeness is the cosine of the motifs' structural features, plus one where the
    attachments have the same surroundings. Only actions of the same bond order count.

    Args:
        vocabulary: that holds the motif, maybe by ``Vocabulary.extended``.
        motif: its number.
        label: of the attachment it is entered by.
        among: the actions that are looked at, by number.
        most: how many are wanted.

    Returns:
        numbers of actions, shape: (at most ``most``,), int64.
    """
    place = vocabulary.starts[motif] + label - 1
    same = among[vocabulary.action_orders[among] == vocabulary.orders[place]]
    motifs, labels = vocabulary.actions[same].T
    features = vocabulary.dense_features()
    norms = np.maximum(np.linalg.norm(features, axis=1), 1e-6)
    alike = (features @ features[motif] / (norms * norms[motif]))[motifs].astype(np.float64)
    places = vocabulary.starts[motifs] + labels - 1
    alike += SAME_ENVIRONMENT * (vocabulary.environment[places] == vocabulary.environment[place])
    nearest: np.ndarray = same[np.argsort(-alike, kind="stable")[:most]]
    return nearest
