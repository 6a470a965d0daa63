"""What a page of its own needs to draw its charts: Plotly, packed, the charts and the scripts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

from markupsafe import Markup

from molq.report.charts.figure import Figure
from molq.report.vendored import Notice, libraries, notices, packed, packed_library

LIBRARY = "plotly"
UNPACKER = "fflate"
SCRIPTS = ("unpacking.js", "charts.js", "licences.js", "chartpage.js")


@dataclass(frozen=True)
class Embedded:
    """Charts of a page with all that draws them, for ``report/charts/embedding.html``."""

    name: str  # of the library
    library: Markup  # Plotly, as base64 of gzip
    unpacker: Markup  # the script that unpacks it
    told: str  # names, versions and licences
    charts: Markup  # the specifications, packed alike
    notices: tuple[Notice, ...]
    scripts: tuple[Markup, ...]


def embedded(figures: Sequence[Figure]) -> Embedded:
    """The charts of a page with all that draws them."""
    specs = json.dumps(
        [figure.to_json() for figure in figures], separators=(",", ":"), allow_nan=False
    )
    vendored = {one.key: one for one in libraries([LIBRARY, UNPACKER])}
    folder = files("molq.report")
    return Embedded(
        name=LIBRARY,
        library=Markup(packed_library(LIBRARY)),
        unpacker=Markup(vendored[UNPACKER].text()),
        told=", ".join(vendored[key].told for key in (LIBRARY, UNPACKER)),
        charts=Markup(packed(specs)),
        notices=notices([LIBRARY, UNPACKER]),
        scripts=tuple(Markup(folder.joinpath(name).read_text("utf-8")) for name in SCRIPTS),
    )
