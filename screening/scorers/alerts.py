"""How many structural alerts a molecule holds, by catalogue."""

from __future__ import annotations

from screening.alertcatalogue import Catalogue, matches
from screening.scorers.scorer import Property


def _alerts(name: str, catalogue: Catalogue, summary: str) -> Property:
    return Property(
        name,
        "",
        summary,
        lambda mol: len(matches(catalogue, mol)),
        lambda mol: "; ".join(matches(catalogue, mol)),
    )


PAINS = _alerts(
    "pains-alerts",
    "PAINS",
    "patterns of compounds that interfere with assays (Baell and Holloway 2010)",
)
BRENK = _alerts(
    "brenk-alerts",
    "BRENK",
    "groups unwanted in leads: reactive, toxic, unstable (Brenk et al. 2008); every Michael "
    "acceptor is one",
)
NIH = _alerts(
    "nih-alerts",
    "NIH",
    "groups annotated in the NIH screening collection (Jadhav et al. 2010, Doveston et al. 2015)",
)
