"""Contents into one self-contained HTML file: no request leaves the page."""

from __future__ import annotations

import re
from functools import cache
from importlib.metadata import version
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
    return document(
        "report", contents.written, report=contents, script=Markup(_resource("report", "page.js"))
    )


def document(package: str, written: str, **contents: object) -> str:
    """A page of molq, ``page.html`` of one of its packages, as a complete HTML document.

    It has the report's style and then that of its package; every text of the
    contents is escaped.

    Args:
        package: below ``molq``, such as ``comparison``.
        written: when its contents were gathered.
        contents: the names that the template knows.
    """
    sheets = dict.fromkeys(("report", package))
    return (
        _environment()
        .get_template(f"{package}/page.html")
        .render(
            contents,
            written=written,
            molq_version=version("molq"),
            style=Markup("".join(_resource(sheet, "page.css") for sheet in sheets)),
        )
    )


def _resource(package: str, name: str) -> str:
    return files("molq").joinpath(package, name).read_text(encoding="utf-8")


def number(value: float | None, digits: int) -> str:
    """A fixed number of digits, a real minus sign, a dash where there is no value."""
    if value is None or value != value:
        return "\N{EN DASH}"
    text = f"{value:,.{digits}f}"
    if text.strip("-0.,") == "":
        text = text.removeprefix("-")
    return text.replace(",", "\N{THIN SPACE}").replace("-", _MINUS)


def percent(share: float, digits: int = 1) -> str:
    """A share of 1 in hundredths."""
    return f"{number(100 * share, digits)} %"


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
        loader=jinja2.PackageLoader("molq", "."),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters: dict[str, Any] = {
        "number": number,
        "percent": percent,
        "signed": signed,
        "drawing": drawing,
        "breakable": breakable,
    }
    environment.filters.update(filters)
    return environment
