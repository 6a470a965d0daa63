"""The geometry of a small chart: data in, coordinates for the page's SVG out.

Charts are few and plain, so the page draws them itself; nothing here knows
colours or fonts, which are the style sheet's.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

WIDTH, HEIGHT = 520.0, 240.0
LEFT, RIGHT, TOP, BOTTOM = 62.0, 16.0, 14.0, 44.0
FIFTHS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)  # marks of an axis from 0 to 1


@dataclass(frozen=True)
class Tick:
    """One mark of an axis."""

    position: float  # px
    label: str


@dataclass(frozen=True)
class Mark:
    """A dot or a bar, with what a reader hears or sees on it."""

    x: float  # px, centre
    y: float  # px
    title: str
    series: str  # class of the style sheet
    low: float | None = None  # px, lower end of an error bar
    high: float | None = None  # px, upper end of an error bar


@dataclass(frozen=True)
class Axes:
    """What every chart has: its name, two axes and their frame."""

    title: str
    description: str  # what a reader who cannot see it is told
    x_label: str
    y_label: str
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]

    width: ClassVar[float] = WIDTH
    height: ClassVar[float] = HEIGHT
    left: ClassVar[float] = LEFT
    right: ClassVar[float] = WIDTH - RIGHT
    top: ClassVar[float] = TOP
    bottom: ClassVar[float] = HEIGHT - BOTTOM


@dataclass(frozen=True)
class Chart(Axes):
    """A chart ready to be drawn."""

    dots: tuple[Mark, ...] = ()
    bars: tuple[Mark, ...] = ()
    bar_width: float = 0.0  # px
    line: str = ""  # points of a polyline
    diagonal: tuple[float, float, float, float] | None = None  # x1, y1, x2, y2 in px
    legend: tuple[tuple[str, str], ...] = ()  # series, its name


@dataclass(frozen=True)
class Curve:
    """A line from left to right, with the spots and the bands on it."""

    name: str
    style: str  # class of the style sheet
    points: str  # of a polyline
    dots: tuple[tuple[float, float, str], ...] = ()  # x, y in px, what a reader hears
    bars: tuple[tuple[float, float, float], ...] = ()  # x, low, high in px; one standard error


@dataclass(frozen=True)
class Curves(Axes):
    """Lines side by side in one chart."""

    curves: tuple[Curve, ...]  # the first lies on top
    level: float | None = None  # px, of the height that a curve is to reach


@dataclass(frozen=True)
class Scale:
    """A linear map from data to pixels."""

    low: float
    high: float
    start: float  # px of ``low``
    end: float  # px of ``high``

    def __call__(self, value: float) -> float:
        """The position of a value, in pixels."""
        share = (value - self.low) / (self.high - self.low)
        return round(self.start + share * (self.end - self.start), 2)

    def ticks(self, values: Iterable[float]) -> tuple[Tick, ...]:
        """Marks at these values."""
        return tuple(Tick(self(value), number(value)) for value in values)


def across(low: float, high: float) -> Scale:
    """The scale of a chart's horizontal axis."""
    return Scale(low, high, LEFT, WIDTH - RIGHT)


def upward(low: float, high: float) -> Scale:
    """The scale of a chart's vertical axis; greater values stand higher."""
    return Scale(low, high, HEIGHT - BOTTOM, TOP)


def ticks(low: float, high: float, count: int = 5) -> list[float]:
    """Round numbers from at or below ``low`` to at or above ``high``.

    Steps are 1, 2, 2.5 or 5 times a power of ten.
    """
    if not (math.isfinite(low) and math.isfinite(high)):
        raise ValueError(f"an axis needs finite ends, not {low} and {high}")
    if high <= low:
        margin = abs(low) * 0.1 or 0.5
        low, high = low - margin, high + margin
    rough = (high - low) / max(count - 1, 1)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(m * power for m in (1.0, 2.0, 2.5, 5.0, 10.0) if m * power >= rough * (1 - 1e-9))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(i * step, 12) for i in range(first, last + 1)]


def number(value: float) -> str:
    """A tick's label: no trailing zeros, a real minus sign."""
    text = f"{value:.6g}"
    return text.replace("-", "\N{MINUS SIGN}")


def _axes(
    x_values: Sequence[float], y_values: Sequence[float]
) -> tuple[Scale, Scale, tuple[Tick, ...], tuple[Tick, ...]]:
    x_marks = ticks(min(x_values), max(x_values))
    y_marks = ticks(min(y_values), max(y_values))
    x = across(x_marks[0], x_marks[-1])
    y = upward(y_marks[0], y_marks[-1])
    return x, y, x.ticks(x_marks), y.ticks(y_marks)


def _round_scale(rounds: Sequence[int]) -> tuple[Scale, tuple[Tick, ...]]:
    low, high = min(rounds) - 0.5, max(rounds) + 0.5
    scale = across(low, high)
    stride = max(1, math.ceil(len(rounds) / 16))
    return scale, tuple(Tick(scale(r), str(r)) for r in sorted(rounds)[::stride])


def utility_by_round(
    best: Sequence[tuple[int, float]], molecules: Sequence[tuple[int, float, str, str]]
) -> Chart:
    """How the best utility grew, over the utility of every scored molecule.

    Args:
        best: round and best utility up to its end.
        molecules: round, utility, what it is called, and its origin.
    """
    x, x_ticks = _round_scale([r for r, _ in best])
    y = upward(0.0, 1.0)
    shift = {"library": -0.09, "generator": 0.09}
    path: list[str] = []
    half = 0.5
    for round_number, value in best:
        path += [f"{x(round_number - half)},{y(value)}", f"{x(round_number + half)},{y(value)}"]
    first, last = best[0], best[-1]
    return Chart(
        title="Utility by round",
        description=(
            f"Best utility after round {first[0]}: {first[1]:.3f}; "
            f"after round {last[0]}: {last[1]:.3f}. "
            f"Dots show the {len(molecules)} scored molecules."
        ),
        x_label="round",
        y_label="utility (0 to 1)",
        x_ticks=x_ticks,
        y_ticks=y.ticks(FIFTHS),
        dots=tuple(
            Mark(x(r + shift.get(origin, 0.0)), y(u), f"{name}: utility {u:.3f}", origin)
            for r, u, name, origin in molecules
        ),
        line=" ".join(path),
        legend=(("best", "best so far"), ("library", "library"), ("generator", "generator")),
    )


def hits_by_round(hits: Sequence[tuple[int, int]], what: str) -> Chart:
    """Hits found up to the end of each round, as bars.

    Args:
        hits: round and number of hits so far.
        what: the definition of a hit, for the description.
    """
    x, x_ticks = _round_scale([r for r, _ in hits])
    marks = [v for v in ticks(0.0, max(1, max(n for _, n in hits))) if v == int(v)]
    y = upward(0.0, marks[-1])
    return Chart(
        title="Hits found so far",
        description=f"{what} After round {hits[-1][0]}: {hits[-1][1]}.",
        x_label="round",
        y_label="hits",
        x_ticks=x_ticks,
        y_ticks=y.ticks(marks),
        bars=tuple(Mark(x(r), y(n), f"round {r}: {n} so far", "hits") for r, n in hits),
        bar_width=round(min(64.0, 0.6 * (x(1.0) - x(0.0))), 2),
    )


def hypervolume_by_round(volumes: Sequence[tuple[int, float]]) -> Chart:
    """How much of the space of wishes the leads covered after each round.

    Args:
        volumes: round and hypervolume, at least one.
    """
    x, x_ticks = _round_scale([r for r, _ in volumes])
    marks = ticks(0.0, min(1.0, 1.1 * max(v for _, v in volumes)) or 1.0)
    y = upward(0.0, marks[-1])
    points = [(x(r), y(v), r, v) for r, v in volumes]
    return Chart(
        title="Hypervolume of the Pareto front",
        description=(
            f"After round {volumes[0][0]}: {volumes[0][1]:.3f}; after round {volumes[-1][0]}: "
            f"{volumes[-1][1]:.3f}. 1 would be a molecule that meets every wish altogether."
        ),
        x_label="round",
        y_label="hypervolume (0 to 1)",
        x_ticks=x_ticks,
        y_ticks=y.ticks(marks),
        dots=tuple(
            Mark(px, py, f"round {r}: hypervolume {v:.3f}", "front") for px, py, r, v in points
        ),
        line=" ".join(f"{px},{py}" for px, py, _, _ in points),
    )


def pareto_front(
    molecules: Sequence[tuple[float, float, str, bool]], names: tuple[str, str]
) -> Chart:
    """Two wishes against each other, the molecules that nothing surpasses joined by a line.

    Args:
        molecules: desirability of each wish, what it is called, whether it is on the front.
        names: of the wishes.
    """
    x = across(0.0, 1.0)
    y = upward(0.0, 1.0)
    front = sorted((a, -b) for a, b, _, on_front in molecules if on_front)
    path: list[str] = []
    for a, b in front:  # what a molecule of the front surpasses lies to its lower left
        if path:
            path.append(f"{path[-1].split(',')[0]},{y(-b)}")
        path.append(f"{x(a)},{y(-b)}")
    return Chart(
        title="Pareto front",
        description=(
            f"Desirability of {names[1]} over that of {names[0]} for {len(molecules)} "
            f"molecules; {len(front)} of them no other surpasses in both."
        ),
        x_label=f"desirability of {names[0]}",
        y_label=f"desirability of {names[1]}",
        x_ticks=x.ticks(FIFTHS),
        y_ticks=y.ticks(FIFTHS),
        dots=tuple(
            Mark(x(a), y(b), f"{name}: {a:.3f} and {b:.3f}", "front" if on_front else "behind")
            for a, b, name, on_front in sorted(molecules, key=lambda m: m[3])
        ),
        line=" ".join(path),
        legend=(("front", "on the front"), ("behind", "surpassed")),
    )


def calibration(
    points: Sequence[tuple[float, float, float, str]], quantity: str, unit: str
) -> Chart:
    """What the surrogate foresaw against what was computed.

    Args:
        points: predicted mean, predicted standard deviation, computed value, name.
        quantity: what was predicted.
        unit: of all numbers, or "".
    """
    ends = [end for mean, std, value, _ in points for end in (mean - std, mean + std, value)]
    both = [min(ends), max(ends)]
    x, y, x_ticks, y_ticks = _axes(both, both)
    suffix = f" ({unit})" if unit else ""
    return Chart(
        title=f"Foreseen and computed {quantity}",
        description=(
            f"{len(points)} molecules: the computed {quantity} over the surrogate's prediction, "
            "with one standard deviation; the line marks equality."
        ),
        x_label=f"predicted{suffix}",
        y_label=f"computed{suffix}",
        x_ticks=x_ticks,
        y_ticks=y_ticks,
        dots=tuple(
            Mark(
                x(mean),
                y(value),
                f"{name}: predicted {mean:.3f} \N{PLUS-MINUS SIGN} {std:.3f}, computed {value:.3f}",
                "computed",
                x(mean - std),
                x(mean + std),
            )
            for mean, std, value, name in points
        ),
        diagonal=(x(x.low), y(x.low), x(x.high), y(x.high)),
    )
