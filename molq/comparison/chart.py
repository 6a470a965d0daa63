"""How the best utility grew in every run, over evaluations and over core time."""

from __future__ import annotations

from collections.abc import Callable

from molq.comparison.armrun import Step
from molq.comparison.arms import ARMS
from molq.comparison.comparison import Comparison
from molq.report.charts.curves import Curve, curves
from molq.report.charts.figure import Figure, written

# hybrid first: black and solid, what the campaign file asks for
_STYLES = {arm: style for style, arm in enumerate(sorted(ARMS, key=lambda arm: arm != "hybrid"))}


def charts(comparison: Comparison) -> tuple[Figure, ...]:
    """Best utility over molecules, core seconds and wall clock; none where nothing is done."""
    if not any(run.curve for run in comparison.runs):
        return ()
    return (
        _chart(comparison, "best-by-molecules", "Best utility by molecules", "molecules evaluated",
               lambda step: float(step.evaluations)),
        _chart(comparison, "best-by-core-time", "Best utility by core time",
               "core seconds of the calculations", lambda step: step.core_seconds),
        _chart(comparison, "best-by-clock", "Best utility by wall clock", "seconds worked",
               lambda step: step.worked_seconds),
    )  # fmt: skip


def _chart(
    comparison: Comparison, id: str, title: str, x_label: str, x: Callable[[Step], float]
) -> Figure:
    # the solid line lowest, so that a dashed one that runs over it is seen
    runs = sorted((run for run in comparison.runs if run.curve), key=lambda r: r.arm == "hybrid")
    found = [
        Curve(
            name=f"{run.arm}, seed {run.seed}",
            kind=run.arm,
            x=(0.0, *(x(step) for step in run.curve)),
            y=(0.0, *(step.best for step in run.curve)),
            style=_STYLES[run.arm],
            is_staircase=True,
        )
        for run in runs
    ]
    ends = "; ".join(
        f"{run.arm}, seed {run.seed}: {written(run.curve[-1].best)} after {x(run.curve[-1]):.0f}"
        for run in runs
    )
    return curves(
        found,
        id=id,
        section="curves",
        title=title,
        description="The best of each run so far, by exact values; one line a seed.",
        alt=f"Best utility so far over {x_label}. {ends}.",
        x_label=x_label,
        y_label="best utility so far",
        y_range=(-0.02, 1.04),
        level=(comparison.hit_utility, "a hit"),
        x_text=lambda value: f"{value:.0f}",
    )
