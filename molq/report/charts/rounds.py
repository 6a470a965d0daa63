"""How a campaign went on, round by round."""

from __future__ import annotations

from collections.abc import Sequence

from molq.report.charts.figure import Figure, Table, Trace, axis, rounds_axis, written

COLOURS = {"library": "@blue", "generator": "@amber"}
_SYMBOLS = {"library": "circle", "generator": "diamond"}
_SIDE = {"library": -0.2, "generator": 0.2}
_SPREAD = 0.16  # to either side, so that equal utilities are seen side by side


def utility_by_round(
    best: Sequence[tuple[int, float]], molecules: Sequence[tuple[int, float, str, str, str]]
) -> Figure:
    """How the best utility grew, over the utility of every scored molecule.

    Args:
        best: round and best utility up to its end.
        molecules: round, utility, name, origin, InChIKey.
    """
    data: list[Trace] = [
        {
            "type": "scatter",
            "mode": "lines",
            "name": "best so far",
            "x": [x for r, _ in best for x in (r - 0.5, r + 0.5)],
            "y": [value for _, value in best for _ in "ab"],
            "line": {"color": "@ink", "width": 2},
            "hoverinfo": "skip",
        }
    ]
    for origin in dict.fromkeys(found[3] for found in molecules):
        of = [found for found in molecules if found[3] == origin]
        data.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": origin,
                "x": _side_by_side([found[0] for found in of], _SIDE.get(origin, 0.0)),
                "y": [found[1] for found in of],
                "text": [f"{f[2]}\nround {f[0]}, {origin}\nutility {written(f[1])}" for f in of],
                "customdata": [found[4] for found in of],
                "marker": {
                    "color": COLOURS.get(origin, "@green"),
                    "symbol": _SYMBOLS.get(origin, "square"),
                    "size": 8,
                    "opacity": 0.75,
                },
            }
        )
    first, last = best[0], best[-1]
    said = (
        f"Best utility after round {first[0]}: {written(first[1])}; "
        f"after round {last[0]}: {written(last[1])}."
    )
    return Figure(
        id="utility-by-round",
        section="progress",
        title="Utility by round",
        description=f"{said} Each mark is one of {len(molecules)} scored molecules.",
        alt=f"Utility by round, 0 to 1. {said}",
        data=tuple(data),
        layout={
            "xaxis": rounds_axis([r for r, _ in best]),
            "yaxis": axis("utility", range=[-0.02, 1.02]),
        },
        table=Table.of(
            ("Round", "Best so far", "Best of the round", "Molecules scored"),
            [
                (
                    number,
                    value,
                    max((f[1] for f in molecules if f[0] == number), default=None),
                    sum(f[0] == number for f in molecules),
                )
                for number, value in best
            ],
        ),
    )


def hits_by_round(hits: Sequence[tuple[int, int]], definition: str) -> Figure:
    """Hits found up to the end of each round.

    Args:
        hits: round and number of hits so far.
        definition: what a hit is, one sentence.
    """
    said = f"{definition} After round {hits[-1][0]}: {hits[-1][1]}."
    return Figure(
        id="hits-by-round",
        section="progress",
        title="Hits found so far",
        description=said,
        alt=f"Hits found up to the end of each round. {said}",
        data=(
            {
                "type": "bar",
                "x": [r for r, _ in hits],
                "y": [n for _, n in hits],
                "text": [f"round {r}: {n} so far" for r, n in hits],
                "textposition": "none",
                "marker": {"color": "@accent"},
                "width": 0.6,
            },
        ),
        layout={
            "xaxis": rounds_axis([r for r, _ in hits]),
            "yaxis": axis("hits", rangemode="tozero", **_whole(max(n for _, n in hits))),
        },
        table=Table.of(("Round", "Hits so far"), hits),
    )


def hypervolume_by_round(volumes: Sequence[tuple[int, float]]) -> Figure:
    """How much of the space of wishes the leads covered after each round.

    Args:
        volumes: round and hypervolume, at least one.
    """
    first, last = volumes[0], volumes[-1]
    said = (
        f"After round {first[0]}: {written(first[1])}; after round {last[0]}: {written(last[1])}. "
        "1 would be a molecule that meets every wish altogether."
    )
    return Figure(
        id="hypervolume-by-round",
        section="pareto",
        title="Hypervolume of the Pareto front",
        description=said,
        alt=f"Hypervolume of the Pareto front by round, 0 to 1. {said}",
        data=(
            {
                "type": "scatter",
                "mode": "lines+markers",
                "x": [r for r, _ in volumes],
                "y": [v for _, v in volumes],
                "text": [f"round {r}: hypervolume {written(v)}" for r, v in volumes],
                "line": {"color": "@ink", "width": 2},
                "marker": {"color": "@accent", "size": 8},
            },
        ),
        layout={
            "xaxis": rounds_axis([r for r, _ in volumes]),
            "yaxis": axis("hypervolume", rangemode="tozero"),
        },
        table=Table.of(("Round", "Hypervolume"), volumes),
    )


def _whole(most: int) -> dict[str, object]:
    """Marks of an axis that counts; a few are set, many are left to the chart."""
    return {"dtick": 1, "range": [0, max(most, 1) * 1.05]} if most <= 8 else {"tickformat": "d"}


def _side_by_side(rounds: Sequence[int], side: float) -> list[float]:
    seen: dict[int, int] = {}
    total = {number: rounds.count(number) for number in set(rounds)}
    places = []
    for number in rounds:
        seen[number] = seen.get(number, 0) + 1
        share = (seen[number] - 0.5) / total[number] * 2 - 1  # -1..1
        places.append(round(number + side + _SPREAD * share, 3))
    return places
