"""A barrier of the funnel: a stage that needs the values of all before it lets some go on.

The first look finds the value at which the best end, the second cuts what lies behind it.
That value is journalled in between, so that a run that was interrupted cuts by the same one.
What is kept of each molecule in between is its value alone. Molecules with the value at which
the best end stay together: all of them go on.
"""

from __future__ import annotations

import json
import math
import time
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from screening.candidate import Candidate
from screening.compute.gate import Gate
from screening.funnel.funnel import End, FunnelStage
from screening.store.journal import Journal
from screening.store.journalview import JournalView
from screening.store.records import Cut

Rows = Sequence[tuple[Candidate, float | None]]
Values = Callable[[Rows], NDArray[np.float64]]
"""Of molecules and what the journal knows of them; nan for one that goes on unjudged."""

_BATCH = 4096  # molecules valued at a time


@dataclass(frozen=True)
class Verdict:
    """What a barrier decided."""

    judged: int  # molecules with a value
    at_least: float | None  # what goes on
    at_most: float | None
    core_seconds: float = 0.0  # CPU time in this process
    done: bool = False  # every cut is journalled


def verdict(journal: JournalView, number: int) -> Verdict | None:
    """What the stage of that number decided, None before it did."""
    text = journal.marked(_mark(number))
    return None if text is None else Verdict(**json.loads(text))


def sift(
    journal: Journal,
    stage: FunnelStage,
    number: int,
    values: Values,
    *,
    recipe: str = "",
    end: End | None = None,
    unit: str = "",
    on_cut: Callable[[str], None] | None = None,
) -> Verdict:
    """Cut the library's molecules by the values of a stage; does nothing where that is done.

    Args:
        journal: open for writing.
        stage: of the funnel.
        number: its place, counted from 0.
        values: of molecules, in its unit.
        recipe: whose recorded value is handed to ``values``.
        end: of the scale that is kept, where the stage keeps the best.
        unit: of the values, for the reasons.
        on_cut: called with the InChIKey of each molecule that is cut.

    Raises:
        JournalError: the journal cannot be written.
    """
    before = verdict(journal, number)
    if before is not None and before.done:
        return before
    begun = time.process_time()
    found = array("d")
    decided = before
    if decided is None:
        if stage.gate is None:
            assert end is not None
            for _, some in _valued(journal, recipe, values):
                found.extend(some.tolist())
            decided = _best(np.frombuffer(found, dtype=np.float64), stage, end)
        else:
            decided = Verdict(0, stage.at_least, stage.at_most)
        _write(journal, number, decided)
    gate = Gate(decided.at_least, decided.at_most)
    if found:
        looked = _again(journal, recipe, np.frombuffer(found, dtype=np.float64))
    else:
        looked = _valued(journal, recipe, values)
    suffix = f", where the {stage.cut} end" if stage.ranks else ""
    judged = 0
    for rows, some in looked:
        judged += int(np.isfinite(some).sum())
        cuts = [
            Cut(candidate.inchikey, stage.stage, value, gate.reason(value, unit) + suffix)
            for (candidate, _), value in zip(rows, some.tolist(), strict=True)
            if not math.isnan(value) and not gate.passes(value)
        ]
        journal.add_cuts(cuts)
        if on_cut is not None:
            for cut in cuts:
                on_cut(cut.inchikey)
    spent = time.process_time() - begun
    final = Verdict(
        decided.judged or judged, decided.at_least, decided.at_most, round(spent, 3), done=True
    )
    _write(journal, number, final)
    return final


def _best(values: NDArray[np.float64], stage: FunnelStage, end: End) -> Verdict:
    known = values[~np.isnan(values)]
    wanted = stage.top if stage.top is not None else math.ceil((stage.keep or 0.0) * len(known))
    if len(known) <= wanted:
        return Verdict(len(known), None, None)
    upwards = known if end == "lower" else -known
    last = float(np.partition(upwards, wanted - 1)[wanted - 1])
    if end == "lower":
        return Verdict(len(known), None, last)
    return Verdict(len(known), -last, None)


def _valued(
    journal: JournalView, recipe: str, values: Values
) -> Iterator[tuple[Rows, NDArray[np.float64]]]:
    rows = journal.remaining(recipe)
    while batch := list(islice(rows, _BATCH)):
        yield batch, values(batch)


def _again(
    journal: JournalView, recipe: str, known: NDArray[np.float64]
) -> Iterator[tuple[Rows, NDArray[np.float64]]]:
    # The pages run ahead of what is cut in the meantime, so that the order is the same.
    rows, start = journal.remaining(recipe), 0
    while batch := list(islice(rows, _BATCH)):
        yield batch, known[start : start + len(batch)]
        start += len(batch)


def _write(journal: Journal, number: int, decided: Verdict) -> None:
    journal.mark(_mark(number), json.dumps(asdict(decided), allow_nan=False))


def _mark(number: int) -> str:
    return f"funnel_{number}"
