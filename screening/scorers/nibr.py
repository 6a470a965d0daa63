"""The substructure filters of the Novartis screening deck.

Schuffenhauer et al., J. Med. Chem. 63, 14425 (2020): 444 patterns, each an annotation (0),
a flag (1) or an exclusion (2). The patterns are in RDKit's Contrib folder, which its wheels
carry.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from rdkit import Chem, RDConfig

from screening.scorers.scorer import Property

EXCLUDED = 10
"""Severity of a molecule that holds an excluded pattern."""

_EXCLUDE = 2
_FILE = "SubstructureFilter_HitTriaging_wPubChemExamples.csv"


@dataclass(frozen=True)
class Filter:
    """One pattern."""

    name: str
    pattern: Chem.Mol
    least: int  # matches from which it counts
    severity: int  # 0 annotation, 1 flag, 2 exclusion
    covalent: bool  # a group that may bind covalently

    def matches(self, mol: Chem.Mol) -> bool:
        """Whether a molecule holds it often enough."""
        if self.least == 1:
            return mol.HasSubstructMatch(self.pattern)
        found = mol.GetSubstructMatches(self.pattern, uniquify=True, maxMatches=self.least)
        return len(found) >= self.least


@cache
def filters() -> tuple[Filter, ...]:
    """All of them.

    Raises:
        ValueError: this RDKit comes without them.
    """
    path = Path(RDConfig.RDContribDir) / "NIBRSubstructureFilters" / _FILE
    if not path.is_file():
        raise ValueError(
            f"nibr-severity needs RDKit's Contrib folder; {path} is missing: install RDKit by "
            "`pip install rdkit`"
        )
    with path.open(newline="", encoding="utf-8") as file:
        return tuple(
            Filter(
                name=row["PATTERN_NAME"],
                pattern=Chem.MolFromSmarts(row["SMARTS"]),
                least=int(row["MIN_COUNT"]) or 1,
                severity=int(row["SEVERITY_SCORE"]),
                covalent=row["COVALENT"] == "1",
            )
            for row in csv.DictReader(file)
        )


def matched(mol: Chem.Mol) -> tuple[Filter, ...]:
    """The filters that a molecule meets, in the order of the file."""
    return tuple(one for one in filters() if one.matches(mol))


def severity(mol: Chem.Mol) -> int:
    """The number of flags; ``EXCLUDED`` for a molecule with an excluded pattern."""
    found = matched(mol)
    if any(one.severity == _EXCLUDE for one in found):
        return EXCLUDED
    return sum(one.severity for one in found)


def _note(mol: Chem.Mol) -> str:
    words = ("annotation", "flag", "exclusion")
    return "; ".join(
        f"{one.name} ({words[one.severity]}{', covalent' if one.covalent else ''})"
        for one in matched(mol)
    )


NIBR_SEVERITY = Property(
    "nibr-severity",
    "",
    "flags by the Novartis screening-deck filters, 10 or more for an exclusion (Schuffenhauer et "
    "al. 2020)",
    severity,
    _note,
)
