"""Contents into one self-contained HTML file: no request leaves the page."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import Any

import jinja2
from markupsafe import Markup

from molq.report.contents import Contents

_MINUS = "\N{MINUS SIGN}"


def html(contents: Contents) -> str:
    """The report as a complete HTML document.

    Style, script and drawings stand inside it; every text of the contents is
    escaped.
    """
    return (
        _environment()
        .get_template("page.html")
        .render(
            report=contents,
            style=Markup(_resource("page.css")),
            script=Markup(_resource("page.js")),
        )
    )


def _resource(name: str) -> str:
    return files("molq.report").joinpath(name).read_text(encoding="utf-8")


def number(value: float | None, digits: int) -> str:
    """A fixed number of digits, a real minus sign, a dash where there is no value."""
    if value is None or value != value:
        return "\N{EN DASH}"
    text = f"{value:,.{digits}f}"
    if text.strip("-0.,") == "":
        text = text.removeprefix("-")
    return text.replace(",", "\N{THIN SPACE}").replace("-", _MINUS)


def signed(value: float, digits: int) -> str:
    """The same with a plus sign in front of what is added."""
    text = number(value, digits)
    return text if text.startswith(_MINUS) else f"+{text}"


def breakable(text: str) -> Markup:
    """A chemical name, escaped, that a narrow column may break after hyphens and brackets."""
    parts = re.split(r"(?<=[-),\]/])(?=\w)", text)
    return Markup("<wbr>").join(parts)


def drawing(svg: str | None) -> Markup:
    """A drawing that molq made itself, let through as it is."""
    return Markup(svg or "")


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("molq", "report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters: dict[str, Any] = {
        "number": number,
        "signed": signed,
        "drawing": drawing,
        "breakable": breakable,
    }
    environment.filters.update(filters)
    return environment
