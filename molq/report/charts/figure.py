"""A chart as plain data: what Plotly draws, what is said beside it, and its numbers as text.

Colours are names that begin with ``@``: ``charts.js`` gives them the page's own colours, so
that a page in the dark is drawn in the dark. A point that stands for a molecule has the
molecule's InChIKey in its trace's ``customdata``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

Trace = dict[str, Any]
_Item = TypeVar("_Item")

MINUS = "\N{MINUS SIGN}"
LISTED = 60  # rows of a chart's table
MOST_MARKS = 800  # of a chart
_ID = re.compile(r"[a-z][a-z0-9-]*")
_SIGNIFICANT = 6  # digits of a drawn number


@dataclass(frozen=True)
class Table:
    """A chart's numbers for those who read them: on paper, by ear, or to copy."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    more: int = 0  # rows left out

    @classmethod
    def of(
        cls, header: Sequence[str], rows: Iterable[Sequence[object]], *, most: int = LISTED
    ) -> Table:
        """A table of texts and numbers, the numbers written as a reader writes them."""
        texts = [tuple(_text(cell) for cell in row) for row in rows]
        return cls(tuple(header), tuple(texts[:most]), max(0, len(texts) - most))


@dataclass(frozen=True)
class View:
    """Another way to see a chart: what its traces and its layout then have instead."""

    name: str
    data: tuple[Trace, ...]  # merged into the traces, one each
    layout: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Drawn:
    """A molecule of a chart that the page shows nowhere else."""

    name: str
    smiles: str
    drawing: str = ""  # SVG by ``molq.depiction``; "" where only the SMILES is shown


@dataclass(frozen=True)
class Figure:
    """A chart ready to be drawn."""

    id: str  # unique in the page
    section: str  # of the page that shows it
    title: str
    description: str  # stands beside it
    alt: str  # what a reader who cannot see it is told, with its numbers
    data: tuple[Trace, ...]  # Plotly's traces
    layout: Mapping[str, Any]  # Plotly's layout; the theme is the page's
    table: Table
    views: tuple[View, ...] = ()  # none or several; the first is what ``data`` shows
    height: int = 320  # px
    molecules: Mapping[str, Drawn] = field(default_factory=dict)  # by InChIKey

    def __post_init__(self) -> None:
        if not _ID.fullmatch(self.id):
            raise ValueError(f"a chart's id is of small letters, digits and hyphens, not {self.id}")
        if len(self.views) == 1:
            raise ValueError(f"{self.id}: one view is no choice")

    def to_json(self) -> dict[str, Any]:
        """Plain JSON types as the page's script wants them; a number that is not finite is null.

        The table is not among them: it stands in the page as it is.
        """
        found: dict[str, Any] = {
            "id": self.id,
            "section": self.section,
            "title": self.title,
            "alt": self.alt,
            "height": self.height,
            "data": _plain(self.data),
            "layout": _plain(self.layout),
        }
        if self.views:
            found["views"] = [
                {"name": view.name, "data": _plain(view.data), "layout": _plain(view.layout)}
                for view in self.views
            ]
        if self.molecules:
            found["molecules"] = {
                key: [drawn.name, drawn.smiles, drawn.drawing]
                for key, drawn in self.molecules.items()
            }
        return found


def axis(title: str, **more: Any) -> dict[str, Any]:
    """An axis of a layout."""
    return {"title": {"text": title}, **more}


def rounds_axis(rounds: Sequence[int]) -> dict[str, Any]:
    """The axis of a campaign's rounds, with whole numbers alone."""
    low, high = min(rounds), max(rounds)
    step = max(1, math.ceil((high - low + 1) / 16))
    return axis("round", range=[low - 0.6, high + 0.6], tick0=low, dtick=step)


def labelled(quantity: str, unit: str) -> str:
    """A quantity with its unit, where it has one."""
    return f"{quantity} ({unit})" if unit else quantity


def written(value: float | None, digits: int = 3) -> str:
    """A number in a text: a fixed number of digits, a real minus, a dash for none."""
    if value is None or not math.isfinite(value):
        return "\N{EN DASH}"
    text = f"{value:.{digits}f}"
    return (text.removeprefix("-") if float(text) == 0 else text).replace("-", MINUS)


def spread(items: Sequence[_Item], most: int = MOST_MARKS) -> list[_Item]:
    """Some of many, spread evenly, the first and the last among them."""
    if len(items) <= most:
        return list(items)
    step = (len(items) - 1) / (most - 1) if most > 1 else 0.0
    return [items[round(place * step)] for place in range(most)]


def _text(cell: object) -> str:
    if cell is None:
        return "\N{EN DASH}"
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, float):
        return written(cell)
    return str(cell)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, str | bool) or value is None:
        return value
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        short = float(f"{value:.{_SIGNIFICANT}g}")
        return int(short) if short.is_integer() and abs(short) < 1e15 else short
    if hasattr(value, "tolist"):  # of numpy
        return _plain(value.tolist())
    return [_plain(item) for item in value]
