"""Scorers of single molecules: numbers that are read off a structure, beside or without scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from molq.cli.console import Column, note, write_table
from molq.errors import CallError
from screening import scorers
from screening.failure import Failure
from screening.intake.standardise import standardise
from screening.scorersettings import ScorerSettings

Told = Mapping[str, Mapping[str, Any]]
"""Settings of scorers, by name."""


@dataclass(frozen=True)
class ScorerValue:
    """A scorer's value for one molecule, or why it has none."""

    text: str  # the SMILES as it was given
    scorer: str
    unit: str
    smiles: str = ""  # as it was taken
    inchikey: str = ""
    value: float | None = None  # in ``unit``
    note: str = ""  # what the value rests on, e.g. the alerts that matched
    failure: Failure | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain JSON types."""
        if self.failure is not None:
            return {
                "smiles": self.text,
                "scorer": self.scorer,
                "status": "failed",
                "failure": vars(self.failure),
            }
        return {
            "smiles": self.smiles,
            "inchikey": self.inchikey,
            "scorer": self.scorer,
            "value": self.value,
            "unit": self.unit,
            "note": self.note,
            "status": "scored",
            "input": self.text,
        }


def check(names: Sequence[str], told: Told) -> None:
    """That the scorers are installed and told what they must be.

    Raises:
        CallError: one is not, is given twice, or its label is none.
    """
    for name in names:
        if names.count(name) > 1:
            raise CallError(f"scorer {name!r} is given twice")
        bare, colon, label = name.partition(":")
        if colon and (not label or "=" in label):
            raise CallError(
                f"scorer {name!r}: what follows the colon is a label of your own, e.g. {bare}:own; "
                f"settings are given by --set {bare}.KEY=VALUE"
            )
        try:
            scorers.check(name, _settings(name, told))
        except ValueError as error:
            here = f"; here: --set {name}.KEY=VALUE" if "settings." in str(error) else ""
            raise CallError(" ".join(f"{error}{here}".split())) from error


def values(
    molecules: Sequence[str], names: Sequence[str], told: Told, *, max_heavy_atoms: int
) -> list[ScorerValue]:
    """What the scorers say, molecule by molecule.

    Args:
        molecules: SMILES, standardised first.
        names: of scorers that ``check`` has passed.
        told: their settings.
        max_heavy_atoms: of larger molecules none is asked.
    """
    found = []
    for text in molecules:
        parent = standardise(text, max_heavy_atoms=max_heavy_atoms)
        for name in names:
            unit = scorers.find(name).unit
            if isinstance(parent, Failure):
                found.append(ScorerValue(text, name, unit, failure=parent))
                continue
            try:
                settings = _settings(name, told)
                value = scorers.value(name, parent.smiles, settings)
                said = scorers.note(name, parent.smiles, settings)
            except ValueError as error:
                failure = Failure("input", f"scorer {name}", " ".join(str(error).split()))
                found.append(ScorerValue(text, name, unit, failure=failure))
                continue
            found.append(ScorerValue(text, name, unit, parent.smiles, parent.inchikey, value, said))
    return found


def _settings(name: str, told: Told) -> ScorerSettings | None:
    return ScorerSettings(**told[name]) if name in told else None


def write(found: Sequence[ScorerValue], names: Sequence[str]) -> None:
    """A table with a row a molecule and a column a scorer; notes and failures on stderr."""
    width = len(names)
    rows = [found[at : at + width] for at in range(0, len(found), width)]
    write_table(
        [Column("SMILES"), *(Column(one.scorer, one.unit, is_number=True) for one in rows[0])],
        [
            [
                row[0].smiles or row[0].text,
                *("–" if one.value is None else f"{one.value:.3f}" for one in row),
            ]
            for row in rows
        ],
    )
    for one in found:
        if one.note:
            note(f"{one.scorer}: {one.smiles}: {one.note}")
        if one.failure is not None:
            note(f"failed: {one.text}: {one.scorer}: {one.failure.message}")
