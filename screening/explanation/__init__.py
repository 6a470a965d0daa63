"""Why a molecule is a lead: its prediction taken apart, its neighbours, its choice."""

from screening.explanation.attribution import Attribution, Part, attribution
from screening.explanation.forecast import Forecast, Neighbour, conformal_factor
from screening.explanation.lead import Explanation, Restraint, explain, restraints

__all__ = [
    "Attribution",
    "Explanation",
    "Forecast",
    "Neighbour",
    "Part",
    "Restraint",
    "attribution",
    "conformal_factor",
    "explain",
    "restraints",
]
