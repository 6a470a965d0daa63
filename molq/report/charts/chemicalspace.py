"""The map of the chemical space that a run went through."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from molq.report.charts.figure import Drawn, Figure, Table, Trace, View, written
from molq.report.chemicalspace import METHODS, ChemicalMap

_SYMBOLS = {"library": "circle", "generator": "diamond"}


@dataclass(frozen=True)
class Spot:
    """A molecule of the map."""

    inchikey: str
    name: str
    smiles: str
    origin: str  # "library", "generator"
    round: int | None  # None where there are no rounds
    worth: float | None  # what it is ranked by; None for one that was not computed
    values: Mapping[str, float] = field(default_factory=dict)  # by what each is called


def chemical_space(
    spots: Sequence[Spot],
    found: ChemicalMap,
    *,
    worth: str,
    left_out: int,
    drawings: Mapping[str, str],
) -> Figure:
    """The molecules of a run on a plane, alike ones near each other.

    Args:
        spots: in the order of the map.
        found: their map.
        worth: the quantity that ``Spot.worth`` is.
        left_out: molecules that the map has no room for.
        drawings: SVG of molecules that the page shows nowhere else, by InChIKey.
    """
    computed = [place for place, spot in enumerate(spots) if spot.worth is not None]
    waiting = [place for place, spot in enumerate(spots) if spot.worth is None]
    rounds = [spots[place].round or 0 for place in computed]
    by_round = len(set(rounds)) > 1
    trust = "" if found.trustworthiness is None else _trust(found.trustworthiness)
    more = f" {left_out} more have no room on it." if left_out else ""
    grey = f", {len(waiting)} in grey were not" if waiting else ""
    said = f"{len(computed)} molecules were computed{grey}."
    views = [View(f"coloured by {worth}", _coloured(worth, [spots[p].worth for p in computed]))]
    for name in dict.fromkeys(name for p in computed for name in spots[p].values):
        values = [spots[p].values.get(name) for p in computed]
        views.append(View(f"by {name}", _coloured(name, values)))
    if by_round:
        views.append(View("by round", _coloured("round", rounds, whole=True)))
    views.append(View("by origin", _by_origin([spots[p].origin for p in computed])))
    data: list[Trace] = [
        _marks(
            spots, found, computed,
            name="computed", worth=worth,
            symbols=[_SYMBOLS.get(spots[p].origin, "square") for p in computed],
        )
    ]  # fmt: skip
    if waiting:
        grey_marks = _marks(
            spots, found, waiting, name="not computed", worth=worth, symbols="circle"
        )
        grey_marks["marker"] |= {
            "color": "@faint",
            "opacity": 0.45,
            "size": 6,
            "line": {"width": 0},
        }
        data.insert(0, grey_marks)
        views = [View(v.name, ({}, *v.data), v.layout) for v in views]
    order = sorted(computed, key=lambda p: -(spots[p].worth or 0.0))
    return Figure(
        id="chemical-space",
        section="space",
        title="Map of the molecules",
        description=(
            f"Alike molecules stand near each other ({METHODS[found.method]}); directions and "
            f"large distances mean nothing. {said}{trust}{more} Circles come from the library, "
            "diamonds from the generator."
        ),
        alt=f"Map of the chemical space of the run. {said}{trust}",
        data=tuple(data),
        layout={
            "xaxis": {"visible": False},
            "yaxis": {"visible": False, "scaleanchor": "x"},
            "margin": {"l": 8, "r": 8, "t": 12, "b": 8},
            "showlegend": bool(waiting),
            "dragmode": "pan",
        },
        table=Table.of(
            ("Molecule", worth, "Round", "Origin", "SMILES"),
            [
                (spots[p].name, spots[p].worth, spots[p].round, spots[p].origin, spots[p].smiles)
                for p in order
            ],
            most=40,
        ),
        views=tuple(views),
        height=520,
        molecules={
            spots[p].inchikey: Drawn(
                spots[p].name, spots[p].smiles, drawings.get(spots[p].inchikey, "")
            )
            for p in range(len(spots))
            if spots[p].worth is None or spots[p].inchikey in drawings
        },
    )


def _trust(trustworthiness: float) -> str:
    return f" Trustworthiness of near neighbours {written(trustworthiness, 2)} of 1."


def _marks(
    spots: Sequence[Spot],
    found: ChemicalMap,
    chosen: Sequence[int],
    *,
    name: str,
    worth: str,
    symbols: Any,
) -> Trace:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "x": [round(float(found.places[p, 0]), 4) for p in chosen],
        "y": [round(float(found.places[p, 1]), 4) for p in chosen],
        "text": [_says(spots[p], worth) for p in chosen],
        "customdata": [spots[p].inchikey for p in chosen],
        "marker": {"size": 10, "symbol": symbols, "line": {"color": "@soft", "width": 0.8}},
    }


def _says(spot: Spot, worth: str) -> str:
    where = spot.origin if spot.round is None else f"{spot.origin}, round {spot.round}"
    if spot.worth is None:
        return f"{spot.name}\n{spot.origin}, not computed"
    values = "".join(f"\n{name} {written(value)}" for name, value in spot.values.items())
    return f"{spot.name}\n{worth} {written(spot.worth)}{values}\n{where}"


def _coloured(name: str, values: Sequence[Any], *, whole: bool = False) -> tuple[Trace, ...]:
    bar: dict[str, Any] = {"title": {"text": name, "side": "right"}, "thickness": 12, "len": 0.8,
                           "outlinewidth": 0}  # fmt: skip
    if whole:
        bar |= {"dtick": max(1, round((max(values) - min(values)) / 8)), "tickformat": "d"}
    return (
        {
            "marker": {
                "color": list(values),
                "colorscale": "Viridis",
                "showscale": True,
                "colorbar": bar,
            }
        },
    )


def _by_origin(origins: Sequence[str]) -> tuple[Trace, ...]:
    colours = {"library": "@blue", "generator": "@amber"}
    return (
        {
            "marker": {
                "color": [colours.get(origin, "@green") for origin in origins],
                "showscale": False,
            }
        },
    )
