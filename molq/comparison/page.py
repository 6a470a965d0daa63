"""A comparison into one self-contained HTML file, in the style of the report."""

from __future__ import annotations

from importlib.metadata import version
from importlib.resources import files

import jinja2
from markupsafe import Markup

from molq.comparison.chart import charts
from molq.comparison.comparison import Comparison
from molq.comparison.findings import sentences
from molq.comparison.grounds import CHOSEN
from molq.comparison.table import columns
from molq.report.page import number
from molq.report.words import solver_words


def html(comparison: Comparison) -> str:
    """The comparison as a complete HTML document; every text in it is escaped."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("molq", "comparison"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = number
    style = _text("molq.report", "page.css") + _text("molq.comparison", "page.css")
    return environment.get_template("page.html").render(
        comparison=comparison,
        solver=solver_words(comparison.solver),
        columns=columns(comparison.prices.currency),
        findings=sentences(comparison),
        charts=charts(comparison),
        chosen=CHOSEN,
        molq_version=version("molq"),
        style=Markup(style),
    )


def _text(package: str, name: str) -> str:
    return files(package).joinpath(name).read_text(encoding="utf-8")
