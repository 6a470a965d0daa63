"""Lines side by side: what several ways of working had found, over what it took."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from molq.report.charts.figure import Figure, Table, Trace, axis, written

_COLOURS = ("@ink", "@blue", "@amber", "@green", "@rose", "@faint")
_DASHES = ("solid", "dash", "dot", "dashdot", "8px,3px", "2px,5px")
_SYMBOLS = ("circle", "diamond", "square", "triangle-up", "cross", "x")


@dataclass(frozen=True)
class Curve:
    """One line from left to right."""

    name: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    style: int  # colour, dash and symbol; lines of one style are of one kind
    errors: tuple[float | None, ...] = ()  # one standard error each; none for none
    is_staircase: bool = False  # holds its height until the next point
    kind: str = ""  # one entry of the legend for all lines of a kind; "" for one of its own


def curves(
    found: Sequence[Curve],
    *,
    id: str,
    section: str,
    title: str,
    description: str,
    alt: str,
    x_label: str,
    y_label: str,
    y_range: tuple[float, float] | None = None,
    level: tuple[float, str] | None = None,
    x_text: Callable[[float], str] = lambda x: f"{x:g}",
) -> Figure:
    """A chart of lines.

    Args:
        found: the lines, the first on top.
        id: of the chart in its page.
        section: of the page.
        title: of the chart.
        description: beside it.
        alt: for those who cannot see it, with its numbers.
        x_label: of the horizontal axis, with its unit.
        y_label: of the vertical axis, with its unit.
        y_range: of the vertical axis, where it is known beforehand.
        level: a height that is to be reached, and what it is called.
        x_text: a horizontal value in words.
    """
    vertical: dict[str, Any] = {} if y_range is None else {"range": list(y_range)}
    return Figure(
        id=id,
        section=section,
        title=title,
        description=description,
        alt=alt,
        data=tuple(
            _trace(curve, found, y_label, x_label, x_text) for curve in reversed(found)
        ),
        layout={
            "xaxis": axis(x_label, rangemode="tozero"),
            "yaxis": axis(y_label, **vertical),
            "legend": {"traceorder": "reversed"},
            "shapes": [] if level is None else [_level(level[0])],
            "annotations": [] if level is None else [_called(level)],
        },
        table=Table.of(
            ("Line", x_label, y_label, "Standard error"),
            [
                (curve.name, x_text(x), y, error)
                for curve in found
                for x, y, error in _points(curve)
            ],
        ),
    )  # fmt: skip


def _points(curve: Curve) -> list[tuple[float, float, float | None]]:
    errors = curve.errors or (None,) * len(curve.x)
    return list(zip(curve.x, curve.y, errors, strict=True))


def _trace(
    curve: Curve,
    found: Sequence[Curve],
    y_label: str,
    x_label: str,
    x_text: Callable[[float], str],
) -> Trace:
    style = curve.style
    same = [other for other in found if other.kind and other.kind == curve.kind]
    trace: Trace = {
        "type": "scatter",
        "mode": "lines" if curve.is_staircase else "lines+markers",
        "name": curve.name,
        "x": list(curve.x),
        "y": list(curve.y),
        "text": [
            f"{curve.name}\n{x_label} {x_text(x)}\n{y_label} {written(y)}"
            + (f" \N{PLUS-MINUS SIGN} {written(error)}" if error is not None else "")
            for x, y, error in _points(curve)
        ],
        "line": {
            "color": _COLOURS[style % len(_COLOURS)],
            "dash": _DASHES[style % len(_DASHES)],
            "width": 2,
            "shape": "hv" if curve.is_staircase else "linear",
        },
        "marker": {"symbol": _SYMBOLS[style % len(_SYMBOLS)], "size": 6},
    }
    if same:
        trace |= {
            "name": curve.kind,
            "legendgroup": curve.kind,
            "showlegend": curve is same[0],
            "opacity": 0.75 if len(same) > 1 else 1.0,
        }
    if any(error is not None for error in curve.errors):
        trace["error_y"] = {
            "type": "data",
            "array": list(curve.errors),
            "color": _COLOURS[style % len(_COLOURS)],
            "thickness": 1,
            "width": 3,
        }
    return trace


def _level(height: float) -> dict[str, Any]:
    return {
        "type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": height, "y1": height,
        "line": {"color": "@faint", "dash": "dot", "width": 1.5},
    }  # fmt: skip


def _called(level: tuple[float, str]) -> dict[str, Any]:
    height, name = level
    return {
        "xref": "paper", "x": 1, "y": height, "xanchor": "right", "yanchor": "bottom",
        "text": name, "showarrow": False, "font": {"color": "@soft", "size": 11},
    }  # fmt: skip
