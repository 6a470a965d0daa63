"""One run of one arm, measured from its journal; also while it goes on."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from molq import explanations
from molq.campaignfile import CampaignFile
from molq.comparison import grounds, sessions
from molq.comparison.arms import Arm
from molq.comparison.grounds import Grounds
from molq.comparison.prices import Prices
from molq.comparison.sessions import Session
from molq.comparison.spending import Spending, spending, uncounted
from molq.comparison.yardstick import judged
from molq.errors import MolqError
from molq.reading import journal_of, leads_of, settings_of
from molq.report.evidence import deviations
from molq.runstatus import State, state_of
from screening.campaign import circuitrecords
from screening.store.records import AttemptRecord, Result

TOP = 5  # leads whose mean is taken and whose grounds are told


@dataclass(frozen=True)
class Step:
    """Where a run stood when a molecule was done."""

    evaluations: int  # molecules so far
    core_seconds: float  # CPU s of the calculations so far
    worked_seconds: float  # s of wall clock worked so far
    best: float  # best utility so far by the common yardstick, 0 before the first lead


@dataclass(frozen=True)
class ArmRun:
    """What one run of one arm found, and what it took."""

    arm: Arm
    seed: int
    folder: str  # name, in the comparison's folder
    state: State
    best: float | None  # by the yardstick, of the molecule that the run ranks first; None: no lead
    top_mean: float | None  # by the yardstick, mean of the first ``TOP`` that the run ranks
    evaluations: int  # molecules with a final result for every recipe
    failures: int  # of these, with a failed recipe
    attempts: int  # calculations begun, retries included
    deviation_mha: float | None  # largest, of its energies from exact ones; None: no quantum step
    spending: Spending
    worked_seconds: float  # s of wall clock worked on the run
    hit_seconds: float | None  # of these, to the first lead of hit utility; None: none came
    curve: tuple[Step, ...]
    leads: tuple[Grounds, ...]  # the first ``TOP``
    notice: str  # of scores that are not ranked, "" for none


def measure(
    directory: Path, arm: Arm, worked: Sequence[Session], prices: Prices
) -> tuple[ArmRun, list[Result]]:
    """Measure a run.

    Args:
        directory: of the run.
        arm: whose it is.
        worked: sessions of this run, oldest first; empty to count from its beginning.
        prices: of cores and devices.

    Returns:
        the figures, and the run's results.

    Raises:
        MolqError: the journal or the record of samplings is damaged.
    """
    with journal_of(directory) as journal:
        file = settings_of(journal)
        table = leads_of(journal, file)
        results, attempts = journal.results(), journal.attempts()
        explained = explanations.of_leads(journal, file, table, table[:TOP].leads)
        state, begun = state_of(journal), journal.created
    # without a log the clock runs from the run's beginning
    counted = worked or [Session(directory.name, begun, None, None)]
    marks = {lead.candidate.inchikey: judged(lead, table.objectives) for lead in table}
    ended = _ended(results, attempts, len(file.recipes))
    curve = _curve(ended, attempts, marks, counted)
    choosing = [session.driver_seconds for session in worked]
    is_random = isinstance(file, CampaignFile) and file.acquisition.kind == "random"
    top = table[:TOP]
    return (
        ArmRun(
            arm=arm,
            seed=file.seed,
            folder=directory.name,
            state=state,
            best=marks[table[0].candidate.inchikey] if table.leads else None,
            top_mean=fmean(marks[x.candidate.inchikey] for x in top) if table.leads else None,
            evaluations=len(ended),
            failures=len({r.candidate.inchikey for r in results if r.failure is not None}),
            attempts=len(attempts),
            deviation_mha=max((abs(x) for x in deviations(results)), default=None),
            spending=spending(
                sum(attempt.cpu_seconds or 0.0 for attempt in attempts),
                _total(choosing),
                [result.score for result in results if result.score is not None],
                _samplings(directory),
                prices,
                uncounted(file.simulation, prices),
            ),
            worked_seconds=_worked(counted, attempts),
            hit_seconds=_hit(curve, file.report.hit_utility),
            curve=curve,
            leads=tuple(
                grounds.of(found, marks[found.lead.candidate.inchikey], random=is_random)
                for found in explained
            ),
            notice=table.notice,
        ),
        results,
    )


def _ended(
    results: Sequence[Result], attempts: Sequence[AttemptRecord], recipes: int
) -> dict[str, str]:
    """When each molecule had its last result: InChIKey -> UTC, ISO 8601, in this order."""
    done: dict[str, int] = {}
    for result in results:
        done[result.candidate.inchikey] = done.get(result.candidate.inchikey, 0) + 1
    last: dict[str, str] = {}
    for attempt in attempts:
        if attempt.finished is not None and done.get(attempt.inchikey) == recipes:
            last[attempt.inchikey] = max(last.get(attempt.inchikey, ""), attempt.finished)
    return dict(sorted(last.items(), key=lambda item: (item[1], item[0])))


def _curve(
    ended: dict[str, str],
    attempts: Sequence[AttemptRecord],
    marks: dict[str, float],
    worked: Sequence[Session],
) -> tuple[Step, ...]:
    spent = sorted((a.finished, a.cpu_seconds or 0.0) for a in attempts if a.finished is not None)
    steps: list[Step] = []
    best, total, place = 0.0, 0.0, 0
    for number, (inchikey, moment) in enumerate(ended.items(), 1):
        while place < len(spent) and spent[place][0] <= moment:
            total += spent[place][1]
            place += 1
        best = max(best, marks.get(inchikey, 0.0))
        steps.append(Step(number, total, sessions.worked(worked, moment), best))
    return tuple(steps)


def _hit(curve: Sequence[Step], least: float) -> float | None:
    return next((step.worked_seconds for step in curve if step.best >= least), None)


def _worked(worked: Sequence[Session], attempts: Sequence[AttemptRecord]) -> float:
    """To the end of the last session, or to the last calculation where that has none."""
    moments = [attempt.finished for attempt in attempts if attempt.finished is not None]
    ends = [*moments, *(session.ended for session in worked if session.ended is not None)]
    return sessions.worked(worked, max(ends, default=worked[0].begun))


def _total(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known and len(known) == len(values) else None


def _samplings(directory: Path) -> list[dict[str, Any]]:
    """The circuits that proposed and chose, from the run's technical files."""
    found: list[dict[str, Any]] = []
    for name in (circuitrecords.PRIOR, circuitrecords.BATCHES):
        path = directory / name
        if not path.exists():
            continue
        try:
            found += json.loads(path.read_text(encoding="utf-8"))["samplings"]
        except (OSError, ValueError, KeyError) as error:
            raise MolqError(f"{path} is not a technical file; restore it from a copy") from error
    return found
