"""How the best utility grew in every run, over evaluations and over core time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from molq.comparison.armrun import Step
from molq.comparison.arms import ARMS, Arm
from molq.comparison.comparison import Comparison
from molq.report.chart import (
    BOTTOM,
    HEIGHT,
    LEFT,
    RIGHT,
    TOP,
    WIDTH,
    Scale,
    Tick,
    number,
    ticks,
)


@dataclass(frozen=True)
class Curve:
    """One run's staircase."""

    arm: Arm
    points: str  # of a polyline
    title: str


@dataclass(frozen=True)
class Curves:
    """A chart of all runs."""

    title: str
    description: str  # what a reader who cannot see it is told
    x_label: str
    y_label: str
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    curves: tuple[Curve, ...]
    hit: float  # px, of the utility that counts as a hit
    legend: tuple[Arm, ...]

    width: float = WIDTH
    height: float = HEIGHT
    left: float = LEFT
    right: float = WIDTH - RIGHT
    top: float = TOP
    bottom: float = HEIGHT - BOTTOM


def charts(comparison: Comparison) -> tuple[Curves, ...]:
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


def _chart(comparison: Comparison, title: str, x_label: str, x: Callable[[Step], float]) -> Curves:
    marks = ticks(0.0, max(x(step) for run in comparison.runs for step in run.curve))
    across = Scale(marks[0], marks[-1], LEFT, WIDTH - RIGHT)
    up = Scale(0.0, 1.0, HEIGHT - BOTTOM, TOP)
    curves = []
    told = []
    # the solid line first, so that a dashed one that runs over it is seen
    for run in sorted(comparison.runs, key=lambda run: run.arm != "hybrid"):
        if not run.curve:
            continue
        points = [f"{across(0.0)},{up(0.0)}"]
        before = 0.0
        for step in run.curve:
            points += [f"{across(x(step))},{up(before)}", f"{across(x(step))},{up(step.best)}"]
            before = step.best
        name = f"{run.arm}, seed {run.seed}"
        curves.append(Curve(run.arm, " ".join(points), name))
        told.append(f"{name}: {before:.3f} after {x(run.curve[-1]):.0f}")
    return Curves(
        title=title,
        description=f"Best utility so far over {x_label}. {'; '.join(told)}.",
        x_label=x_label,
        y_label="best utility so far",
        x_ticks=tuple(Tick(across(mark), number(mark)) for mark in marks),
        y_ticks=tuple(Tick(up(v), number(v)) for v in (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)),
        curves=tuple(curves),
        hit=up(comparison.hit_utility),
        legend=tuple(arm for arm in ARMS if any(curve.arm == arm for curve in curves)),
    )
