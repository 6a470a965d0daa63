"""Random numbers of attempts: each attempt has its own, however attempts are batched.

Philox (Salmon et al., SC 2011) is a function of a key and a counter. The key is the seed
and the step of growth, the counter the attempt: a block of attempts is drawn at once.
"""

from __future__ import annotations

import numpy as np

_WORDS = 4  # random numbers that one value of the counter gives


class Streams:
    """Uniform random numbers by attempt and step."""

    def __init__(self, seed: int) -> None:
        self._key = int(np.random.SeedSequence([seed, 0]).generate_state(1, np.uint64)[0])

    def draws(self, step: int, attempts: np.ndarray, width: int) -> np.ndarray:
        """Uniform numbers on [0, 1). shape: (attempts, width)

        Args:
            step: of growth.
            attempts: shape (attempts,), their numbers; best near each other, as everything
                between the least and the largest is drawn.
            width: numbers for each attempt. A call with another width gives other numbers.
        """
        if not len(attempts):
            return np.zeros((0, width))
        blocks = -(-width // _WORDS)
        low, high = int(attempts.min()), int(attempts.max()) + 1
        source = np.random.Philox(key=[self._key, step], counter=[low * blocks, 0, 0, 0])
        found = np.random.Generator(source).random((high - low, blocks * _WORDS))
        return found[attempts - low, :width]
