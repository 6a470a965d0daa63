"""What a page of its own needs to draw its charts: Plotly, packed, the charts and the scripts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

from markupsafe import Markup

from molq.report.charts.figure import Figure
from molq.report.vendored import libraries, packed, packed_library

LIBRARY = "plotly"
SCRIPTS = ("charts.js", "chartpage.js")


@dataclass(frozen=True)
class Embedded:
    """Charts of a page with all that draws them, for ``report/charts/embedding.html``."""

    library: Markup  # Plotly, as base64 of gzip
    told: str  # its name, version and licence
    charts: Markup  # the specifications, packed alike
    scripts: tuple[Markup, ...]


def embedded(figures: Sequence[Figure]) -> Embedded:
    """The charts of a page with all that draws them."""
    specs = json.dumps(
        [figure.to_json() for figure in figures], separators=(",", ":"), allow_nan=False
    )
    (plotly,) = libraries([LIBRARY])
    folder = files("molq.report")
    return Embedded(
        library=Markup(packed_library(LIBRARY)),
        told=plotly.told,
        charts=Markup(packed(specs)),
        scripts=tuple(Markup(folder.joinpath(name).read_text("utf-8")) for name in SCRIPTS),
    )
