"""What a design task gives: molecules with what is known of each, and the yield."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Design:
    """One designed molecule."""

    smiles: str  # canonical
    sa_score: float  # synthetic accessibility, 1 (easy) .. 10 (hard)
    log_likelihood: float | None  # natural log under the prior; None: it holds unknown motifs
    similarity: float | None = None  # Tanimoto (Morgan 2, 2048 bits) to the lead or kept core
    change: str = ""  # what is new: SMILES of the grown parts, or the warhead and its position
    properties: Mapping[str, float] = field(default_factory=dict)  # those asked for

    def to_json(self) -> dict[str, Any]:
        """Plain JSON types."""
        return {
            "smiles": self.smiles,
            "sa_score": self.sa_score,
            "log_likelihood": self.log_likelihood,
            "similarity": self.similarity,
            "change": self.change,
            "properties": dict(self.properties),
        }


@dataclass(frozen=True)
class Yield:
    """How many attempts a call took, and why some of them gave nothing."""

    attempts: int
    kept: int
    refused: Mapping[str, int]  # by reason, the most frequent first

    def __str__(self) -> str:
        reasons = ", ".join(f"{count} {reason}" for reason, count in self.refused.items())
        text = f"{self.kept} molecules from {self.attempts} attempts"
        return f"{text}; refused: {reasons}" if reasons else text


@dataclass(frozen=True)
class Designs:
    """The molecules of one call, in the order they were found, with the yield."""

    task: str
    molecules: tuple[Design, ...]
    yield_: Yield
    compared_with: str | None = None  # SMILES of what the similarity is measured to
    notes: tuple[str, ...] = ()  # what the caller should know, one line each

    @property
    def smiles(self) -> list[str]:
        """The molecules alone."""
        return [design.smiles for design in self.molecules]


def ordered(refused: Mapping[str, int]) -> dict[str, int]:
    """Reasons by falling count, those that never occurred left out."""
    return dict(sorted(((r, n) for r, n in refused.items() if n), key=lambda x: (-x[1], x[0])))


def joined(parts: Sequence[str]) -> str:
    """``a``, ``a and b``, or ``a, b and c``."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
