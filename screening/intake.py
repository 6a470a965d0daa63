"""The library into the journal: every row with its outcome, in bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cached_property
from itertools import islice

from screening.candidate import Candidate
from screening.evaluation import one_line, resolve
from screening.failure import Failure
from screening.filters import FilterSettings, check
from screening.journal import Journal
from screening.library import LibraryRow, LibrarySettings, read
from screening.progress import Event, LibraryRead
from screening.standardise import molecule
from simulation.recipes.recipe import Recipe

COMPLETE = "library_complete"

_CHUNK = 500  # rows a commit


class Sieve:
    """What every molecule passes before it is evaluated: filters, and a place for each recipe.

    Args:
        recipes: that all must apply to a molecule; none to leave that to the evaluation.
        filters: the ``[filters]`` table.
        sources: ``module:attribute`` of recipes that are not installed.
    """

    def __init__(
        self, recipes: tuple[str, ...], filters: FilterSettings, sources: dict[str, str]
    ) -> None:
        self._names = recipes
        self._filters = filters
        self._sources = sources

    @cached_property
    def _recipes(self) -> list[Recipe]:
        return [resolve(name, self._sources.get(name)) for name in self._names]

    def refuses(self, candidate: Candidate) -> Failure | None:
        """Why a molecule is not evaluated, None when it is."""
        failure = check(candidate, self._filters)
        if failure is not None:
            return failure
        for recipe in self._recipes:
            if not recipe.sites(molecule(candidate.smiles)):
                patterns = " or ".join(recipe.applies_to)
                reason = f"{recipe.name} does not apply: nothing matches {patterns}"
                return Failure("input", "recipe", one_line(reason))
        return None


def take_in(
    journal: Journal,
    library: LibrarySettings,
    sieve: Sieve,
    tell: Callable[[Event], None],
) -> Iterator[Candidate]:
    """Read the library into the journal; gives each candidate that passed, once journalled.

    A later session goes on behind the last row the journal holds, and does nothing
    when that was the library's end.

    Raises:
        LibraryError: the file cannot be read.
        JournalError: the journal cannot be written.
    """
    if journal.marked(COMPLETE) is not None:
        return
    seen = journal.last_library_row()
    rows = (row for row in read(library) if row.row > seen)
    while chunk := [_sifted(row, sieve) for row in islice(rows, _CHUNK)]:
        journal.add_library(chunk)
        yield from (
            row.candidate for row in chunk if row.candidate is not None and row.failure is None
        )
    journal.mark(COMPLETE, "yes")
    counts = journal.library_counts()
    tell(LibraryRead(counts["rows"], counts["passed"], counts["dropped"], counts["duplicates"]))


def _sifted(row: LibraryRow, sieve: Sieve) -> LibraryRow:
    """The row with the sieve's verdict; it keeps its candidate beside the failure."""
    failure = None if row.candidate is None else sieve.refuses(row.candidate)
    return row if failure is None else replace(row, failure=failure)
