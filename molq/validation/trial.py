"""What a retrospective trial found, and what of it stands in tables and files."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Any

from screening.runfiles import Cell
from screening.validation.labelled import LabelledLibrary
from screening.validation.retrospective import Replay, Schedule

CURVES_HEADER = (
    "policy", "seed", "molecules bought", "share of the best found", "best value",
)  # fmt: skip


@dataclass(frozen=True)
class Row:
    """A policy over its seeds."""

    policy: str
    meaning: str
    replays: tuple[Replay, ...]

    @property
    def seeds(self) -> int:
        """How many."""
        return len(self.replays)

    @property
    def found(self) -> tuple[float, ...]:
        """Mean share of the best molecules, after the start and each batch."""
        return tuple(fmean(step) for step in zip(*(r.found for r in self.replays), strict=True))

    @property
    def errors(self) -> tuple[float, ...]:
        """Standard errors of these means; nan for one seed."""
        steps = zip(*(r.found for r in self.replays), strict=True)
        n = self.seeds
        return tuple(stdev(step) / math.sqrt(n) if n > 1 else math.nan for step in steps)

    @property
    def best(self) -> tuple[float, ...]:
        """Mean of the best value bought by then, in the library's unit."""
        return tuple(fmean(step) for step in zip(*(r.best for r in self.replays), strict=True))

    @property
    def core_seconds(self) -> float:
        """Mean CPU time of choosing and learning in one replay."""
        return fmean(r.core_seconds for r in self.replays)


@dataclass(frozen=True)
class Retrospective:
    """A retrospective trial."""

    library: LabelledLibrary
    schedule: Schedule
    top: int
    threshold: float  # the value that the last of the best has, in the library's unit
    tied: int  # molecules at least as good as that, at least ``top``
    seeds: tuple[int, ...]
    rows: tuple[Row, ...]
    settings: dict[str, Any]  # of the campaign's policy: surrogate, acquisition

    def findings(self) -> tuple[str, ...]:
        """What the trial says, in sentences."""
        last = len(self.schedule.evaluations) - 1
        bought, size = self.schedule.evaluations[last], len(self.library)
        ranked = sorted(self.rows, key=lambda row: -row.found[last])
        first = ranked[0]
        share = f"{100 * first.found[last]:.1f}{_plus_minus(first.errors[last])} %"
        lines = [
            f"{first.policy} found {share} "
            f"of the best {self.top} after {bought} of {size} molecules "
            f"({100 * bought / size:.1f} %)."
        ]
        if len(ranked) > 1:
            others = "; ".join(f"{row.policy} {100 * row.found[last]:.1f} %" for row in ranked[1:])
            lines.append(f"The others: {others}.")
        return tuple(lines)

    def notes(self) -> tuple[str, ...]:
        """What a reader must know of the library."""
        library = self.library
        lines = []
        if library.refused:
            first = library.refused[0]
            lines.append(
                f"{len(library.refused)} of {library.rows} rows take no part; the first is row "
                f"{first.row}: {first.failure.message}"
            )
        if library.repeated:
            lines.append(
                f"{library.repeated} rows repeat a molecule; the median of its values counts "
                f"(they differ by up to {library.widest:.4g})"
            )
        if self.tied > self.top:
            lines.append(
                f"{self.tied} molecules are as good as number {self.top} "
                f"({library.column} {self.threshold:.6g}); any of those that tie counts"
            )
        return tuple(lines)

    def to_json(self) -> dict[str, Any]:
        """As `--json` and ``retrospective.json`` have it."""
        library, schedule = self.library, self.schedule
        return {
            "library": library.source,
            "column": library.column,
            "better": "lower" if library.minimize else "higher",
            "rows": library.rows,
            "molecules": len(library),
            "refused": [
                {"row": r.row, "text": r.text, "kind": r.failure.kind, "reason": r.failure.message}
                for r in library.refused
            ],
            "repeated": library.repeated,
            "top": self.top,
            "threshold": self.threshold,
            "tied": self.tied,
            "schedule": {
                "start": schedule.start,
                "batch": schedule.batch,
                "batches": schedule.batches,
                "top_up": schedule.top_up,
                "evaluations": list(schedule.evaluations),
            },
            "seeds": list(self.seeds),
            "settings": self.settings,
            "policies": [
                {
                    "policy": row.policy,
                    "meaning": row.meaning,
                    "found": list(row.found),
                    "standard_error": list(row.errors),
                    "best": list(row.best),
                    "core_seconds": row.core_seconds,
                    "replays": [
                        {
                            "seed": replay.seed,
                            "found": list(replay.found),
                            "best": list(replay.best),
                            "core_seconds": replay.core_seconds,
                        }
                        for replay in row.replays
                    ],
                }
                for row in self.rows
            ],
        }

    def curves(self) -> list[list[Cell]]:
        """A line for each policy, seed and checkpoint; see ``CURVES_HEADER``."""
        return [
            [replay.policy, replay.seed, bought, found, best]
            for row in self.rows
            for replay in row.replays
            for bought, found, best in zip(
                self.schedule.evaluations, replay.found, replay.best, strict=True
            )
        ]


def assembled(
    library: LabelledLibrary,
    schedule: Schedule,
    top: int,
    seeds: Sequence[int],
    replays: Sequence[Replay],
    meanings: dict[str, str],
    settings: dict[str, Any],
) -> Retrospective:
    """A trial from its replays, the policies in the order of ``meanings``."""
    threshold = library.threshold(top)
    return Retrospective(
        library,
        schedule,
        top,
        -threshold if library.minimize else threshold,
        int((library.merits >= threshold).sum()),
        tuple(seeds),
        tuple(
            Row(name, meaning, tuple(r for r in replays if r.policy == name))
            for name, meaning in meanings.items()
        ),
        settings,
    )


def _plus_minus(error: float) -> str:
    return "" if math.isnan(error) else f" \N{PLUS-MINUS SIGN} {100 * error:.1f}"
