"""How many threads torch may use, for the time of a block."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def limited(threads: int) -> Iterator[None]:
    """Run the block with that many torch threads, then give the caller's number back.

    The last bits of a sum depend on the number of threads; what must come out the same
    on every machine runs on one.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)
