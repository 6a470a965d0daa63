"""Where a run stands: its leads, from the journal alone."""

from __future__ import annotations

import heapq
import math
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice, pairwise

import numpy as np
from numpy.typing import NDArray

from screening.candidate import Candidate
from screening.filters import FilterSettings
from screening.objective import (
    ObjectiveSettings,
    desirability,
    recipe_names,
    scorer_names,
    utility,
)
from screening.ranking import Lead, RankingSettings, rank
from screening.review.opinions import Opinions
from screening.store.journal import Journal
from screening.store.records import Result, SelectionRecord
from simulation.score import Score

Scored = tuple[Candidate, dict[str, Score], int | None]  # molecule, recipe -> score, round

REVIEWED = "leads_reviewed"
"""The journal's mark that holds the last review which the files of leads knew."""

_ROUNDING = 1e-12
"""More than a utility of an array of molecules can differ from that of each for itself."""

_LOOK = 2000
"""Molecules that a short look at the best values takes in."""

_KEPT = 1000
"""Leads that are kept in memory while they wait for their turn."""


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
    *,
    top: int | None = None,
    recipes: Sequence[str] | None = None,
    reviewed: int | None = None,
) -> list[Lead]:
    """The ranked leads of a run, of all results journalled so far.

    Args:
        journal: open.
        objectives: the wishes.
        filters: limits and alert catalogues.
        ranking: which scores are compared.
        top: give the first so many alone: the same ones, without reading every score.
        recipes: whose scores a lead carries; None for all.
        reviewed: id of the last review that counts; None for all. What reviewers reject comes
            behind all others.

    Raises:
        JournalError: a record does not match its checksum.
        ValueError: no objective is given.
    """
    if top is not None and recipe_names(objectives):
        found = iterate_leads(
            journal, objectives, filters, ranking, recipes=recipes, reviewed=reviewed
        )
        return list(islice(found, top))
    ranked = rank(_molecules(journal, objectives, recipes), objectives, filters, ranking)
    return list(_after_review(ranked, journal, reviewed))[:top]


@dataclass(frozen=True)
class EveryLead(Iterable[Lead]):
    """``leads`` that are read from the journal whenever they are gone through.

    However many there are, few are in memory at a time.
    """

    journal: Journal
    objectives: Sequence[ObjectiveSettings]
    filters: FilterSettings | None = None
    ranking: RankingSettings | None = None
    recipes: Sequence[str] | None = None
    reviewed: int | None = None  # id of the last review that counts; None for all

    def __iter__(self) -> Iterator[Lead]:
        if not self.objectives:
            return iter(())
        return iterate_leads(
            self.journal,
            self.objectives,
            self.filters,
            self.ranking,
            recipes=self.recipes,
            reviewed=self.reviewed,
        )


def iterate_leads(
    journal: Journal,
    objectives: Sequence[ObjectiveSettings],
    filters: FilterSettings | None = None,
    ranking: RankingSettings | None = None,
    *,
    recipes: Sequence[str] | None = None,
    reviewed: int | None = None,
) -> Iterator[Lead]:
    """``leads`` one by one, best first; a score is read when its turn may have come.

    What reviewers reject comes behind all others.

    Raises:
        JournalError: a record does not match its checksum.
        ValueError: no objective is given.
    """
    found = _by_utility(journal, objectives, filters, ranking, recipes)
    return _after_review(found, journal, reviewed)


def _after_review(found: Iterable[Lead], journal: Journal, reviewed: int | None) -> Iterator[Lead]:
    """Leads with what reviewers said of them, what they reject behind all others."""
    opinions = Opinions.of(journal, reviewed)
    if not opinions.known:
        yield from found
        return
    said = set(opinions.molecules)
    behind: list[Lead] = []
    position = 0
    for lead in found:
        key = lead.candidate.inchikey
        marked = replace(lead, review=opinions[key]) if key in said else lead
        if opinions[key].is_rejected:
            behind.append(marked)
            continue
        position += 1
        yield replace(marked, rank=position)
    for place, lead in enumerate(behind, position + 1):
        yield replace(lead, rank=place)


def _by_utility(
    journal: Journal,
    objectives: Sequence[ObjectiveSettings],
    filters: FilterSettings | None,
    ranking: RankingSettings | None,
    recipes: Sequence[str] | None,
) -> Iterator[Lead]:
    """``leads`` before anybody said anything.

    The values alone, which an index of the journal holds, bound every molecule's utility
    from above: what the exact properties among the wishes take away is not yet known, nor
    whether the filters exclude it. Molecules are read in the order of that bound, and one
    is given as soon as nothing unread can come before it.

    Raises:
        JournalError: a record does not match its checksum.
        ValueError: no objective is given.
    """
    names = recipe_names(objectives)
    if not names:
        yield from rank(_molecules(journal, objectives, recipes), objectives, filters, ranking)
        return
    comparable = ranking or RankingSettings()

    def read(inchikey: str) -> list[Lead]:
        results = journal.results_of(inchikey)
        results.sort(key=lambda result: (result.round or 0, result.recipe))
        taken = [r for r in results if recipes is None or r.recipe in recipes]
        return rank(scored(taken), objectives, filters, ranking)

    given: set[str] = set()
    position = 0
    for inchikey in _surely_first(journal, objectives, comparable):
        given.add(inchikey)
        for lead in read(inchikey):
            position += 1
            yield replace(lead, rank=position)
    values = journal.values(names, sampled=comparable.sampled)
    known = _Values.of((entry for entry in values if entry[0] not in given), objectives, names)
    found = _waiting(known, read) if scorer_names(objectives) else _in_order(known, read)
    for lead in found:
        position += 1
        yield replace(lead, rank=position)


def _surely_first(
    journal: Journal, objectives: Sequence[ObjectiveSettings], ranking: RankingSettings
) -> Iterator[str]:
    """InChIKeys of molecules that come before all others, as far as a short look shows.

    Where one recipe is all that is wished, the journal sorts its values; none are given for
    other wishes.
    """
    if len(objectives) > 1 or scorer_names(objectives):
        return
    (wish,) = objectives
    is_range = wish.transform not in ("maximize", "minimize")
    order = _distance(wish) if is_range else "value" if wish.transform == "minimize" else "-value"
    first = journal.first_values(wish.name, order, sampled=ranking.sampled, limit=_LOOK)
    known = _Values.of(((key, (value,)) for key, value in first), objectives, (wish.name,))
    if not first:
        return
    # Who is not among them is no better than the last: those clearly better than that one
    # come first. In a range all are equal, and go by InChIKey as the journal gave them.
    is_sure = known.bounds > known.bounds[-1] + _ROUNDING
    if len(first) < _LOOK or (is_range and known.is_perfect[-1]):
        is_sure[:] = True
    for index in _sorted(known):
        if is_sure[index]:
            yield known.keys[index].decode()


def _distance(wish: ObjectiveSettings) -> str:
    """The desirability of a range in SQLite, with the sign changed: the same arithmetic."""
    low, high = ("9e999" if x == math.inf else "-9e999" if x == -math.inf else repr(x)
                 for x in wish.limits)  # fmt: skip
    outside = f"min(max({low} - value, value - {high}, 0.0) / {wish.scale!r}, 1e100)"
    return f"-1.0 / (1.0 + {outside} * {outside})"


@dataclass(frozen=True)
class _Values:
    """What is known of molecules without reading their scores."""

    objectives: tuple[ObjectiveSettings, ...]
    names: tuple[str, ...]  # recipes among them
    keys: NDArray[np.bytes_]  # shape: (molecules,), InChIKeys
    values: NDArray[np.float64]  # shape: (molecules, recipes), in their units
    bounds: NDArray[np.float64]  # shape: (molecules,), what their utility can be at most
    is_perfect: NDArray[np.bool_]  # shape: (molecules,), all is as wished

    @classmethod
    def of(
        cls,
        entries: Iterable[tuple[str, tuple[float, ...]]],
        objectives: Sequence[ObjectiveSettings],
        names: Sequence[str],
    ) -> _Values:
        keys: list[bytes] = []
        flat = array("d")
        for inchikey, found in entries:
            keys.append(inchikey.encode())
            flat.extend(found)
        values = np.array(flat, dtype=np.float64).reshape(len(keys), len(names))
        columns = dict(zip(names, values.T, strict=True))
        best = np.ones(len(keys))
        wishes = [
            desirability(columns[wish.name], wish) if wish.name in columns else best
            for wish in objectives
        ]
        return cls(
            tuple(objectives),
            tuple(names),
            np.array(keys, dtype=np.bytes_),
            values,
            utility(wishes, [wish.weight for wish in objectives]),
            np.all([wish == 1.0 for wish in wishes], axis=0),
        )

    def order(self) -> NDArray[np.intp]:
        """By falling bound, equal ones by InChIKey."""
        return np.lexsort((self.keys, -self.bounds))

    def utility(self, index: int) -> float:
        """Of a molecule, where recipes are all that is wished; to the last bit."""
        if self.is_perfect[index]:
            return 1.0
        values = dict(zip(self.names, self.values[index], strict=True))
        wishes = [desirability(values[wish.name], wish) for wish in self.objectives]
        return float(utility(wishes, [wish.weight for wish in self.objectives]))


def _in_order(known: _Values, read: Callable[[str], list[Lead]]) -> Iterator[Lead]:
    """Leads whose utility is their bound, but for its last bits."""
    for index in _sorted(known):
        yield from read(known.keys[index].decode())


def _sorted(known: _Values) -> Iterator[int]:
    """Molecules by falling utility, which is their bound but for its last bits: those decide."""
    order = known.order()
    apart = np.flatnonzero(np.diff(-known.bounds[order]) > _ROUNDING) + 1
    for begin, end in pairwise((0, *apart, len(order))):
        equal = [int(index) for index in order[begin:end]]
        if len(equal) > 1:
            equal.sort(key=lambda index: (-known.utility(index), known.keys[index]))
        yield from equal


def _waiting(known: _Values, read: Callable[[str], list[Lead]]) -> Iterator[Lead]:
    """Leads whose utility may be less than their bound: each waits for those that may pass it."""
    order = known.order()
    ready: list[tuple[float, str, int, Lead | None]] = []
    for position, place in enumerate(order, 1):
        index = int(place)
        for lead in read(known.keys[index].decode()):
            # where many wait, the later ones are read again when their turn has come
            kept = lead if len(ready) < _KEPT else None
            heapq.heappush(ready, (-lead.utility, lead.candidate.inchikey, index, kept))
        following = known.bounds[order[position]] if position < len(order) else -np.inf
        while ready and -ready[0][0] > following + _ROUNDING:
            _, _, index, kept = heapq.heappop(ready)
            yield from [kept] if kept is not None else read(known.keys[index].decode())


def _molecules(
    journal: Journal, objectives: Sequence[ObjectiveSettings], recipes: Sequence[str] | None
) -> list[Scored]:
    found = scored(journal.iterate_results(recipes=recipes))
    if len(scorer_names(objectives)) == len(objectives):
        # Without a recipe among the wishes nothing but the choice makes a molecule evaluated.
        known = {candidate.inchikey for candidate, _, _ in found}
        found += [
            (record.candidate, {}, record.round)
            for record in _computed(journal)
            if record.candidate.inchikey not in known
        ]
    return found


def _computed(journal: Journal) -> list[SelectionRecord]:
    """The chosen molecules that no reviewer had left out."""
    out = {(drop.round, drop.position) for drop in journal.drops()}
    return [x for x in journal.selections() if (x.round, x.position) not in out]
