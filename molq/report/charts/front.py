"""The Pareto front: what no other molecule surpasses in every wish."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from molq.report.charts.figure import Figure, Table, Trace, axis, written

MOST_WISHES = 8  # of the lines side by side
_BEHIND = 120  # surpassed molecules among lines side by side


@dataclass(frozen=True)
class Standing:
    """A molecule with what it is worth in each wish."""

    inchikey: str
    name: str
    worth: tuple[float, ...]  # desirability of each wish, 0..1
    is_on_front: bool


def front(molecules: Sequence[Standing], wishes: Sequence[str]) -> Figure:
    """Two wishes against each other, or lines over three and more.

    Args:
        molecules: at least one.
        wishes: their names, two at least.
    """
    on_front = sorted((m for m in molecules if m.is_on_front), key=lambda m: m.worth)
    said = (
        f"{len(on_front)} of {len(molecules)} molecules no other surpasses in every wish; each "
        "wish is shown as its desirability, 0 to 1."
    )
    names = ", ".join(f"{m.name} ({', '.join(written(x, 2) for x in m.worth)})" for m in on_front)
    flat = len(wishes) == 2
    return Figure(
        id="pareto-front",
        section="pareto",
        title="Pareto front",
        description=said if flat else f"{said} A molecule is a line from wish to wish.",
        alt=f"Pareto front of {' and '.join(wishes)}. {said} On the front: {names[:600]}",
        data=_plane(molecules, on_front) if flat else _lines(molecules, on_front, wishes),
        layout=_plane_axes(wishes) if flat else _line_axes(wishes),
        table=Table.of(
            ("Molecule on the front", *wishes),
            [(m.name, *m.worth) for m in reversed(on_front)],
        ),
        height=360,
    )


def _says(molecule: Standing, wishes: Sequence[str] = ()) -> str:
    lines = [molecule.name, "on the front" if molecule.is_on_front else "surpassed"]
    if wishes:
        lines += [f"{w}: {written(x, 2)}" for w, x in zip(wishes, molecule.worth, strict=True)]
    else:
        lines.append(" and ".join(written(x) for x in molecule.worth))
    return "\n".join(lines)


def _plane(molecules: Sequence[Standing], on_front: Sequence[Standing]) -> tuple[Trace, ...]:
    steps = sorted({m.worth for m in on_front})
    groups = (
        ("surpassed", [m for m in molecules if not m.is_on_front], "@faint", "circle", 7),
        ("on the front", list(on_front), "@accent", "diamond", 10),
    )
    return (
        {
            "type": "scatter",
            "mode": "lines",
            "x": [m[0] for m in steps],
            "y": [m[1] for m in steps],
            # what a molecule of the front surpasses lies to its lower left
            "line": {"color": "@accent", "width": 1.5, "shape": "vh"},
            "hoverinfo": "skip",
            "showlegend": False,
        },
        *(
            {
                "type": "scatter",
                "mode": "markers",
                "name": name,
                "x": [m.worth[0] for m in of],
                "y": [m.worth[1] for m in of],
                "text": [_says(m) for m in of],
                "customdata": [m.inchikey for m in of],
                "marker": {"color": colour, "symbol": symbol, "size": size},
            }
            for name, of, colour, symbol, size in groups
            if of
        ),
    )


def _plane_axes(wishes: Sequence[str]) -> dict[str, Any]:
    return {
        "xaxis": axis(f"desirability of {wishes[0]}"),
        "yaxis": axis(f"desirability of {wishes[1]}"),
    }


def _lines(
    molecules: Sequence[Standing], on_front: Sequence[Standing], wishes: Sequence[str]
) -> tuple[Trace, ...]:
    shown = [m for m in molecules if not m.is_on_front][:_BEHIND] + list(on_front)
    seen: set[bool] = set()
    traces: list[Trace] = []
    for molecule in shown:
        is_first = molecule.is_on_front not in seen
        seen.add(molecule.is_on_front)
        traces.append(
            {
                "type": "scatter",
                "mode": "lines+markers",
                "name": "on the front" if molecule.is_on_front else "surpassed",
                "legendgroup": str(molecule.is_on_front),
                "showlegend": is_first,
                "x": list(range(len(wishes))),
                "y": list(molecule.worth),
                "text": [_says(molecule, wishes)] * len(wishes),
                "customdata": [molecule.inchikey] * len(wishes),
                "opacity": 1.0 if molecule.is_on_front else 0.35,
                "line": {
                    "color": "@accent" if molecule.is_on_front else "@faint",
                    "width": 2 if molecule.is_on_front else 1,
                },
                "marker": {"size": 6},
            }
        )
    return tuple(traces)


def _line_axes(wishes: Sequence[str]) -> dict[str, Any]:
    return {
        "xaxis": {
            "tickvals": list(range(len(wishes))),
            "ticktext": list(wishes),
            "range": [-0.2, len(wishes) - 0.8],
        },
        "yaxis": axis("desirability", range=[-0.03, 1.03]),
    }
