"""Molecules with what was computed of them, as the formats with structures take them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

from molq.errors import MolqError
from molq.leadtable import called, label
from screening import leadfiles
from screening.candidate import Candidate
from screening.ranking import Lead
from screening.store.records import Result
from simulation.score import Score

_INCHIKEY = re.compile(r"[A-Z]{14}-[A-Z]{10}-[A-Z]", re.ASCII)


@dataclass(frozen=True)
class Computed:
    """A molecule and its scores, by recipe."""

    label: str
    candidate: Candidate
    scores: dict[str, Score]  # recipe -> score
    rank: int | None = None  # among the leads, counted from 1; None for a result
    utility: float | None = None  # 0..1

    @property
    def folder(self) -> str:
        """A name for its files: the rank, and the InChIKey.

        Raises:
            MolqError: the key in the journal is none, and would name another folder.
        """
        if not _INCHIKEY.fullmatch(self.candidate.inchikey):
            raise MolqError(
                f"{self.candidate.inchikey!r} is no InChIKey: the journal is damaged or was "
                "changed by hand; `molq verify` checks it"
            )
        place = "" if self.rank is None else f"{self.rank:04d}-"
        return place + self.candidate.inchikey


def of_leads(leads: Iterable[Lead]) -> Iterator[Computed]:
    """Leads, by rank."""
    for lead in leads:
        yield Computed(label(lead), lead.candidate, dict(lead.scores), lead.rank, lead.utility)


def of_results(results: Iterable[Result]) -> Iterator[Computed]:
    """Results, those of a molecule together; molecules without a score are left out.

    Args:
        results: with those of a molecule next to each other.
    """
    for _, group in groupby(results, key=lambda result: result.candidate.inchikey):
        found = list(group)
        scores = {result.recipe: result.score for result in found if result.score is not None}
        if scores:
            candidate = found[0].candidate
            yield Computed(called(candidate), candidate, scores)


@dataclass(frozen=True)
class Placed:
    """The geometry that a score was computed in."""

    recipe: str
    score: Score
    smiles: str  # of what the geometry shows: the molecule, or its model compound
    atoms: tuple[str, ...]  # lines of an XYZ file, Angstrom


def placed(scores: dict[str, Score]) -> Placed | None:
    """The molecule in the geometry of its first score that has all of it.

    A recipe that works on another form (a model compound, the form that was docked) keeps
    that one's geometry; where no other has one, it is given, under its own SMILES.

    Args:
        scores: of a molecule, by recipe.

    Returns:
        None where no score has a geometry.
    """
    in_space = [(recipe, score) for recipe, score in scores.items() if has_geometry(score)]
    if not in_space:
        return None
    whole = (one for one in in_space if leadfiles.embedded(one[1]) is not None)
    recipe, score = next(whole, in_space[0])
    _, comment, *atoms = score.provenance.geometry.strip().splitlines()
    stated = score.provenance.convergence.get("form")
    smiles = stated if isinstance(stated, str) else comment.split(" ", 1)[0]
    return Placed(recipe, score, smiles, tuple(atoms))


def has_geometry(score: Score) -> bool:
    """Whether a score keeps one: what is read off a graph has none."""
    return bool(score.provenance.geometry.strip())
