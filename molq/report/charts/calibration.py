"""What the surrogate foresaw against what came, and whether its intervals hold."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from molq.report.charts.figure import Figure, Table, View, axis, labelled, written

LEVELS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)  # of central intervals


@dataclass(frozen=True)
class Foreseen:
    """A prediction made before a molecule was computed, and what came."""

    inchikey: str
    name: str
    round: int
    mean: float  # in the quantity's unit
    std: float
    value: float  # computed


def foreseen(points: Mapping[str, Sequence[Foreseen]], units: Mapping[str, str]) -> Figure:
    """Computed over predicted values with one standard deviation; a view for each quantity.

    Args:
        points: of each quantity, at least one.
        units: of each quantity.
    """
    views = [_view(name, found, units[name]) for name, found in points.items()]
    said = "; ".join(
        f"{name}: {_inside(found)} of {len(found)} values within one standard deviation"
        for name, found in points.items()
    )
    return Figure(
        id="foreseen-and-computed",
        section="surrogate",
        title="Foreseen and computed",
        description=(
            "Each molecule as the surrogate foresaw it when it was chosen, with one standard "
            "deviation, against what was computed; on the line both agree."
        ),
        alt=f"Computed over predicted values. {said}.",
        data=views[0].data,
        layout=views[0].layout,
        table=Table.of(
            ("Molecule", "Quantity", "Round", "Predicted", "Standard deviation", "Computed"),
            [
                (p.name, labelled(name, units[name]), p.round, p.mean, p.std, p.value)
                for name, found in points.items()
                for p in found
            ],
        ),
        views=tuple(views) if len(views) > 1 else (),
        height=360,
    )


def reliability(points: Mapping[str, Sequence[Foreseen]]) -> Figure:
    """The share of values inside each central interval of the prediction (Kuleshov et al. 2018).

    Args:
        points: of each quantity, at least one.
    """
    shares = {
        name: [
            float(np.mean([_level(p) <= level for p in found])) for level in LEVELS
        ]
        for name, found in points.items()
    }  # fmt: skip
    said = "; ".join(
        f"{name}: {written(100 * of[LEVELS.index(0.5)], 0)} % inside the 50 % interval and "
        f"{written(100 * of[-1], 0)} % inside the 95 % one"
        for name, of in shares.items()
    )
    return Figure(
        id="reliability",
        section="surrogate",
        title="Do the intervals hold?",
        description=(
            "How many computed values fell inside the interval that promised to hold that share. "
            f"Below the line the surrogate is too sure of itself, above it too careful. {said}."
        ),
        alt=f"Share of values inside the predicted interval over the share promised. {said}.",
        data=(
            {
                "type": "scatter",
                "mode": "lines",
                "name": "as promised",
                "x": [0, 1],
                "y": [0, 1],
                "line": {"color": "@faint", "dash": "dash", "width": 1.5},
                "hoverinfo": "skip",
            },
            *(
                {
                    "type": "scatter",
                    "mode": "lines+markers",
                    "name": f"{name} ({len(points[name])} molecules)",
                    "x": list(LEVELS),
                    "y": of,
                    "text": [
                        f"{name}: {written(100 * share, 0)} % inside the "
                        f"{written(100 * level, 0)} % interval"
                        for level, share in zip(LEVELS, of, strict=True)
                    ],
                }
                for name, of in shares.items()
            ),
        ),
        layout={
            "xaxis": axis("interval promises", range=[-0.02, 1.02], tickformat=".0%"),
            "yaxis": axis("values inside", range=[-0.02, 1.04], tickformat=".0%"),
        },
        table=Table.of(
            ("Interval", *shares),
            [
                (f"{100 * level:.0f} %", *(f"{100 * of[place]:.0f} %" for of in shares.values()))
                for place, level in enumerate(LEVELS)
            ],
        ),
        height=360,
    )


def _level(point: Foreseen) -> float:
    """The central interval on whose edge the value lies."""
    return math.erf(abs(point.value - point.mean) / point.std / math.sqrt(2))


def _inside(found: Sequence[Foreseen]) -> int:
    return sum(abs(p.value - p.mean) <= p.std for p in found)


def _view(name: str, found: Sequence[Foreseen], unit: str) -> View:
    ends = [end for p in found for end in (p.mean - p.std, p.mean + p.std, p.value)]
    low, high = min(ends), max(ends)
    margin = 0.04 * (high - low) or 0.5
    low, high = low - margin, high + margin
    suffix = f" {unit}" if unit else ""
    return View(
        name,
        (
            {
                "type": "scatter",
                "mode": "lines",
                "name": "agreement",
                "x": [low, high],
                "y": [low, high],
                "line": {"color": "@faint", "dash": "dash", "width": 1.5},
                "hoverinfo": "skip",
                "showlegend": False,
            },
            {
                "type": "scatter",
                "mode": "markers",
                "name": name,
                "x": [p.mean for p in found],
                "y": [p.value for p in found],
                "error_x": {
                    "type": "data",
                    "array": [p.std for p in found],
                    "color": "@faint",
                    "thickness": 1,
                    "width": 0,
                },
                "text": [
                    f"{p.name}, round {p.round}\npredicted {written(p.mean)} \N{PLUS-MINUS SIGN} "
                    f"{written(p.std)}{suffix}\ncomputed {written(p.value)}{suffix}"
                    for p in found
                ],
                "customdata": [p.inchikey for p in found],
                "marker": {"color": "@blue", "size": 8},
                "showlegend": False,
            },
        ),
        {
            "xaxis": axis(labelled(f"predicted {name}", unit), range=[low, high]),
            "yaxis": axis(labelled(f"computed {name}", unit), range=[low, high]),
        },
    )
