"""A comparison into one self-contained HTML file, in the style of the report."""

from __future__ import annotations

from molq.comparison.chart import charts
from molq.comparison.comparison import Comparison
from molq.comparison.findings import sentences
from molq.comparison.grounds import CHOSEN
from molq.comparison.table import columns
from molq.report.charts.embedding import embedded
from molq.report.page import document
from molq.report.words import solver_words


def html(comparison: Comparison) -> str:
    """The comparison as a complete HTML document; every text in it is escaped."""
    figures = charts(comparison)
    return document(
        "comparison",
        comparison.written,
        comparison=comparison,
        solver=solver_words(comparison.solver),
        columns=columns(comparison.prices.currency),
        findings=sentences(comparison),
        charts=figures,
        embedded=embedded(figures),
        chosen=CHOSEN,
    )
