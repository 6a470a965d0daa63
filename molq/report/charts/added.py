"""What the quantum step added: scores beside cheap numbers, and solvers beside CASCI."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from molq.report.charts.figure import Figure, Table, View, axis, labelled, written
from molq.report.evidence import CHEMICAL_ACCURACY

_SYMBOLS = ("circle", "diamond", "square", "triangle-up", "cross")
_COLOURS = ("@blue", "@amber", "@green", "@rose", "@sky")


@dataclass(frozen=True)
class Beside:
    """A score beside a baseline of the same molecule."""

    inchikey: str
    name: str
    score: float
    baseline: float


@dataclass(frozen=True)
class Pairing:
    """All scores of a recipe beside one of its baselines."""

    recipe: str
    baseline: str  # as readers know it
    score_unit: str
    baseline_unit: str
    spearman: float | None
    points: tuple[Beside, ...]


@dataclass(frozen=True)
class Deviation:
    """How far a solver stopped from exact diagonalisation."""

    inchikey: str
    name: str
    recipe: str
    deviation: float  # mHa, of the energy difference
    two_qubit_gates: int | None  # of the larger circuit; None for a solver without one
    is_sampled: bool = False  # then the deviation is noise as well


def beside_baselines(pairings: Sequence[Pairing]) -> Figure:
    """Each score over a baseline of its molecule; a view for each baseline.

    Args:
        pairings: at least one, the closest first.
    """
    views = [_view(pairing, several=len({p.recipe for p in pairings}) > 1) for pairing in pairings]
    said = "; ".join(
        f"{p.recipe} and {p.baseline}: Spearman {written(p.spearman, 2)} on "
        f"{len(p.points)} molecules"
        for p in pairings
    )
    return Figure(
        id="score-and-baseline",
        section="quantum",
        title="The score beside its baselines",
        description=(
            "Were all marks on one rising or falling line, the cheap number would order the "
            "molecules as the score does, and could stand in for it."
        ),
        alt=f"Score over baseline. {said}.",
        data=views[0].data,
        layout=views[0].layout,
        table=Table.of(
            ("Score", "Baseline", "Unit", "Spearman", "Molecules"),
            [
                (p.recipe, p.baseline, p.baseline_unit, written(p.spearman, 2), len(p.points))
                for p in pairings
            ],
        ),
        views=tuple(views) if len(views) > 1 else (),
        height=340,
    )


def _view(pairing: Pairing, *, several: bool) -> View:
    name = f"{pairing.recipe}: {pairing.baseline}" if several else pairing.baseline
    x_title = labelled(pairing.baseline, pairing.baseline_unit)
    known = "" if pairing.spearman is None else f" · Spearman {written(pairing.spearman, 2)}"
    return View(
        name,
        (
            {
                "type": "scatter",
                "mode": "markers",
                "name": name,
                "x": [p.baseline for p in pairing.points],
                "y": [p.score for p in pairing.points],
                "text": [
                    f"{p.name}\n{pairing.recipe} {written(p.score)} {pairing.score_unit}\n"
                    f"{pairing.baseline} {written(p.baseline)} {pairing.baseline_unit}"
                    for p in pairing.points
                ],
                "customdata": [p.inchikey for p in pairing.points],
                "marker": {"color": "@blue", "size": 8, "opacity": 0.8},
            },
        ),
        {
            "xaxis": axis(f"{x_title}{known}"),
            "yaxis": axis(labelled(pairing.recipe, pairing.score_unit)),
        },
    )


def deviations(found: Sequence[Deviation]) -> Figure:
    """The solver's energy differences minus the exact ones, over the size of the circuit.

    Args:
        found: at least one.
    """
    by_recipe: dict[str, list[Deviation]] = {}
    for one in found:
        by_recipe.setdefault(one.recipe, []).append(one)
    has_gates = all(one.two_qubit_gates is not None for one in found)
    sizes = [abs(one.deviation) for one in found]
    beyond = sum(size > CHEMICAL_ACCURACY for size in sizes)
    said = (
        f"{len(found)} scores: largest deviation {written(max(sizes))} mHa, median "
        f"{written(median(sizes))}; {beyond} beyond chemical accuracy ({CHEMICAL_ACCURACY} mHa)."
    )
    if sampled := sum(one.is_sampled for one in found):
        said += f" Sampled: {sampled}; there the deviation is noise as well."
    widest = max(*sizes, 0.01) * 1.15
    return Figure(
        id="deviation-from-casci",
        section="quantum",
        title="How far the solver stopped from CASCI",
        description=f"{said} Dotted lines mark it." if widest > CHEMICAL_ACCURACY else said,
        alt=f"CASCI deviation in mHa, the solver minus the exact value. {said}",
        data=tuple(
            {
                "type": "scatter",
                "mode": "markers",
                "name": recipe,
                "x": [d.two_qubit_gates if has_gates else place for place, d in enumerate(of, 1)],
                "y": [d.deviation for d in of],
                "text": [_says(d) for d in of],
                "customdata": [d.inchikey for d in of],
                "marker": {
                    "color": _COLOURS[place % len(_COLOURS)],
                    "symbol": _SYMBOLS[place % len(_SYMBOLS)],
                    "size": 8,
                    "opacity": 0.8,
                },
            }
            for place, (recipe, of) in enumerate(by_recipe.items())
        ),
        layout={
            "xaxis": axis("two-qubit gates of the larger circuit" if has_gates else "score"),
            "yaxis": axis("CASCI deviation (mHa)", range=[-widest, widest]),
            "showlegend": len(by_recipe) > 1,
            "shapes": [
                {
                    "type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": y, "y1": y,
                    "line": {"color": "@faint", "dash": dash, "width": 1},
                }
                for y, dash in _guides(widest)
            ],
        },
        table=Table.of(
            ("Molecule", "Recipe", "CASCI deviation (mHa)", "Two-qubit gates"),
            [
                (d.name, d.recipe, written(d.deviation, 4), d.two_qubit_gates)
                for d in sorted(found, key=lambda d: -abs(d.deviation))
            ],
        ),
        height=340,
    )  # fmt: skip


def _guides(widest: float) -> list[tuple[float, str]]:
    guides = [(0.0, "solid")]
    if widest > CHEMICAL_ACCURACY:
        guides += [(CHEMICAL_ACCURACY, "dot"), (-CHEMICAL_ACCURACY, "dot")]
    return guides


def _says(one: Deviation) -> str:
    sampled = ", sampled" if one.is_sampled else ""
    lines = [one.name, f"{one.recipe}: {written(one.deviation, 4)} mHa from CASCI{sampled}"]
    if one.two_qubit_gates is not None:
        lines.append(f"{one.two_qubit_gates} two-qubit gates")
    return "\n".join(lines)
