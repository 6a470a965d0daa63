"""A retrospective trial into one self-contained HTML file, in the style of the report."""

from __future__ import annotations

from datetime import UTC, datetime

from molq.report.charts.embedding import embedded
from molq.report.page import document
from molq.validation.curves import charts
from molq.validation.trial import Retrospective

SHOWN = 50  # refused rows on the page; the JSON has all


def html(found: Retrospective) -> str:
    """The trial as a complete HTML document; every text in it is escaped."""
    figures = charts(found)
    return document(
        "validation",
        datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        trial=found,
        charts=figures,
        embedded=embedded(figures),
        shown=SHOWN,
    )
