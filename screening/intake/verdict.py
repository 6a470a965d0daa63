"""What chemistry and sieve say of one row of a library, and how that goes between processes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from screening.candidate import Candidate
from screening.failure import Failure
from screening.intake.standardise import Parent

if TYPE_CHECKING:
    from screening.intake.sieve import Sieve
    from screening.intake.structure import Structure


class Verdict(NamedTuple):
    """What is known of a structure."""

    parent: Parent | Failure  # its standard form, or why it has none
    refusal: Failure | None = None  # of the sieve


def judged(structure: Structure, max_heavy_atoms: int, sieve: Sieve | None) -> Verdict:
    """The verdict on a structure; without a sieve everything passes."""
    parent = structure.parent(max_heavy_atoms)
    if sieve is None or isinstance(parent, Failure):
        return Verdict(parent)
    return Verdict(parent, sieve.refuses(Candidate(parent.inchikey, parent.smiles, "", "library")))


def written(verdict: Verdict) -> list[Any]:
    """A verdict as plain JSON types."""
    parent, refusal = verdict
    if isinstance(parent, Failure):
        return [_fields(parent)]
    failure = None if refusal is None else _fields(refusal)
    return [parent.smiles, parent.inchikey, parent.notes, failure]


def read(fields: list[Any]) -> Verdict:
    """The verdict that was written so."""
    if len(fields) == 1:
        return Verdict(Failure(*fields[0]))
    smiles, inchikey, notes, refusal = fields
    parent = Parent(smiles, inchikey, tuple(notes))
    return Verdict(parent, None if refusal is None else Failure(*refusal))


def _fields(failure: Failure) -> tuple[str, str, str]:
    return failure.kind, failure.step, failure.message
