"""The curves of a trial: what every policy had found, over what it had bought."""

from __future__ import annotations

import math
from collections.abc import Callable

from molq.report.charts.curves import Curve, curves
from molq.report.charts.figure import Figure, written
from molq.validation.trial import Retrospective, Row


def charts(found: Retrospective) -> tuple[Figure, ...]:
    """Share of the best molecules, and the best value, over the molecules bought."""
    better = "lowest" if found.library.minimize else "highest"
    return (
        _chart(
            found,
            "share-found",
            f"Share of the best {found.top} found",
            "share found",
            lambda row: row.found,
            lambda row: row.errors,
            (-0.02, 1.04),
        ),
        _chart(
            found,
            "best-value",
            f"Best {found.library.column} so far",
            f"{better} {found.library.column}",
            lambda row: row.best,
            lambda row: (),
            None,
        ),
    )


def _chart(
    found: Retrospective,
    id: str,
    title: str,
    y_label: str,
    values: Callable[[Row], tuple[float, ...]],
    errors: Callable[[Row], tuple[float, ...]],
    ends: tuple[float, float] | None,
) -> Figure:
    bought = found.schedule.evaluations
    told = "; ".join(f"{row.policy} {written(values(row)[-1])}" for row in found.rows)
    said = f"mean of {len(found.seeds)} seeds" if len(found.seeds) > 1 else "one seed"
    return curves(
        [
            Curve(
                row.policy,
                tuple(float(number) for number in bought),
                values(row),
                style=place,
                errors=tuple(None if math.isnan(e) else e for e in errors(row)),
            )
            for place, row in enumerate(found.rows)
        ],
        id=id,
        section="curves",
        title=title,
        description=f"After {bought[-1]} ({said}): {told}.",
        alt=f"{title} over the molecules bought, {said}. After {bought[-1]}: {told}.",
        x_label="molecules bought",
        y_label=y_label,
        y_range=ends,
    )
