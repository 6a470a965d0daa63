"""A retrospective trial into one self-contained HTML file, in the style of the report."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.metadata import version
from importlib.resources import files

import jinja2
from markupsafe import Markup

from molq.report.page import number
from molq.validation.curves import STYLES, charts
from molq.validation.trial import Retrospective

SHOWN = 50  # refused rows on the page; the JSON has all


def html(found: Retrospective) -> str:
    """The trial as a complete HTML document; every text in it is escaped."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("molq", "validation"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = number
    environment.filters["percent"] = lambda value, digits=1: f"{number(100 * value, digits)} %"
    style = _text("molq.report", "page.css") + _text("molq.validation", "page.css")
    return environment.get_template("page.html").render(
        trial=found,
        charts=charts(found),
        styles=STYLES,
        shown=SHOWN,
        molq_version=version("molq"),
        written=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        style=Markup(style),
    )


def _text(package: str, name: str) -> str:
    return files(package).joinpath(name).read_text(encoding="utf-8")
