"""The circuits of a run: how large they are, and how well a device reads its qubits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from molq.report.charts.figure import Figure, Table, axis, written

_COLOURS = ("@blue", "@amber", "@green", "@rose", "@sky")
_SYMBOLS = ("circle", "diamond", "square", "triangle-up", "cross")


@dataclass(frozen=True)
class Circuit:
    """The costliest circuit of a score."""

    inchikey: str
    name: str
    recipe: str
    qubits: int
    parameters: int
    two_qubit_gates: int
    depth: int


def sizes(found: Sequence[Circuit]) -> Figure:
    """Depth over two-qubit gates of each score's costliest circuit.

    Args:
        found: at least one.
    """
    by_recipe: dict[str, list[Circuit]] = {}
    for one in found:
        by_recipe.setdefault(one.recipe, []).append(one)
    gates = [one.two_qubit_gates for one in found]
    said = (
        f"{len(found)} circuits of {_range([c.qubits for c in found])} qubits with "
        f"{_range(gates)} two-qubit gates (median {median(gates):.0f}); every pair of qubits "
        "connected."
    )
    return Figure(
        id="circuit-sizes",
        section="technical",
        title="Circuits",
        description=f"The costliest circuit of each score. {said}",
        alt=f"Depth over two-qubit gates of each score's costliest circuit. {said}",
        data=tuple(
            {
                "type": "scatter",
                "mode": "markers",
                "name": recipe,
                "x": [c.two_qubit_gates for c in of],
                "y": [c.depth for c in of],
                "text": [
                    f"{c.name}\n{c.recipe}: {c.qubits} qubits, {c.parameters} parameters\n"
                    f"{c.two_qubit_gates} two-qubit gates, depth {c.depth}"
                    for c in of
                ],
                "customdata": [c.inchikey for c in of],
                "marker": {
                    "color": _COLOURS[place % len(_COLOURS)],
                    "symbol": _SYMBOLS[place % len(_SYMBOLS)],
                    "size": 8,
                    "opacity": 0.75,
                },
            }
            for place, (recipe, of) in enumerate(by_recipe.items())
        ),
        layout={
            "xaxis": axis("two-qubit gates", rangemode="tozero"),
            "yaxis": axis("depth", rangemode="tozero"),
            "showlegend": len(by_recipe) > 1,
        },
        table=Table.of(
            ("Molecule", "Recipe", "Qubits", "Parameters", "Two-qubit gates", "Depth"),
            [
                (c.name, c.recipe, c.qubits, c.parameters, c.two_qubit_gates, c.depth)
                for c in sorted(found, key=lambda c: -c.two_qubit_gates)
            ],
        ),
    )


def readout_errors(devices: Mapping[str, Mapping[int, float]]) -> Figure:
    """How often each qubit that was used is read wrong, as its device says.

    Args:
        devices: name -> qubit -> probability; at least one of each.
    """
    said = "; ".join(
        f"{name}: {len(of)} qubits, median {written(100 * median(of.values()), 2)} %"
        for name, of in devices.items()
    )
    return Figure(
        id="readout-errors",
        section="technical",
        title="Readout errors of the qubits that were used",
        description=f"As the devices' calibrations have them. {said}.",
        alt=f"Readout error of each qubit. {said}.",
        data=tuple(
            {
                "type": "bar",
                "name": name,
                "x": [f"q{qubit}" for qubit in sorted(of)],
                "y": [of[qubit] for qubit in sorted(of)],
                "text": [
                    f"{name}, qubit {qubit}: {written(100 * of[qubit], 2)} %"
                    for qubit in sorted(of)
                ],
                "textposition": "none",
                "marker": {"color": _COLOURS[place % len(_COLOURS)]},
            }
            for place, (name, of) in enumerate(devices.items())
        ),
        layout={
            "xaxis": axis("qubit", type="category"),
            "yaxis": axis("probability of a wrong bit", rangemode="tozero", tickformat=".1%"),
        },
        table=Table.of(
            ("Device", "Qubit", "Readout error"),
            [
                (name, qubit, written(of[qubit], 5))
                for name, of in devices.items()
                for qubit in sorted(of)
            ],
        ),
        height=280,
    )


def _range(values: Sequence[int]) -> str:
    low, high = min(values), max(values)
    return str(low) if low == high else f"{low} to {high}"
