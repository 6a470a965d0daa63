"""How the best utility grew in every run, over evaluations and over core time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from molq.comparison.armrun import Step
from molq.comparison.arms import ARMS, Arm
from molq.comparison.comparison import Comparison
from molq.report.chart import FIFTHS, Curve, Curves, across, ticks, upward


@dataclass(frozen=True)
class Staircases(Curves):
    """A chart of all runs, whose steps are to reach a hit."""

    legend: tuple[Arm, ...] = ()


def charts(comparison: Comparison) -> tuple[Staircases, ...]:
    """Best utility over molecules, core seconds and wall clock; none where nothing is done."""
    if not any(run.curve for run in comparison.runs):
        return ()
    return (
        _chart(comparison, "Best utility by molecules", "molecules evaluated",
               lambda step: float(step.evaluations)),
        _chart(comparison, "Best utility by core time", "core seconds of the calculations",
               lambda step: step.core_seconds),
        _chart(comparison, "Best utility by wall clock", "seconds worked",
               lambda step: step.worked_seconds),
    )  # fmt: skip


def _chart(
    comparison: Comparison, title: str, x_label: str, x: Callable[[Step], float]
) -> Staircases:
    marks = ticks(0.0, max(x(step) for run in comparison.runs for step in run.curve))
    right = across(marks[0], marks[-1])
    up = upward(0.0, 1.0)
    curves = []
    told = []
    # the solid line lowest, so that a dashed one that runs over it is seen
    for run in sorted(comparison.runs, key=lambda run: run.arm != "hybrid"):
        if not run.curve:
            continue
        points = [f"{right(0.0)},{up(0.0)}"]
        before = 0.0
        for step in run.curve:
            points += [f"{right(x(step))},{up(before)}", f"{right(x(step))},{up(step.best)}"]
            before = step.best
        name = f"{run.arm}, seed {run.seed}"
        curves.append(Curve(name, run.arm, " ".join(points)))
        told.append(f"{name}: {before:.3f} after {x(run.curve[-1]):.0f}")
    return Staircases(
        title=title,
        description=f"Best utility so far over {x_label}. {'; '.join(told)}.",
        x_label=x_label,
        y_label="best utility so far",
        x_ticks=right.ticks(marks),
        y_ticks=up.ticks(FIFTHS),
        curves=tuple(reversed(curves)),
        level=up(comparison.hit_utility),
        legend=tuple(arm for arm in ARMS if any(curve.style == arm for curve in curves)),
    )
