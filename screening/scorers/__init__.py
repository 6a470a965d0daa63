"""Numbers that are read off a molecule's structure: what costs no calculation.

``register`` finds them by name; each of the other modules holds the scorers of one kind.
"""

from screening.scorers.properties import (
    HEAVY_ATOMS,
    LOGP,
    MOLECULAR_WEIGHT,
    QED,
    ROTATABLE_BONDS,
    SA_SCORE,
    TPSA,
)
from screening.scorers.register import (
    GROUP,
    PROFILE,
    check,
    find,
    is_scorer,
    names,
    note,
    path_keys,
    value,
)
from screening.scorers.scorer import Configurable, Property, Scorer

__all__ = [
    "GROUP",
    "HEAVY_ATOMS",
    "LOGP",
    "MOLECULAR_WEIGHT",
    "PROFILE",
    "QED",
    "ROTATABLE_BONDS",
    "SA_SCORE",
    "TPSA",
    "Configurable",
    "Property",
    "Scorer",
    "check",
    "find",
    "is_scorer",
    "names",
    "note",
    "path_keys",
    "value",
]
