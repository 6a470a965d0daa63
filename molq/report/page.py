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
from molq.report.numerals import number, percent, signed
from molq.report.payload import text
from molq.report.vendored import libraries, notices, packed, packed_library

LIBRARIES = ("plotly", "3dmol", "ag-grid")
UNPACKER = (
    "fflate"  # not packed itself; at once, so that a page printed when it has loaded is whole
)

SCRIPTS = (
    "unpacking.js",
    "charts.js",
    "scaffoldtree.js",
    "conformerview.js",
    "scoreview.js",
    "leadview.js",
    "leadfiles.js",
    "smarts.js",
    "substructure.js",
    "leadsearch.js",
    "leadgrid.js",
    "leadcards.js",
    "comparing.js",
    "licences.js",
    "page.js",
)
"""The page's own scripts, in their order; each leaves one name behind."""

SHEETS = ("page.css", "charts.css", "leadview.css")


def html(contents: Contents) -> str:
    """The report as a complete HTML document.

    Style, script and drawings stand inside it; every text of the contents is
    escaped.
    """
    (unpacker,) = libraries([UNPACKER])
    return document(
        "report",
        contents.written,
        report=contents,
        payload=Markup(packed(text(contents))),
        libraries=[
            {"key": one.key, "packed": Markup(packed_library(one.key)), "told": one.told}
            for one in libraries(LIBRARIES)
        ],
        unpacker=Markup(unpacker.text()),
        notices=notices([*LIBRARIES, UNPACKER]),
        scripts=[Markup(_resource("report", name)) for name in SCRIPTS],
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
            style=Markup("".join(_style(sheet) for sheet in sheets)),
        )
    )


def _style(package: str) -> str:
    """All style sheets of a package."""
    folder = files("molq").joinpath(package)
    return "".join(
        folder.joinpath(name).read_text(encoding="utf-8")
        for name in SHEETS
        if folder.joinpath(name).is_file()
    )


def _resource(package: str, name: str) -> str:
    return files("molq").joinpath(package, name).read_text(encoding="utf-8")


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
