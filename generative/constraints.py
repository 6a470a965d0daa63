"""What a proposed molecule must and must not be."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Constraints:
    """Hard limits on a proposal; every sampled molecule meets all of them."""

    max_heavy_atoms: int | None = None
    required: tuple[str, ...] = ()  # SMARTS, each must match
    forbidden: tuple[str, ...] = ()  # SMARTS, none may match
