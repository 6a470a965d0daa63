"""Properties of a structure, by RDKit."""

from __future__ import annotations

from generative import properties
from screening.scorers.scorer import Property


def _property(name: str) -> Property:
    known = properties.find(name)
    return Property(name, known.unit, known.meaning, known.function)


QED = _property("qed")
MOLECULAR_WEIGHT = _property("molecular-weight")
LOGP = _property("logp")
TPSA = _property("tpsa")
HEAVY_ATOMS = _property("heavy-atoms")
ROTATABLE_BONDS = _property("rotatable-bonds")
SA_SCORE = _property("sa-score")
HBD = _property("hbd")
HBA = _property("hba")
RINGS = _property("rings")
AROMATIC_RINGS = _property("aromatic-rings")
FORMAL_CHARGE = _property("formal-charge")
FSP3 = _property("fsp3")
