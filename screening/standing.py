"""Where a run stands: its leads, from the journal alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from screening.candidate import Candidate
from screening.filters import FilterSettings
from screening.journal import Journal
from screening.objective import ObjectiveSettings, scorer_names
from screening.ranking import Lead, RankingSettings, rank
from screening.records import Result
from simulation.score import Score

Scored = tuple[Candidate, dict[str, Score], int | None]  # molecule, recipe -> score, round


def scored(results: Iterable[Result]) -> list[Scored]:
    """The scores of each molecule together, in the order of the results."""
    found: dict[str, Scored] = {}
    for result in results:
        if result.score is not None:
            entry: Scored = (result.candidate, {}, result.round)
            found.setdefault(result.candidate.inchikey, entry)[1][result.recipe] = result.score
    return list(found.values())


def leads(
    journal: Journal,
    objectives: Sequence[ObjectiveSettings],
    filters: FilterSettings | None = None,
    ranking: RankingSettings | None = None,
) -> list[Lead]:
    """The ranked leads of a run, of all results journalled so far.

    Raises:
        JournalError: a record does not match its checksum.
        ValueError: no objective is given.
    """
    found = scored(journal.iterate_results())
    if len(scorer_names(objectives)) == len(objectives):
        # Without a recipe among the wishes nothing but the choice makes a molecule evaluated.
        known = {candidate.inchikey for candidate, _, _ in found}
        found += [
            (record.candidate, {}, record.round)
            for record in journal.selections()
            if record.candidate.inchikey not in known
        ]
    return rank(found, objectives, filters, ranking)
