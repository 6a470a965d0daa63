"""Which molecules a run will look at: the library as its filters leave it, and proposals."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import cached_property

from molq.campaignfile import CampaignFile, RunFile
from molq.errors import CallError, MolqError
from screening.candidate import Candidate
from screening.compute.costmodel import heavy_atoms
from screening.failure import Failure
from screening.intake.firstrows import FirstRows
from screening.intake.library import Entry, LibraryError, entries, library_row
from screening.intake.sieve import Sieve
from screening.intake.verdict import Verdict, judged

SHOWN_REASONS = 12
"""Reasons of refusal that are told apart; the rest are counted together."""

PROPOSALS = 64
"""Molecules drawn from a generator, to see what it will propose."""

_OWN_VALUE = re.compile(r"^[^,]*, (?=above|below)")  # "29 heavy atoms, above max_heavy_atoms 18"


@dataclass(frozen=True)
class Population:
    """Molecules of one source, all of them or a sample."""

    rows: int  # in the source; 0 for a generator
    looked_at: int  # rows that were standardised and filtered
    taken: int  # of them
    duplicates: int  # of them; those of one row of the sample with another
    refused: tuple[tuple[str, int], ...] = ()  # reason and rows, the most frequent first
    molecules: tuple[Candidate, ...] = field(default=(), repr=False)

    @property
    def is_sampled(self) -> bool:
        """Whether rows were left out."""
        return self.looked_at < self.rows

    @property
    def expected(self) -> int:
        """Molecules of the whole source that are taken."""
        if not self.looked_at:
            return 0
        return round(self.rows * self.taken / self.looked_at)

    def some(self, number: int, seed: int) -> tuple[Candidate, ...]:
        """So many of the molecules, drawn at random; all where there are no more.

        Libraries are often ordered by kind, so that the first ones stand for themselves alone.
        """
        if len(self.molecules) <= number:
            return self.molecules
        return tuple(random.Random(seed).sample(self.molecules, number))

    @cached_property
    def sizes(self) -> tuple[int, ...]:
        """Heavy atoms of each molecule."""
        return tuple(heavy_atoms(one.smiles) for one in self.molecules)


EMPTY = Population(0, 0, 0, 0)


def of_library(file: RunFile, sample: int, seed: int) -> Population:
    """A library as the run's filters and, in a campaign, its recipes leave it.

    Args:
        file: the run's settings.
        sample: rows looked at, drawn at random where there are more.
        seed: of the drawing.

    Raises:
        CallError: the library cannot be read, or a filter or recipe is not known.
    """
    if file.library is None:
        return EMPTY
    try:
        drawn, rows = _drawn(entries(file.library), sample, random.Random(seed))
        return _looked_at(file, drawn, rows)
    except (LibraryError, ValueError) as error:
        raise CallError(str(error)) from error


def of_generator(file: CampaignFile, seed: int, number: int = PROPOSALS) -> Population:
    """A sample of what the generator proposes, as the filters and recipes leave it.

    Raises:
        CallError: the generator's settings do not work.
        MolqError: it cannot be loaded.
    """
    if file.generator.share == 0 or number == 0:
        return EMPTY
    from generative import generator

    settings = file.generator
    try:
        # the network alone: a quantum prior of starts is trained and sampled on its backend
        found = generator.find(settings.network).sample(
            number, seed=seed, scaffold=settings.scaffold, constraints=settings.constraints()
        )
    except ValueError as error:
        raise CallError(f"[generator] {error}") from error
    except OSError as error:
        raise MolqError(f"[generator] cannot be loaded: {error}") from error
    sieve = Sieve(file.recipes, file.filters, {})
    kept, reasons = [], Counter[str]()
    for smiles in found:
        candidate = Candidate("", smiles, "", "generator")
        failure = sieve.refuses(candidate)
        if failure is None:
            kept.append(candidate)
        else:
            reasons[_reason(failure)] += 1
    return Population(0, len(found), len(kept), 0, _ordered(reasons), tuple(kept))


def _drawn(rows: Iterator[Entry], sample: int, rng: random.Random) -> tuple[list[Entry], int]:
    """So many of the rows, in their order, and how many there are (reservoir sampling)."""
    kept: list[Entry] = []
    count = 0
    for entry in rows:
        count += 1
        if len(kept) < sample:
            kept.append(entry)
        elif (place := rng.randrange(count)) < sample:
            kept[place] = entry
    return sorted(kept, key=lambda entry: entry.row), count


def _looked_at(file: RunFile, drawn: Sequence[Entry], rows: int) -> Population:
    assert file.library is not None
    # a screen asks its recipes one by one, when it computes: what the first does not apply to
    # costs nothing there either
    asked = file.recipes if isinstance(file, CampaignFile) else file.way.steps[:1]
    sieve = Sieve(asked, file.filters, {})
    sieve.prepare()
    reasons, duplicates = Counter[str](), 0
    kept: list[Candidate] = []
    with closing(FirstRows()) as first:
        for entry in drawn:
            given = entry.structure
            if isinstance(given, Failure):
                verdict = Verdict(given)
            else:
                verdict = judged(given, file.library.max_heavy_atoms, sieve)
            row = library_row(entry, verdict.parent, first)
            failure = row.failure or verdict.refusal
            if row.duplicate_of is not None:
                duplicates += 1
            elif failure is not None:
                reasons[_reason(failure)] += 1
            else:
                assert row.candidate is not None
                kept.append(row.candidate)
    return Population(rows, len(drawn), len(kept), duplicates, _ordered(reasons), tuple(kept))


def _reason(failure: Failure) -> str:
    """A failure's reason without what is one molecule's alone."""
    message = _OWN_VALUE.sub("", failure.message)
    return f"{failure.step}: {re.split(r'[:(;]', message)[0].strip()[:100]}"


def _ordered(reasons: Counter[str]) -> tuple[tuple[str, int], ...]:
    common = reasons.most_common()
    rest = sum(number for _, number in common[SHOWN_REASONS:])
    shown = tuple(common[:SHOWN_REASONS])
    return (*shown, ("other reasons", rest)) if rest else shown
