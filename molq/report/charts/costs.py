"""Where core time went: by step of the calculation, by recipe and by round."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from molq.report.charts.figure import Figure, Table, axis, rounds_axis, written

_COLOURS = ("@blue", "@amber", "@green", "@rose", "@sky", "@vermillion", "@accent")
FAILED, OTHER = "failed attempts", "other"
_ENDS = {FAILED: "@ink", OTHER: "@faint"}
_HOUR = 3600.0  # s
_BAR = 36  # px


def scale(seconds: float) -> tuple[float, str]:
    """Seconds in a unit in which the longest bar is easy to read, and the unit's name."""
    if seconds >= _HOUR:
        return _HOUR, "core-hours"
    return (60.0, "core-minutes") if seconds >= 120 else (1.0, "core-seconds")


def by_step(seconds: Mapping[str, Mapping[str, float]]) -> Figure:
    """Core time of each recipe, divided into the steps of its calculations.

    Args:
        seconds: recipe -> step -> CPU s; ``FAILED`` and ``OTHER`` stand last.
    """
    recipes = sorted(seconds, key=lambda recipe: -sum(seconds[recipe].values()))
    steps = _ordered(seconds)
    unit, name = scale(max(sum(seconds[recipe].values()) for recipe in recipes))
    total = sum(value for of in seconds.values() for value in of.values())
    largest = max(steps, key=lambda step: sum(of.get(step, 0.0) for of in seconds.values()))
    share = sum(of.get(largest, 0.0) for of in seconds.values()) / total if total else 0.0
    said = (
        f"{written(total / unit, 1)} {name} in all; the largest part, "
        f"{written(100 * share, 0)} %, is {largest}."
    )
    return Figure(
        id="core-time-by-step",
        section="cost",
        title="Core time by recipe and step",
        description=said,
        alt=f"Core time of each recipe by step. {said}",
        data=tuple(
            {
                "type": "bar",
                "orientation": "h",
                "name": step,
                "y": recipes,
                "x": [seconds[recipe].get(step, 0.0) / unit for recipe in recipes],
                "text": [
                    f"{recipe}, {step}: {written(seconds[recipe].get(step, 0.0) / unit, 2)} {name}"
                    for recipe in recipes
                ],
                "textposition": "none",
                "marker": {"color": _ENDS.get(step) or _COLOURS[place % len(_COLOURS)]},
            }
            for place, step in enumerate(steps)
        ),
        layout={
            "barmode": "stack",
            "xaxis": axis(name, rangemode="tozero"),
            "yaxis": {"automargin": True, "autorange": "reversed", "type": "category"},
        },
        table=Table.of(
            ("Recipe", *steps, f"Sum ({name})"),
            [
                (
                    recipe,
                    *(written(seconds[recipe].get(step, 0.0) / unit, 2) for step in steps),
                    written(sum(seconds[recipe].values()) / unit, 2),
                )
                for recipe in recipes
            ],
        ),
        height=130 + _BAR * len(recipes),
    )


def by_round(core: Mapping[int, Mapping[str, float]], wall: Mapping[int, float]) -> Figure:
    """Core time of each round by recipe, and how long the round lasted.

    Args:
        core: round -> recipe -> CPU s.
        wall: round -> s from its beginning to its end, of the finished ones.
    """
    rounds = sorted(core)
    recipes = list(dict.fromkeys(recipe for number in rounds for recipe in core[number]))
    longest = max(
        *(sum(core[number].values()) for number in rounds), *(wall.get(n, 0.0) for n in rounds)
    )
    unit, name = scale(longest)
    hours = name.removeprefix("core-")
    said = "; ".join(
        f"round {number}: {written(sum(core[number].values()) / unit, 1)} {name}"
        + (f" in {written(wall[number] / unit, 1)} {hours}" if number in wall else "")
        for number in rounds[:12]
    )
    return Figure(
        id="core-time-by-round",
        section="cost",
        title="Core time and duration by round",
        description=(
            "Bars are the core time of the calculations; a mark shows how long the round lasted "
            "by the clock, with what was chosen and learned in it."
        ),
        alt=f"Core time and duration by round. {said}.",
        data=(
            *(
                {
                    "type": "bar",
                    "name": recipe,
                    "x": rounds,
                    "y": [core[number].get(recipe, 0.0) / unit for number in rounds],
                    "text": [
                        f"round {number}, {recipe}: "
                        f"{written(core[number].get(recipe, 0.0) / unit, 2)} {name}"
                        for number in rounds
                    ],
                    "textposition": "none",
                    "marker": {"color": _COLOURS[place % len(_COLOURS)]},
                    "width": 0.6,
                }
                for place, recipe in enumerate(recipes)
            ),
            {
                "type": "scatter",
                "mode": "markers",
                "name": "by the clock",
                "x": [number for number in rounds if number in wall],
                "y": [wall[number] / unit for number in rounds if number in wall],
                "text": [
                    f"round {number}: {written(wall[number] / unit, 2)} {hours} by the clock"
                    for number in rounds
                    if number in wall
                ],
                "marker": {"color": "@ink", "symbol": "line-ew-open", "size": 22,
                           "line": {"width": 3}},
            },
        ),
        layout={
            "barmode": "stack",
            "xaxis": rounds_axis(rounds),
            "yaxis": axis(name, rangemode="tozero"),
        },
        table=Table.of(
            ("Round", *(f"{recipe} ({name})" for recipe in recipes), f"By the clock ({hours})"),
            [
                (
                    number,
                    *(written(core[number].get(recipe, 0.0) / unit, 2) for recipe in recipes),
                    written(wall[number] / unit if number in wall else None, 2),
                )
                for number in rounds
            ],
        ),
    )  # fmt: skip


def _ordered(seconds: Mapping[str, Mapping[str, float]]) -> Sequence[str]:
    steps = dict.fromkeys(step for of in seconds.values() for step in of)
    last = [step for step in _ENDS if step in steps]
    return [*(step for step in steps if step not in last), *last]
