"""What two executions of a notebook print, compared number by number.

A number is held to the tolerance of its own quantity, and everything that has none (labels,
counts, SMILES, units) to the very same text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html.parser import HTMLParser
from itertools import zip_longest

from nbformat import NotebookNode

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")


@dataclass(frozen=True)
class Quantity:
    """By how much a printed number may differ: the larger of the two."""

    where: str  # regex: of a table's columns; of a text, the number is its group
    absolute: float = 0.0  # in the unit that is printed
    relative: float = 0.0

    def agrees(self, new: str, old: str) -> bool:
        """Whether two numbers are the same within the tolerance."""
        allowed = max(self.absolute, self.relative * abs(float(old)))
        return abs(float(new) - float(old)) <= allowed + 1e-9


Rules = dict[int, tuple[Quantity, ...]]
"""Quantities by the notebook's cell, counted from 0."""


@dataclass(frozen=True)
class Printed:
    """One piece of an output: a table's cell under its column, or a text."""

    cell: int
    column: str | None  # None for a text, "" for a table's labels
    text: str


def printed(notebook: NotebookNode) -> list[Printed]:
    """Every piece of every output, in order; frames by their cells."""
    found: list[Printed] = []
    for number, cell in enumerate(notebook.cells):
        for output in cell.get("outputs", ()):
            data = output.get("data", {})
            if 'class="dataframe"' in data.get("text/html", ""):
                found += [Printed(number, *piece) for piece in _pieces(data["text/html"])]
            else:
                text = output.get("text") or data["text/plain"]
                found.append(Printed(number, None, " ".join(text.split())))
    return found


def differences(new: Sequence[Printed], old: Sequence[Printed], rules: Rules) -> list[str]:
    """What was printed otherwise than before, beyond its quantity's tolerance; one line each."""
    return [
        f"cell {(before or now).cell}: {_shown(before)} became {_shown(now)}"  # type: ignore[union-attr]
        for now, before in zip_longest(new, old)
        if now is None or before is None or not _same(now, before, rules)
    ]


def _shown(piece: Printed | None) -> str:
    if piece is None:
        return "nothing"
    return repr(piece.text) if not piece.column else f"{piece.column} {piece.text!r}"


def _same(new: Printed, old: Printed, rules: Rules) -> bool:
    if (new.cell, new.column) != (old.cell, old.column):
        return False
    for quantity in rules.get(old.cell, ()) if old.column != "" else ():
        if old.column is None:
            pattern = re.compile(quantity.where)
        elif re.search(quantity.where, old.column):
            pattern = re.compile(f"({_NUMBER.pattern})")
        else:
            continue
        values = pattern.findall(new.text), pattern.findall(old.text)
        if not all(quantity.agrees(a, b) for a, b in zip(*values, strict=False)):
            return False
        new, old = (
            Printed(piece.cell, piece.column, pattern.sub(_masked, piece.text))
            for piece in (new, old)
        )
    return new.text == old.text


def _masked(match: re.Match[str]) -> str:
    return match[0].replace(match[1], "#")


def _pieces(html: str) -> Iterator[tuple[str, str]]:
    """A frame's labels, and its values with the columns they stand in."""
    reader = _Frame()
    reader.feed(html)
    columns: list[str] = []
    for row in reader.rows:
        labels = [text for tag, text in row if tag == "th"]
        values = [text for tag, text in row if tag == "td"]
        columns = columns or labels
        for label in labels:
            yield "", label
        yield from zip(columns[len(columns) - len(values) :], values, strict=True)


class _Frame(HTMLParser):
    """The rows of a frame as pandas draws it."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[tuple[str, str]]] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "tr":
            self.rows.append([])
        elif tag in ("th", "td"):
            self.rows[-1].append((tag, ""))
            self._inside = True

    def handle_endtag(self, tag: str) -> None:
        self._inside = self._inside and tag not in ("th", "td")

    def handle_data(self, data: str) -> None:
        if self._inside:
            tag, text = self.rows[-1][-1]
            self.rows[-1][-1] = (tag, text + data.strip())
