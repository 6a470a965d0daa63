"""The curves of a trial: what every policy had found, over what it had bought."""

from __future__ import annotations

import math
from collections.abc import Callable

from molq.report.chart import Curve, Curves, across, ticks, upward
from molq.validation.trial import Retrospective, Row

STYLES = 6  # lines that the style sheet tells apart, by colour and by dash


def charts(found: Retrospective) -> tuple[Curves, ...]:
    """Share of the best molecules, and the best value, over the molecules bought."""
    better = "lowest" if found.library.minimize else "highest"
    return (
        _chart(
            found,
            f"Share of the best {found.top} found",
            "share found",
            lambda row: row.found,
            lambda row: row.errors,
            (0.0, 1.0),
        ),
        _chart(
            found,
            f"Best {found.library.column} so far",
            f"{better} {found.library.column}",
            lambda row: row.best,
            lambda row: (math.nan,) * len(row.best),
            None,
        ),
    )


def _chart(
    found: Retrospective,
    title: str,
    y_label: str,
    values: Callable[[Row], tuple[float, ...]],
    errors: Callable[[Row], tuple[float, ...]],
    ends: tuple[float, float] | None,
) -> Curves:
    bought = found.schedule.evaluations
    x_marks = ticks(0.0, float(bought[-1]))
    x = across(x_marks[0], x_marks[-1])
    every = [v for row in found.rows for v in values(row)]
    y_marks = ticks(*(ends or (min(every), max(every))))
    y = upward(y_marks[0], y_marks[-1])
    curves = []
    for place, row in enumerate(found.rows):
        at = list(zip(bought, values(row), errors(row), strict=True))
        curves.append(
            Curve(
                row.policy,
                f"line-{place % STYLES}",
                " ".join(f"{x(n)},{y(v)}" for n, v, _ in at),
                tuple((x(n), y(v), f"{row.policy}: {v:.3f} after {n}") for n, v, _ in at),
                tuple(
                    (x(n), y(max(v - e, y.low)), y(min(v + e, y.high)))
                    for n, v, e in at
                    if not math.isnan(e)
                ),
            )
        )
    told = "; ".join(f"{row.policy} {values(row)[-1]:.3f}" for row in found.rows)
    return Curves(
        title=title,
        description=f"{title}, mean of {len(found.seeds)} seeds. After {bought[-1]}: {told}.",
        x_label="molecules bought",
        y_label=y_label,
        x_ticks=x.ticks(x_marks),
        y_ticks=y.ticks(y_marks),
        curves=tuple(curves),
    )
