"""Tables with structure drawings for a notebook's output cell."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

_CELL = "padding:4px 10px;vertical-align:middle;border-bottom:1px solid #dfe4ea;"


@dataclass(frozen=True)
class Picture:
    """A structure to draw in a cell."""

    smiles: str
    site: tuple[int, ...] = ()  # heavy-atom indices to highlight


CellValue = str | float | int | None | Picture


def table(headers: Sequence[str], rows: Iterable[Sequence[CellValue]], *, caption: str = "") -> str:
    """An HTML table; every text is escaped, numbers are aligned.

    Args:
        headers: one for each column.
        rows: texts, numbers (four digits), drawings, or None for a dash.
        caption: a line above the table.
    """
    head = Markup("").join(
        Markup('<th scope="col" style="{}text-align:left">{}</th>').format(_CELL, header)
        for header in headers
    )
    body = Markup("").join(
        Markup("<tr>{}</tr>").format(Markup("").join(_cell(value) for value in row)) for row in rows
    )
    title = Markup('<caption style="text-align:left">{}</caption>').format(caption)
    return str(
        Markup(
            '<table style="border-collapse:collapse;font-variant-numeric:tabular-nums">'
            "{}<thead><tr>{}</tr></thead><tbody>{}</tbody></table>"
        ).format(title if caption else "", head, body)
    )


def _cell(value: CellValue) -> Markup:
    if isinstance(value, Picture):
        from molq.depiction import svg

        drawing = svg(value.smiles, site=value.site, width=180, height=110)
        return Markup('<td style="{}background:#fff">{}</td>').format(_CELL, Markup(drawing or ""))
    if isinstance(value, bool) or value is None or isinstance(value, str):
        text = "\N{EN DASH}" if value is None else str(value)
        return Markup('<td style="{}text-align:left">{}</td>').format(_CELL, escape(text))
    text = str(value) if isinstance(value, int) else f"{value:.4g}"
    return Markup('<td style="{}text-align:right">{}</td>').format(_CELL, text)
